"""From events to the rows of the run log (engine spec 10.5, 10.6): pure values, written by the store as they are.

Feed one `Records` every event of a run in order; each answers the rows that change. Values are complete and cut to
size; what was cut is given whole beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from engine.model.prices import plain_price
from engine.run.events import NODE_END, RUN_END
from engine.run.graph import START_TYPES
from engine.run.limits import Limits
from engine.run.parallel import parallel_ids
from engine.run.request import RunRequest
from engine.run.variables.truncation import Truncator

RETRY_HISTORY: Final = "__dify_retry_history"
TRANSITIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("running", "scheduled"),
    "scheduled": ("running", "stopped"),
    "running": ("succeeded", "partial-succeeded", "failed", "stopped", "paused"),
    "paused": ("running", "stopped"),
}
Table = Literal["run", "node", "conversation_variable"]


def can_become(status: str, new: str) -> bool:
    """May a run go from one status to another (engine spec 11.1)? What has ended is final."""
    return new in TRANSITIONS.get(status, ())


def stored_reason(reason: Mapping[str, Any]) -> dict[str, Any]:
    """A pause reason as pause records spell it (DEC-15); reasons that are spelled so already stay as they are."""
    kind = str(reason.get("TYPE") or reason.get("type") or "")
    rest = {key: value for key, value in reason.items() if key not in ("TYPE", "type")}
    if kind in ("hitl_required", "human_input_required"):
        session = rest.get("session_id") or rest.get("form_id") or ""
        return {"type": "human_input_required", "form_id": session, **rest, "session_id": session}
    return {"type": "scheduling_pause", **rest}


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the rows need to know of a run beside its events. `graph` is the config the run works on."""

    run_id: str
    graph: Mapping[str, Any]
    app_id: str = ""
    workflow_id: str = ""
    tenant_id: str = ""
    type: str = "workflow"
    triggered_from: str = "debugging"
    version: str = "draft"
    kind: str = "full"
    conversation_id: str = ""
    created_by: str = ""
    created_by_role: str = "account"


def facts_of(request: RunRequest, *, triggered_from: str = "debugging", **more: Any) -> RunFacts:
    """The facts of a request; `more` are other fields of RunFacts."""
    kind = "chat" if request.is_chat else "rag-pipeline" if request.mode == "rag_pipeline" else "workflow"
    return RunFacts(
        run_id=request.run_id,
        graph=request.graph,
        app_id=request.app_id,
        workflow_id=request.workflow_id,
        type=kind,
        triggered_from=triggered_from,
        version=request.version,
        kind=request.kind,
        conversation_id=request.conversation_id,
        **{"created_by": request.user_id, **more},
    )


@dataclass(slots=True)
class RowChange:
    """One row to insert (all its values) or to update (the changed ones). `whole` holds values that were cut.

    Not frozen: two are made for every step, and freezing costs more than what they hold."""

    table: Table
    key: str
    insert: bool
    values: dict[str, Any]
    whole: dict[str, Any] = field(default_factory=dict)


