"""One execution scope of a run: the root graph, or one round of a container (engine spec 0.2, 5.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Final

from engine.ports.models import Usage
from engine.ports.tape import Place

if TYPE_CHECKING:
    from engine.run.containers import Invocation
    from engine.run.graph import CompiledNode, Scope
    from engine.run.streaming import ResponseFilter
    from engine.run.variables.pool import VariablePool

UNKNOWN: Final = 0
TAKEN: Final = 1
SKIPPED: Final = 2
STATE_NAMES: Final = ("unknown", "taken", "skipped")
NO_USAGE: Final = Usage()


class Frame:
    """States, values and totals of one scope. Changed by the scheduler only.

    `unknown` counts undecided in-edges a node, `came_from` holds the tail of the last taken one.
    `fields` are the event fields that tell where in a container the frame is, `metadata` the same for node records.
    """

    __slots__ = (
        "came_from",
        "edges",
        "errors",
        "exec_ids",
        "executions",
        "fields",
        "filter",
        "id",
        "index",
        "invocation",
        "metadata",
        "nodes",
        "outputs",
        "pool",
        "reached_break",
        "scope",
        "started",
        "started_at",
        "steps",
        "unfinished",
        "unknown",
        "usage",
    )

    def __init__(
        self, frame_id: str, scope: Scope, pool: VariablePool, invocation: Invocation | None = None, index: int = 0
    ) -> None:
        self.id = frame_id
        self.scope = scope
        self.pool = pool
        self.invocation = invocation
        self.index = index
        self.nodes = bytearray(scope.initial_nodes)
        self.edges = bytearray(scope.initial_edges)
        self.unknown = scope.initial_unknown.copy()
        self.came_from: list[CompiledNode | None] = [None] * len(self.unknown)
        self.unfinished = 0
        self.executions: dict[int, Execution] = {}
        self.exec_ids: dict[int, str] = {}
        self.outputs: dict[str, Any] = {}
        self.usage = NO_USAGE
        self.steps = 0
        self.errors: list[str] = []
        self.reached_break = False
        self.filter: ResponseFilter | None = None
        self.started = 0.0
        self.started_at = ""
        self.fields: dict[str, Any] = {"frame_id": frame_id}
        self.metadata: dict[str, Any] = {}

    @property
    def is_root(self) -> bool:
        """Is it the root graph?"""
        return self.invocation is None

    @property
    def parent(self) -> Frame | None:
        """The frame in which this round's container runs."""
        return self.invocation.frame if self.invocation is not None else None

    @property
    def depth(self) -> int:
        """How many containers are around it."""
        return 0 if self.invocation is None else self.invocation.frame.depth + 1

    @property
    def path(self) -> str:
        """`root`, `root/<container>[<round>]`, ...: the same in every run of the graph."""
        if self.invocation is None:
            return "root"
        return f"{self.invocation.frame.path}/{self.invocation.node.id}[{self.index}]"

    def merge_outputs(self, outputs: dict[str, Any]) -> None:
        """Run outputs by engine spec 2.8: `answer` texts are joined, everything else is replaced."""
        for key, value in outputs.items():
            before = self.outputs.get(key)
            if key == "answer" and isinstance(before, str) and before and isinstance(value, str):
                self.outputs[key] = before + value
            else:
                self.outputs[key] = value

    def load_states(self, nodes: bytes, edges: bytes) -> None:
        """Take over saved states; counts and predecessors follow from them."""
        self.nodes = bytearray(nodes)
        self.edges = bytearray(edges)
        for node in self.scope.nodes:
            self.unknown[node.i] = sum(1 for e in node.in_edges if edges[e.i] == UNKNOWN)
            taken = [e.tail for e in node.in_edges if edges[e.i] == TAKEN]
            self.came_from[node.i] = taken[-1] if taken else None


class Execution:
    """One node in one frame, through all its attempts."""

    __slots__ = (
        "attempt",
        "awaitable",
        "began",
        "dropped",
        "frame",
        "id",
        "node",
        "pending_error",
        "start_at",
        "task",
        "timer",
    )

    def __init__(self, execution_id: str, frame: Frame, node: CompiledNode) -> None:
        self.id = execution_id
        self.frame = frame
        self.node = node
        self.attempt = 1
        self.start_at = ""
        self.began = 0.0
        self.task: asyncio.Task[None] | None = None
        self.awaitable: Awaitable[Any] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.pending_error: dict[str, Any] | None = None
        self.dropped = False

    @property
    def place(self) -> Place:
        """Where the graph runs this node; for recordings."""
        return Place(self.node.id, self.frame.path)
