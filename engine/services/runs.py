"""Runs: starting them with a record, and everything that the run log shows (storage spec, engine spec 10)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from engine.clock import Clock, IdSource
from engine.errors import UserError
from engine.logs import get_logger
from engine.model.workflow import Workflow
from engine.run.limits import Limits
from engine.run.request import DebugSettings, RunHandle, RunPlan, RunRequest
from engine.version import VERSION

if TYPE_CHECKING:
    from engine.ports.bundle import Ports
    from engine.run.answer_guard import AnswerGuard
    from engine.run.request import Recorder
    from engine.services.chat.service import ChatService
    from engine.services.debugging import PlanPreview
    from engine.services.recorder import RunRecorder
    from engine.store.db import Database
    from engine.store.debug import DebugStore
    from engine.store.runs import RunStore

log = get_logger(__name__)
HEARTBEAT_SECONDS = 3.0


@dataclass
class StartRun:
    """What to run and how; JSON-able through `to_json` except for the workflow, which travels as its own JSON.

    `kind`: full, node, iteration or loop. `from_run` with `resume` continues a failed run, with `from_node` runs again
    from there. `record` False leaves no trace in the log.
    """

    workflow: Workflow
    app_id: str = ""
    workflow_id: str = ""
    version: str = "draft"
    inputs: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    files: list[Any] = field(default_factory=list)
    conversation_id: str = ""
    user_id: str = "local"
    kind: str = "full"
    node_id: str | None = None
    root_node_id: str | None = None
    mocks: dict[str, Any] | None = None
    pins: dict[str, Any] | None = None
    environment: dict[str, Any] = field(default_factory=dict)
    from_run: str | None = None
    resume: bool = False
    from_node: str | None = None
    values: list[dict[str, Any]] = field(default_factory=list)
    breakpoints: list[str | dict[str, Any]] = field(default_factory=list)
    """Node ids, or breakpoints with conditions as their JSON (`engine.model.breakpoints.Breakpoint`)."""
    run_to: list[str] = field(default_factory=list)
    any_failure: bool = False
    step: bool = False
    timeout: float | None = None
    record: bool = True
    triggered_from: str = "debugging"
    call_depth: int = 0
    run_id: str = ""
    parent_run_id: str | None = None
    strict_upstream: bool | None = None
    """Behave as Dify where this program is better on purpose (nodes-logic spec 18.1); None = as the workspace says."""
    message_id: str = ""
    """The message of a chat turn; made when the turn begins."""
    form_answer: dict[str, Any] | None = None
    """For a single step of a human-input node: `action` and `values` with which its form was answered beforehand."""
    parent_message_id: str | None = None
    """The message that a chat turn follows, where that is not the newest one (an answer asked for once more)."""

    def to_json(self) -> dict[str, Any]:
        """For the engine host."""
        data = {k: v for k, v in self.__dict__.items() if k != "workflow"}
        return {**data, "workflow": self.workflow.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StartRun:
        """The inverse of `to_json`."""
        return cls(**{**data, "workflow": Workflow.from_json(data["workflow"])})


@dataclass(frozen=True)
class RunSummary:
    """One line of the run log."""

    id: str
    app_id: str
    app_name: str
    status: str
    created_at: str
    finished_at: str | None
    elapsed_time: float
    total_tokens: int
    total_price: str
    total_steps: int
    version: str
    triggered_from: str
    kind: str
    error: str
    exceptions_count: int
    conversation_id: str | None
    query: str | None
    pinned: bool
    user: str
    is_read: bool
    """Whether somebody has looked at it since it ended; of a run that goes on always True."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Page:
    """Runs and where the next page begins (None = no more)."""

    runs: list[RunSummary]
    cursor: tuple[str, str] | None


