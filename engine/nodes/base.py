"""What a node behaviour is given and what it answers. Scheduling does not belong here (engine spec, section 3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from engine.ports.models import Usage
from engine.ports.tape import AskedClock, AskedIds
from engine.run.variables.templates import TemplateSegment, TextSegment, VariableSegment

if TYPE_CHECKING:
    from engine.ports.bundle import Ports
    from engine.run.limits import Limits
    from engine.run.variables.pool import VariablePool

Selector = tuple[str, ...]


class ExecutionType(StrEnum):
    """What a node means to the scheduler (engine spec 3.1)."""

    ROOT = "root"
    EXECUTABLE = "executable"
    BRANCH = "branch"
    CONTAINER = "container"
    RESPONSE = "response"


@dataclass(slots=True)
class NodeResult:
    """How a node run ended (engine spec 3.2). `handle` is the chosen source handle of a branching node."""

    status: Literal["succeeded", "failed"] = "succeeded"
    inputs: Mapping[str, Any] = field(default_factory=dict)
    process_data: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    usage: Usage | None = None
    handle: str = "source"
    error: str = ""
    error_type: str = ""

    @classmethod
    def failed(cls, error: str, error_type: str = "", **more: Any) -> NodeResult:
        """A failed result with its message and short type name."""
        return cls(status="failed", error=error, error_type=error_type, **more)


@dataclass(frozen=True, slots=True)
class PauseReason:
    """Why a node asks the run to pause (engine spec 9.4). `form` is the rendered human-input form, JSON-able."""

    session_id: str
    node_id: str
    node_title: str
    form: Mapping[str, Any] = field(default_factory=dict)


class PauseRun(Exception):
    """Raised by a node to pause the run; it will be started again on resume with the same execution id."""

    def __init__(self, reason: PauseReason) -> None:
        super().__init__(reason.node_title)
        self.reason = reason


class Cancelled(Exception):
    """Raised by `NodeContext.check_cancelled` when the run is being stopped."""


Emit = Callable[[str, Mapping[str, Any]], None]


@dataclass(slots=True)
class NodeContext:
    """Everything one attempt of one node may touch.

    `pool` is the frame's variable pool (read it; outputs are written by the engine, except through
    `update_variable`). `emit(name, fields)` sends a node-level event at once: `NodeRunStreamChunk`
    {selector, chunk, is_final}, `NodeRunReasoningChunk`, `NodeRunRetrieverResource`, `NodeRunAgentLog`,
    `NodeRunHumanInputFormFilled`, ... with the fields of engine spec 3.3; the engine adds the common ones.
    `is_cancelled()` is cheap. `run` holds facts of the run: run_id, app_id, mode, user_id, conversation_id,
    call_depth, strict_upstream, invoke_from.
    """

    node_id: str
    node_type: str
    title: str
    execution_id: str
    frame_id: str
    attempt: int
    pool: VariablePool
    ports: Ports
    limits: Limits
    run: Mapping[str, Any]
    emit: Emit
    is_cancelled: Callable[[], bool]
    update_variable: Callable[[Selector, Any], None]
    """Write a conversation or loop variable now: emits NodeRunVariableUpdated and applies it (DEC-07)."""

    @property
    def clock(self) -> AskedClock:
        """Time for outputs and events of the node: a replay gives the same moments again."""
        return AskedClock(self.ports.clock)

    @property
    def ids(self) -> AskedIds:
        """Ids for outputs and events of the node: a replay gives the same again."""
        return AskedIds(self.ports.ids)

    def check_cancelled(self) -> None:
        """Raise Cancelled when the run is being stopped; for long loops inside a node."""
        if self.is_cancelled():
            raise Cancelled

    def stream_text(self, chunk: str, *, name: str = "text", is_final: bool = False) -> None:
        """Send one chunk of the output `name`."""
        self.emit("NodeRunStreamChunk", {"selector": [self.node_id, name], "chunk": chunk, "is_final": is_final})


class NodeConfig(BaseModel):
    """Base of all node configurations: known fields typed, unknown ones kept, never refused here."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)


Config = TypeVar("Config", bound=NodeConfig)


class Node(Generic[Config]):
    """Behaviour of one node type. One instance per node of a compiled graph; it keeps no state between runs.

    Subclasses set the class variables and implement `run`. `run` may be a plain method (awaited never, fastest)
    or a coroutine method. Blocking work goes through a port or `asyncio.to_thread`, never on the loop.
    """

    node_type: ClassVar[str]
    versions: ClassVar[tuple[str, ...]] = ("1",)
    execution_type: ClassVar[ExecutionType] = ExecutionType.EXECUTABLE
    supports_retry: ClassVar[bool] = False
    config_model: ClassVar[type[NodeConfig]] = NodeConfig

    def __init__(self, node_id: str, title: str, config: Config) -> None:
        self.node_id = node_id
        self.title = title
        self.config = config

    def run(self, ctx: NodeContext) -> NodeResult | Awaitable[NodeResult]:
        """Do the node's work once. An exception that escapes becomes a failed result with error_type
        `WorkflowNodeError`; PauseRun pauses the run; asyncio.CancelledError must be let through."""
        raise NotImplementedError

    def variable_mapping(self) -> dict[str, Selector]:
        """What the node reads: `"<node id>.<key>"` to selector (engine spec 6.7, nodes-logic 1.9)."""
        return {}

    def writes(self) -> Sequence[Selector]:
        """Selectors outside its own outputs that the node writes (the assigner's targets)."""
        return ()

    def response_template(self) -> Sequence[TemplateSegment]:
        """The streaming template of a response node (engine spec 8.2)."""
        return ()


__all__ = [
    "Cancelled",
    "ExecutionType",
    "Node",
    "NodeConfig",
    "NodeContext",
    "NodeResult",
    "PauseReason",
    "PauseRun",
    "Selector",
    "TemplateSegment",
    "TextSegment",
    "VariableSegment",
]
