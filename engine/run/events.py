"""Names and fields of every event of a run (engine spec 3.3). Events are flat JSON-able mappings.

Every event has `seq` (1, 2, 3 ... over a run, resumed segments included), `event`, `at` (UTC text) and `run_id`.
Node events also have the fields of `NODE`; terminal ones those of `RESULT`. Pure: no imports of the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

COMMON: Final = ("seq", "event", "at", "run_id")
NODE: Final = ("id", "node_id", "node_type", "node_title", "node_version", "frame_id")
CONTAINED: Final = ("in_iteration_id", "in_loop_id", "iteration_index", "loop_index")
"""Present on node and edge events inside a container, each where it applies."""
RESULT: Final = (
    "inputs",
    "process_data",
    "outputs",
    "metadata",
    "error",
    "error_type",
    "elapsed_time",
    "usage",
    "retry_index",
    "start_at",
)
TOTALS: Final = ("exceptions_count", "elapsed_time", "total_tokens", "total_steps", "total_price", "currency")

_STARTED = (*NODE, "predecessor_node_id", "start_at", "extras", "provider_type", "provider_id")
_EDGE = ("edge_id", "config_id", "source_node_id", "target_node_id", "source_handle", "frame_id")
_ROUNDS_END = (*NODE, "start_at", "inputs", "outputs", "metadata", "steps")
_ROUNDS_START = (*NODE, "start_at", "inputs", "metadata", "predecessor_node_id")

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "GraphRunStarted": ("reason",),
    "GraphRunSucceeded": ("outputs", *TOTALS),
    "GraphRunPartialSucceeded": ("outputs", *TOTALS),
    "GraphRunFailed": ("error", "outputs", *TOTALS),
    "GraphRunAborted": ("reason", "outputs", *TOTALS),
    "GraphRunPaused": ("reasons", "outputs", *TOTALS),
    "GraphEdgeTaken": _EDGE,
    "GraphEdgeSkipped": _EDGE,
    "NodeRunStarted": _STARTED,
    "NodeRunStreamChunk": (*NODE, "selector", "chunk", "is_final"),
    "NodeRunReasoningChunk": (*NODE, "selector", "chunk", "is_final"),
    "NodeRunModelPollingProgress": (*NODE, "attempt", "last_checked_at"),
    "NodeRunRetrieverResource": (*NODE, "retriever_resources", "context"),
    "NodeRunVariableUpdated": (*NODE, "variable"),
    "NodeRunAgentLog": (*NODE, "message_id", "label", "status", "data"),
    "NodeRunRetry": (*_STARTED, *RESULT),
    "NodeRunSucceeded": (*NODE, *RESULT, "finished_at"),
    "NodeRunFailed": (*NODE, *RESULT, "finished_at"),
    "NodeRunException": (*NODE, *RESULT, "finished_at"),
    "NodeRunPauseRequested": (*NODE, "reason"),
    "NodeRunHumanInputFormFilled": (*NODE, "rendered_content", "action_id", "action_text", "submitted_data"),
    "NodeRunHumanInputFormTimeout": (*NODE, "expiration_time"),
    "NodeRunIterationStarted": _ROUNDS_START,
    "NodeRunIterationNext": (*NODE, "index", "pre_iteration_output"),
    "NodeRunIterationSucceeded": _ROUNDS_END,
    "NodeRunIterationFailed": (*_ROUNDS_END, "error"),
    "NodeRunLoopStarted": _ROUNDS_START,
    "NodeRunLoopNext": (*NODE, "index", "pre_loop_output"),
    "NodeRunLoopSucceeded": _ROUNDS_END,
    "NodeRunLoopFailed": (*_ROUNDS_END, "error"),
    # Ours: how much of a model that runs inside the program is loaded, what passed the response filter, what moderation
    # put in its place, what was answered without a run, what the debugger holds, and the line that closes a listing.
    "ResponseChunk": (*NODE, "selector", "chunk", "is_final", "source_node_id", "response_node_id"),
    "ResponseReasoningChunk": (*NODE, "selector", "chunk", "is_final", "source_node_id"),
    "ResponseReplaced": ("answer", "reason"),
    "MessageAnswered": ("answer", "reason"),
    "NodeRunModelLoading": (*NODE, "share"),
    "NodeHeld": (*NODE, "inputs", "why"),
    "NodeReleased": NODE,
    "VariablesUpdated": ("variables",),
    "Summary": (),
}
"""Required fields by event name, without COMMON."""

RUN_END: Final[Mapping[str, str]] = {
    "GraphRunSucceeded": "succeeded",
    "GraphRunPartialSucceeded": "partial-succeeded",
    "GraphRunFailed": "failed",
    "GraphRunAborted": "stopped",
    "GraphRunPaused": "paused",
}
"""Terminal graph event to run status."""

NODE_END: Final[Mapping[str, str]] = {
    "NodeRunSucceeded": "succeeded",
    "NodeRunFailed": "failed",
    "NodeRunException": "exception",
}
"""Terminal node event to node status."""


def missing_fields(event: Mapping[str, Any]) -> list[str]:
    """Required fields that `event` lacks; an unknown name lacks `event`."""
    wanted = FIELDS.get(str(event.get("event")))
    if wanted is None:
        return ["event"]
    if event["event"] == "Summary":
        return []
    return [name for name in (*COMMON, *wanted) if name not in event]
