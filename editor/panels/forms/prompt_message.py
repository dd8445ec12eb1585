"""One message of a prompt: role, plain or Jinja, its text, about how many tokens it has, and a large editor."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from editor.dialogs.fitting import FittingDialog
from editor.i18n import tr
from editor.panels.forms.fields import ChoiceField, CodeField, Field, SwitchField, TemplateField
from editor.panels.forms.jinja_pick import JinjaPick
from editor.panels.forms.parts import small_button

ROLES = (("system", "System"), ("user", "User"), ("assistant", "Assistant"))
WIDE_FROM = 0x2E80  # from here on signs take about a token each: Chinese, Japanese, Korean


def about_tokens(text: str) -> int:
    """About how many tokens a model makes of a text; every model's own count differs a little."""
    wide = sum(ord(sign) >= WIDE_FROM for sign in text)
    return wide + (len(text) - wide + 3) // 4


class PromptMessage(QWidget):
    """The message at `index` of the prompt."""

    def __init__(self, ctx: Any, index: int) -> None:
        super().__init__()
        self.ctx, self.path, self._number = ctx, ("prompt_template", index), index + 1
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        role = ChoiceField(ctx, (*self.path, "role"), tr("Role"), [(r, tr(w)) for r, w in ROLES])
        role.setFixedWidth(120)
        jinja = SwitchField(ctx, (*self.path, "edition_type"), "Jinja")
        jinja.box.clicked.disconnect()
        jinja.box.clicked.connect(self._switch)
        jinja.load = lambda: jinja.box.setChecked(self._is_jinja())  # type: ignore[method-assign]
        jinja.load()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(role)
        head.addWidget(jinja, 1)
        if not ctx.read_only:
            head.addWidget(small_button("sparkle", tr("Let a model write it…"), self.draft))
        head.addWidget(small_button("maximize", tr("Open large"), self.open_large))
        layout.addLayout(head)
        self.editor = self._editor(7)
        layout.addWidget(self.editor)
        self._count = QLabel()
        self._count.setProperty("kind", "tiny")
        self._count.setAccessibleName(tr("Length"))
        below = QHBoxLayout()
        below.setSpacing(4)
        below.addStretch(1)
        below.addWidget(self._count)
        below.addWidget(small_button("copy", tr("Copy the message"), self.copy))
        layout.addLayout(below)
        ctx.changed.connect(self._counted)
        self._counted()

    def _is_jinja(self) -> bool:
        return bool(self.ctx.get((*self.path, "edition_type"), "basic") == "jinja2")

    def _editor(self, rows: int) -> Field:
        name = tr("Prompt message {number}", number=self._number)
        if self._is_jinja():
            field = CodeField(self.ctx, (*self.path, "jinja2_text"), name, "jinja2", rows=rows)
            JinjaPick(field, ("prompt_config", "jinja2_variables"))
            return field
        return TemplateField(self.ctx, (*self.path, "text"), name, tr("Write here; / or { inserts a variable"))

    def _counted(self) -> None:
        text = str(self.ctx.get((*self.path, "jinja2_text" if self._is_jinja() else "text"), ""))
        self._count.setText(tr("about {count} tokens", count=about_tokens(text)))
        self._count.setToolTip(tr("{count} characters", count=len(text)))

    def _switch(self, on: bool) -> None:
        message = dict(self.ctx.get(self.path, {}))
        message["edition_type"] = "jinja2" if on else "basic"
        if on:
            message.setdefault("jinja2_text", message.get("text", ""))
        self.ctx.set(self.path, message, name="Jinja")

    def copy(self) -> None:
        """Put the text on the clipboard; pasted into another message its references are chips again."""
        text = str(self.ctx.get((*self.path, "jinja2_text" if self._is_jinja() else "text"), "") or "")
        QGuiApplication.clipboard().setText(text)

    def draft(self) -> None:
        """Say in words what the message should be, and let a model write it."""
        from editor.panels.forms.drafts import write_prompt

        write_prompt(self.ctx, (*self.path, "jinja2_text" if self._is_jinja() else "text"), self)

    def open_large(self) -> None:
        """The same text in a window of its own; both editors stay in step."""
        dialog = FittingDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Prompt message {number}", number=self._number))
        dialog.resize(860, 640)
        layout = QVBoxLayout(dialog)
        layout.setContentsMargins(12, 12, 12, 12)
        field = self._editor(7)
        edit = field.focusProxy()
        if isinstance(field, TemplateField):
            field.release_height()
        elif edit is not None:
            edit.setMinimumHeight(0)
            edit.setMaximumHeight(16_777_215)
        layout.addWidget(field)
        dialog.open()
        field.setFocus()
