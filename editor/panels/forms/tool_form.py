"""The form of a tool node, and the tools of an agent: which tool, what it is given, what it means when it is gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from editor.i18n import language, tr
from editor.icons import icon
from editor.panels.forms.common import Form, add_tail, line
from editor.panels.forms.context import FormContext
from editor.panels.forms.fields import ChoiceField, JsonField, NumberField, SelectorField, SwitchField, TemplateField
from editor.panels.forms.parts import labelled
from editor.tools import KINDS

if TYPE_CHECKING:
    from engine.services.tool_snapshot import ToolDescription, ToolGroup, ToolIdentity

Path = tuple[str | int, ...]
FILES = ("file", "files", "system-files")


def pick(ctx: FormContext, owner: QWidget, title: str, done: Callable[[Any], None]) -> None:
    """Let a person choose a tool."""
    from editor.dialogs.tool_picker import ToolPicker

    dialog = ToolPicker(ctx.session.studio.tools, owner.window(), title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.picked.connect(done)
    dialog.open()


def quiet_button(text: str, picture: str, done: Callable[[], Any]) -> QPushButton:
    """A button that does not shout."""
    button = QPushButton(text)
    button.setAccessibleName(text)
    button.setIcon(icon(picture, "text"))
    button.setProperty("kind", "quiet")
    button.clicked.connect(lambda _=False: done())
    return button


def _left(button: QPushButton) -> QWidget:
    """A button at the left edge, as wide as it needs to be."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
    return holder


class MissingTool(QWidget):
    """A tool that is not there: which, and what it could mean instead."""

    def __init__(self, ctx: FormContext, identity: ToolIdentity) -> None:
        super().__init__()
        self.ctx, self.identity = ctx, identity
        tools = ctx.session.studio.tools
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        note = QLabel(tools.problem(identity))
        note.setProperty("kind", "warn")
        note.setWordWrap(True)
        column.addWidget(note)
        suggestion = tools.suggest(identity)
        if suggestion is not None:
            target = f"{suggestion.provider_name}/{suggestion.tool_name}"
            words = tr("Use {target} instead", target=target)
            self.suggested = quiet_button(words, "wrench", lambda: self._give(suggestion))
            column.addWidget(self.suggested, 0, Qt.AlignmentFlag.AlignLeft)
        self.choose = quiet_button(tr("Choose what it means here"), "search", self._choose)
        self.choose.setToolTip(tr("Everywhere in this workspace; to be changed in the settings under Tools."))
        column.addWidget(self.choose, 0, Qt.AlignmentFlag.AlignLeft)

    def _choose(self) -> None:
        title = tr("What {name} means here", name=self.identity.tool_name)
        pick(self.ctx, self, title, self._means)

    def _means(self, tool: ToolDescription) -> None:
        self._give(tool.identity)

    def _give(self, target: ToolIdentity) -> None:
        from editor.dialogs.tool_mapping import give_meaning

        give_meaning(self.ctx.session, self.ctx.node_id, self.identity, target, self)


class AccountChoice(QWidget):
    """In whose name a tool is called: one of the accounts at its provider, or the default one."""

    def __init__(self, ctx: FormContext, group: ToolGroup, path: Path) -> None:
        super().__init__()
        self.ctx, self.group = ctx, group
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        if group.accounts:
            default = next(a for a in group.accounts if a.is_default)
            choices = [("", tr("Default ({name})", name=default.name)), *((a.id, a.name) for a in group.accounts)]
            stored = str(ctx.get(path, "") or "")
            if stored and stored not in dict(choices):
                choices.append((stored, tr("not here: the default one is used")))
            self.field = ChoiceField(ctx, path, tr("Account"), choices)
            column.addWidget(labelled(tr("Account"), self.field))
        elif group.needs_account:
            note = QLabel(tr("{provider} needs an account.", provider=tr(group.name)))
            note.setProperty("kind", "warn")
            note.setWordWrap(True)
            column.addWidget(note)
        self.add = quiet_button(tr("Add account"), "plus", self._add)
        column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)

    def _add(self) -> None:
        from editor.dialogs.tool_setups import AccountDialog

        studio = self.ctx.session.studio
        dialog = AccountDialog(studio, self.window(), self.group)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(studio.tools.refresh)
        dialog.open()


