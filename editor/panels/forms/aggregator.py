"""The aggregator's form: one list of variables, or several named groups of them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QWidget

from editor.i18n import tr
from editor.panels.forms.common import Form, add_outputs, column
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import Field, SelectorField, name_it
from editor.panels.forms.parts import RowList, labelled

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,29}")
ANY = ("", "any")


class AggregatorForm(Form):
    """The first value that exists, of one list or of each group."""

    def build(self) -> None:
        section = self.section(tr("Variables"))
        self._simple = VariableList(self.ctx, (), tr("The first of these that has a value is the output."))
        self._groups = RowList(
            self.ctx,
            ("advanced_settings", "groups"),
            self._group,
            self._new_group,
            tr("Add group"),
            key=lambda item: item.get("groupId") if isinstance(item, Mapping) else None,
            on_remove=self._remove,
            lowest=1,
        )
        section.add(self._simple)
        section.add(self._groups)
        section.add(GroupSwitch(self.ctx))
        self.ctx.changed.connect(self._show)
        self._show()
        add_outputs(self)

    def _show(self) -> None:
        on = bool(self.ctx.get(("advanced_settings", "group_enabled"), False))
        self._simple.setVisible(not on)
        self._groups.setVisible(on)

    def _new_group(self) -> dict[str, Any]:
        from engine.model.aggregator import groups_of, new_group

        return new_group(groups_of(self.ctx.node), str(uuid.uuid4()))

    def _group(self, index: int) -> QWidget:
        path: Path = ("advanced_settings", "groups", index)
        return column(
            labelled(tr("Group name"), GroupName(self.ctx, index)),
            VariableList(self.ctx, path, tr("No variables yet.")),
            spacing=8,
        )

    def _remove(self, index: int) -> bool:
        """Ask before a group goes that others read; they then read nothing."""
        from engine.model.aggregator import groups_of, remove_group
        from engine.model.refs import find_uses

        session, node_id = self.ctx.session, self.ctx.node_id
        workflow = session.document.workflow
        name = str(groups_of(self.ctx.node)[index].get("group_name") or "")
        uses = find_uses(workflow, (node_id, name)) if name else []
        if not uses or session.confirm_removal(name, uses):
            session.submit(remove_group(workflow, node_id, index), tr("Remove the group {name}", name=name))
        return True


class GroupSwitch(Field):
    """Groups on or off: the list moves, and what reads the outputs follows, in one undo step."""

    def __init__(self, ctx: FormContext) -> None:
        super().__init__(ctx, ("advanced_settings", "group_enabled"))
        self.box = QCheckBox(tr("Several groups"))
        name_it(self.box, tr("Several groups"))
        self.box.clicked.connect(self._switch)
        self.row.addWidget(self.box)
        self.row.addStretch(1)
        self.setFocusProxy(self.box)
        self.load()

    def load(self) -> None:
        self.box.setChecked(bool(self.ctx.get(self.path, False)))

    def _switch(self, on: bool) -> None:
        from engine.model.aggregator import switch_groups_off, switch_groups_on, uses_of_other_groups

        session, node_id = self.ctx.session, self.ctx.node_id
        workflow, title = session.document.workflow, self.ctx.node.title
        if on:
            edit = switch_groups_on(workflow, node_id, str(uuid.uuid4()))
            session.submit(edit, tr("Groups of {title}", title=title))
            return
        uses = uses_of_other_groups(workflow, node_id)
        names = ", ".join(sorted({use.selector[1] for use in uses}))
        if uses and not session.confirm_removal(names, uses):
            self.load()
            return
        session.submit(switch_groups_off(workflow, node_id), tr("Groups of {title}", title=title))


class GroupName(Field):
    """The name of a group; what reads the group follows a new name."""

    def __init__(self, ctx: FormContext, index: int) -> None:
        super().__init__(ctx, ("advanced_settings", "groups", index, "group_name"))
        self._index = index
        self.edit = QLineEdit()
        name_it(self.edit, tr("Group name"))
        self.edit.editingFinished.connect(self._rename)
        box = QHBoxLayout()
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.edit)
        self.row.addLayout(box)
        self.setFocusProxy(self.edit)
        self.load()

    def load(self) -> None:
        name = str(self.ctx.get(self.path, ""))
        if name != self.edit.text():
            self.edit.setText(name)

    def _rename(self) -> None:
        from engine.model.aggregator import groups_of, rename_group

        new, groups = self.edit.text().strip(), groups_of(self.ctx.node)
        if self._index >= len(groups):
            return
        taken = {g.get("group_name") for at, g in enumerate(groups) if at != self._index}
        if not NAME.fullmatch(new) or new in taken:
            self.load()
            return
        if new != groups[self._index].get("group_name"):
            edit = rename_group(self.ctx.session.document.workflow, self.ctx.node_id, self._index, new)
            self.ctx.session.submit(edit, tr("Rename the group {name}", name=new))


class VariableList(RowList):
    """Variables of one type: the first one decides, and without any the type is open again. `holder` is the path of the
    group, or empty for the node itself."""

    def __init__(self, ctx: FormContext, holder: Path, empty: str) -> None:
        self._holder = holder
        path: Path = (*holder, "variables")
        super().__init__(ctx, path, self._variable, list, tr("Add variable"), empty=empty, on_remove=self._drop)

    def _variable(self, index: int) -> QWidget:
        return SelectorField(
            self.ctx, (*self.path, index), tr("Variable"), self._fits, write=lambda chosen: self._write(index, chosen)
        )

    def _kind(self) -> str:
        return str(self.ctx.get((*self._holder, "output_type"), "any"))

    def _fits(self, kind: str) -> bool:
        chosen = [item for item in self.items() if item]
        return len(chosen) < 2 or self._kind() in ANY or kind in (self._kind(), *ANY)

    def _write(self, index: int, selector: list[str]) -> None:
        items = self.items()
        items[index] = selector
        first: list[Any] = next((item for item in items if item), [])
        self._store(items, self.ctx.variable_type([str(part) for part in first]) or "any", tr("Variable"))

    def _drop(self, index: int) -> bool:
        items = self.items()
        del items[index]
        self._store(items, self._kind() if any(items) else "any", self._row_words(tr("Remove"), index))
        return True

    def _store(self, items: list[Any], kind: str, name: str) -> None:
        if self._holder:
            self.ctx.set(
                self._holder, {**self.ctx.get(self._holder, {}), "variables": items, "output_type": kind}, name=name
            )
        else:
            self.ctx.set_many({"variables": items, "output_type": kind}, self.ctx.label(name))
