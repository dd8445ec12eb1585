"""What a node that is held at a breakpoint is about to read; every value can be changed before it goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.fields import name_it
from editor.panels.forms.json_edit import JsonEdit, fault_line
from editor.panels.forms.parts import Section
from editor.panels.parts import Words

if TYPE_CHECKING:
    from editor.session import WorkflowSession


class HeldNode(QWidget):
    """One editor for each value that the node reads, and the two ways to go on."""

    def __init__(self, session: WorkflowSession, node_id: str, state: Mapping[str, Any]) -> None:
        super().__init__()
        self._session, self._node_id = session, node_id
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        row = QHBoxLayout()
        failed = bool((state.get("why") or {}).get("failed"))
        step = (tr("Run this step again"), "retry", session.debugging.try_again)
        over = (tr("Step over"), "step-over", partial(session.debugging.step, "over"))
        for word, picture, act in (step if failed else over, (tr("Continue"), "resume", session.debugging.go_on)):
            button = QPushButton(word)
            button.setIcon(icon(picture, "text"))
            name_it(button, word)
            button.clicked.connect(lambda _=False, act=act: act())
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        selectors = state.get("selectors") or {}
        values = dict(state.get("inputs") or {})
        section = Section(tr("It has read") if failed else tr("It is about to read"))
        for name, value in values.items():
            section.add(self._value(self.called(str(name), selectors.get(name)), value, selectors.get(name)))
        if not values:
            words = QLabel(tr("It reads no variables."))
            words.setProperty("kind", "small")
            section.add(words)
        column.addWidget(section)

    def called(self, key: str, selector: list[str] | None) -> str:
        """An input as people know it: by its name in the settings, or by where it comes from."""
        name = key.removeprefix(f"{self._node_id}.")
        if not name.startswith("#") or not selector:
            return name
        source = self._session.document.graph.nodes.get(selector[0])
        return " / ".join([(source.title or source.type) if source is not None else selector[0], *selector[1:]])

    def _value(self, name: str, value: Any, selector: list[str] | None) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        label = QLabel(name)
        label.setProperty("kind", "small")
        column.addWidget(label)
        is_text = isinstance(value, str)
        edit: QPlainTextEdit
        if is_text:
            edit, fault = QPlainTextEdit(value), Words("", "bad")
            fault.hide()
        else:
            edit = code = JsonEdit()
            fault = fault_line(code)
            code.load(json.dumps(value, ensure_ascii=False, indent=2))
        edit.setFixedHeight(72)
        name_it(edit, name)
        column.addWidget(edit)
        column.addWidget(fault)
        if selector:
            use = QPushButton(tr("Use this value"))
            use.setProperty("kind", "add")
            use.setIcon(icon("check", "muted"))
            name_it(use, tr("Use this value for {name}", name=name))
            use.clicked.connect(lambda: self._use(edit, fault, list(selector), is_text=is_text))
            column.addWidget(use)
        else:
            edit.setReadOnly(True)
        return box

    def _use(self, edit: QPlainTextEdit, fault: QLabel, selector: list[str], *, is_text: bool) -> None:
        text = edit.toPlainText()
        wrong = edit.fault() if isinstance(edit, JsonEdit) else None
        if wrong is not None or not (is_text or text.strip()):
            fault.setText(wrong.words if wrong is not None else tr("This is required."))
            fault.show()
            return
        value = text if is_text else json.loads(text)
        fault.hide()
        self._session.change_held(self._node_id, selector, value)
        self._session.studio.messages.tell(tr("The next steps read the new value."))
