"""The debug gate: which ready nodes and which failures are held, why, and what lets them go. It decides only; the
scheduler acts.

Stepping is a depth: 0 for the root graph, 1 for the rounds of a container in it, and so on. A step over holds the next
node that is no deeper than the one it left, a step into the next one anywhere, a step out the next one further out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.model.breakpoints import Breakpoint

if TYPE_CHECKING:
    from engine.nodes.base import NodeResult
    from engine.run.frames import Execution, Frame
    from engine.run.graph import CompiledNode
    from engine.run.request import DebugSettings

Why = dict[str, Any]
"""`kind` (breakpoint, condition, condition_error, hits, failure, step, run_to) and what belongs to it."""
EVERYWHERE = math.inf


@dataclass(slots=True)
class Held:
    """A node that waits: before it begins, or after it failed and before anything follows from that."""

    frame: Frame
    node: CompiledNode
    failed: tuple[Execution, NodeResult] | None = None


class DebugGate:
    """Breakpoints and stepping of one run."""

    def __init__(self, settings: DebugSettings | None) -> None:
        self.breakpoints: dict[str, Breakpoint] = {}
        self.any_failure = bool(settings and settings.any_failure)
        self.run_to: set[str] = set(settings.run_to) if settings else set()
        self.depth: float | None = EVERYWHERE if settings and settings.step else None
        """The deepest frame in which the next ready node is held; None while nobody steps."""
        self.hits: dict[str, int] = {}
        self.held: dict[tuple[str, str], Held] = {}
        self._free: set[tuple[str, str]] = set()
        self.set_breakpoints(settings.breakpoints if settings else ())

    @property
    def is_open(self) -> bool:
        """Can nothing be held before it begins?"""
        return self.depth is None and not self.breakpoints and not self.run_to

    # -- what is held ----------------------------------------------------------------------------------------------

    def before(self, frame: Frame, node: CompiledNode) -> Why | None:
        """Why this ready node must wait; None = it begins. One that was let go passes once."""
        key = (frame.id, node.id)
        if key in self._free:
            self._free.discard(key)
            return None
        if node.hidden or _tried(frame, node):
            return None
        why = self._breakpoint(frame, node, {})
        if node.id in self.run_to:
            self.run_to.discard(node.id)
            why = {"kind": "run_to"}
        if why is None and self.depth is not None and frame.depth <= self.depth:
            why = {"kind": "step"}
        if why is not None:
            self.held[key] = Held(frame, node)
        return why

    def after_failure(self, execution: Execution, result: NodeResult) -> Why | None:
        """Why a failure must wait before anything follows from it; None = it takes its course."""
        frame, node = execution.frame, execution.node
        found = self.breakpoints.get(node.id)
        why: Why | None = None
        if found is not None and found.on_failure:
            told = {"error": result.error, "error_type": result.error_type}
            why = self._wanted(found, frame, node, told, "failure")
        if why is None and self.any_failure:
            why = {"kind": "failure"}
        if why is None:
            return None
        self.held[frame.id, node.id] = Held(frame, node, (execution, result))
        return {**why, "failed": True, "error": result.error, "error_type": result.error_type}

    def _breakpoint(self, frame: Frame, node: CompiledNode, more: Mapping[str, Any]) -> Why | None:
        found = self.breakpoints.get(node.id)
        if found is None or found.on_failure:
            return None
        return self._wanted(found, frame, node, more, "breakpoint")

    def _wanted(
        self, found: Breakpoint, frame: Frame, node: CompiledNode, more: Mapping[str, Any], kind: str
    ) -> Why | None:
        """Whether condition and count of a breakpoint let it hold now. Only times when the condition was met count."""
        if found.condition:
            from engine.run.debug_condition import ConditionProblem, condition

            try:
                if not condition(found.condition).met(frame, node, more):
                    return None
            except ConditionProblem as problem:
                return {"kind": "condition_error", "condition": found.condition, "problem": str(problem)}
            kind = "condition" if kind == "breakpoint" else kind
        count = self.hits[node.id] = self.hits.get(node.id, 0) + 1
        if not found.counts(count):
            return None
        why: Why = {"kind": kind, "count": count}
        if found.condition:
            why["condition"] = found.condition
        if found.hits:
            why["kind"] = "hits" if kind == "breakpoint" else kind
        return why

    # -- what lets go ----------------------------------------------------------------------------------------------

    def release(self, node_id: str | None = None, frame_id: str | None = None) -> list[Held]:
        """Let held nodes go: all, those of one node, or one of one frame; in the order they were held."""
        keys = [
            key
            for key in self.held
            if (node_id is None or key[1] == node_id) and (frame_id is None or key[0] == frame_id)
        ]
        self._free.update(key for key in keys if self.held[key].failed is None)
        return [self.held.pop(key) for key in keys]

    def set_breakpoints(self, breakpoints: Iterable[Breakpoint | str | Mapping[str, Any]]) -> None:
        """Replace the breakpoints; what is held stays held, counts go on."""
        found = [Breakpoint.of(b) for b in breakpoints]
        self.breakpoints = {b.node_id: b for b in found}

    def step(self, how: str, node_id: str | None, frame_id: str | None) -> None:
        """Hold what comes after the named held node (`over`, `into` or `out` of it); of several the deepest counts."""
        depths = [
            h.frame.depth
            for key, h in self.held.items()
            if (node_id is None or key[1] == node_id) and (frame_id is None or key[0] == frame_id)
        ]
        if how == "into" or not depths:
            self.depth = EVERYWHERE
        elif how == "over":
            self.depth = max(depths)
        else:
            self.depth = max(depths) - 1 if max(depths) else None


def _tried(frame: Frame, node: CompiledNode) -> bool:
    """Whether it is a further attempt of a node that was let go before."""
    execution = frame.executions.get(node.i)
    return execution is not None and execution.attempt > 1
