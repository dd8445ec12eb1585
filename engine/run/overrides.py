"""Results that stand in for running a node: mocks and pins (architecture 4.1), results taken over from earlier runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from engine.nodes.base import NodeResult
from engine.ports.models import Usage
from engine.run.failures import FAIL_HANDLE
from engine.run.graph import CompiledNode
from engine.run.request import ReusedNode, RunRefused
from engine.run.variables.files import revive

if TYPE_CHECKING:
    from engine.run.frames import Execution
    from engine.run.scheduler import Scheduler

STREAMING_TYPES: Final = ("llm", "agent", "tool")
_KEYS: Final = frozenset(
    ("outputs", "error", "error_type", "handle", "inputs", "process_data", "metadata", "usage", "chunks")
)
# Where a branching node of that kind says its choice when a mock names outputs but no handle.
_CHOICES: Final = ("selected_case_id", "class_id", "__action_id")


class Overrides:
    """Mocks and pins of a run. A mock that is a list answers one call after the other, its last entry for the rest."""

    def __init__(self, mocks: Mapping[str, Any] | None, pins: Mapping[str, Any] | None) -> None:
        self._results: dict[str, list[Mapping[str, Any]]] = {}
        self.calls: dict[str, int] = {}
        for node_id, outputs in (pins or {}).items():
            self._results[node_id] = [{"outputs": outputs, "metadata": {"pinned": True}}]
        for node_id, mock in (mocks or {}).items():
            entries = mock if isinstance(mock, list) else [mock]
            for entry in entries:
                if not isinstance(entry, Mapping) or not set(entry) <= _KEYS:
                    raise RunRefused(
                        f"The mock of node {node_id} is not a mapping with outputs, error or handle.",
                        code="run.bad_mock",
                    )
            if entries:
                self._results[node_id] = entries

    def __bool__(self) -> bool:
        return bool(self._results)

    def take(self, node: CompiledNode) -> tuple[NodeResult, list[str]] | None:
        """The result that `node` answers with instead of running, and the chunks of its `text`; None = it runs."""
        entries = self._results.get(node.id)
        if entries is None:
            return None
        call = self.calls.get(node.id, 0)
        self.calls[node.id] = call + 1
        entry = entries[min(call, len(entries) - 1)]
        result = _result(entry, node)
        text = result.outputs.get("text")
        if result.status == "failed" or not isinstance(text, str):
            return result, []
        chunks = entry.get("chunks")
        if isinstance(chunks, list):
            return result, [str(c) for c in chunks]
        return result, [text] if node.type in STREAMING_TYPES or node.cls is None else []


def _result(entry: Mapping[str, Any], node: CompiledNode) -> NodeResult:
    outputs = revive(dict(entry.get("outputs") or {}))
    usage = Usage.from_json(entry["usage"]) if isinstance(entry.get("usage"), Mapping) else None
    common: dict[str, Any] = {
        "inputs": dict(entry.get("inputs") or {}),
        "process_data": dict(entry.get("process_data") or {}),
        "metadata": dict(entry.get("metadata") or {}),
        "usage": usage,
    }
    if "error" in entry:
        return NodeResult.failed(str(entry["error"]), str(entry.get("error_type", "")), outputs=outputs, **common)
    handle = entry.get("handle")
    if handle is None and node.native_branch:
        handle = next((str(outputs[key]) for key in _CHOICES if outputs.get(key) not in (None, "")), "")
    return NodeResult(outputs=outputs, handle="source" if handle is None else str(handle), **common)


def take_over(run: Scheduler, execution: Execution, reused: ReusedNode) -> None:
    """Give the result of an earlier run, and leave behind what the node left outside of its own outputs.

    Its cost is not counted again.
    """
    frame, node = execution.frame, execution.node
    for node_id, outputs in reused.left.items():
        frame.pool.add_outputs(node_id, revive(dict(outputs)))
    for update in reused.updates:
        kind = str(update.get("value_type", ""))
        run.events.update(execution, tuple(update["selector"]), revive(update["value"]), kind)
    if reused.run_outputs:
        frame.merge_outputs(revive(dict(reused.run_outputs)))
    run.exceptions_count += reused.exceptions
    result = NodeResult(
        inputs=reused.inputs,
        process_data=reused.process_data,
        outputs=revive(dict(reused.outputs)),
        metadata={**reused.metadata, "reused_from": reused.execution_id},
        handle=reused.handle,
        error=reused.error,
        error_type=reused.error_type,
    )
    extra: dict[str, Any] = {}
    if node.is_container:
        # The rounds are not in this run's events: who continues it must find here what they left.
        extra = {"run_outputs": dict(reused.run_outputs), "left": dict(reused.left), "inside": reused.exceptions}
    if reused.status == "exception":
        run.exceptions_count += 1
        handles = FAIL_HANDLE if node.strategy == "fail-branch" else None
        run.complete(execution, result, "NodeRunException", handles, extra)
    else:
        run.complete(execution, result, "NodeRunSucceeded", None, extra)
