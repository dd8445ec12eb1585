"""Our events under the names of Dify's public stream (engine spec 3.4), for comparing logs and for its clients."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from engine.run.events import NODE_END, RUN_END

CONTAINER_NAMES: Final = {
    "NodeRunIterationStarted": "iteration_started",
    "NodeRunIterationNext": "iteration_next",
    "NodeRunIterationSucceeded": "iteration_completed",
    "NodeRunIterationFailed": "iteration_completed",
    "NodeRunLoopStarted": "loop_started",
    "NodeRunLoopNext": "loop_next",
    "NodeRunLoopSucceeded": "loop_completed",
    "NodeRunLoopFailed": "loop_completed",
}
SIDE_NAMES: Final = {
    "NodeRunAgentLog": "agent_log",
    "NodeRunHumanInputFormFilled": "human_input_form_filled",
    "NodeRunHumanInputFormTimeout": "human_input_form_timeout",
}
_HIDDEN: Final = ("seq", "event", "at", "run_id", "frame_id", "start_at", "node_version")


class DifyNames:
    """Translates the events of one run, in order; node indexes are counted here."""

    def __init__(self, *, is_chat: bool = False, task_id: str = "") -> None:
        self._is_chat = is_chat
        self._task_id = task_id
        self._index = 0
        self._started_at = 0

    def translate(self, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """The event as Dify's clients know it; None for those that its stream does not have."""
        name = event["event"]
        if name == "ResponseChunk":
            return self._chunk(event)
        if name == "ResponseReplaced":
            return {**self._wrap("message_replace", event, None), "answer": event["answer"], "reason": event["reason"]}
        if name == "MessageAnswered":
            return {**self._wrap("message", event, None), "answer": event["answer"]}
        if name == "GraphRunStarted":
            self._started_at = _seconds(event["at"])
            data = {"id": event["run_id"], "workflow_id": event.get("workflow_id", ""), "reason": event["reason"]}
            data |= {"inputs": event.get("inputs", {}), "created_at": self._started_at}
            return self._wrap("workflow_started", event, data)
        if name in RUN_END:
            return self._ended(event, RUN_END[name])
        if name in ("NodeRunStarted", "NodeRunRetry"):
            self._index += name == "NodeRunStarted"
            data = {**_plain(event), "title": event["node_title"], "index": self._index}
            return self._wrap("node_started" if name == "NodeRunStarted" else "node_retry", event, data)
        if name in NODE_END:
            data = {**_plain(event), "title": event["node_title"], "status": NODE_END[name]}
            data["execution_metadata"] = event.get("metadata", {})
            return self._wrap("node_finished", event, data)
        if name in CONTAINER_NAMES or name in SIDE_NAMES:
            return self._wrap(CONTAINER_NAMES.get(name) or SIDE_NAMES[name], event, _plain(event))
        return None

    def _chunk(self, event: Mapping[str, Any]) -> dict[str, Any]:
        if self._is_chat:
            return {**self._wrap("message", event, None), "answer": event["chunk"]}
        data = {"text": event["chunk"], "from_variable_selector": event["selector"]}
        return self._wrap("text_chunk", event, data)

    def _ended(self, event: Mapping[str, Any], status: str) -> dict[str, Any]:
        data = {
            "id": event["run_id"],
            "status": status,
            "outputs": event.get("outputs", {}),
            "error": event.get("error") or event.get("reason"),
            "elapsed_time": event["elapsed_time"],
            "total_tokens": event["total_tokens"],
            "total_steps": event["total_steps"],
            "exceptions_count": event["exceptions_count"],
            "created_at": self._started_at,
            "finished_at": _seconds(event["at"]),
        }
        if status == "paused":
            return self._wrap("workflow_paused", event, {**data, "reasons": event["reasons"]})
        if status == "stopped":
            data["stopped_by"] = "user-manual"
        return self._wrap("workflow_finished", event, data)

    def _wrap(self, name: str, event: Mapping[str, Any], data: dict[str, Any] | None) -> dict[str, Any]:
        found: dict[str, Any] = {"event": name, "task_id": self._task_id, "workflow_run_id": event["run_id"]}
        if data is not None:
            found["data"] = data
        return found


def message_end(message: Mapping[str, Any]) -> dict[str, Any]:
    """What closes a chat turn in that stream."""
    names = ("id", "conversation_id", "metadata")
    return {"event": "message_end", "message_id": message["id"], **{name: message[name] for name in names}}


def _plain(event: Mapping[str, Any]) -> dict[str, Any]:
    data = {key: value for key, value in event.items() if key not in _HIDDEN}
    for ours, theirs in (("in_iteration_id", "iteration_id"), ("in_loop_id", "loop_id")):
        if ours in data:
            data[theirs] = data.pop(ours)
    data["created_at"] = _seconds(event.get("start_at") or event["at"])
    if "finished_at" in event:
        data["finished_at"] = _seconds(event["finished_at"])
    return data


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
