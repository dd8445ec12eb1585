"""Listening mode of the run panel: a workflow that begins with a webhook waits for one test request."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from editor.enginetexts import told
from editor.i18n import tr
from editor.icons import icon
from engine.errors import PenstockError

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.model.graph import Node
    from engine.services.webhooks import TestRequest


class ListenBox(QWidget):
    """Listens on this machine only. `heard` carries the webhook's id and the inputs of the run."""

    heard = Signal(str, dict)
    _came = Signal(int, dict)
    _turned = Signal(int, int, str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._ear: TestRequest | None = None
        self._turn = 0
        self._shown: list[tuple[str, str]] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self.words = _words(
            tr("This workflow starts when a request comes in. Listen for one and send it from outside.")
        )
        column.addWidget(self.words)
        self.which = QComboBox()
        self.which.setAccessibleName(tr("Webhook"))
        self.which.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.which.setMinimumContentsLength(14)
        self.button = QPushButton()
        self.button.setProperty("kind", "primary")
        self.button.clicked.connect(self.toggle)
        self.state = _words("")
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self.which)
        line.addWidget(self.button)
        line.addWidget(self.state, 1)
        column.addLayout(line)
        self._open = QWidget()
        inside = QVBoxLayout(self._open)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(8)
        row = QHBoxLayout()
        self.url = QLineEdit()
        self.url.setReadOnly(True)
        self.url.setAccessibleName(tr("Test address"))
        row.addWidget(self.url, 1)
        self.copy = _button(tr("Copy"), "copy", lambda: self._copy(self.url.text()))
        row.addWidget(self.copy)
        inside.addLayout(row)
        self.example = QLineEdit()
        self.example.setReadOnly(True)
        self.example.setAccessibleName(tr("Example for a terminal"))
        second = QHBoxLayout()
        second.addWidget(self.example, 1)
        self.copy_example = _button(tr("Copy the example"), "copy", lambda: self._copy(self.example.text()))
        second.addWidget(self.copy_example)
        inside.addWidget(_words(tr("For example, in a terminal:")))
        inside.addLayout(second)
        column.addWidget(self._open)
        self._came.connect(self._on_request)
        self._turned.connect(self._on_refusal)
        self.load()

    @property
    def is_listening(self) -> bool:
        return self._ear is not None

    def wanted(self) -> bool:
        """Does the workflow begin with a webhook?"""
        return bool(self._nodes())

    def _nodes(self) -> list[Node]:
        from engine.services.webhooks import webhook_nodes

        graph = self._session.document.graph
        if any(node.type == "start" and not node.is_note for node in graph.nodes.values()):
            return []
        return webhook_nodes(graph)

    def load(self) -> None:
        """Follow the webhooks of the workflow."""
        shown = [(node.id, node.title or node.type) for node in self._nodes()]
        if shown != self._shown:
            self._shown = shown
            chosen = self.which.currentData()
            self.which.clear()
            for node_id, title in shown:
                self.which.addItem(title, node_id)
            self.which.setCurrentIndex(max(0, self.which.findData(chosen)))
        self.which.setVisible(len(shown) > 1)
        self._refresh()

    def _refresh(self) -> None:
        on = self.is_listening
        self._open.setVisible(on)
        self.which.setEnabled(not on)
        self.button.setText(tr("Stop listening") if on else tr("Listen"))
        self.button.setAccessibleName(self.button.text())
        self.button.setIcon(icon("stop" if on else "trigger-webhook", "on_accent"))

    def choose(self, node_id: str) -> bool:
        """Listen for this webhook from now on; False when it is none that can be listened for."""
        self.load()
        index = self.which.findData(node_id)
        if index < 0:
            return False
        if self.is_listening and self.which.currentIndex() != index:
            self.stop()
        self.which.setCurrentIndex(index)
        return True

    def toggle(self) -> None:
        """Begin or stop listening."""
        if self.is_listening:
            self.stop()
            self.state.setText("")
        else:
            self.listen()

    def listen(self) -> None:
        """Wait for one request of the chosen webhook."""
        node_id = self.which.currentData()
        if self.is_listening or node_id is None:
            return
        from engine.services.webhooks import curl_example

        node = self._session.document.graph.node(node_id)
        self._turn += 1
        turn = self._turn
        try:
            ear = self._session.studio.services.listen(
                node,
                lambda inputs: self._came.emit(turn, inputs),
                lambda status, reason: self._turned.emit(turn, status, reason),
            )
        except PenstockError as error:
            self.state.setText(told(error))
            return
        self._ear = ear
        self.url.setText(ear.url)
        self.example.setText(curl_example(node, ear.url))
        self.example.setCursorPosition(0)
        self.state.setText(tr("Waiting for a request…"))
        self._refresh()
        self.url.setFocus()

    def stop(self) -> None:
        """Stop listening; the window need not wait for it."""
        ear, self._ear = self._ear, None
        if ear is not None:
            threading.Thread(target=ear.close, name="penstock-unlisten", daemon=True).start()
            self._refresh()

    def close_now(self) -> None:
        """Stop listening and wait; the page goes."""
        ear, self._ear = self._ear, None
        if ear is not None:
            ear.close()

    def _on_request(self, turn: int, inputs: Mapping[str, Any]) -> None:
        if turn != self._turn or not self.is_listening:
            return
        node_id = str(self.which.currentData())
        self.stop()
        self.state.setText(tr("The request came; the run begins."))
        self.heard.emit(node_id, dict(inputs))

    def _on_refusal(self, turn: int, status: int, reason: str) -> None:
        if turn == self._turn and self.is_listening:
            self.state.setText(
                tr("A request was refused with {status}: {reason}", status=status, reason=told(reason))
                + "\n"
                + tr("Waiting for a request…")
            )

    @staticmethod
    def _copy(text: str) -> None:
        QApplication.clipboard().setText(text)


def _words(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "muted")
    label.setWordWrap(True)
    return label


def _button(text: str, picture: str, action: Any) -> QPushButton:
    button = QPushButton(icon(picture, "muted"), "")
    button.setProperty("kind", "quiet")
    button.setToolTip(text)
    button.setAccessibleName(text)
    button.clicked.connect(lambda: action())
    return button
