"""Runs one node alone: its data, some variables, fake ports; gives what it answered, sent and wrote.

    ran = run_node({"type": "if-else", "cases": [...]}, {"n.x": 5})
    assert ran.status == "succeeded" and ran.outputs["result"] is True

An exception that escapes becomes a failure with `WorkflowNodeError`, as in the engine; a configuration that the node
refuses sets `invalid` beside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from engine.clock import SeededIds, SystemClock
from engine.nodes.base import Node, NodeContext, NodeResult, PauseReason, PauseRun
from engine.nodes.registry import node_class
from engine.ports.bundle import Ports
from engine.ports.outside import PortError
from engine.run.limits import Limits
from engine.run.variables.files import File, infer_type
from engine.run.variables.pool import VariablePool

NODE = "node"


@dataclass
class Ran:
    """How one attempt ended."""

    result: NodeResult
    events: list[tuple[str, dict[str, Any]]]
    updates: list[tuple[tuple[str, ...], Any]]
    pool: VariablePool
    paused: PauseReason | None = None
    invalid: bool = False

    @property
    def status(self) -> str:
        return self.result.status

    @property
    def outputs(self) -> Mapping[str, Any]:
        return self.result.outputs

    @property
    def inputs(self) -> Mapping[str, Any]:
        return self.result.inputs

    @property
    def process_data(self) -> Mapping[str, Any]:
        return self.result.process_data

    @property
    def handle(self) -> str:
        return self.result.handle

    @property
    def error(self) -> str:
        return self.result.error

    @property
    def error_type(self) -> str:
        return self.result.error_type

    @property
    def failure(self) -> str | None:
        """The error type of a failure (maybe empty), None for a success."""
        return self.error_type if self.status == "failed" else None

    def sent(self, name: str) -> list[dict[str, Any]]:
        """Fields of the events of one name."""
        return [fields for event, fields in self.events if event == name]


def make_pool(values: Mapping[str, Any] | None = None) -> VariablePool:
    """A pool of `{"node.name": value or segment}`; only the first dot separates."""
    pool = VariablePool()
    for key, value in (values or {}).items():
        first, _, name = key.partition(".")
        pool.add((first, name), value)
    return pool


def make_node(data: Mapping[str, Any], node_id: str = NODE) -> Node[Any]:
    """The behaviour of `data`. Raises what its configuration model raises."""
    cls = node_class(str(data["type"]), str(data.get("version") or "1"))
    return cls(node_id, str(data.get("title") or ""), cls.config_model.model_validate(dict(data)))


def run_node(
    data: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
    *,
    pool: VariablePool | None = None,
    ports: Ports | None = None,
    limits: Limits | None = None,
    facts: Mapping[str, Any] | None = None,
    execution_id: str = "execution-1",
    node_id: str = NODE,
) -> Ran:
    """One attempt of the node that `data` describes, on an event loop of its own."""
    return asyncio.run(
        arun_node(
            data,
            values,
            pool=pool,
            ports=ports,
            limits=limits,
            facts=facts,
            execution_id=execution_id,
            node_id=node_id,
        )
    )


async def arun_node(
    data: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
    *,
    pool: VariablePool | None = None,
    ports: Ports | None = None,
    limits: Limits | None = None,
    facts: Mapping[str, Any] | None = None,
    execution_id: str = "execution-1",
    node_id: str = NODE,
) -> Ran:
    """The same for tests that are coroutines themselves."""
    pool = pool if pool is not None else make_pool(values)
    ran = Ran(NodeResult(), [], [], pool)

    def update(selector: tuple[str, ...], value: Any) -> None:
        ran.updates.append((tuple(selector), value))
        pool.add(selector, value)

    context = NodeContext(
        node_id=node_id,
        node_type=str(data["type"]),
        title=str(data.get("title") or ""),
        execution_id=execution_id,
        frame_id="root",
        attempt=1,
        pool=pool,
        ports=ports or Ports(clock=SystemClock(), ids=SeededIds(1)),
        limits=limits or Limits(),
        run={"run_id": "run-1", "app_id": "app-1", "mode": "workflow", "strict_upstream": False, **(facts or {})},
        emit=lambda name, fields: ran.events.append((name, dict(fields))),
        is_cancelled=lambda: False,
        update_variable=update,
    )
    try:
        node = make_node(data, node_id)
    except ValidationError as problem:
        ran.invalid = True
        ran.result = NodeResult.failed(str(problem), "WorkflowNodeError")
        return ran
    try:
        outcome = node.run(context)
        ran.result = await outcome if isinstance(outcome, Awaitable) else outcome
    except PauseRun as pause:
        ran.paused = pause.reason
    except Exception as problem:  # noqa: BLE001 - as the engine does with whatever a node raises
        ran.result = NodeResult.failed(str(problem), "WorkflowNodeError")
    return ran


class FakeFiles:
    """A file store in memory."""

    def __init__(self, contents: Mapping[str, bytes] | None = None) -> None:
        self.contents = dict(contents or {})
        self.names: dict[str, tuple[str, str]] = {}

    async def save(self, content: bytes, *, filename: str, mime_type: str) -> str:
        reference = f"file-{len(self.contents) + 1}"
        self.contents[reference] = content
        self.names[reference] = (filename, mime_type)
        return reference

    async def load(self, reference: str) -> bytes:
        if reference not in self.contents:
            raise PortError("FileNotFound", f"The file {reference} is gone.")
        return self.contents[reference]

    def url(self, reference: str) -> str | None:
        return f"file:///files/{reference}" if reference in self.contents else None


@dataclass
class Shelf:
    """Makes stored files for tests: `shelf.put("a.pdf", b"...")` gives the File, `shelf.ports()` the ports."""

    store: FakeFiles = field(default_factory=FakeFiles)

    def put(self, name: str, content: bytes = b"x", *, mime_type: str | None = None, kind: str = "") -> File:
        reference = f"ref-{len(self.store.contents) + 1}"
        self.store.contents[reference] = content
        return make_file(name, mime_type=mime_type, kind=kind, reference=reference, size=len(content))

    def ports(self, **more: Any) -> Ports:
        return Ports(clock=SystemClock(), ids=SeededIds(1), files=self.store, **more)


def make_file(
    name: str = "a.pdf",
    *,
    mime_type: str | None = None,
    kind: str = "",
    reference: str = "ref-x",
    size: int = 10,
    url: str | None = None,
) -> File:
    """A file with what its name tells; remote when `url` is given."""
    extension = PurePath(name).suffix or None
    return File(
        type=kind or infer_type(extension, mime_type),
        transfer_method="remote_url" if url else "local_file",
        remote_url=url,
        reference=None if url else reference,
        filename=name,
        extension=extension,
        mime_type=mime_type,
        size=size,
    )


def codes(data: Mapping[str, Any]) -> list[str]:
    """Codes of the checklist's findings about one node's data."""
    from engine.nodes.registry import spec

    found = spec(str(data["type"]))
    assert found is not None
    return [problem.code for problem in found.check(data)]


def selectors(mapping: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """A variable mapping with plain lists."""
    return {key: list(value) for key, value in mapping.items()}
