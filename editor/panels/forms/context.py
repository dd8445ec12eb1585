"""What a form may know and do: read one node's settings, write them as edits, and look up variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from editor.i18n import tr
from editor.panels.forms.template_edit import ChipInfo
from engine.model.types import MISSING

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.model.edits import Edit
    from engine.model.graph import Node
    from engine.model.refs import Upstream

Path = tuple[str | int, ...]

SOURCE_ICONS = {"sys": "system", "env": "environment", "conversation": "conversation"}
SPECIAL_SOURCES = {"sys": "System", "env": "Environment", "conversation": "Conversation", "rag": "Pipeline"}


def at_path(data: Any, path: Path, default: Any = None) -> Any:
    """The value below `data` at `path`, or `default` when any step is missing."""
    for step in path:
        if isinstance(data, Mapping):
            data = data.get(step, MISSING)
        elif isinstance(data, Sequence) and not isinstance(data, str) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return default
        if data is MISSING:
            return default
    return data


def with_path(data: Any, path: Path, value: Any) -> Any:
    """A copy of `data` with `value` at `path`; missing mappings on the way are made."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(data) if isinstance(data, Sequence) and not isinstance(data, str) else []
        while len(items) <= step:
            items.append(None)
        items[step] = with_path(items[step], rest, value)
        return items
    mapping = dict(data) if isinstance(data, Mapping) else {}
    mapping[step] = with_path(mapping.get(step), rest, value)
    return mapping


