"""The form of a webhook: what a request must hold, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtWidgets import QWidget

from editor.i18n import tr
from editor.panels.forms.beginnings import add_beginnings
from editor.panels.forms.common import Form, add_outputs, line
from editor.panels.forms.context import Path
from editor.panels.forms.fields import ChoiceField, MultilineField, NumberField, SwitchField
from editor.panels.forms.name_field import NameField
from editor.panels.forms.parts import RowList, labelled
from engine.model.edits import Edit, SetField
from engine.model.webhook import PARTS, RAW, mirror, output_name, rename_value

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


class WebhookForm(Form):
    """Method, content type, three tables of values, and the answer."""

    def build(self) -> None:
        ctx = self.ctx
        ctx.follow = self._mirrored
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
                on_remove=partial(self._remove, key),
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
        add_beginnings(self)

    def _row(self, key: str, index: int) -> QWidget:
        path: Path = (key, index)
        name = NameField(
            self.ctx,
            (*path, "name"),
            tr("Name"),
            lambda new: self._name_problem(key, index, new),
            lambda _old, new: self._rename(key, index, new),
            tr("name"),
        )
        parts: list[QWidget] = [name]
        types = self._types(key)
        if len(types) > 1:
            choices = [(kind, kind) for kind in types]
            parts.append(ChoiceField(self.ctx, (*path, "type"), tr("Type"), choices, default=types[0]))
        parts.append(SwitchField(self.ctx, (*path, "required"), tr("Required")))
        return line(*parts, stretch=(3, 2, 0) if len(parts) == 3 else (3, 0))

    def _mirrored(self, key: str, value: Any) -> list[Edit]:
        """The list that repeats the tables in the file is written with them."""
        if key not in PARTS:
            return []
        return [SetField(self.ctx.node_id, ("variables",), mirror({**self.ctx.data, key: value}))]

    def _name_problem(self, key: str, index: int, new: str) -> str:
        taken = {
            output_name(part, str(item.get("name") or ""))
            for part in PARTS
            for at, item in enumerate(self.ctx.get((part,), []))
            if isinstance(item, Mapping) and (part, at) != (key, index)
        }
        output = output_name(key, new)
        if not output.isidentifier() or output == RAW:
            return tr("“{name}” cannot be the name of an output: letters, digits and _ only, no digit first.", name=new)
        if output in taken:
            return tr("“{name}” is taken already; choose another name.", name=output)
        return ""

    def _rename(self, key: str, index: int, new: str) -> None:
        """What reads the output follows its new name."""
        edit = rename_value(self.ctx.session.document.workflow, self.ctx.node_id, key, index, new)
        self.ctx.session.submit(edit, tr("Name of a value of {title}", title=self.ctx.node.title))

    def _types(self, key: str) -> tuple[str, ...]:
        if key == "headers":
            return ("string",)
        kind = str(self.ctx.get(("content_type",), "application/json"))
        return PARAM_TYPES if key == "params" else BODY_TYPES.get(kind, PARAM_TYPES)

    def _fresh(self, key: str) -> dict[str, Any]:
        taken = {item.get("name") for part in PARTS for item in self.ctx.get((part,), []) if isinstance(item, Mapping)}
        word = PARTS[key]
        name = next(n for i in range(1, 1000) if (n := f"{word}{i}") not in taken)
        return {"name": name, "required": False, "type": self._types(key)[0]}

    def _remove(self, key: str, index: int) -> bool:
        """Ask before a value goes that others read; they then read nothing."""
        from engine.model.refs import find_uses, forget

        session, node_id = self.ctx.session, self.ctx.node_id
        items = self._tables[key].items()
        name = output_name(key, str(items.pop(index).get("name") or ""))
        uses = find_uses(session.document.workflow, (node_id, name)) if name else []
        if not uses:
            return False
        if session.confirm_removal(name, uses):
            more = [*self._mirrored(key, items), forget(session.document.workflow, (node_id, name))]
            self.ctx.set_many({key: items}, tr("Remove {name}", name=name), more)
        return True

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
        values: dict[str, Any] = {"content_type": kind, "body": []}
        values["variables"] = mirror({**self.ctx.data, **values})
        self.ctx.set_many(values, tr("Content type of {title}", title=self.ctx.node.title), gone)


class MethodField(ChoiceField):
    """The method; files may write it in small letters."""

    def load(self) -> None:
        self.box.setCurrentText(str(self.ctx.get(self.path, "GET")).upper())
