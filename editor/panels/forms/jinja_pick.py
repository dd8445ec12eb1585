"""Variables in Jinja text: `/` or `{{` opens the picker; what is picked becomes a named input and `{{ name }}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QKeyEvent, QTextCursor

from editor.i18n import tr
from editor.keymap import is_chord, pressed, typed_sign
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import CodeField
from editor.panels.forms.template_edit import calls_picker


class JinjaPick(QObject):
    """Lives with a code field; `inputs` is where the node keeps `{variable, value_selector}` for its template."""

    def __init__(self, field: CodeField, inputs: Path) -> None:
        super().__init__(field)
        self._field, self._inputs = field, inputs
        self._sign = ""
        """What was written to call the picker; picking takes it away again."""
        field.edit.installEventFilter(self)

    @property
    def _ctx(self) -> FormContext:
        return self._field.ctx

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if is_chord(event) and pressed(event, "pick_variable"):
                self._sign = ""
                self._pick()
                return True
            if typed_sign(event.text(), "pick_variable"):
                # After the key has done its work, brackets that close by themselves included.
                self._sign = event.text()
                QTimer.singleShot(0, self, self._typed)
        return super().eventFilter(watched, event)

    def _before(self) -> str:
        cursor = self._field.edit.textCursor()
        return cursor.block().text()[: cursor.positionInBlock()]

    def _typed(self) -> None:
        before = self._before()
        if self._sign == "{":
            self._sign = "{{"  # one alone is the beginning of a statement too
        elif not calls_picker(before[-2:-1], self._sign):
            return
        if before.endswith(self._sign):
            self._pick()

    def _pick(self) -> None:
        if self._ctx.read_only:
            return
        from editor.panels.variable_picker import VariablePicker

        edit = self._field.edit
        picker = VariablePicker(self._ctx.session, self._ctx.node_id, None, self._field)
        if self._sign:
            picker.serve(edit)
        picker.picked.connect(self.insert)
        picker.popup_at_point(edit.viewport().mapToGlobal(edit.cursorRect().bottomLeft()))

    def insert(self, selector: list[str]) -> None:
        """Write `{{ name }}` over the sign that called the picker; the name is made known if it is not yet."""
        name = self._name(list(selector))
        edit = self._field.edit
        cursor = edit.textCursor()
        cursor.beginEditBlock()
        before = self._before()
        for _ in self._sign if before.endswith(self._sign) else "":
            cursor.deletePreviousChar()
        after = cursor.block().text()[cursor.positionInBlock() :]
        if self._sign == "{{" and before.endswith("{{") and after.startswith("}}"):
            cursor.movePosition(QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.KeepAnchor, 2)
        cursor.insertText("{{ " + name + " }}")
        cursor.endEditBlock()
        edit.setTextCursor(cursor)
        edit.setFocus()

    def _name(self, selector: list[str]) -> str:
        """The name under which the template knows a variable."""
        known: list[Any] = list(self._ctx.get(self._inputs, []))
        rows = [row for row in known if isinstance(row, Mapping)]
        for row in rows:
            if list(row.get("value_selector") or ()) == selector and row.get("variable"):
                return str(row["variable"])
        taken = {row.get("variable") for row in rows}
        base = re.sub(r"\W", "_", selector[-1]) or "value"
        base = base if not base[0].isdigit() else f"v_{base}"
        name = next(n for i in range(1, len(taken) + 2) if (n := base if i == 1 else f"{base}_{i}") not in taken)
        inputs = [*known, {"variable": name, "value_selector": selector}]
        self._ctx.set(self._inputs, inputs, name=tr("Add input"))
        return name