class FormContext(QObject):
    """One node of one session. `changed` comes when the node's data changed from anywhere, `graphChanged` when titles
    or variables elsewhere may have."""

    changed = Signal()
    graphChanged = Signal()
    beginWanted = Signal(str)
    """What a run is to begin with instead of this node: a type."""

    def __init__(self, session: WorkflowSession, node_id: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.node_id = node_id
        self._before: Upstream | None = None
        self.follow: Callable[[str, Any], Sequence[Edit]] = lambda _key, _value: ()
        """What else belongs to the same undo step when a setting of the top level gets a value."""
        self._unsubscribe = session.document.subscribe(self._on_delta)

    def close(self) -> None:
        """Stop listening; called before the form goes."""
        self._unsubscribe()
        self._unsubscribe = lambda: None

    def _on_delta(self, delta: Any) -> None:
        if self.node_id not in self.session.document.graph.nodes:
            return
        if delta.everything or self.node_id in delta.nodes_changed - delta.moved or self.node_id in delta.nodes_added:
            self.changed.emit()
        edges = delta.edges_added or delta.edges_removed or delta.edges_changed
        if (
            delta.everything
            or edges
            or delta.nodes_changed - delta.moved
            or delta.variables_changed
            or delta.nodes_removed
        ):
            self.graphChanged.emit()

    # -- reading -----------------------------------------------------------------------------------------------------

    @property
    def node(self) -> Node:
        return self.session.document.graph.node(self.node_id)

    @property
    def data(self) -> Mapping[str, Any]:
        return self.node.data

    @property
    def read_only(self) -> bool:
        return bool(self.session.read_only)

    def get(self, path: Path, default: Any = None) -> Any:
        """The value of one setting."""
        value = at_path(self.data, path, default)
        return default if value is None else value

    # -- writing -----------------------------------------------------------------------------------------------------

    def set(self, path: Path, value: Any, *, typing: bool = False, name: str = "") -> None:
        """Change one setting. Typing merges into one undo step until `end_typing`; `name` is the setting's in the words
        of the form, which the history gives."""
        if self.read_only or at_path(self.data, path, _NOTHING) == value:
            return
        from engine.model.edits import Group, SetField

        top = str(path[0])
        # The edit names the top-level key, so that it also works where a mapping on the way does not exist yet.
        new = with_path(self.data.get(top), path[1:], value) if len(path) > 1 else value
        merge = f"{self.node_id}:{'.'.join(map(str, path))}" if typing else None
        edit: Edit = SetField(self.node_id, (top,), new)
        if more := self.follow(top, new):
            edit = Group(self.label(name), (edit, *more))
        self.session.submit(edit, self.label(name), merge_key=merge)

    def set_many(self, values: Mapping[str, Any], label: str = "", more: Sequence[Edit] = ()) -> None:
        """Change several top-level settings, and what else belongs to it, in one undo step."""
        if self.read_only:
            return
        from engine.model.edits import Group, SetField

        edits: list[Edit] = [SetField(self.node_id, (key,), value) for key, value in values.items()]
        self.session.submit(Group(label or self.label(), (*edits, *more)), label or self.label())

    def end_typing(self) -> None:
        """The field lost the focus: what comes next is a new undo step."""
        self.session.document.end_merge()

    def label(self, name: str = "") -> str:
        """What a step is called that changes the setting, or does what the button says, of a name."""
        title = self.node.title or self.node.type
        return tr("{title}: {what}", title=title, what=name) if name else tr("Edit {title}", title=title)

    # -- what others read --------------------------------------------------------------------------------------------

    def may_go(self, name: str) -> bool:
        """Whether an output may go: asks, with the titles of the nodes, when others read it."""
        from engine.model.refs import find_uses

        uses = find_uses(self.session.document.workflow, (self.node_id, name)) if name else []
        return not uses or self.session.confirm_removal(name, uses)

    def renamed(self, old: str, new: str) -> list[Edit]:
        """The edits that make what reads an output follow its new name; none for one that had no name."""
        from engine.model.refs import rename_variable

        return [rename_variable(self.session.document.workflow, self.node_id, old, new)] if old else []

    # -- variables ---------------------------------------------------------------------------------------------------

    def describe(self, reference: str) -> ChipInfo:
        """The chip of `node.variable` (dotted)."""
        parts = reference.split(".")
        if len(parts) == 1:
            words = {"context": tr("Context"), "histories": tr("History"), "url": tr("Link to the form")}
            return ChipInfo("", words.get(reference, reference))
        return self.describe_selector(parts)

    def describe_selector(self, selector: Sequence[str]) -> ChipInfo:
        """The chip of a selector: the title of its node and its name; broken when the node is gone."""
        if not selector:
            return ChipInfo("", "", broken=True)
        source, name = str(selector[0]), ".".join(str(p) for p in selector[1:])
        if source in SPECIAL_SOURCES:
            words, tip = tr(SPECIAL_SOURCES[source]), f"{source}.{name}"
            broken = self._missing(selector) is not None
            tip = tr("There is no variable {source}.{name}.", source=source, name=name) if broken else tip
            return ChipInfo(words, name, tip=tip, picture=SOURCE_ICONS.get(source, ""), broken=broken)
        from engine.nodes.registry import spec

        if source == "$output":
            fields = self.get(("inputs",), [])
            known = {str(f.get("output_variable_name")) for f in fields if isinstance(f, Mapping)}
            tip = "" if name in known else tr("The form has no field “{name}”.", name=name)
            return ChipInfo(tr("Form field"), name, tip=tip, broken=bool(tip))
        node = self.session.document.graph.nodes.get(source)
        if node is None:
            tip = tr("The node {id} is not in this workflow.", id=source)
            return ChipInfo(source, name, tip=tip, broken=True)
        title = node.title or node.type
        reason = self._missing(selector)
        tip = f"{title} · {name}"
        if reason == "not_upstream":
            tip = tr("“{title}” does not run before this node.", title=title)
        elif reason is not None:
            tip = tr("“{title}” has no output “{name}”.", title=title, name=name)
        kind = spec(node.type)
        picture, family = (kind.icon, kind.family) if kind is not None else ("unknown", "unknown")
        return ChipInfo(title, name, tip, picture, family, node.id, broken=reason is not None)

    def _missing(self, selector: Sequence[str]) -> str | None:
        """Why the node cannot read a variable; what runs before it is worked out once a state of the graph."""
        from engine.model.refs import Upstream, missing

        workflow = self.session.document.workflow
        if self._before is None or self._before.graph is not workflow.graph:
            self._before = Upstream(workflow.graph, self.node_id)
        return missing(workflow, self.node_id, tuple(map(str, selector)), self._before)

    def variable_type(self, selector: Sequence[str]) -> str:
        """The type of a variable as far as it is known, else an empty text."""
        from engine.model.refs import available_variables

        for group in available_variables(self.session.document.workflow, self.node_id):
            for variable in group.variables:
                found = _find(variable, [str(s) for s in selector])
                if found:
                    return found
        return ""


_NOTHING = object()


def _find(variable: Any, selector: list[str]) -> str:
    if list(variable.selector) == selector:
        return str(variable.type)
    for child in variable.children:
        found = _find(child, selector)
        if found:
            return found
    return ""


Changed = Callable[[Any], None]
