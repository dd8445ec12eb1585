"""Events of nodes: what a started, streaming, writing, ended node says, and the variables that change with it.

Chunks pass through the response filter of their frame on the way. `emit` and `update_variable` may be called from any
thread; everything else belongs to the scheduler.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

from engine.model.prices import plain_price
from engine.nodes.base import NodeResult
from engine.ports.bundle import Ports
from engine.ports.models import Usage
from engine.run.answer_guard import AnswerGuard
from engine.run.frames import Execution, Frame
from engine.run.limits import Limits
from engine.run.outbox import Outbox, StreamMasker
from engine.run.variables.segments import SegmentProblem, build_segment, build_with_type, plain, shown_type


class NodeEvents:
    """Builds and sends the events of one run's nodes."""

    def __init__(self, outbox: Outbox, ports: Ports, limits: Limits) -> None:
        self.outbox = outbox
        self.monotonic = ports.clock.monotonic
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.thread = threading.get_ident()
        self.streams = StreamMasker(outbox.masker)
        self.stream_text: list[str] = []
        """What a reader has been shown of the root frame's response."""
        self.guard: AnswerGuard | None = None
        self.replaced: str | None = None
        """The text that took the place of the answer; nothing more is said then."""
        self.on_replaced: Callable[[], None] = lambda: None

    def started(self, name: str, execution: Execution, at: str) -> dict[str, Any]:
        """A started or retry event, not let out yet."""
        frame, node = execution.frame, execution.node
        before = frame.came_from[node.i]
        return {
            "seq": 0,
            "event": name,
            "at": at,
            "run_id": "",
            "id": execution.id,
            **node.fields,
            **frame.fields,
            "predecessor_node_id": before.id if before is not None and not before.hidden else None,
            "start_at": execution.start_at,
            "extras": node.extras,
            "provider_type": str(node.data.get("provider_type") or ""),
            "provider_id": str(node.data.get("provider_id") or ""),
        }

    def send(self, name: str, execution: Execution, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Let out an event of a node, and give it back."""
        event = {
            "seq": 0,
            "event": name,
            "at": self.outbox.now(),
            "run_id": "",
            "id": execution.id,
            **execution.node.fields,
            **execution.frame.fields,
            **fields,
        }
        self.outbox.send(event)
        return event

    def emit(self, execution: Execution, name: str, fields: Mapping[str, Any]) -> None:
        """An event that a node sends while it runs; from any thread."""
        if threading.get_ident() != self.thread:
            self.loop.call_soon_threadsafe(self.emit, execution, name, fields)
            return
        if execution.dropped:
            return
        if name == "NodeRunVariableUpdated":
            variable = fields["variable"]
            self.update(execution, tuple(variable["selector"]), variable.get("value"), variable.get("value_type", ""))
            return
        told: dict[str, Any] = plain(dict(fields))
        if name == "NodeRunReasoningChunk":
            told["selector"] = [execution.node.id, "reasoning_content"]
        if self.streams and name in ("NodeRunStreamChunk", "NodeRunReasoningChunk"):
            final = bool(told.get("is_final"))
            told["chunk"] = self.streams.feed((execution.id, *told["selector"]), told["chunk"], is_final=final)
            if not told["chunk"] and not final:
                return
        self._let_out(name, execution, told)

    def _let_out(self, name: str, execution: Execution, told: dict[str, Any]) -> None:
        event = self.send(name, execution, told)
        frame_filter = execution.frame.filter
        if frame_filter is not None:
            if name == "NodeRunStreamChunk":
                frame_filter.chunk(event)
            elif name == "NodeRunReasoningChunk":
                frame_filter.reasoning(event)

    def end_streams(self, execution: Execution) -> None:
        """A node is over: what was held back of its streams can be no secret any more."""
        for (_, *selector), text in self.streams.rest(execution.id):
            name = "NodeRunReasoningChunk" if selector[1:] == ["reasoning_content"] else "NodeRunStreamChunk"
            self._let_out(name, execution, {"selector": selector, "chunk": text, "is_final": False})

    def update_variable(self, execution: Execution, selector: tuple[str, ...], value: Any) -> None:
        """A variable that a node writes while it runs; applied before anybody hears of it (DEC-07)."""
        if threading.get_ident() != self.thread:
            self.loop.call_soon_threadsafe(self.update_variable, execution, selector, value)
            return
        if not execution.dropped:
            self.update(execution, tuple(selector), value, "")

    def update(self, execution: Execution, selector: tuple[str, ...], value: Any, value_type: str) -> None:
        """Write a variable into the pool of the node's frame, conversation variables into all around it, and say so."""
        frame: Frame | None = execution.frame
        assert frame is not None
        pool = frame.pool
        before = pool.get_variable(selector)
        if not value_type and before is not None and before.type.startswith("array") and value == []:
            value_type = before.type
        segment = build_with_type(value_type, value) if value_type.startswith("array") else build_segment(value)
        if selector[0] == "conversation" and segment.size > self.limits.max_variable_bytes:
            raise SegmentProblem(
                f"The variable {selector[1]} would be larger than {self.limits.max_variable_bytes} bytes."
            )
        pool.add(selector, segment)
        if selector[0] == "conversation":
            while frame is not None:
                if frame.pool is not pool:
                    frame.pool.add(selector, segment)
                frame = frame.parent
        meta = pool.meta(selector)
        variable = {
            "id": meta.id if meta else "",
            "name": selector[1],
            "description": meta.description if meta else "",
            "selector": list(selector),
            "value_type": shown_type(segment.type),
            "value": plain(segment),
        }
        event = {
            "seq": 0,
            "event": "NodeRunVariableUpdated",
            "at": self.outbox.now(),
            "run_id": "",
            "id": execution.id,
            **execution.node.fields,
            **execution.frame.fields,
            "variable": variable,
        }
        clear = {"variable": {**variable, "value": plain(segment.value)}} if selector[0] == "conversation" else None
        self.outbox.send(event, clear)

    def response(self, frame: Frame, event: dict[str, Any]) -> None:
        """A chunk that passed the filter of `frame`."""
        is_answer = frame.invocation is None and event["event"] == "ResponseChunk"
        if is_answer and self.replaced is not None:
            return
        if is_answer:
            self.stream_text.append(event["chunk"])
        self.outbox.send({"seq": 0, "event": event["event"], "at": self.outbox.now(), "run_id": "", **event})
        if is_answer and self.guard is not None:
            text = self.guard.said(event["chunk"])
            if text is not None:
                self.replace_answer(text)

    def replace_answer(self, text: str) -> None:
        """Say `text` in place of everything that was answered."""
        self.replaced, self.stream_text = text, [text]
        event = {"seq": 0, "event": "ResponseReplaced", "at": self.outbox.now(), "run_id": ""}
        self.outbox.send({**event, "answer": text, "reason": "output_moderation"})
        self.on_replaced()

    def ended(
        self,
        name: str,
        execution: Execution,
        told: dict[str, Any],
        handle: str,
        at: str,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Let out the terminal event of a node; `told` are the fields of its result."""
        node = execution.node
        event: dict[str, Any] = {
            "seq": 0,
            "event": name,
            "at": at,
            "run_id": "",
            "id": execution.id,
            **node.fields,
            **execution.frame.fields,
            **told,
            "finished_at": at,
        }
        if node.is_branch:
            event["handle"] = "fail-branch" if name == "NodeRunException" else handle
        if extra:
            event.update(extra)
        self.outbox.send(event)

    def result_fields(self, execution: Execution, result: NodeResult) -> dict[str, Any]:
        """The event fields of a result. Raises RecursionError for values that nest without end."""
        usage = result.usage
        found = {**execution.frame.metadata, **result.metadata}
        if usage is not None and usage.total_tokens > 0:
            add_usage(found, usage)
        return {
            "inputs": plain(result.inputs),
            "process_data": plain(result.process_data),
            "outputs": plain(result.outputs),
            "metadata": plain(found),
            "error": result.error,
            "error_type": result.error_type,
            "elapsed_time": self.monotonic() - execution.began,
            "usage": usage.to_json() if usage is not None else None,
            "retry_index": execution.attempt - 1,
            "start_at": execution.start_at,
        }


def add_usage(metadata: dict[str, Any], usage: Usage) -> None:
    """Say what a node has cost in the metadata of its result, unless the node has said so itself."""
    metadata.setdefault("total_tokens", usage.total_tokens)
    metadata.setdefault("total_price", plain_price(usage.total_price))
    metadata.setdefault("currency", usage.currency)