class ParameterRow(QWidget):
    """One tool or strategy parameter `{type, value}`: text with variables, a variable, or a constant of its type."""

    def __init__(
        self,
        ctx: FormContext,
        path: Path,
        label: str,
        help_text: str,
        required: bool,
        declared: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        stored = ctx.get(path)
        kind = stored.get("type", "mixed") if isinstance(stored, Mapping) else "constant"
        value = (*path, "value") if isinstance(stored, Mapping) else path
        present, declared = ctx.get(value), declared or {}
        options = [(str(o.get("value")), word(o.get("label")) or str(o.get("value"))) for o in _options(declared)]
        editor: QWidget
        if kind == "variable":
            editor = SelectorField(ctx, value, label, _fits(str(declared.get("type") or "")))
        elif options and (present in (None, "") or str(present) in dict(options)):
            editor = ChoiceField(ctx, value, label, options)
        elif isinstance(present, bool) or (declared.get("type") == "boolean" and kind == "constant"):
            editor = SwitchField(ctx, value, label)
        elif isinstance(present, int | float):
            editor = NumberField(ctx, value, label, -1e12, 1e12, decimals=3)
        elif isinstance(present, list | Mapping):
            editor = JsonField(ctx, value, label, rows=4)
        else:
            editor = TemplateField(ctx, value, label, lowest=34, highest=160)
        layout.addWidget(labelled(label, editor, help_text, required=required))


def _options(declared: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = declared.get("options")
    return [o for o in found if isinstance(o, Mapping)] if isinstance(found, list) else []


def _fits(kind: str) -> Callable[[str], bool] | None:
    """Which variables a parameter of a type may be given."""
    if kind == "file":
        return lambda t: t in ("file", "any")
    if kind in FILES:
        return lambda t: t in ("file", "array[file]", "any")
    return None


class UnsetParameter(QWidget):
    """A parameter that has no value yet: a click gives it an empty one of its type."""

    def __init__(self, ctx: FormContext, path: Path, label: str, declared: Mapping[str, Any]) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

        def give() -> None:
            ctx.set(path, fresh(declared), name=tr("Set {name}", name=label))
            ctx.session.rebuild_form()

        words = tr("Set {name}", name=label) + (" *" if declared.get("required") else "")
        self.button = quiet_button(words, "plus", give)
        self.button.setToolTip(word(declared.get("human_description")))
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)


def fresh(declared: Mapping[str, Any]) -> dict[str, Any]:
    """An empty value of a parameter's type: files and structures come from variables, choices from their list."""
    kind, default = str(declared.get("type") or "string"), declared.get("default")
    if kind in FILES or kind in ("array", "object"):
        return {"type": "variable", "value": []}
    if kind == "boolean":
        return {"type": "constant", "value": default if isinstance(default, bool) else str(default).lower() == "true"}
    if kind == "select" and _options(declared):
        return {"type": "constant", "value": default if default is not None else _options(declared)[0].get("value")}
    if kind == "number" and declared.get("form") == "form":
        return {"type": "constant", "value": default if isinstance(default, int | float) else 0}
    return {"type": "mixed", "value": "" if default is None else str(default)}


def word(value: Any) -> str:
    """A text, or the one of a mapping by language that the window speaks."""
    if isinstance(value, Mapping):
        own = value.get("zh_Hans") if language().startswith("zh") else None
        return str(own or tr(str(value.get("en_US") or "")) or value.get("zh_Hans") or "")
    return tr(str(value)) if value else ""


class ToolForm(Form):
    """A tool's inputs and settings; a tool that is not there shows what the file knows of it."""

    def build(self) -> None:
        from engine.services.tool_snapshot import identity_of

        ctx = self.ctx
        head = self.section(tr("Tool"))
        name = QLabel(tr(str(ctx.get(("tool_label",), "") or ctx.get(("tool_name",), ""))))
        name.setProperty("kind", "title")
        name.setWordWrap(True)
        kind = str(ctx.get(("provider_type",), ""))
        source = QLabel(f"{ctx.get(('provider_name',), '')}  ·  {tr(KINDS.get(kind, kind))}")
        source.setProperty("kind", "small")
        source.setWordWrap(True)
        head.add(name)
        head.add(source)
        if ctx.session.tool_problem(ctx.data):
            self.missing = MissingTool(ctx, identity_of(ctx.data))
            head.add(self.missing)
        else:
            self._about(head)
        self.change = quiet_button(tr("Choose another tool"), "tool", self._change)
        head.add(_left(self.change))
        group = ctx.session.studio.tools.group(ctx.data)
        if group is not None and group.fields:
            head.add(AccountChoice(ctx, group, ("credential_id",)))
        self._parameters(self.section(tr("Inputs")), "tool_parameters", "llm")
        self._parameters(self.section(tr("Settings"), folded=True), "tool_configurations", "form")
        add_tail(self)
        self._shape = self._made_of()
        ctx.changed.connect(self._follow)

    def _made_of(self) -> tuple[Any, ...]:
        """What the form is built for: the tool, and which values there are of which kind."""
        values = []
        for key in ("tool_parameters", "tool_configurations"):
            stored = self.ctx.get((key,), {})
            for name in stored if isinstance(stored, Mapping) else ():
                value = stored[name]
                values.append((key, name, value.get("type") if isinstance(value, Mapping) else value is None))
        return (self.ctx.get(("provider_id",)), self.ctx.get(("tool_name",)), *values)

    def _follow(self) -> None:
        """Another tool, or a value more or less, which undo brings too: the form is built anew."""
        if self._made_of() != self._shape:
            self.ctx.session.rebuild_form()

    def _about(self, section: Any) -> None:
        """What the tool does, and which one it is where the file's name means another."""
        found = self.ctx.session.studio.tools.find(self.ctx.data)
        if found is None:
            return
        lines = [tr(found.description)] if found.description else []
        if found.identity.tool_name != self.ctx.get(("tool_name",), ""):
            target = f"{found.identity.provider_name}/{found.identity.tool_name}"
            lines.append(tr("Means {target} in this workspace.", target=target))
        if lines:
            about = QLabel("\n".join(lines))
            about.setProperty("kind", "muted")
            about.setWordWrap(True)
            section.add(about)

    def _change(self) -> None:
        pick(self.ctx, self, "", self._changed)

    def _changed(self, tool: ToolDescription) -> None:
        """Another tool; what it takes under the same names stays."""
        from engine.services.tool_snapshot import node_data

        data, names = node_data(tool), {p.name for p in tool.parameters}
        for key in ("tool_parameters", "tool_configurations"):
            stored = self.ctx.get((key,), {})
            kept = {n: v for n, v in stored.items() if n in names} if isinstance(stored, Mapping) else {}
            data[key] = {**data[key], **kept}
        self.ctx.set_many(data, tr("Use the tool {name}", name=tr(tool.label)))
        self.ctx.session.rebuild_form()

    def _parameters(self, section: Any, key: str, form: str) -> None:
        """Rows for what is set and for what the tool declares in the file or in the installed tool."""
        stored = self.ctx.get((key,), {})
        stored = dict(stored) if isinstance(stored, Mapping) else {}
        declared = {
            str(p.get("name")): p
            for p in self.ctx.session.tool_parameters(self.ctx.data)
            if p.get("form", "llm") == form
        }
        names = [*declared, *(n for n in stored if n not in declared)]
        if not names:
            empty = QLabel(tr("Nothing to set."))
            empty.setProperty("kind", "small")
            section.add(empty)
        for name in names:
            parameter = declared.get(name, {})
            label = word(parameter.get("label")) or name
            if self.ctx.get((key, name)) is None:
                section.add(UnsetParameter(self.ctx, (key, name), label, parameter))
                continue
            words = word(parameter.get("human_description") or parameter.get("description"))
            required = bool(parameter.get("required"))
            section.add(ParameterRow(self.ctx, (key, name), label, words, required, parameter))


class AgentTools(QWidget):
    """The tools of an agent: on or off, removed, added from the same list as tool nodes."""

    PATH: Path = ("agent_parameters", "tools", "value")

    def __init__(self, ctx: FormContext) -> None:
        super().__init__()
        self.ctx = ctx
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        listed = self._listed()
        missing = {place: identity for identity, place in ctx.session.studio.tools.missing(ctx.data)}
        for index, tool in enumerate(listed):
            row = tool if isinstance(tool, Mapping) else {}
            label = tr(str(row.get("tool_label") or row.get("tool_name") or tool))
            switch = SwitchField(ctx, (*self.PATH, index, "enabled"), label, default=True)
            words = tr("Remove {name}", name=label)
            button = QPushButton()
            button.setIcon(icon("trash", "muted"))
            button.setProperty("kind", "icon")
            button.setFixedWidth(36)
            button.setToolTip(words)
            button.setAccessibleName(words)
            button.clicked.connect(lambda _=False, at=index: self._remove(at))
            column.addWidget(line(switch, button))
            group = ctx.session.studio.tools.group_of_row(row)
            if group is not None and len(group.accounts) > 1:
                column.addWidget(AccountChoice(ctx, group, (*self.PATH, index, "credential_id")))
            identity = missing.get(".".join(str(p) for p in (*self.PATH, index)))
            if identity is not None:
                column.addWidget(MissingTool(ctx, identity))
        if not listed:
            empty = QLabel(tr("No tools."))
            empty.setProperty("kind", "small")
            column.addWidget(empty)
        self._count = len(listed)
        ctx.changed.connect(self._follow)
        self.add = quiet_button(tr("Add tool"), "plus", lambda: pick(ctx, self, "", self._added))
        column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)

    def _follow(self) -> None:
        """A tool more or less, which undo brings too: the form is built anew."""
        if len(self._listed()) != self._count:
            self.ctx.session.rebuild_form()

    def _listed(self) -> list[Any]:
        found = self.ctx.get(self.PATH, [])
        return list(found) if isinstance(found, list) else []

    def _added(self, tool: ToolDescription) -> None:
        from engine.services.tool_snapshot import agent_row

        self._keep([*self._listed(), agent_row(tool)], tr("Add tool"))

    def _remove(self, index: int) -> None:
        listed = self._listed()
        gone = listed[index]
        label = (
            tr(str(gone.get("tool_label") or gone.get("tool_name") or "")) if isinstance(gone, Mapping) else str(gone)
        )
        self._keep([t for i, t in enumerate(listed) if i != index], tr("Remove {name}", name=label))

    def _keep(self, rows: list[Any], what: str) -> None:
        self.ctx.set(self.PATH[:2], {"type": "constant", "value": rows}, name=what)
        self.ctx.session.rebuild_form()
