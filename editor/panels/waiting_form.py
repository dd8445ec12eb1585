"""One form that a run waits for: its words, its fields, a button for each action, and the time that is left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from editor.enginetexts import told
from editor.i18n import ntr, tr
from editor.panels.glyph import Glyph
from editor.panels.parts import Words, status_look
from editor.panels.run_form import RunForm
from editor.panels.talk.flow import Flow
from editor.panels.talk.markdown import MarkdownView
from editor.theme import restyle
from engine.model.graph import Graph

_FIELD: Final = re.compile(r"\{\{#\$output\.([^#]+)#\}\}")
_STYLES: Final = {"primary": "primary", "accent": "accent", "ghost": "quiet"}
_TIMEOUT: Final = ("__timeout", "__timeout__")
"""How files spell the handle that is taken when nobody answers in time."""
HURRY: Final = 60
"""Seconds below which the time that is left is said with a warning."""


class WaitingForm(QFrame):
    """`answered` carries the form's id, the chosen action and the values; `linkClicked` an address in its words."""

    answered = Signal(str, str, dict)
    linkClicked = Signal(str)

    def __init__(self, record: Mapping[str, Any], graph: Graph, folder: Path) -> None:
        super().__init__()
        definition = record["definition"]
        self.session_id, self.node_id = str(record["session_id"]), str(record["node_id"])
        self.record = record
        self._mail_words: list[Words] = []
        title = str(record.get("node_title") or tr("Human input"))
        self.setProperty("kind", "answered")
        self.setAccessibleName(title)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(12)
        column.addLayout(self._head(title))
        self.mail = QVBoxLayout()
        self.mail.setSpacing(8)
        column.addLayout(self.mail)
        self.show_mail(record.get("mail"))
        text = MarkdownView(folder)
        text.setAccessibleName(tr("Text of the form"))
        text.set_text(_FIELD.sub(r"**[\1]**", str(definition.get("form_content") or "")))
        text.linkClicked.connect(self.linkClicked)
        column.addWidget(text)
        self.form = RunForm(_fields(definition))
        column.addWidget(self.form)
        self.form.setVisible(bool(definition.get("inputs")))  # once it stands somewhere, else it is a window
        self.fault = Words(kind="bad")
        self.fault.hide()
        column.addWidget(self.fault)
        self.buttons = Flow()
        for action in definition.get("actions") or ():
            self.buttons.add(self._button(action))
        column.addWidget(self.buttons)
        self.after = Words(time_out_words(record, graph), "small")
        column.addWidget(self.after)

    def _head(self, title: str) -> QVBoxLayout:
        lines = QVBoxLayout()
        lines.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(8)
        glyph = Glyph(*status_look("paused"), size=18)
        row.addWidget(glyph)
        row.addWidget(Words(title, "title"), 1)
        lines.addLayout(row)
        self.left = Words(kind="small")
        lines.addWidget(self.left)
        return lines

    def show_mail(self, report: Mapping[str, Any] | None) -> None:
        """Say what became of the e-mails that asked for the answer."""
        for label in self._mail_words:
            self.mail.removeWidget(label)
            label.hide()
            label.deleteLater()
        self._mail_words = [Words(words, kind) for words, kind in mail_words(report)]
        for place, label in enumerate(self._mail_words):
            self.mail.insertWidget(place, label)

    def _button(self, action: Mapping[str, Any]) -> QPushButton:
        words, chosen = str(action.get("title") or action.get("id")), str(action["id"])
        button = _ActionButton(words)
        button.setProperty("kind", _STYLES.get(str(action.get("button_style")), ""))
        button.clicked.connect(lambda: self._answer(chosen))
        return button

    def _answer(self, action: str) -> None:
        values = self.form.values()
        self.fault.hide()
        if values is not None:
            self.setEnabled(False)
            self.answered.emit(self.session_id, action, values)

    def refuse(self, words: str) -> None:
        """The answer was not taken, and why; what was typed stays."""
        self.setEnabled(True)
        self.fault.setText(words)
        self.fault.show()

    def tell(self, now: datetime) -> bool:
        """Say how much time is left; False when it is over."""
        seconds = (_ends(self.record) - now).total_seconds()
        if seconds <= 0:
            self.setEnabled(False)
            self.left.setText(tr("The time for an answer is over."))
            return False
        self.left.setText(tr("Time left: {time}", time=time_left(seconds)))
        restyle(self.left, kind="warn" if seconds < HURRY else "small")
        return True


