"""Test doubles of engine spec 13.1 and a builder of small graphs written as text.

    graph = build('''
        start -> check
        check -a-> x -> end
        check -b-> end
    ''', check=pick("a"), end=end(text=["x", "text"]))
    run = await go(graph, name="X")

An arrow is `->`, or `-handle->` with a handle. Nodes that get no definition are what their name says (`start...`,
`end...`, `answer...`), else a `stub`. Children of a container are written in the container's own text.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import Field

from engine.clock import SeededIds, SystemClock, SystemIds
from engine.errors import UserError
from engine.nodes.base import (
    ExecutionType,
    Node,
    NodeConfig,
    NodeContext,
    NodeResult,
    PauseReason,
    PauseRun,
)
from engine.ports.bundle import Ports
from engine.ports.models import Usage
from engine.run.engine import LocalRun, start_run
from engine.run.events import missing_fields
from engine.run.request import RunRequest

ARROW = re.compile(r"\s+-(?:([\w.-]+?)-)?>\s+")


# -- doubles ---------------------------------------------------------------------------------------------------------


class StubConfig(NodeConfig):
    outs: dict[str, Any] = Field(default_factory=dict)
    chunks: list[str] = Field(default_factory=list)
    fail_times: int = 0
    fail_streams: bool = False
    error: str = "boom"
    error_type: str = "FakeError"
    sleep: float | None = None
    tokens: int = 0
    price: str = "0.01"
    echo: list[str] | None = None
    raises: str = ""
    final: bool = True
    wait_for: str = ""
    updates: list[Any] = Field(default_factory=list)


class Stub(Node[StubConfig]):
    """Fails the first `fail_times` attempts of the test, else streams `chunks` and answers `outs`. With `fail_streams`
    an attempt that fails has streamed them too."""

    node_type: ClassVar[str] = "stub"
    supports_retry: ClassVar[bool] = True
    config_model: ClassVar[type[NodeConfig]] = StubConfig

    def run(self, ctx: NodeContext) -> NodeResult | Awaitable[NodeResult]:
        if self.config.sleep is None and not self.config.wait_for:
            return self._answer(ctx)
        return self._later(ctx)

    async def _later(self, ctx: NodeContext) -> NodeResult:
        desk = desk_of(ctx)
        desk.running.add(self.node_id)
        try:
            if self.config.wait_for:
                await desk.signal(self.config.wait_for).wait()
            if self.config.sleep is not None:
                await asyncio.sleep(self.config.sleep)
        except asyncio.CancelledError:
            desk.cancelled.append(self.node_id)
            raise
        finally:
            desk.running.discard(self.node_id)
        return self._answer(ctx)

    def _answer(self, ctx: NodeContext) -> NodeResult:
        config, desk = self.config, desk_of(ctx)
        desk.attempts.append(self.node_id)
        usage = Usage(total_tokens=config.tokens, prompt_tokens=config.tokens, total_price=Decimal(config.price))
        used = usage if config.tokens else None
        if config.raises:
            raise RuntimeError(config.raises)
        for selector, value in config.updates:
            ctx.update_variable(tuple(selector), value)
        failed = desk.failures.get(self.node_id, 0)
        if failed < config.fail_times:
            if config.fail_streams:
                self._stream(ctx)
            desk.failures[self.node_id] = failed + 1
            return NodeResult.failed(config.error, config.error_type, usage=used, outputs={"partial": 1})
        self._stream(ctx)
        outputs = dict(config.outs)
        if config.chunks:
            outputs.setdefault("text", "".join(config.chunks))
        if config.echo is not None:
            outputs.setdefault("text", ctx.pool.get_value(config.echo))
        return NodeResult(outputs=outputs, usage=used)

    def _stream(self, ctx: NodeContext) -> None:
        for chunk in self.config.chunks:
            ctx.stream_text(chunk)
        if self.config.chunks and self.config.final:
            ctx.stream_text("", is_final=True)

    def variable_mapping(self) -> dict[str, tuple[str, ...]]:
        echo = self.config.echo
        return {f"{self.node_id}.#{'.'.join(echo)}#": tuple(echo)} if echo else {}


class PacedConfig(NodeConfig):
    fails: list[str] = Field(default_factory=list)


class Paced(Node[PacedConfig]):
    """A child of an iteration over `{v: name}`: `r0` and `r1...` wait for their signal when the desk has one."""

    node_type: ClassVar[str] = "paced"
    config_model: ClassVar[type[NodeConfig]] = PacedConfig

    async def run(self, ctx: NodeContext) -> NodeResult:
        name = ctx.pool.get_value(("it", "item", "v"))
        desk = desk_of(ctx)
        if name in desk.held:
            await desk.signal(name).wait()
        if name in self.config.fails:
            return NodeResult.failed("boom", "FakeError")
        return NodeResult(outputs={"text": name})


class PickConfig(NodeConfig):
    handle: str = "source"
    fail: bool = False
    read: list[str] | None = None


class Pick(Node[PickConfig]):
    """Branches to `handle`, or to the text found at `read`."""

    node_type: ClassVar[str] = "pick"
    execution_type: ClassVar[ExecutionType] = ExecutionType.BRANCH
    config_model: ClassVar[type[NodeConfig]] = PickConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        if self.config.fail:
            return NodeResult.failed("boom", "FakeError")
        handle = str(ctx.pool.get_value(self.config.read)) if self.config.read else self.config.handle
        return NodeResult(handle=handle)


class Ask(Node[NodeConfig]):
    """Human input: pauses until the desk has an answer for its execution, or for its node."""

    node_type: ClassVar[str] = "ask"
    execution_type: ClassVar[ExecutionType] = ExecutionType.BRANCH

    def run(self, ctx: NodeContext) -> NodeResult:
        desk = desk_of(ctx)
        answer = desk.answers.get(ctx.execution_id, desk.answers.get(self.node_id))
        desk.asked.append((self.node_id, ctx.execution_id))
        if answer is None:
            raise PauseRun(PauseReason(f"form-{ctx.execution_id}", self.node_id, self.title, {"content": "?"}))
        return NodeResult(outputs={"value": answer, "__action_id": "ok"}, handle="ok")


class MutateConfig(NodeConfig):
    target: list[str] = Field(default_factory=list)
    add: float | None = None
    set: Any = None
    source: list[str] | None = None


class Mutate(Node[MutateConfig]):
    """A small assigner: adds a number to a variable, or sets it from a constant or another variable."""

    node_type: ClassVar[str] = "mutate"
    config_model: ClassVar[type[NodeConfig]] = MutateConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        config = self.config
        before = ctx.pool.get_value(config.target, 0)
        value = config.set
        if config.add is not None:
            value = before + config.add
            value = int(value) if value == int(value) else value
        elif config.source:
            value = ctx.pool.get_value(config.source)
        ctx.update_variable(tuple(config.target), value)
        return NodeResult(process_data={"set": value})

    def writes(self) -> Sequence[tuple[str, ...]]:
        return [tuple(self.config.target)]


DOUBLES: dict[str, type[Node[Any]]] = {cls.node_type: cls for cls in (Stub, Paced, Pick, Ask, Mutate)}


def node_class(kind: str, version: str) -> type[Node[Any]]:
    """The doubles, then the real node types."""
    if kind in DOUBLES:
        return DOUBLES[kind]
    from engine.nodes.registry import node_class as registered

    try:
        return registered(kind, version)
    except ModuleNotFoundError as problem:
        # An optional library that this machine does not have.
        raise UserError(str(problem), code="node.unknown_type") from problem


@dataclass
class Desk:
    """What the doubles of one test share: failures, answers and signals."""

    failures: dict[str, int] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    cancelled: list[str] = field(default_factory=list)
    signals: dict[str, asyncio.Event] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)

    def signal(self, name: str) -> asyncio.Event:
        return self.signals.setdefault(name, asyncio.Event())


def desk_of(ctx: NodeContext) -> Desk:
    desk: Desk = ctx.ports.extras["desk"]
    return desk


def make_ports(desk: Desk | None = None, seed: int | None = 1, **more: Any) -> Ports:
    ports = Ports(clock=SystemClock(), ids=SeededIds(seed) if seed is not None else SystemIds(), **more)
    ports.extras["desk"] = desk or Desk()
    return ports


# -- definitions of nodes --------------------------------------------------------------------------------------------


def stub(**config: Any) -> dict[str, Any]:
    return {"type": "stub", **config}


def pick(handle: str = "", **config: Any) -> dict[str, Any]:
    return {"type": "pick", "handle": handle, **config}


def ask() -> dict[str, Any]:
    return {"type": "ask"}


def mutate(target: str, **config: Any) -> dict[str, Any]:
    return {"type": "mutate", "target": target.split("."), **config}


def add(target: str, amount: float = 1) -> dict[str, Any]:
    return mutate(target, add=amount)


def end(**outputs: Sequence[str] | str) -> dict[str, Any]:
    listed = [
        {"variable": name, "value_selector": sel.split(".") if isinstance(sel, str) else list(sel)}
        for name, sel in outputs.items()
    ]
    return {"type": "end", "outputs": listed}


def answer(text: str) -> dict[str, Any]:
    return {"type": "answer", "answer": text}


def template(text: str, **variables: str) -> dict[str, Any]:
    listed = [{"variable": name, "value_selector": sel.split(".")} for name, sel in variables.items()]
    return {"type": "template-transform", "template": text, "variables": listed}


def fail(times: int = 1000, **config: Any) -> dict[str, Any]:
    return stub(fail_times=times, **config)


def iterate(body: str, items: str, output: str = "", **config: Any) -> dict[str, Any]:
    out = output.split(".") if output else []
    return {
        "type": "iteration",
        "iterator_selector": items.split("."),
        "output_selector": out,
        "_body": body,
        **config,
    }


def loop(body: str, count: int = 3, **config: Any) -> dict[str, Any]:
    return {"type": "loop", "loop_count": count, "break_conditions": [], "_body": body, **config}


def variable(label: str, value: Any, kind: str = "number") -> dict[str, Any]:
    if isinstance(value, str) and value.startswith("@"):
        return {"label": label, "var_type": kind, "value_type": "variable", "value": value[1:].split(".")}
    return {"label": label, "var_type": kind, "value_type": "constant", "value": value}


def condition(selector: str, operator: str, value: Any) -> dict[str, Any]:
    return {
        "id": f"c-{selector}",
        "variable_selector": selector.split("."),
        "comparison_operator": operator,
        "value": value,
        "varType": "number",
    }


def retry(times: int, interval: int = 0, enabled: bool = True) -> dict[str, Any]:
    return {"retry_config": {"retry_enabled": enabled, "max_retries": times, "retry_interval": interval}}


# -- graphs ----------------------------------------------------------------------------------------------------------


def build(text: str, **nodes: Mapping[str, Any]) -> dict[str, Any]:
    """A graph config from text and definitions."""
    config: dict[str, Any] = {"nodes": [], "edges": []}
    _build_scope(config, text, {name.rstrip("_"): data for name, data in nodes.items()}, None, {})
    return config


def _build_scope(
    config: dict[str, Any],
    text: str,
    nodes: Mapping[str, Mapping[str, Any]],
    parent: str | None,
    place: dict[str, Any],
) -> None:
    names, edges = _parse(text)
    for name in names:
        data = dict(nodes.get(name) or _by_name(name))
        body = data.pop("_body", None)
        node: dict[str, Any] = {"id": name, "type": "custom", "data": {"title": name, **data, **place}}
        if parent is not None:
            node["parentId"] = parent
        config["nodes"].append(node)
        if body is not None:
            _build_container(config, node, body, nodes)
    for source, handle, target in edges:
        config["edges"].append(
            {"id": f"{source}-{handle}-{target}-{len(config['edges'])}", "source": source, "target": target}
            | ({"sourceHandle": handle})
        )


def _build_container(
    config: dict[str, Any], node: dict[str, Any], body: str, nodes: Mapping[str, Mapping[str, Any]]
) -> None:
    kind, name = node["data"]["type"], node["id"]
    start = f"{name}start"
    node["data"]["start_node_id"] = start
    place = (
        {"isInIteration": True, "iteration_id": name} if kind == "iteration" else {"isInLoop": True, "loop_id": name}
    )
    config["nodes"].append(
        {
            "id": start,
            "type": f"custom-{kind}-start",
            "parentId": name,
            "data": {"type": f"{kind}-start", "title": "", **place},
        }
    )
    names, edges = _parse(body)
    targets = {target for _, _, target in edges}
    for first in names:
        if first not in targets:
            config["edges"].append({"id": f"{start}-{first}", "source": start, "target": first})
    _build_scope(config, body, nodes, name, place)


def _parse(text: str) -> tuple[list[str], list[tuple[str, str, str]]]:
    names: dict[str, None] = {}
    edges: list[tuple[str, str, str]] = []
    for line in re.split(r"[\n;]", text):
        parts = ARROW.split(line.strip())
        if parts == [""]:
            continue
        names.setdefault(parts[0])
        for i in range(1, len(parts), 2):
            names.setdefault(parts[i + 1])
            edges.append((parts[i - 1], parts[i] or "source", parts[i + 1]))
    return list(names), edges


def _by_name(name: str) -> dict[str, Any]:
    if name.startswith("start"):
        return {"type": "start", "variables": []}
    if name.startswith("loopend"):
        return {"type": "loop-end"}
    if name.startswith("end"):
        return end()
    return stub()


# -- running ---------------------------------------------------------------------------------------------------------


class Memory:
    """A recorder that keeps everything."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.payloads: list[Mapping[str, Any]] = []
        self.flushed = 0

    def event(self, event: Mapping[str, Any], payload: Mapping[str, Any] | None) -> None:
        self.events.append(event)
        if payload is not None:
            self.payloads.append({"event": event["event"], **payload})

    def is_behind(self) -> bool:
        return False

    async def flush(self) -> None:
        self.flushed = len(self.events)

    @property
    def snapshot(self) -> dict[str, Any]:
        return next(dict(p["snapshot"]) for p in reversed(self.payloads) if "snapshot" in p)


