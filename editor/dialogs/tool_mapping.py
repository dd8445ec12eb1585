"""A tool of a file and what it means here, parameter by parameter: for the whole workspace, or in this node alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QWidget,
)

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import FieldColumn, dialog_column, scrolling
from editor.i18n import tr
from editor.panels.parts import Words

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.services.tool_snapshot import ToolDescription, ToolIdentity

SHOWN = 48


def give_meaning(
    session: WorkflowSession, node_id: str, identity: ToolIdentity, target: ToolIdentity, parent: QWidget
) -> ToolMapping | None:
    """Let a tool of a file mean one of here: at once where all names are the same, else the person says which parameter
    is which."""
    from engine.services.tool_mapping import given_names

    tool = session.studio.tools.describe(target)
    if tool is None:
        return None
    names = {p.name for p in tool.parameters}
    node = session.document.graph.nodes.get(node_id)
    given = given_names(node.data) if node is not None and node.type == "tool" else []
    if all(name in names for name in given):
        use_everywhere(session, identity, target, {})
        return None
    dialog = ToolMapping(session, node_id, identity, tool, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog


def use_everywhere(
    session: WorkflowSession, named: ToolIdentity, target: ToolIdentity, names: Mapping[str, str]
) -> None:
    """Let a tool of files mean one of here, as a step of the workflow that it is done from."""
    from engine.services.tool_snapshot import key_of

    tools = session.studio.tools
    key = key_of(named)
    before, before_names = tools.aliases.get(key), dict(tools.names_of(key))

    def back() -> None:
        if before is None:
            tools.forget(named)
        else:
            tools.means(named, before, before_names)

    def again() -> None:
        tools.means(named, target, names)

    again()
    words = tr("Use {target} for {tool}", target=f"{target.provider_name}/{target.tool_name}", tool=named.tool_name)
    session.steps.did(words, back, again)


class ToolMapping(FittingDialog):
    """See the module."""

    def __init__(
        self, session: WorkflowSession, node_id: str, identity: ToolIdentity, tool: ToolDescription, parent: QWidget
    ) -> None:
        super().__init__(parent.window())
        from engine.services.tool_mapping import given_names, guess

        self._session, self._node_id, self._identity, self._tool = session, node_id, identity, tool
        self._given = given_names(session.document.graph.node(node_id).data)
        self.boxes: dict[str, QComboBox] = {}
        self.setMinimumWidth(520)
        self.resize(560, 480)
        column = dialog_column(self, tr("What {name} means here", name=identity.tool_name))
        target = f"{tool.identity.provider_name}/{tool.identity.tool_name}"
        words = Words(tr("{name} becomes {target}. Which value goes where?", name=identity.tool_name, target=target))
        column.addWidget(words)
        column.addWidget(self._table(guess(self._given, tool)), 1)
        self.note = Words()
        column.addWidget(self.note)
        buttons = QDialogButtonBox()
        self.everywhere = buttons.addButton(tr("Use in this workspace"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.everywhere.setProperty("kind", "primary")
        self.everywhere.setToolTip(tr("The file stays as it is. To be changed in the settings under Tools."))
        self.here = buttons.addButton(tr("Change this node"), QDialogButtonBox.ButtonRole.ActionRole)
        self.here.setToolTip(tr("The node uses the other tool from now on; one step that can be undone."))
        buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.everywhere.clicked.connect(self._use_everywhere)
        self.here.clicked.connect(self._change_node)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self._say()

    def _table(self, pairs: Mapping[str, str]) -> QWidget:
        form = FieldColumn()
        sources = {new: old for old, new in pairs.items()}
        for parameter in self._tool.parameters:
            label = tr(parameter.label) if parameter.label else parameter.name
            box = QComboBox()
            box.setAccessibleName(label)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            default = parameter.default not in (None, "")
            box.addItem(tr("as usual: {value}", value=parameter.default) if default else tr("nothing"), "")
            for name in self._given:
                box.addItem(f"{name}:  {self._preview(name)}", name)
            box.setCurrentIndex(max(box.findData(sources.get(parameter.name, "")), 0))
            box.activated.connect(lambda _=0: self._say())
            self.boxes[parameter.name] = box
            form.add(label + (" *" if parameter.required else ""), box)
        return scrolling(form)

    def _preview(self, name: str) -> str:
        data = self._session.document.graph.node(self._node_id).data
        for key in ("tool_parameters", "tool_configurations"):
            stored: Any = data.get(key) or {}
            if name in stored:
                item = stored[name]
                value = item.get("value") if isinstance(item, Mapping) else item
                text = ".".join(map(str, value)) if isinstance(value, list) else str(value)
                return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
        return ""

    @property
    def pairs(self) -> dict[str, str]:
        """The file's names and what they are called here."""
        return {str(box.currentData()): name for name, box in self.boxes.items() if box.currentData()}

    def _say(self) -> None:
        """What is still missing, else what is left over."""
        from engine.services.tool_mapping import lacking

        missing = lacking(self.pairs, self._tool)
        left = [name for name in self._given if name not in self.pairs]
        if missing:
            names = ", ".join(tr(p.label) if p.label else p.name for p in missing)
            self.note.setText(tr("{names}: needs a value.", names=names))
        elif left:
            self.note.setText(tr("Not used: {names}.", names=", ".join(left)))
        else:
            self.note.setText("")
        self.note.setProperty("kind", "warn" if missing else "muted")
        self.note.style().polish(self.note)

    def _use_everywhere(self) -> None:
        use_everywhere(self._session, self._identity, self._tool.identity, self.pairs)
        self.accept()

    def _change_node(self) -> None:
        from engine.model.edits import Group, SetField
        from engine.services.tool_mapping import changed_over

        if self._node_id in self._session.document.graph.nodes:
            data = self._session.document.graph.node(self._node_id).data
            new = changed_over(data, self._tool, self.pairs)
            label = tr("Use the tool {name}", name=tr(self._tool.label))
            edits = tuple(SetField(self._node_id, (key,), value) for key, value in new.items())
            if self._session.submit(Group(label, edits), label):
                self._session.rebuild_form()
        self.accept()
