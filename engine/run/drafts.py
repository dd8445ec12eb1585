"""Which values of a debugging run become draft variables (engine spec 10.3): pure, written by the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.run.graph import START_TYPES
from engine.run.limits import Limits
from engine.run.variables.files import revive
from engine.run.variables.segments import build_segment, shown_type
from engine.run.variables.truncation import Truncator

DUMMY: Final = "__dummy__"
EDITABLE_SYSTEM: Final = ("query", "files")
LEFT_OUT: Final = {"llm": ("finish_reason",), "loop": ("loop_round",)}


@dataclass(frozen=True, slots=True)
class DraftValue:
    """One draft variable. `whole` is the complete value when `value` was cut."""

    node_id: str
    name: str
    value: Any
    value_type: str
    visible: bool = True
    editable: bool = True
    whole: Any = None
    truncated: bool = False


def draft_values(
    ended: Mapping[str, Any],
    updates: Sequence[Mapping[str, Any]] = (),
    system: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
) -> list[DraftValue]:
    """The draft variables that a node's succeeded event leaves; `updates` are the variables it wrote while it ran,
    `system` the run's `sys.<name>` inputs (they become draft variables with the root).

    A node in a container leaves none, an assigner only conversation variables, a node without outputs a hidden mark.
    """
    cutter = Truncator(limits)
    kind, node_id = ended["node_type"], ended["node_id"]
    inside = ended.get("in_iteration_id") or ended.get("in_loop_id")
    if kind == "assigner":
        found = [
            _draft(cutter, "conversation", u["selector"][1], u.get("value"))
            for u in updates
            if u["selector"][0] == "conversation"
        ]
        return [*found, _dummy(node_id)]
    if inside:
        return []
    outputs = ended.get("outputs", {})
    if kind in START_TYPES:
        return _of_start(cutter, ended, system or {})
    left_out = LEFT_OUT.get(kind, ())
    found = [_draft(cutter, node_id, name, value) for name, value in outputs.items() if name not in left_out]
    return found or [_dummy(node_id)]


def _of_start(cutter: Truncator, ended: Mapping[str, Any], system: Mapping[str, Any]) -> list[DraftValue]:
    found = []
    for name, value in {**ended.get("outputs", {}), **ended.get("inputs", {}), **system}.items():
        if name.startswith("sys."):
            short = name.removeprefix("sys.")
            found.append(_draft(cutter, "sys", short, value, editable=short in EDITABLE_SYSTEM))
        elif not name.startswith("env."):
            found.append(_draft(cutter, ended["node_id"], name, value))
    return found or [_dummy(ended["node_id"])]


def _draft(cutter: Truncator, node_id: str, name: str, value: Any, *, editable: bool = True) -> DraftValue:
    cut = cutter.truncate(value)
    type_name = shown_type(build_segment(revive(value)).type)
    if cut.truncated:
        return DraftValue(node_id, name, cut.value, type_name, editable=False, whole=value, truncated=True)
    return DraftValue(node_id, name, cut.value, type_name, editable=editable)


def _dummy(node_id: str) -> DraftValue:
    return DraftValue(node_id, DUMMY, None, "none", visible=False, editable=False)