@dataclass
class Done:
    """A run that has ended."""

    events: list[dict[str, Any]]
    summary: dict[str, Any]
    handle: LocalRun
    memory: Memory
    desk: Desk
    request: RunRequest

    @property
    def status(self) -> str:
        return str(self.summary["status"])

    @property
    def outputs(self) -> dict[str, Any]:
        return dict(self.summary["outputs"])

    @property
    def short(self) -> list[str]:
        """The events in the notation of engine spec 13.1, chunks left out."""
        return [s for s in map(short, self.events) if s and not s.startswith("Ch")]

    @property
    def chunks(self) -> list[str]:
        return [short(e) for e in self.events if e["event"] == "ResponseChunk"]

    def named(self, *names: str) -> list[dict[str, Any]]:
        return [e for e in self.events if e["event"] in names]

    def started(self) -> list[str]:
        return [e["node_id"] for e in self.named("NodeRunStarted")]

    def ended(self, node_id: str) -> dict[str, Any]:
        ends = self.named("NodeRunSucceeded", "NodeRunFailed", "NodeRunException")
        return next(e for e in reversed(ends) if e["node_id"] == node_id)

    @property
    def snapshot(self) -> dict[str, Any]:
        return self.memory.snapshot


_MARKS = {
    "GraphEdgeTaken": "+",
    "GraphEdgeSkipped": "-",
    "NodeRunStarted": "St",
    "NodeRunSucceeded": "Ok",
    "NodeRunException": "Ex",
    "NodeRunFailed": "Fa",
    "NodeRunIterationStarted": "ItStarted",
    "NodeRunIterationSucceeded": "ItSucceeded",
    "NodeRunIterationFailed": "ItFailed",
    "NodeRunLoopStarted": "LpStarted",
    "NodeRunLoopSucceeded": "LpSucceeded",
    "NodeRunLoopFailed": "LpFailed",
    "NodeRunPauseRequested": "Pa",
    "NodeHeld": "Held",
}
_ENDS = {
    "GraphRunSucceeded": "RUN ok",
    "GraphRunFailed": "RUN failed",
    "GraphRunAborted": "RUN aborted",
    "GraphRunPaused": "RUN paused",
}