class _ActionButton(QPushButton):
    """A button whose words are shortened where there is no room for them; the tool tip has the whole then."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self._words = words
        self.setAccessibleName(words)
        self.setAutoDefault(False)

    def _around(self) -> int:
        """The width of the button without its words."""
        self.ensurePolished()  # the theme's letters are other than those of a button that was never shown
        return super().sizeHint().width() - self.fontMetrics().horizontalAdvance(self.text())

    def sizeHint(self) -> QSize:
        return QSize(self._around() + self.fontMetrics().horizontalAdvance(self._words), super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.width() - self._around()
        fits = self.width() >= self.sizeHint().width()
        shown = self._words if fits else self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room)
        if shown != self.text():
            self.setText(shown)
            self.setToolTip(self._words if shown != self._words else "")


def _ends(record: Mapping[str, Any]) -> datetime:
    """When the form ends: by its own time-out or by the limit for all forms, whichever is first."""
    times = [datetime.fromisoformat(str(record[key])) for key in ("expires_at", "global_expires_at") if record.get(key)]
    return min(times, default=datetime.max.replace(tzinfo=UTC))


def time_left(seconds: float) -> str:
    """A span for people, of the two largest units that matter."""
    whole = max(1, round(seconds))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{ntr('{n} day', '{n} days', days)} {tr('{n} h', n=hours)}"
    if hours:
        return f"{tr('{n} h', n=hours)} {tr('{n} min', n=minutes)}"
    if minutes:
        return f"{tr('{n} min', n=minutes)} {tr('{n} s', n=rest)}"
    return tr("{n} s", n=rest)


def time_out_words(record: Mapping[str, Any], graph: Graph) -> str:
    """What happens when nobody answers in time."""
    limit, own = record.get("global_expires_at"), record.get("expires_at")
    if limit and own and str(limit) <= str(own):
        return tr("If nobody answers in time, the run is stopped.")
    edges = (e for e in graph.edges.values() if e.source == record["node_id"] and e.source_handle in _TIMEOUT)
    targets = [graph.nodes[e.target] for e in edges if e.target in graph.nodes]
    if not targets:
        return tr("If nobody answers in time, this path of the run ends here.")
    titles = ", ".join(node.title or node.type for node in targets)
    return tr("If nobody answers in time, the run goes on at: {titles}", titles=titles)


def mail_words(report: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """What became of the e-mails that asked for the answer: sentences, each with the kind of label that says it."""
    if not report:
        return []
    found = []
    if sent := [str(address) for address in report.get("sent") or ()]:
        found.append((tr("Sent by e-mail to {addresses}.", addresses=", ".join(sent)), "small"))
    for row in report.get("failed") or ():
        why = f"{told(row.get('error'))} {told(row.get('hint'))}".strip()
        found.append((tr("The e-mail to {address} was not sent: {why}", address=row.get("to"), why=why), "warn"))
    return found + [(told(note), "small") for note in report.get("notes") or ()]


def _fields(definition: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The fields in the words of a start node's inputs."""
    defaults = definition.get("resolved_default_values") or {}
    fields: list[Mapping[str, Any]] = []
    for field in definition.get("inputs") or ():
        name = str(field["output_variable_name"])
        shown = {**field, "variable": name, "label": name, "required": field["type"] != "paragraph"}
        if name in defaults:
            shown["default"] = defaults[name]
        if field["type"] == "file-list":
            shown["max_length"] = field.get("number_limits") or 10
        fields.append(shown)
    return fields