class RunService:
    """The doors to running and to the log. `start` and `resume` belong to an event loop; all else may be called from
    any thread."""

    def __init__(
        self,
        database: Callable[[], Database],
        store: Callable[[], RunStore],
        debug: Callable[[], DebugStore],
        ports: Callable[[], Ports],
        limits: Callable[[], Limits],
        settings: Callable[[str, Any], Any],
        clock: Clock,
        ids: IdSource,
        owner: Callable[[], str],
        chat: Callable[[], ChatService],
        credentials: Callable[[], frozenset[str]],
    ) -> None:
        self._credentials = credentials
        self._db, self._store, self._debug, self._ports = database, store, debug, ports
        self._limits, self._settings = limits, settings
        self._clock, self._ids, self._owner, self._chat = clock, ids, owner, chat
        self._live: dict[str, RunHandle] = {}
        self._recorded: set[str] = set()
        self._followers: set[asyncio.Task[None]] = set()
        self._heart: asyncio.Task[None] | None = None

    # -- starting ----------------------------------------------------------------------------------------------------

    def start(self, start: StartRun) -> RunHandle:
        """Start a run on the running loop. Raises UserError when it cannot start; nothing is recorded then."""
        request = self.request(start)
        if request.is_chat and start.kind == "full":
            start.message_id = start.message_id or self._ids.uuid()
        recorder = self._recorder(start, request) if start.record else None
        return self._begin(start, request, recorder)

    def _begin(self, start: StartRun, request: RunRequest, recorder: RunRecorder | None) -> RunHandle:
        """Let a run go: the whole run of a chat app is a turn with the features of that app. A run that cannot be kept
        is stopped (storage spec, section 10.9)."""
        handle: RunHandle
        if request.is_chat and start.kind == "full":
            handle = self._chat().begin(start, request, recorder, self._launch)
        else:
            handle = self._launch(request, recorder)
        if recorder is not None:
            recorder.on_trouble = lambda why: handle.send({"command": "abort", "reason": why})
        self._follow(handle, start)
        return handle

    def _launch(self, request: RunRequest, recorder: Recorder | None, guard: AnswerGuard | None = None) -> RunHandle:
        from engine.run import start_run

        request.credentials = sorted(self._credentials())
        ports = self._ports()
        extras = dict(ports.extras)
        if request.form_answer is not None:
            from engine.nodes.human_input.answered import AnsweredForm

            extras["human_input"] = AnsweredForm(request.form_answer)
        if recorder is None:
            extras.pop("mail", None)  # nobody could answer a form of a run that is not kept
        if extras != ports.extras:
            ports = replace(ports, extras=extras)
        return start_run(request, ports, recorder, guard=guard)

    def request(self, start: StartRun) -> RunRequest:
        """The engine's request for a start: inputs checked, variables loaded, plan made. Raises UserError."""
        workflow = start.workflow
        if not workflow.has_graph:
            raise UserError(
                f"An app of the mode “{workflow.mode}” has no graph and cannot run here.", code="run.no_graph"
            )
        unnamed = {"value": "", "value_type": "string"}
        environment = [v.to_config() for v in workflow.environment_variables]
        known = {v["name"]: v for v in environment}
        for name, value in start.environment.items():
            if name in known:
                known[name]["value"] = value
            else:
                environment.append({**unnamed, "id": name, "name": name, "value": value})
        if workflow.mode == "advanced-chat" and not start.conversation_id:
            start.conversation_id = self._ids.uuid()
        start.run_id = start.run_id or self._ids.uuid()
        limits = self._limits()
        if start.timeout is not None:
            limits = replace(limits, max_seconds=start.timeout)
        return RunRequest(
            graph=workflow.graph.to_config(),
            mode=workflow.mode,
            inputs=self._inputs(start),
            query=start.query,
            files=self._files(start),
            conversation_id=start.conversation_id,
            user_id=start.user_id,
            app_id=start.app_id,
            workflow_id=start.workflow_id,
            run_id=start.run_id,
            version=start.version,
            environment=environment,
            conversation_variables=self._conversation(start),
            system=self._system(start),
            root_node_id=start.root_node_id,
            mocks=start.mocks,
            pins=start.pins,
            plan=self._plan(start),
            kind=start.kind,  # type: ignore[arg-type]
            node_id=start.node_id,
            draft_variables=self._debug().values(start.app_id) if start.kind != "full" and start.app_id else None,
            limits=limits,
            call_depth=start.call_depth,
            strict_upstream=self._strict(start),
            debug=DebugSettings.of(start.__dict__),
            form_answer=start.form_answer if start.kind == "node" else None,
        )

    @staticmethod
    def _files(start: StartRun) -> list[Any]:
        """The files of a message as the app takes them (nodes-ai spec 15)."""
        if start.kind != "full" or not start.files:
            return start.files
        from engine.model.features import effective
        from engine.services.chat.uploads import checked

        start.files = checked(start.files, effective(start.workflow.features)["file_upload"])
        return start.files

    def _strict(self, start: StartRun) -> bool:
        if start.strict_upstream is not None:
            return start.strict_upstream
        return bool(self._setting(start, "strict_upstream", False))

    def _setting(self, start: StartRun, key: str, default: Any) -> Any:
        return self._settings(key, default) if start.record or start.app_id else default

    def _inputs(self, start: StartRun) -> dict[str, Any]:
        """The inputs as the start node declares them; single steps take what they are given."""
        if start.kind != "full":
            return start.inputs
        from engine.nodes.start import check_inputs

        nodes = start.workflow.graph.nodes.values()
        root = next((n for n in nodes if n.type == "start" and not n.is_note), None)
        if root is None or start.root_node_id not in (None, root.id):
            return start.inputs
        declared = root.data.get("variables")
        return check_inputs(root.id, declared if isinstance(declared, list) else [], start.inputs)

    def _conversation(self, start: StartRun) -> list[dict[str, Any]]:
        """Conversation variables with the values that the conversation has so far (engine spec 6.9)."""
        declared = [v.to_config() for v in start.workflow.conversation_variables]
        if not start.record or not start.conversation_id:
            return declared
        if start.app_id:
            self._debug().conversation(start.app_id, start.conversation_id)
        stored = self._store().conversation_values(start.conversation_id)
        for variable in declared:
            kept = stored.get(variable["name"])
            if kept is not None:
                variable["value"] = kept.get("value", variable["value"])
        return declared

    def _system(self, start: StartRun) -> dict[str, Any]:
        if start.workflow.mode != "advanced-chat" or not start.record or not start.app_id:
            return {}
        conversation = self._debug().conversation(start.app_id, start.conversation_id)
        return {"dialogue_count": int(conversation["dialogue_count"]) + 1}

    def preview(self, start: StartRun) -> PlanPreview:
        """What a run from an earlier one would take over and what it would run again. Raises UserError."""
        from engine.services.debugging import preview_of

        plan = self._plan(start)
        assert plan is not None, "a preview needs an earlier run"
        return preview_of(start.workflow, plan)

    def _plan(self, start: StartRun) -> RunPlan | None:
        if start.from_run is None:
            return None
        from engine.run.plan import plan_from, plan_resume

        events = self._store().events(start.from_run)
        if not events:
            raise UserError("The earlier run left no events to go on from.", code="run.no_events")
        graph, before = start.workflow.graph.to_config(), self._store().get(start.from_run)["graph"]
        if start.from_node:
            return plan_from(graph, events, start.from_node, values=start.values, before=before)
        return plan_resume(graph, events, values=start.values, before=before)

    def _recorder(self, start: StartRun, request: RunRequest, **more: Any) -> RunRecorder:
        from engine.run.records import facts_of
        from engine.services.recorder import RunRecorder

        facts = facts_of(request, triggered_from=start.triggered_from)
        columns = {
            "features": dict(start.workflow.features),
            "kind": start.kind,
            "query": start.query or None,
            "parent_run_id": start.parent_run_id,
            "engine_version": VERSION,
            "message_id": start.message_id or None,
            "env_fingerprint": self._store().fingerprint(request.environment),
        }
        return RunRecorder(
            self._db(),
            self._store(),
            self._debug(),
            facts,
            owner=self._owner(),
            more=columns,
            limits=request.limits,
            policy=self._settings("offload_policy", None),
            keep_drafts=start.triggered_from == "debugging" and bool(start.app_id),
            **more,
        )

    # -- following live runs -----------------------------------------------------------------------------------------

    def _follow(self, handle: RunHandle, start: StartRun) -> None:
        loop = asyncio.get_running_loop()
        self._live[handle.run_id] = handle
        if start.record:
            self._recorded.add(handle.run_id)
        task = loop.create_task(self._until_end(handle))
        self._followers.add(task)
        task.add_done_callback(self._followers.discard)
        if start.record and self._heart is None:
            self._heart = loop.create_task(self._beat())

    async def _until_end(self, handle: RunHandle) -> None:
        try:
            await handle.result()
        finally:
            self._live.pop(handle.run_id, None)
            self._recorded.discard(handle.run_id)
            if not self._live and self._heart is not None:
                self._heart.cancel()
                self._heart = None

    async def _beat(self) -> None:
        """Tell the store that the runs of this process are alive."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self._store().heartbeat(list(self._live))

    async def drain(self) -> None:
        """Wait until what follows the ended runs is written."""
        while self._followers:
            await asyncio.gather(*self._followers, return_exceptions=True)

    def recover(self) -> Sequence[str]:
        """Mark runs whose process died as interrupted; their ids."""
        return self._store().recover()

    def is_recorded(self, run_id: str) -> bool:
        """Is this a live run of this process that is kept in the log?"""
        return run_id in self._recorded

    def live(self) -> list[str]:
        """Ids of runs that this process is running."""
        return list(self._live)

    # -- pause and resume --------------------------------------------------------------------------------------------

    def resume(self, run_id: str) -> RunHandle:
        """Go on with a paused run from its own graph and state, in this process. Raises UserError."""
        from engine.model.graph import Graph

        record = self._store().get(run_id)
        state = self._store().take_pause(run_id)
        workflow = Workflow(graph=Graph.from_config(record["graph"]), features=record.get("features") or {})
        trace = self._store().trace(run_id)
        ended = ("succeeded", "failed", "exception", "stopped")
        open_rows = [self._store().node(r["id"]) for r in trace if r["status"] not in ended]
        start = StartRun(
            workflow,
            app_id=record["app_id"],
            workflow_id=record["workflow_id"],
            version=record["version"],
            conversation_id=record["conversation_id"] or "",
            query=record["query"] or "",
            triggered_from=record["triggered_from"],
            run_id=run_id,
            message_id=record["message_id"] or "",
        )
        request = RunRequest(
            graph=record["graph"],
            mode={"chat": "advanced-chat", "rag-pipeline": "rag_pipeline"}.get(record["type"], "workflow"),
            run_id=run_id,
            app_id=record["app_id"],
            workflow_id=record["workflow_id"],
            version=record["version"],
            conversation_id=record["conversation_id"] or "",
            query=record["query"] or "",
            snapshot=state,
            limits=self._limits(),
            strict_upstream=bool(self._settings("strict_upstream", False)),
        )
        next_index = max((r["index"] for r in trace), default=0) + 1
        recorder = self._recorder(start, request, next_index=next_index, open_rows=open_rows)
        return self._begin(start, request, recorder)

    def stop(self, run_id: str, reason: str = "Stopped by the user") -> None:
        """Stop a run: a live one of this process by command, a paused one by its record. Raises UserError."""
        handle = self._live.get(run_id)
        if handle is not None:
            handle.send({"command": "abort", "reason": reason})
            return
        record = self._store().get(run_id)
        if record["status"] == "paused":
            self._store().close_pause(run_id)
            self._db().write(lambda c: self._store().interrupt(c, [run_id], f"Aborted: {reason}"))
        elif record["status"] in ("running", "scheduled"):
            raise UserError("This run belongs to another process.", code="run.elsewhere")
        else:
            raise UserError("This run has ended already.", code="run.ended")

    # -- the log -----------------------------------------------------------------------------------------------------

    def list(
        self,
        app_id: str | None = None,
        *,
        status: str | None = None,
        search: str = "",
        triggered_from: str | None = None,
        version: str | None = None,
        since: str | None = None,
        until: str | None = None,
        cursor: tuple[str, str] | None = None,
        limit: int = 20,
    ) -> Page:
        """A page of the log, newest first."""
        rows = self._store().page(
            app_id=app_id,
            status=status,
            search=search,
            triggered_from=triggered_from,
            version=version,
            since=since,
            until=until,
            cursor=cursor,
            limit=limit + 1,
        )
        more = len(rows) > limit
        runs = [summary_of(row) for row in rows[:limit]]
        return Page(runs, (runs[-1].created_at, runs[-1].id) if more else None)

    def last_inputs(self, app_id: str) -> dict[str, Any]:
        """What the newest run by hand of a workflow was given; nothing where there was none."""
        runs = self.list(app_id, triggered_from="debugging", limit=1).runs
        inputs = self.get(runs[0].id, whole=True)["inputs"] if runs else {}
        return {name: value for name, value in inputs.items() if not name.startswith("sys.")}

    def counts(self, app_id: str | None = None) -> dict[str, int]:
        """How many runs have each status."""
        return self._store().counts(app_id)

    def get(self, run_id: str, *, whole: bool = False) -> dict[str, Any]:
        """One run with inputs, outputs, and the graph it ran on. `whole`: what was cut for the log's row is read from
        the run's events, as far as they are still kept."""
        record = self._store().get(run_id)
        if whole and (record["inputs_truncated"] or record["outputs_truncated"]):
            for event in self._store().events(run_id):
                if event["event"] == "GraphRunStarted":
                    record["inputs"] |= event.get("inputs") or {}
                elif event["event"].startswith("GraphRun") and event.get("outputs"):
                    record["outputs"] = event["outputs"]
        return record

    def events(self, run_id: str) -> Sequence[dict[str, Any]]:
        """All events of a run."""
        return self._store().events(run_id)

    def nodes(self, run_id: str) -> Sequence[dict[str, Any]]:
        """The trace of a run, without payloads."""
        return self._store().trace(run_id)

    def node(self, execution_id: str, *, whole: bool = False) -> dict[str, Any]:
        """One step with its payloads."""
        return self._store().node(execution_id, whole=whole)

    def node_last_run(self, app_id: str, node_id: str) -> dict[str, Any] | None:
        """The newest execution of a node, its payloads whole."""
        row = self._store().last_of_node(app_id, node_id)
        return self._store().node(row["id"], whole=True) if row is not None else None

    def last_outputs(self, app_id: str, node_id: str) -> dict[str, Any] | None:
        """What a node gave when it last ended well, whole; None when it did not."""
        row = self._store().last_of_node(app_id, node_id)
        if row is None or row["status"] not in ("succeeded", "exception"):
            return None
        return dict(self._store().node(row["id"], whole=True)["outputs"])

    def pin(self, run_id: str, *, pinned: bool) -> None:
        """Keep a run for ever, or no longer."""
        self._store().pin(run_id, pinned=pinned)

    def mark_read(self, run_ids: Sequence[str] | None = None) -> None:
        """Somebody has looked at these runs; None stands for all."""
        self._store().mark_read(run_ids)

    def delete(self, run_ids: Sequence[str]) -> int:
        """Delete runs; how many went."""
        return self._store().delete(run_ids)

    def export(self, run_id: str) -> dict[str, Any]:
        """A run as one JSON document in an open shape: the record, the trace and the events."""
        nodes = [self._store().node(row["id"], whole=True) for row in self._store().trace(run_id)]
        return {
            "format": "penstock-run",
            "version": 1,
            "run": self.get(run_id),
            "nodes": nodes,
            "events": self.events(run_id),
        }

    def conversations(self, app_id: str) -> Sequence[dict[str, Any]]:
        """Conversations of a chat app."""
        return self._debug().conversations(app_id)

    def rename_conversation(self, conversation_id: str, name: str) -> None:
        """Call a conversation something else; its first words no longer name it."""
        self._debug().rename_conversation(conversation_id, name)

    def history(self, conversation_id: str) -> Sequence[dict[str, Any]]:
        """The turns of a conversation."""
        return self._debug().history(conversation_id)

    def conversation_variables(self, conversation_id: str) -> dict[str, Any]:
        """What a conversation remembers: name to value."""
        return {name: v.get("value") for name, v in self._store().conversation_values(conversation_id).items()}

    def conversation_changes(self, conversation_id: str) -> dict[str, str]:
        """When what a conversation remembers was written last: name to a UTC text."""
        return self._store().conversation_changes(conversation_id)

    # -- values of debugging -----------------------------------------------------------------------------------------

    def draft_variables(self, app_id: str) -> Sequence[dict[str, Any]]:
        """Values that nodes gave in debugging runs."""
        return self._debug().variables(app_id)

    def steps_with_values(self, app_id: str) -> frozenset[str]:
        """The steps that have such values."""
        return self._debug().steps(app_id)

    def draft_value(self, app_id: str, node_id: str, name: str) -> Any:
        """One of them, whole. Raises UserError when it is not there any more."""
        found = self._debug().values(app_id).get(node_id, {})
        if name not in found:
            raise UserError("This value is not kept any more.", code="debug.unknown")
        return found[name]

    def set_draft_variable(self, app_id: str, node_id: str, name: str, value: Any) -> None:
        """Change one by hand; the next single step reads it."""
        self._debug().set_variable(app_id, node_id, name, value)

    def reset_draft_variable(self, app_id: str, node_id: str, name: str) -> None:
        """Bring back what the node gave."""
        self._debug().reset_variable(app_id, node_id, name)

    def clear_draft_variables(self, app_id: str, node_id: str | None = None) -> None:
        """Forget them."""
        self._debug().clear(app_id, node_id)


def summary_of(row: Mapping[str, Any]) -> RunSummary:
    """A row of the log as one of its lines."""
    names = RunSummary.__dataclass_fields__
    values = {name: row[name] for name in names if name in row}
    return RunSummary(
        **{
            **values,
            "app_name": row.get("app_name") or "",
            "pinned": bool(row["pinned"]),
            "user": row["created_by"],
            "is_read": row["read_at"] is not None or row["finished_at"] is None,
        }
    )