def short(event: Mapping[str, Any]) -> str:
    """One event in short; "" for those that the notation has no word for."""
    name = event["event"]
    if name in ("GraphEdgeTaken", "GraphEdgeSkipped"):
        return f"{_MARKS[name]}{event['source_node_id']}->{event['target_node_id']}"
    if name in _MARKS:
        return f"{_MARKS[name]} {event['node_id']}"
    if name == "NodeRunRetry":
        return f"Re {event['node_id']}({event['retry_index']})"
    if name in ("NodeRunIterationNext", "NodeRunLoopNext"):
        return f"{'It' if 'Iteration' in name else 'Lp'}Next({event['index']})"
    if name == "ResponseChunk":
        return f'Ch "{event["chunk"]}"({event["node_id"]})' + ("!" if event["is_final"] else "")
    if name == "GraphRunPartialSucceeded":
        return f"RUN partial({event['exceptions_count']})"
    if name == "GraphRunStarted":
        return f"RUN started({event['reason']})"
    return _ENDS.get(name, "")


def request(graph: dict[str, Any], **options: Any) -> RunRequest:
    """A run request; other keywords than its fields are inputs of the start node (declared there)."""
    fields = set(RunRequest.__dataclass_fields__)
    inputs = {name: value for name, value in options.items() if name not in fields}
    chosen = {name: value for name, value in options.items() if name in fields}
    chosen.setdefault("inputs", inputs)
    if chosen.get("kind", "full") == "full" and options.get("declare", True):
        for node in graph["nodes"]:
            if node["data"].get("type") == "start":
                node["data"]["variables"] = [
                    {"variable": name, "type": _input_type(value), "label": name, "required": False}
                    for name, value in chosen["inputs"].items()
                ]
    return RunRequest(graph=graph, run_id=chosen.pop("run_id", "run-1"), **chosen)


