"""Which values of a debugging run become draft variables (engine spec 10.3): pure, written by the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.run.graph import START_TYPES
from engine.run.limits import Limits
from engine.run.variables.files import revive
from engine.run.variables.segments import build_segment, shown_type
from engine.run.variables.truncation import SMALL_LENGTH, Truncator

DUMMY: Final = "__dummy__"
EDITABLE_SYSTEM: Final = ("query", "files")
LEFT_OUT: Final = {"llm": ("finish_reason",), "loop": ("loop_round",)}


@dataclass(slots=True)
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


class DraftCollector:
    """Collects the draft variables of one run, batch by batch."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._cutter = Truncator(limits)
        self._system: Mapping[str, Any] = {}
        self._updates: dict[str, list[Mapping[str, Any]]] = {}

    def of(self, events: Iterable[Mapping[str, Any]]) -> list[tuple[DraftValue, str]]:
        """What these events leave, each with the id of its execution; of one variable the last value only."""
        found: dict[tuple[str, str], tuple[DraftValue, str]] = {}
        for event in events:
            name = event["event"]
            if name == "NodeRunSucceeded":
                key = event["id"]
                for value in _values(event, self._updates.pop(key, ()), self._system, self._cutter):
                    found[value.node_id, value.name] = (value, key)
            elif name == "NodeRunVariableUpdated":
                self._updates.setdefault(event["id"], []).append(event["variable"])
            elif name == "GraphRunStarted":
                self._system = {k: v for k, v in event.get("inputs", {}).items() if k.startswith("sys.")}
        return list(found.values())


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
    return _values(ended, updates, system or {}, Truncator(limits))


def _values(
    ended: Mapping[str, Any], updates: Sequence[Mapping[str, Any]], system: Mapping[str, Any], cutter: Truncator
) -> list[DraftValue]:
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
        return _of_start(cutter, ended, system)
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
    if type(value) is str and len(value) < SMALL_LENGTH:
        # Most values are short texts.
        return DraftValue(node_id, name, value, "string", editable=editable)
    cut = cutter.truncate(value)
    type_name = shown_type(build_segment(revive(value)).type)
    if cut.truncated:
        return DraftValue(node_id, name, cut.value, type_name, editable=False, whole=value, truncated=True)
    return DraftValue(node_id, name, cut.value, type_name, editable=editable)


def _dummy(node_id: str) -> DraftValue:
    return DraftValue(node_id, DUMMY, None, "none", visible=False, editable=False)
