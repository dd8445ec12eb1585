"""The rows of the variable inspector: what the next single step reads, or what a run had at a moment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from editor.i18n import tr
from engine.run.variables.files import is_file_mapping
from engine.run.variables.segments import SegmentProblem, build_segment, shown_type

if TYPE_CHECKING:
    from editor.session import WorkflowSession

REFERENCE: Final = re.compile(r"#([^.#]+)\.([^#]+)#")
MASK: Final = "••••••••"
OWN_GROUPS: Final = ("env", "conversation", "sys")
ENDED_WELL: Final = ("succeeded", "exception")


@dataclass(frozen=True)
class Value:
    """One variable with its value. `preview`: only the beginning is here; `secret`: the value is not here at all."""

    node_id: str
    name: str
    type: str
    value: Any
    edited: bool = False
    editable: bool = False
    preview: bool = False
    secret: bool = False
    hint: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return (self.node_id, self.name)


def input_name(session: WorkflowSession, key: str) -> str:
    """What a step has read, as people know it: "#17.text#" by the title of its node, a name of the settings as it
    is."""
    found = REFERENCE.fullmatch(key)
    if found is None:
        return key
    words = {"env": tr("Environment"), "conversation": tr("Conversation"), "sys": tr("System")}
    node = session.document.graph.nodes.get(found[1])
    source = (node.title or node.type) if node is not None else words.get(found[1], found[1])
    return " / ".join([source, *found[2].split(".")])


def environment(session: WorkflowSession) -> list[Value]:
    """The environment variables of the workflow, secrets hidden."""
    hint = tr("Environment variables are changed in the panel Variables.")
    return [
        Value("env", v.name, v.value_type, MASK if v.is_secret else v.value, secret=v.is_secret, hint=hint)
        for v in session.document.workflow.environment_variables
    ]


def draft_values(session: WorkflowSession, rows: Sequence[Mapping[str, Any]]) -> list[Value]:
    """What the store keeps for single steps, and conversation variables that no run has written yet."""
    known = {row["name"] for row in rows if row["node_id"] == "conversation"}
    stored = [
        Value(
            row["node_id"],
            row["name"],
            row["value_type"],
            row["value"],
            edited=bool(row["last_edited_at"]),
            editable=bool(row["editable"]),
            preview=bool(row["file_id"]),
        )
        for row in rows
        if row["visible"]
    ]
    defaults = _defaults(session, known, tr("The default; a run has not written it yet."))
    return [*environment(session), *defaults, *stored]


def run_values(session: WorkflowSession) -> list[Value]:
    """What the run that is shown had at the moment that is shown: of each node what its last execution gave (that of
    the chosen rounds), and what nodes had written into variables."""
    state = session.run_state
    if state is None:
        return []
    written = [Value(group, name, _type(value), value) for (group, name), value in state.variables.items()]
    known = {v.name for v in written if v.node_id == "conversation"}
    defaults = _defaults(session, known, tr("The default; nothing had written it up to here in this run."))
    system = [
        Value("sys", name.removeprefix("sys."), _type(value), value)
        for name, value in state.inputs.items()
        if name.startswith("sys.")
    ]
    given = []
    for node_id in state.nodes:
        execution = session.execution_of(node_id)
        if execution is not None and execution.status in ENDED_WELL:
            own = {n: v for n, v in execution.outputs.items() if not n.startswith("sys.")}
            given += [Value(node_id, name, _type(value), value) for name, value in own.items()]
    return [*environment(session), *defaults, *written, *system, *given]


def _defaults(session: WorkflowSession, known: set[str], hint: str) -> list[Value]:
    return [
        Value("conversation", v.name, v.value_type, v.value, hint=hint)
        for v in session.document.workflow.conversation_variables
        if v.name not in known
    ]


def _type(value: Any) -> str:
    """The type of a value that carries none."""
    if is_file_mapping(value):
        return "file"
    if isinstance(value, list) and value and all(is_file_mapping(item) for item in value):
        return "array[file]"
    try:
        return shown_type(build_segment(value).type)
    except (SegmentProblem, ValueError, TypeError):
        return "any"