def _input_type(value: Any) -> str:
    if isinstance(value, bool):
        return "checkbox"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, (dict, list)) or value is None:
        return "json"
    return "paragraph"


def begin(
    graph: dict[str, Any],
    *,
    desk: Desk | None = None,
    ports: Ports | None = None,
    memory: Memory | None = None,
    **options: Any,
) -> Done:
    """Start a run; `finish` waits for it."""
    desk = desk or Desk()
    # A resumed run must not repeat the ids of the segment before it.
    ports = ports or make_ports(desk, seed=None if options.get("snapshot") else 1)
    ports.extras.setdefault("desk", desk)
    memory = memory or Memory()
    wanted = request(graph, **options)
    handle = start_run(wanted, ports, memory, node_class=node_class)
    assert isinstance(handle, LocalRun)
    return Done([], {}, handle, memory, desk, wanted)


async def finish(run: Done) -> Done:
    """Read the run to its end and check what holds for every run."""
    async for event in run.handle.events():
        run.events.append(event)
    run.summary = await run.handle.result()
    check(run)
    return run


def check(run: Done) -> None:
    """What holds for every run: numbering, required fields, one terminal event at the end, all of it recorded."""
    assert [e for e in run.events if missing_fields(e)] == [], missing_fields(
        next(e for e in run.events if missing_fields(e))
    )
    numbers = [e["seq"] for e in run.events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert run.events[0]["event"] == "GraphRunStarted"
    terminal = [e for e in run.events if e["event"] in (*_ENDS, "GraphRunPartialSucceeded")]
    assert terminal == [run.events[-1]]
    assert list(run.memory.events)[-len(run.events) :] == run.events
    assert run.memory.flushed == len(run.memory.events)


async def go(graph: dict[str, Any], **options: Any) -> Done:
    """Run a graph to its end."""
    return await finish(begin(graph, **options))


async def until(run: Done, name: str, node_id: str | None = None) -> dict[str, Any]:
    """Read events up to the first of that name (and node); `finish` reads on."""
    reader = run.handle.events()
    async for event in reader:
        run.events.append(event)
        if event["event"] == name and (node_id is None or event.get("node_id") == node_id):
            return event
    raise AssertionError(f"the run ended before {name} of {node_id}")


def run(graph: dict[str, Any], **options: Any) -> Done:
    """`go` for tests that are not coroutines."""
    return asyncio.run(go(graph, **options))
