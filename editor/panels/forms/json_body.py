"""The body of a request as JSON with variables in it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.keymap import LocalKeys
from editor.panels.forms.fields import TemplateField
from editor.panels.forms.json_text import bare, fault_in, laid_out_around
from editor.panels.forms.parts import small_button
from editor.panels.forms.template_edit import REFERENCE
from editor.panels.parts import Words


class JsonBody(QWidget):
    """A body of JSON with variables in it: what is wrong is said, and the text can be laid out in lines."""

    def __init__(self, field: TemplateField) -> None:
        super().__init__()
        self._field, self.path = field, field.path
        self.setFocusProxy(field)
        self.fault = Words("", "bad")
        self.button = small_button("braces", tr("Format the JSON"), self.lay_out)
        if field.ctx.read_only:
            self.button.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(field)
        below = QHBoxLayout()
        below.addWidget(self.fault, 1)
        below.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(below)
        LocalKeys(self, "lay_out", self.lay_out)
        field.ctx.changed.connect(self.retell)
        self.retell()

    def _text(self) -> str:
        value = self._field.ctx.get(self.path, "")
        return value if isinstance(value, str) else ""

    def retell(self) -> None:
        """Say what is wrong; the column would count letters of references that are not seen."""
        wrong = fault_in(bare(self._text(), REFERENCE))
        self.fault.setText(
            tr("Not valid JSON: {what} (line {line})", what=wrong.what, line=wrong.line) if wrong is not None else ""
        )

    def lay_out(self) -> None:
        """Lay the text out in lines, as one step of undo; a text that is wrong stays."""
        text, ctx = self._text(), self._field.ctx
        if ctx.read_only or fault_in(bare(text, REFERENCE)) is not None:
            return
        ctx.end_typing()
        if (found := laid_out_around(text, REFERENCE)) != text:
            ctx.set(self.path, found, name=tr("Format the JSON"))