class Records:
    """The rows of one run. After a resume give `next_index` and the rows that had not ended (DEC-28)."""

    def __init__(
        self,
        facts: RunFacts,
        *,
        limits: Limits | None = None,
        next_index: int = 1,
        open_rows: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        self._facts = facts
        self._truncator = Truncator(limits)
        self._blank = self._blank_row()
        self._index = next_index
        self._open: dict[str, dict[str, Any]] = {str(row["id"]): dict(row) for row in open_rows}
        self._parallel: dict[str, dict[str, str]] | None = None
        self._system: dict[str, Any] = {}
        self._parallel_rounds = {
            str(node.get("id"))
            for node in facts.graph.get("nodes", ())
            if (node.get("data") or {}).get("type") == "iteration" and (node.get("data") or {}).get("is_parallel")
        }

    @property
    def next_index(self) -> int:
        """The index that the next node execution gets."""
        return self._index

    def apply(self, event: Mapping[str, Any], payload: Mapping[str, Any] | None = None) -> list[RowChange]:
        """The rows that change with this event."""
        name = event["event"]
        if name == "NodeRunStarted":
            return [self._started(event)]
        if name in NODE_END:
            return [self._ended(event, NODE_END[name])]
        if name == "NodeRunRetry":
            return [self._retry(event)]
        if name == "NodeRunPauseRequested":
            self._open.setdefault(event["id"], {})["status"] = "paused"
            return [RowChange("node", event["id"], False, {"status": "paused", "error": ""})]
        if name == "GraphRunStarted":
            return self._run_started(event)
        if name in RUN_END:
            return self._run_ended(event, RUN_END[name])
        if name == "NodeRunVariableUpdated":
            return self._variable(event, payload)
        return []

    # -- the run ---------------------------------------------------------------------------------------------------

    def _run_started(self, event: Mapping[str, Any]) -> list[RowChange]:
        facts = self._facts
        if facts.kind == "node":
            return []
        if event.get("reason") == "resumption":
            return [RowChange("run", facts.run_id, False, {"status": "running"})]
        self._system = {k: v for k, v in event.get("inputs", {}).items() if k.startswith("sys.")}
        values, whole = self._cut({"inputs": event.get("inputs", {})})
        return [
            RowChange(
                "run",
                facts.run_id,
                True,
                {
                    "id": facts.run_id,
                    "tenant_id": facts.tenant_id,
                    "app_id": facts.app_id,
                    "workflow_id": facts.workflow_id,
                    "type": facts.type,
                    "triggered_from": facts.triggered_from,
                    "version": facts.version,
                    "graph": facts.graph,
                    "status": "running",
                    "outputs": {},
                    "error": "",
                    "elapsed_time": 0.0,
                    "total_tokens": 0,
                    "total_price": "0",
                    "total_steps": 0,
                    "exceptions_count": 0,
                    "created_by_role": facts.created_by_role,
                    "created_by": facts.created_by,
                    "created_at": event["at"],
                    "finished_at": None,
                    "conversation_id": facts.conversation_id or None,
                    **values,
                },
                whole,
            )
        ]

    def _run_ended(self, event: Mapping[str, Any], status: str) -> list[RowChange]:
        error = event.get("error") or (event.get("reason") if status == "stopped" else "") or ""
        changes = []
        if status in ("failed", "stopped"):
            changes = [
                RowChange(
                    "node",
                    key,
                    False,
                    {
                        "status": status,
                        "error": error,
                        "elapsed_time": _between(row.get("created_at"), event["at"]),
                        "finished_at": event["at"],
                    },
                )
                for key, row in self._open.items()
            ]
            self._open.clear()
        if self._facts.kind == "node":
            return changes
        values, whole = self._cut({"outputs": event.get("outputs", {})})
        row = {
            "status": status,
            "elapsed_time": event["elapsed_time"],
            "total_tokens": event["total_tokens"],
            "total_price": plain_price(event["total_price"]),
            "total_steps": event["total_steps"],
            "exceptions_count": event["exceptions_count"],
            **values,
        }
        if error:
            row["error"] = error
            row["error_type"] = event.get("error_type", "")
            row["error_node_id"] = event.get("error_node_id", "")
        if status == "paused":
            row["pause_reasons"] = [stored_reason(reason) for reason in event.get("reasons", ())]
        else:
            row["finished_at"] = event["at"]
        return [*changes, RowChange("run", self._facts.run_id, False, row, whole)]

    # -- nodes -----------------------------------------------------------------------------------------------------

    def _started(self, event: Mapping[str, Any]) -> RowChange:
        key = event["id"]
        index, self._index = self._index, self._index + 1
        known = self._open.get(key)
        if known is not None:
            known.update(status="running", index=index)
            return RowChange("node", key, False, {"status": "running", "index": index})
        row = {
            **self._blank,
            "id": key,
            "index": index,
            "predecessor_node_id": event.get("predecessor_node_id"),
            "node_execution_id": key,
            "node_id": event["node_id"],
            "node_type": event["node_type"],
            "title": event["node_title"],
            "execution_metadata": self._place(event),
            "created_at": event.get("start_at") or event["at"],
            "frame_id": event.get("frame_id", "root"),
        }
        if row["frame_id"] != "root":
            for name, source in _PLACE:
                row[name] = event.get(source)
        self._open[key] = row
        return RowChange("node", key, True, row)

    def _blank_row(self) -> dict[str, Any]:
        """What all new rows of the run's nodes have in common; every column, so that one statement fits all."""
        facts = self._facts
        single = facts.kind == "node"
        return {
            "id": "",
            "tenant_id": facts.tenant_id,
            "app_id": facts.app_id,
            "workflow_id": facts.workflow_id,
            "triggered_from": self._triggered_from(single),
            "workflow_run_id": None if single else facts.run_id,
            "index": 0,
            "predecessor_node_id": None,
            "node_execution_id": None,
            "node_id": "",
            "node_type": "",
            "title": "",
            "inputs": {},
            "process_data": {},
            "outputs": {},
            "inputs_truncated": False,
            "process_data_truncated": False,
            "outputs_truncated": False,
            "status": "running",
            "error": "",
            "error_type": "",
            "elapsed_time": 0.0,
            "total_tokens": 0,
            "total_price": "0",
            "execution_metadata": {},
            "created_by_role": facts.created_by_role,
            "created_by": facts.created_by,
            "created_at": "",
            "finished_at": None,
            "frame_id": "root",
            "attempt": 1,
            **{name: None for name, _ in _PLACE},
        }

    def _triggered_from(self, single: bool) -> str:
        if single:
            return "single-step"
        return "rag-pipeline-run" if self._facts.type == "rag-pipeline" else "workflow-run"

    def _place(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Metadata that is known at the start: containers and parallel branches."""
        if self._parallel is None:
            self._parallel = parallel_ids(self._facts.graph)
        place = dict(self._parallel.get(event["node_id"], ()))
        if event.get("frame_id", "root") == "root":
            return place
        for name, source in _PLACE:
            if event.get(source) is not None:
                place[name] = event[source]
        if event.get("in_iteration_id") in self._parallel_rounds:
            place["parallel_mode_run_id"] = event["frame_id"]
        return place

    def _retry(self, event: Mapping[str, Any]) -> RowChange:
        known = self._open.setdefault(event["id"], {})
        history = [*(known.get("process_data") or {}).get(RETRY_HISTORY, ())]
        history.append(
            {
                "retry_index": event["retry_index"],
                "inputs": event.get("inputs", {}),
                "process_data": event.get("process_data", {}),
                "outputs": event.get("outputs", {}),
                "error": event.get("error", ""),
                "elapsed_time": event.get("elapsed_time", 0.0),
                "execution_metadata": event.get("metadata", {}),
                "created_at": _seconds(event.get("start_at")),
                "finished_at": _seconds(event.get("at")),
            }
        )
        known["process_data"] = {RETRY_HISTORY: history}
        known["status"] = "retry"
        values, whole = self._cut({"process_data": known["process_data"]})
        row = {"status": "retry", "error": event.get("error", ""), "attempt": event["retry_index"] + 1, **values}
        return RowChange("node", event["id"], False, row, whole)

    def _ended(self, event: Mapping[str, Any], status: str) -> RowChange:
        known = self._open.pop(event["id"], {})
        process_data = event.get("process_data") or {}
        history = (known.get("process_data") or {}).get(RETRY_HISTORY)
        if history:
            process_data = {**process_data, RETRY_HISTORY: history}
        place, told = known.get("execution_metadata"), event.get("metadata") or {}
        metadata = {**place, **told} if place else told
        row = {
            "status": status,
            "error": event.get("error", ""),
            "error_type": event.get("error_type", ""),
            "elapsed_time": event.get("elapsed_time", 0.0),
            "execution_metadata": metadata,
            "finished_at": event.get("finished_at") or event["at"],
            "total_tokens": metadata.get("total_tokens", 0),
            "total_price": plain_price(metadata.get("total_price")),
        }
        whole: dict[str, Any] = {}
        self._cut_into(row, whole, "inputs", self._inputs(event))
        self._cut_into(row, whole, "process_data", process_data)
        self._cut_into(row, whole, "outputs", event.get("outputs") or {})
        return RowChange("node", event["id"], False, row, whole)

    def _inputs(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record of a root also shows the system variables (DEC-11)."""
        inputs: Mapping[str, Any] = event.get("inputs") or {}
        return {**inputs, **self._system} if event["node_type"] in START_TYPES else inputs

    # -- the rest --------------------------------------------------------------------------------------------------

    def _variable(self, event: Mapping[str, Any], payload: Mapping[str, Any] | None) -> list[RowChange]:
        variable = (payload or event)["variable"]
        if variable["selector"][0] != "conversation":
            return []
        values = {name: variable.get(name) for name in ("id", "name", "value_type", "value", "description")}
        return [
            RowChange(
                "conversation_variable",
                variable["selector"][1],
                False,
                {**values, "conversation_id": self._facts.conversation_id},
            )
        ]

    def _cut(self, columns: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
        values: dict[str, Any] = {}
        whole: dict[str, Any] = {}
        for name, value in columns.items():
            self._cut_into(values, whole, name, value)
        return values, whole

    def _cut_into(self, row: dict[str, Any], whole: dict[str, Any], name: str, value: Mapping[str, Any]) -> None:
        """Put a value into a column, cut to size; what was cut goes into `whole` as well."""
        if self._truncator.is_small(value):
            row[name], row[f"{name}_truncated"] = value, False
            return
        cut = self._truncator.truncate_mapping(value)
        row[name], row[f"{name}_truncated"] = cut.value, cut.truncated
        if cut.truncated:
            whole[name] = value


_PLACE: Final = (
    ("iteration_id", "in_iteration_id"),
    ("iteration_index", "iteration_index"),
    ("loop_id", "in_loop_id"),
    ("loop_index", "loop_index"),
)


def _between(began: str | None, ended: str) -> float:
    """Seconds from one moment to another, for steps that did not tell how long they took."""
    if not began:
        return 0.0
    return max((datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds(), 0.0)


def _seconds(text: str | None) -> int:
    return int(datetime.fromisoformat(text).timestamp()) if text else 0


def coalesce(changes: Iterable[RowChange]) -> list[RowChange]:
    """The same rows with fewer changes: what a batch says of one row in one change, at the place of the first.

    Inserts of one table then all have the same columns, ready for one statement with many rows. The values of a first
    change are altered in place: this is done for every step of every run.
    """
    merged: dict[tuple[str, str], RowChange] = {}
    for change in changes:
        place = (change.table, change.key)
        before = merged.get(place)
        if before is None:
            merged[place] = change
        elif before.whole or change.whole:
            whole = {k: v for k, v in before.whole.items() if k not in change.values}
            values = {**before.values, **change.values}
            merged[place] = RowChange(change.table, change.key, before.insert, values, {**whole, **change.whole})
        else:
            before.values.update(change.values)
    return list(merged.values())


def fold_rows(changes: Iterable[RowChange]) -> dict[Table, dict[str, dict[str, Any]]]:
    """The rows after all changes, by table and key: what a store that writes them holds."""
    tables: dict[Table, dict[str, dict[str, Any]]] = {"run": {}, "node": {}, "conversation_variable": {}}
    for change in changes:
        row = tables[change.table].setdefault(change.key, {})
        row.update(change.values)
    return tables
