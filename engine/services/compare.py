"""Two runs side by side: what they were given and gave, and step by step where they went apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.model.diff import FieldChange, changes
from engine.run.fold import NodeRunState, RunState, fold
from engine.run.plan import changed_nodes

Verdict = Literal["same", "changed", "left", "right"]
Place = tuple[tuple[str, int], ...]
"""From the outside in: containers with their round, at the end the node and which of its executions there."""


@dataclass(frozen=True)
class StepPair:
    """The same step of both runs, or a step that only one of them has (`left` or `right`)."""

    place: Place
    title: str
    verdict: Verdict
    left: NodeRunState | None
    right: NodeRunState | None
    differences: tuple[FieldChange, ...] = ()

    @property
    def node_id(self) -> str:
        return self.place[-1][0]

    @property
    def depth(self) -> int:
        """How many containers stand around it."""
        return len(self.place) - 1

    @property
    def rounds(self) -> str:
        """The rounds that it belongs to, counted from 1: `2.1`."""
        return ".".join(str(index + 1) for _, index in self.place[:-1])


@dataclass(frozen=True)
class RunComparison:
    """Two records with their states, what differs in them, and their steps in pairs."""

    left: Mapping[str, Any]
    right: Mapping[str, Any]
    left_state: RunState
    right_state: RunState
    facts: tuple[FieldChange, ...]
    steps: tuple[StepPair, ...]

    @property
    def same_graph(self) -> bool:
        """Whether no node was changed between them; where nodes stand does not count."""
        left, right = self.left["graph"], self.right["graph"]
        return not (changed_nodes(left, right) or changed_nodes(right, left))

    def to_json(self) -> dict[str, Any]:
        """For the command line and for export."""
        return {
            "left": self.left["id"],
            "right": self.right["id"],
            "same_graph": self.same_graph,
            "facts": [c.to_json() for c in self.facts],
            "steps": [
                {
                    "node_id": pair.node_id,
                    "title": pair.title,
                    "rounds": pair.rounds,
                    "verdict": pair.verdict,
                    "differences": [c.to_json() for c in pair.differences],
                }
                for pair in self.steps
            ],
        }


FACTS = ("status", "inputs", "outputs", "error", "version", "total_steps", "total_tokens")


def compare_runs(
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    left_events: Iterable[Mapping[str, Any]],
    right_events: Iterable[Mapping[str, Any]],
) -> RunComparison:
    """Put two stored runs side by side. What differs in every run (ids, times) does not count."""
    first, second = fold(left_events), fold(right_events)
    facts = changes(_facts(left), _facts(right))
    return RunComparison(left, right, first, second, tuple(facts), tuple(_pairs(first, second)))


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _comparable(record[name]) for name in FACTS}


def _comparable(value: Any) -> Any:
    """Without what the engine gives each run anew."""
    return {k: v for k, v in value.items() if k not in _OWN} if isinstance(value, Mapping) else value


_OWN = frozenset(("sys.workflow_run_id", "sys.timestamp", "sys.conversation_id", "sys.dialogue_count"))


def _pairs(left: RunState, right: RunState) -> list[StepPair]:
    """Steps of both in the order of the left run; a step that only the right has stands behind its predecessor."""
    first, second = _placed(left), _placed(right)
    behind: dict[Place | None, list[Place]] = {}
    last: Place | None = None
    for place in second:
        if place in first:
            last = place
        else:
            behind.setdefault(last, []).append(place)
    order = list(behind.get(None, ()))
    for place in first:
        order += [place, *behind.get(place, ())]
    return [_pair(place, first.get(place), second.get(place)) for place in order]


def _pair(place: Place, left: NodeRunState | None, right: NodeRunState | None) -> StepPair:
    shown = left or right
    assert shown is not None
    title = shown.title or shown.node_type
    if left is None or right is None:
        return StepPair(place, title, "right" if left is None else "left", left, right)
    found = tuple(changes(_of_step(left), _of_step(right)))
    return StepPair(place, title, "changed" if found else "same", left, right, found)


def _of_step(step: NodeRunState) -> dict[str, Any]:
    return {
        "status": step.status,
        "error": step.error,
        "inputs": _comparable(step.inputs),
        "outputs": _comparable(step.outputs),
        "attempts": step.attempt,
    }


def _placed(state: RunState) -> dict[Place, NodeRunState]:
    """Every execution by where it stands."""
    places: dict[str, Place] = {}
    found: dict[Place, NodeRunState] = {}
    seen: dict[tuple[Place, str], int] = {}
    for execution_id, step in state.executions.items():
        owner, _, number = step.frame_id.rpartition(":")
        container = owner.rsplit(":", 1)[0]
        around: Place = ()
        if container in places and number.isdigit():
            outer = places[container]
            around = (*outer[:-1], (outer[-1][0], int(number)))
        count = seen.get((around, step.node_id), 0)
        seen[(around, step.node_id)] = count + 1
        place = (*around, (step.node_id, count))
        places[execution_id] = place
        found[place] = step
    return found
