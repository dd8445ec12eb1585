"""Form of the HTTP node: address, authorization, headers, parameters, body, time-outs, and import from cURL."""

from __future__ import annotations

import shlex
import uuid
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import accept_or_cancel, complaint, dialog_column
from editor.enginetexts import told
from editor.i18n import tr
from editor.panels.forms.common import Form, SwitchedPart, add_tail, column, line
from editor.panels.forms.fields import (
    ChoiceField,
    Field,
    NumberField,
    SelectorField,
    SwitchField,
    TemplateField,
    TextField,
    name_it,
    offer_at_caret,
)
from editor.panels.forms.json_body import JsonBody
from editor.panels.forms.parts import RowList, labelled, small_button
from editor.panels.forms.template_edit import TemplateEdit

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
BODIES = (
    ("none", "None"),
    ("json", "JSON"),
    ("form-data", "Form data"),
    ("x-www-form-urlencoded", "URL-encoded form"),
    ("raw-text", "Text"),
    ("binary", "File"),
)


class PairsField(Field):
    """Lines of `key:value` in one text, as the format keeps headers and parameters, shown as a table."""

    def __init__(self, ctx: Any, path: tuple[str | int, ...], title: str, key_word: str) -> None:
        super().__init__(ctx, path)
        self._title, self._key_word = title, key_word
        self._box = QVBoxLayout()
        self._box.setSpacing(6)
        self.row.addLayout(self._box, 1)
        self._rows: list[tuple[TemplateEdit, TemplateEdit]] = []
        self._trash: list[QToolButton] = []
        self._typing: TemplateEdit | None = None
        self.load()

    def pairs(self) -> list[tuple[str, str]]:
        """The stored lines, split at the first colon outside a reference."""
        found = []
        for text in str(self.ctx.get(self.path, "")).split("\n"):
            if text.strip():
                key, _, value = split_pair(text)
                found.append((key, value))
        return found

    def load(self) -> None:
        """Show the stored lines and an empty one. The row that is being typed in stays where it is: rows are only added
        or taken away at the end, and none goes while the keyboard is in the table."""
        pairs = [*self.pairs(), ("", "")]
        busy = any(edit.hasFocus() for row in self._rows for edit in row)
        if busy and len(pairs) < len(self._rows):
            return
        while len(self._rows) < len(pairs):
            self._box.addWidget(self._row(len(self._rows)))
        while len(self._rows) > len(pairs):
            self._rows.pop()
            self._trash.pop()
            entry = self._box.takeAt(self._box.count() - 1)
            if entry is not None and (widget := entry.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for (key, value), (left, right) in zip(pairs, self._rows, strict=True):
            for edit, text in ((left, key), (right, value)):
                if not edit.hasFocus() and edit is not self._typing:
                    edit.load(text)
        for index, button in enumerate(self._trash):
            button.setEnabled(index < len(pairs) - 1)

    def _row(self, index: int) -> QWidget:
        left = TemplateEdit(self.ctx.describe, single_line=True)
        left.set_placeholder(self._key_word)
        name_it(left, f"{self._key_word} {index + 1}")
        right = TemplateEdit(self.ctx.describe, single_line=True)
        right.set_placeholder(tr("Value"))
        name_it(right, tr("Value of {name} {number}", name=self._key_word, number=index + 1))
        for edit in (left, right):
            edit.edited.connect(lambda _text, edit=edit: self._typed(edit))
            edit.left.connect(self.ctx.end_typing)
            edit.left.connect(self.load)
            edit.pickRequested.connect(lambda edit=edit: offer_at_caret(edit, self.ctx, self))
            edit.chipActivated.connect(self.ctx.session.reveal)
        trash = small_button("trash", tr("Remove"), lambda: self._remove(index))
        self._rows.append((left, right))
        self._trash.append(trash)
        return line(left, right, trash, stretch=(2, 3, 0))

    def _typed(self, edit: TemplateEdit) -> None:
        """A picker may have the keyboard meanwhile: the text that changes is not read back."""
        self._typing = edit
        self._write(typing=True)
        self._typing = None

    def _write(self, what: str = "", *, typing: bool = False) -> None:
        lines = [f"{left.text()}:{right.text()}" for left, right in self._rows if left.text() or right.text()]
        self.ctx.set(self.path, "\n".join(lines), typing=typing, name=what or self._title)

    def _remove(self, index: int) -> None:
        for edit in self._rows[index]:
            edit.clearFocus()
            edit.load("")
        self._write(f"{self._title} {index + 1}: {tr('Remove')}")
        self.load()


def split_pair(text: str) -> tuple[str, str, str]:
    """Split `key:value` at the first colon that is not inside a reference."""
    depth = 0
    for index, char in enumerate(text):
        if text.startswith("{{#", index):
            depth += 1
        elif text.startswith("#}}", index):
            depth -= 1
        elif char == ":" and depth <= 0:
            return text[:index].strip(), ":", text[index + 1 :].strip()
    return text.strip(), "", ""


class HttpForm(Form):
    """Everything about one request."""

    def build(self) -> None:
        ctx = self.ctx
        api = self.section(tr("Request"))
        method = ChoiceField(ctx, ("method",), tr("Method"), [(m, m.upper()) for m in METHODS])
        method.setFixedWidth(104)
        api.add(line(method, TemplateField(ctx, ("url",), tr("URL"), "https://", single_line=True), stretch=(0, 1)))
        api.add_action(small_button("import", tr("Import from cURL"), self._import_curl))
        self._pairs("headers", tr("Headers"), tr("Header"))
        self._pairs("params", tr("Parameters"), tr("Parameter"))
        self.section(tr("Body")).add(BodyPart(ctx))
        self.section(tr("Authorization"), folded=ctx.get(("authorization", "type"), "no-auth") == "no-auth").add(
            AuthPart(ctx)
        )
        more = self.section(tr("Time-outs and security"), folded=True)
        for key, word in (("connect", tr("Connect")), ("read", tr("Read")), ("write", tr("Write"))):
            more.add(
                labelled(
                    tr("{what} time-out", what=word),
                    NumberField(ctx, ("timeout", key), word, 0, 600, unit="s"),
                    tr("0 takes the workspace's setting."),
                )
            )
        more.add(SwitchField(ctx, ("ssl_verify",), tr("Check certificates"), default=True))
        add_tail(self)

    def _pairs(self, key: str, title: str, word: str) -> None:
        """A table, and the same lines as one text for pasting many at once; a button changes between them."""
        section = self.section(title)
        table = PairsField(self.ctx, (key,), title, word)
        text = TemplateField(self.ctx, (key,), tr("{what} as text", what=title), f"{word}:{tr('Value')}", lowest=92)
        text.hide()
        section.add(table)
        section.add(text)
        name = tr("Edit {what} as text", what=title)

        def change() -> None:
            table.setVisible(not table.isVisible())
            text.setVisible(not table.isVisible())
            button.setToolTip(name if table.isVisible() else tr("Edit {what} as a table", what=title))
            (table if table.isVisible() else text).setFocus()
            table.load()

        button = small_button("list", name, change)
        section.add_action(button)

    def _import_curl(self) -> None:
        dialog = FittingDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.resize(560, 320)
        layout = dialog_column(dialog, tr("Import from cURL"))
        text = QPlainTextEdit()
        text.setPlaceholderText("curl -X POST https://example.com/api -H 'Content-Type: application/json' -d '{}'")
        name_it(text, tr("cURL command"))
        fault = complaint()

        def accept() -> None:
            try:
                values = from_curl(text.toPlainText())
            except ValueError as error:
                fault.setText(str(error))
                fault.show()
                return
            self.ctx.set_many(values, self.ctx.label(tr("Import from cURL")))
            dialog.accept()

        layout.addWidget(text)
        layout.addWidget(fault)
        layout.addWidget(accept_or_cancel(tr("Import"), accept, dialog))
        dialog.open()


def from_curl(command: str) -> dict[str, Any]:
    """The settings of the node for a cURL command. Raises ValueError with words for people."""
    try:
        words = shlex.split(command.replace("\\\n", " "))
    except ValueError as error:
        raise ValueError(tr("The command cannot be read: {what}", what=told(error))) from error
    if not words or words[0] != "curl":
        raise ValueError(tr("The command must start with curl."))
    values: dict[str, Any] = {"headers": "", "params": "", "body": {"data": [], "type": "none"}}
    headers, data, form = [], [], []
    method, url = "", ""
    rest = iter(words[1:])
    for word in rest:
        if word in ("-X", "--request"):
            method = next(rest, "").lower()
        elif word in ("-H", "--header"):
            key, _, value = next(rest, "").partition(":")
            headers.append(f"{key.strip()}:{value.strip()}")
        elif word in ("-d", "--data", "--data-raw", "--data-binary", "--json"):
            data.append(next(rest, ""))
            if word == "--json":
                headers.append("Content-Type:application/json")
        elif word in ("-F", "--form"):
            form.append(next(rest, ""))
        elif word in ("-u", "--user"):
            config = {"api_key": next(rest, ""), "header": "", "type": "basic"}
            values["authorization"] = {"config": config, "type": "api-key"}
        elif word in ("-k", "--insecure"):
            values["ssl_verify"] = False
        elif not word.startswith("-"):
            url = word
        elif word in ("-o", "--output", "-A", "--user-agent", "-e", "--referer", "-b", "--cookie", "--max-time", "-m"):
            next(rest, "")
    if not url:
        raise ValueError(tr("The command names no address."))
    address, _, query = url.partition("?")
    values["url"] = address
    values["params"] = "\n".join(part.replace("=", ":", 1) for part in query.split("&") if part)
    values["headers"] = "\n".join(headers)
    values["method"] = method or ("post" if data or form else "get")
    if form:
        items = [dict(zip(("key", "value"), part.partition("=")[::2], strict=True)) for part in form]
        values["body"] = {"data": [{"id": str(uuid.uuid4()), "type": "text", **i} for i in items], "type": "form-data"}
    elif data:
        text = "&".join(data)
        is_json = any("application/json" in h for h in headers) or text.lstrip().startswith(("{", "["))
        kind = "json" if is_json else "raw-text"
        values["body"] = {"data": [{"id": str(uuid.uuid4()), "key": "", "type": "text", "value": text}], "type": kind}
    return values


class BodyPart(QWidget):
    """The body: its kind, and the editor of that kind."""

    def __init__(self, ctx: Any) -> None:
        super().__init__()
        self.ctx = ctx
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        kind = ChoiceField(ctx, ("body", "type"), tr("Body kind"), [(k, tr(w)) for k, w in BODIES])
        kind.box.activated.disconnect()
        kind.box.activated.connect(lambda index: self._choose(kind.box.itemData(index)))
        self._layout.addWidget(kind)
        self._inside: QWidget | None = None
        self._shape = ""
        ctx.changed.connect(self._build)
        self._build()

    def _choose(self, kind: str) -> None:
        single = kind in ("json", "raw-text", "binary")
        fresh: dict[str, Any] = {"id": str(uuid.uuid4()), "key": "", "type": "text", "value": ""}
        if kind == "binary":
            fresh |= {"type": "file", "file": []}
        self.ctx.set(("body",), {"data": [fresh] if single else [], "type": kind}, name=tr("Body kind"))

    def _build(self) -> None:
        kind = str(self.ctx.get(("body", "type"), "none"))
        if kind == self._shape:
            return
        self._shape = kind
        if self._inside is not None:
            self._inside.hide()
            self._inside.deleteLater()
            self._inside = None
        if kind in ("json", "raw-text"):
            hint = '{"question": "/"}' if kind == "json" else ""
            data = self.ctx.get(("body", "data"), [])
            path = ("body", "data", 0, "value") if isinstance(data, list) else ("body", "data")
            text = TemplateField(self.ctx, path, tr("Body"), hint, lowest=120)
            self._inside = JsonBody(text) if kind == "json" else text
        elif kind == "binary":
            self._inside = SelectorField(self.ctx, ("body", "data", 0, "file"), tr("File"), lambda t: t == "file")
        elif kind in ("form-data", "x-www-form-urlencoded"):
            self._inside = RowList(
                self.ctx,
                ("body", "data"),
                lambda index: self._item(kind, index),
                lambda: {"id": str(uuid.uuid4()), "key": "", "type": "text", "value": ""},
                tr("Add field"),
                key=lambda item: (item.get("id"), item.get("type")) if isinstance(item, Mapping) else None,
            )
        if self._inside is not None:
            self._layout.addWidget(self._inside)

    def _item(self, kind: str, index: int) -> QWidget:
        path = ("body", "data", index)
        key = TemplateField(self.ctx, (*path, "key"), tr("Field name"), tr("name"), single_line=True)
        value: QWidget = TemplateField(self.ctx, (*path, "value"), tr("Field value"), tr("Value"), single_line=True)
        if self.ctx.get((*path, "type"), "text") == "file":
            value = SelectorField(self.ctx, (*path, "file"), tr("File"), lambda t: t in ("file", "array[file]"))
        if kind == "x-www-form-urlencoded":
            return line(key, value, stretch=(2, 3))
        types = ChoiceField(self.ctx, (*path, "type"), tr("Kind"), [("text", tr("Text")), ("file", tr("File"))])
        return column(line(key, types, stretch=(2, 1)), value, spacing=6)


class AuthPart(QWidget):
    """No authorization, or a key sent in one of three ways."""

    def __init__(self, ctx: Any) -> None:
        super().__init__()
        self.ctx = ctx
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        switch = SwitchField(ctx, ("authorization",), tr("Send a key"))
        switch.box.clicked.disconnect()
        switch.box.clicked.connect(self._switch)
        switch.load = self._load  # type: ignore[method-assign]
        self._box = switch.box
        inside = column(
            labelled(
                tr("Kind"),
                ChoiceField(
                    ctx,
                    ("authorization", "config", "type"),
                    tr("Kind"),
                    [("bearer", "Bearer"), ("basic", "Basic"), ("custom", tr("Custom header"))],
                ),
            ),
            labelled(
                tr("Header"), TextField(ctx, ("authorization", "config", "header"), tr("Header"), "Authorization")
            ),
            labelled(
                tr("Key"),
                TemplateField(ctx, ("authorization", "config", "api_key"), tr("Key"), single_line=True),
                tr("Keep keys in a secret environment variable and choose it here with /."),
            ),
        )
        self._load()
        layout.addWidget(SwitchedPart(switch, inside))

    def _load(self) -> None:
        self._box.setChecked(self.ctx.get(("authorization", "type"), "no-auth") == "api-key")

    def _switch(self, on: bool) -> None:
        config = {"api_key": "", "header": "", "type": "bearer"}
        kept = self.ctx.get(("authorization", "config")) or config
        value = {"config": kept, "type": "api-key"} if on else {"config": None, "type": "no-auth"}
        self.ctx.set(("authorization",), value, name=tr("Send a key"))
