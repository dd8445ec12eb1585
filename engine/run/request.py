"""What a run is asked to do, and the three doors of a run: the handle, the recorder and the catalogue of nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, Protocol

from engine.errors import UserError
from engine.model.breakpoints import Breakpoint
from engine.run.limits import Limits

if TYPE_CHECKING:
    from engine.nodes.base import Node

Kind = Literal["full", "node", "iteration", "loop"]
NodeClass = Callable[[str, str], "type[Node[Any]]"]
"""Node type and version to behaviour. Raises UserError `node.unknown_type`."""


class RunRefused(UserError):
    """A run that cannot start; nothing was emitted."""

    default_code = "run.refused"


@dataclass(frozen=True, slots=True)
class ReusedNode:
    """The result of a node in an earlier run, taken over instead of running it again. All values are JSON data."""

    outputs: Mapping[str, Any]
    status: str = "succeeded"
    handle: str = "source"
    inputs: Mapping[str, Any] = field(default_factory=dict)
    process_data: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    error_type: str = ""
    updates: tuple[Mapping[str, Any], ...] = ()
    """Variables that the node wrote while it ran: `{selector, value, value_type}`."""
    execution_id: str = ""
    run_outputs: Mapping[str, Any] = field(default_factory=dict)
    """Containers: what the answers inside added to the outputs of the run."""
    exceptions: int = 0
    """Containers: failures inside that were tolerated or handled."""
    left: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Loops: outputs of the nodes inside, as the last round left them."""

    def to_json(self) -> dict[str, Any]:
        """JSON data; `from_json` reads it."""
        return {name: list(v) if isinstance(v := getattr(self, name), tuple) else v for name in self.__slots__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ReusedNode:
        """The inverse of `to_json`."""
        return cls(**{**data, "updates": tuple(data.get("updates", ()))})


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run takes over from an earlier one: frame path (`root`, `root/<container>[<round>]`) -> node -> result."""

    reuse: Mapping[str, Mapping[str, ReusedNode]] = field(default_factory=dict)
    rerun: tuple[str, ...] = ()
    """Nodes of the root frame that had begun or failed and run again; for showing, the engine does not read it."""
    source_run_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON data; `from_json` reads it."""
        reuse = {path: {node: r.to_json() for node, r in nodes.items()} for path, nodes in self.reuse.items()}
        return {"reuse": reuse, "rerun": list(self.rerun), "source_run_id": self.source_run_id}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunPlan:
        """The inverse of `to_json`."""
        reuse = {
            path: {node: ReusedNode.from_json(r) for node, r in nodes.items()}
            for path, nodes in data.get("reuse", {}).items()
        }
        return cls(reuse, tuple(data.get("rerun", ())), data.get("source_run_id", ""))


@dataclass(frozen=True, slots=True)
class DebugSettings:
    """Where a run is held: at breakpoints, once before the nodes of `run_to`, before every node (`step`), after every
    failure."""

    breakpoints: frozenset[Breakpoint | str] = frozenset()
    step: bool = False
    run_to: frozenset[str] = frozenset()
    any_failure: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> DebugSettings | None:
        """From JSON data (`breakpoints`, `step`, `run_to`, `any_failure`); None when nothing can be held."""
        points = frozenset(b if isinstance(b, str) else Breakpoint.of(b) for b in data.get("breakpoints") or ())
        found = cls(points, bool(data.get("step")), frozenset(data.get("run_to") or ()), bool(data.get("any_failure")))
        return None if found == cls() else found

    def to_json(self) -> dict[str, Any]:
        """JSON data; `of` reads it."""
        points = sorted((Breakpoint.of(b) for b in self.breakpoints), key=lambda b: b.node_id)
        return {
            "breakpoints": [b.to_json() for b in points],
            "step": self.step,
            "run_to": sorted(self.run_to),
            "any_failure": self.any_failure,
        }


@dataclass(kw_only=True)
class RunRequest:
    """One run. Secrets in `environment` are in clear and stay in memory."""

    graph: dict[str, Any]
    mode: str = "workflow"
    inputs: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    files: list[Any] = field(default_factory=list)
    conversation_id: str = ""
    user_id: str = ""
    app_id: str = ""
    workflow_id: str = ""
    run_id: str = ""
    version: str = "draft"
    environment: list[dict[str, Any]] = field(default_factory=list)
    conversation_variables: list[dict[str, Any]] = field(default_factory=list)
    system: dict[str, Any] = field(default_factory=dict)
    """Further `sys` variables by name (dialogue_count, timestamp, ...); they win over what the engine sets."""
    rag: dict[str, Any] = field(default_factory=dict)
    root_node_id: str | None = None
    mocks: dict[str, Any] | None = None
    pins: dict[str, Any] | None = None
    """Node id to outputs that it answers without running."""
    plan: RunPlan | None = None
    kind: Kind = "full"
    node_id: str | None = None
    """The node of a single-node, single-iteration or single-loop run."""
    draft_variables: dict[str, dict[str, Any]] | None = None
    """Single runs: values of earlier runs, node id or prefix -> name -> plain value."""
    limits: Limits = field(default_factory=Limits)
    call_depth: int = 0
    strict_upstream: bool = False
    invoke_from: str = "debugger"
    debug: DebugSettings | None = None
    snapshot: dict[str, Any] | None = None
    """Resume from here; the graph, mode and ids are those of the paused run."""
    credentials: list[str] = field(default_factory=list)
    """Clear values that are masked in all that the run tells, beside the secrets of its environment."""
    form_answer: dict[str, Any] | None = None
    """Single steps of human input: `action` and `values` of a form that was answered beforehand."""
    check: bool = True
    """Refuse graphs with errors of the lint (engine spec 1.6, level E)."""

    def to_json(self) -> dict[str, Any]:
        """JSON data, secrets in clear: for the pipe to another process, never for a file. `from_json` reads it."""
        data = {item.name: getattr(self, item.name) for item in fields(self)}
        data["limits"] = asdict(self.limits)
        data["plan"] = self.plan.to_json() if self.plan is not None else None
        if self.debug is not None:
            data["debug"] = self.debug.to_json()
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunRequest:
        """The inverse of `to_json`."""
        values = dict(data)
        values["limits"] = Limits(**values["limits"])
        values["plan"] = RunPlan.from_json(values["plan"]) if values.get("plan") else None
        if values.get("debug"):
            values["debug"] = DebugSettings.of(values["debug"])
        return cls(**values)

    @property
    def is_chat(self) -> bool:
        """Does the run belong to a chat app?"""
        return self.mode in ("chat", "advanced-chat", "agent-chat")


class RunHandle(Protocol):
    """The one interface of a run, in this process or another."""

    run_id: str

    def events(self) -> AsyncIterator[dict[str, Any]]:
        """Events from the first on, secrets masked; ends after the terminal event. For one reader."""
        ...

    def send(self, command: Mapping[str, Any]) -> None:
        """Give the run a command (`abort`, `pause`, `update_variables`, `resume_step`, `step`, `continue`, `run_to`,
        `try_again`, `set_breakpoints`, `hold_all`); from any thread, never waits, unknown ones are logged."""
        ...

    async def result(self) -> dict[str, Any]:
        """The summary, when the run has ended."""
        ...


class Recorder(Protocol):
    """Who keeps a run. Called on the loop; what it raises is logged and never changes the run."""

    def event(self, event: Mapping[str, Any], payload: Mapping[str, Any] | None) -> None:
        """Take one event, in order. `payload` is what must be kept with it but never shown, for it has clear secrets:
        at `GraphRunPaused` `{"snapshot": ...}`, at `NodeRunVariableUpdated` of a conversation variable its value."""
        ...

    def is_behind(self) -> bool:
        """Whether so much waits to be kept that the run had better wait as well."""
        ...

    async def flush(self) -> None:
        """Return when all events so far are safe; awaited before anybody is told of the end of a run."""
        ...
