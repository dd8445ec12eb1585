"""The form of a webhook: what a request must hold, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtWidgets import QWidget

from editor.i18n import tr
from editor.panels.forms.common import Form, add_outputs, line
from editor.panels.forms.context import Path
from editor.panels.forms.fields import ChoiceField, MultilineField, NumberField, SwitchField, TextField
from editor.panels.forms.parts import RowList, labelled

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
PARAM_TYPES = ("string", "number", "boolean")
BODY_TYPES: Mapping[str, tuple[str, ...]] = {
    "application/json": (
        *PARAM_TYPES,
        "object",
        "array[string]",
        "array[number]",
        "array[boolean]",
        "array[object]",
    ),
    "multipart/form-data": (*PARAM_TYPES, "file"),
    "application/x-www-form-urlencoded": PARAM_TYPES,
    "text/plain": ("string",),
    "application/octet-stream": ("file",),
}
LABELS = {"headers": "header", "params": "param", "body": "body"}


class WebhookForm(Form):
    """Method, content type, three tables of values, and the answer."""

    def build(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Request"))
        method = MethodField(ctx, ("method",), tr("Method"), [(m, m) for m in METHODS])
        kinds = [(kind, kind) for kind in BODY_TYPES]
        content = ChoiceField(ctx, ("content_type",), tr("Content type"), kinds, write=self._content_chosen)
        section.add(line(labelled(tr("Method"), method), labelled(tr("Content type"), content), stretch=(1, 2)))
        self._tables: dict[str, RowList] = {}
        hints = {
            "params": tr("Values after the ? of the address."),
            "headers": tr("Header - becomes _ in the name of the output."),
            "body": tr("Nothing of the body is read yet; the whole request is in _webhook_raw."),
        }
        for key, word in (("params", tr("Parameters")), ("headers", tr("Headers")), ("body", tr("Body"))):
            self._tables[key] = RowList(
                ctx,
                (key,),
                partial(self._row, key),
                partial(self._fresh, key),
                tr("Add"),
                empty=hints[key],
                movable=False,
                key=lambda item: item.get("type") if isinstance(item, Mapping) else None,
            )
            self.section(word).add(self._tables[key])
        answer = self.section(tr("Response"), folded=True)
        answer.add(labelled(tr("Status"), NumberField(ctx, ("status_code",), tr("Status"), 200, 399, default=200)))
        answer.add(
            labelled(
                tr("Body"),
                MultilineField(ctx, ("response_body",), tr("Response body")),
                tr("JSON is sent as it is, other text as a message. It is sent at once, the run goes on by itself."),
            )
        )
        add_outputs(self)

    def _row(self, key: str, index: int) -> QWidget:
        path: Path = (key, index)
        parts: list[QWidget] = [TextField(self.ctx, (*path, "name"), tr("Name"), tr("name"))]
        types = self._types(key)
        if len(types) > 1:
            choices = [(kind, kind) for kind in types]
            parts.append(ChoiceField(self.ctx, (*path, "type"), tr("Type"), choices, default=types[0]))
        parts.append(SwitchField(self.ctx, (*path, "required"), tr("Required")))
        return line(*parts, stretch=(3, 2, 0) if len(parts) == 3 else (3, 0))

    def _types(self, key: str) -> tuple[str, ...]:
        if key == "headers":
            return ("string",)
        kind = str(self.ctx.get(("content_type",), "application/json"))
        return PARAM_TYPES if key == "params" else BODY_TYPES.get(kind, PARAM_TYPES)

    def _fresh(self, key: str) -> dict[str, Any]:
        taken = {item.get("name") for part in LABELS for item in self.ctx.get((part,), []) if isinstance(item, Mapping)}
        word = LABELS[key]
        name = next(n for i in range(1, 1000) if (n := f"{word}{i}") not in taken)
        return {"name": name, "required": False, "type": self._types(key)[0]}

    def _content_chosen(self, kind: str) -> None:
        """Another content type begins with an empty body; what read the old fields reads nothing."""
        from engine.model.refs import find_uses, forget

        session, node_id = self.ctx.session, self.ctx.node_id
        workflow = session.document.workflow
        names = [str(f.get("name") or "") for f in self.ctx.get(("body",), []) if isinstance(f, Mapping)]
        used = [name for name in names if name and find_uses(workflow, (node_id, name))]
        uses = [use for name in used for use in find_uses(workflow, (node_id, name))]
        if uses and not session.confirm_removal(", ".join(used), uses):
            self.ctx.changed.emit()
            return
        gone = []
        for name in used:
            edit = forget(workflow, (node_id, name))
            gone.append(edit)
            workflow, _ = edit.apply(workflow)
        values = {"content_type": kind, "body": []}
        self.ctx.set_many(values, tr("Content type of {title}", title=self.ctx.node.title), gone)


class MethodField(ChoiceField):
    """The method; files may write it in small letters."""

    def load(self) -> None:
        self.box.setCurrentText(str(self.ctx.get(self.path, "GET")).upper())
