"""One open workflow: its document, what saves it, what is wrong with it, and the run that is shown over it.

Every edit comes through `submit`: applied, journalled at once, saved half a second after the last one (at the latest
three seconds after the first). The session knows no widgets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from editor.asked import Asked
from editor.beside import Beside
from editor.bridge.runs import LiveRun
from editor.canvas.rounds import shown_execution
from editor.debugging import Debugging
from editor.enginetexts import told
from editor.i18n import tr
from editor.kept_values import KeptValues
from editor.moments import Moments
from editor.pins import Pins
from editor.publication import Publication
from editor.retyping import may_retype, refit, types_read
from editor.workspace_problems import workspace_problems
from engine.errors import PenstockError, UserError
from engine.logs import get_logger
from engine.model.document import Delta, Document, Step
from engine.model.edits import Edit
from engine.model.problems import Problem
from engine.model.workflow import Workflow
from engine.run.fold import NodeRunState, RunState

if TYPE_CHECKING:
    from editor.context import Studio
    from editor.isolation import Isolation
    from engine.model.refs import Reference
    from engine.services.replay import Replay

log = get_logger("editor.session")
SAVE_AFTER_MS = 500
SAVE_AT_LATEST_MS = 3000
CHECK_AFTER_MS = 150


class WorkflowSession(QObject):
    """Owns the document of one app (or of a past run or a version, then read-only)."""

    saveStateChanged = Signal(str)
    """`saved`, `unsaved`, `saving` or `failed`."""
    problemsChanged = Signal()
    runChanged = Signal()
    """The shown run or its state changed; once a frame at most."""
    runShapeChanged = Signal(set)
    """Ids of nodes and edges whose run state changed."""
    formRebuildWanted = Signal()
    revealWanted = Signal(str, str)
    """Node id and field that somebody wants to see."""
    refused = Signal(str)
    conflict = Signal(object)
    nameChanged = Signal(str)
    marksChanged = Signal()
    closed = Signal()

    def __init__(
        self,
        studio: Studio,
        workflow: Workflow,
        *,
        app_id: str = "",
        revision: int = 0,
        read_only: bool = False,
        checked: bool = True,
        steps: Sequence[Step] = (),
        position: int = 0,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.studio = studio
        self.app_id = app_id
        self.read_only = read_only
        self._is_checked = checked  # a comparison shows two states at once; what is missing in it is no problem
        self.document = Document(workflow)
        self.document.adopt(steps, position)
        self.steps = Beside(self.document)
        self.problems: list[Problem] = []
        self.unfinished: dict[tuple[str, tuple[str | int, ...]], tuple[Any, str]] = {}
        """Texts that cannot be stored yet, by node and setting: what is stored meanwhile, and what was written."""
        self.run: LiveRun | None = None
        self.run_state: RunState | None = None
        """The run as the canvas shows it: its newest state, or an earlier moment of it."""
        self.whole_state: RunState | None = None
        """The newest state of the run that is shown."""
        self.moment_seconds: float | None = None
        """The moment on the clock that is shown; None for the newest."""
        self.save_state = "saved"
        self.saved_at: datetime | None = None
        """When the draft was written last while it was open."""
        self._journal_gap = 0
        """The document's revision whose edit is not in the journal."""
        self.users = 0
        """How many pages show it; the last one to let go closes it."""
        self._revision = revision
        self._saving = False
        self._closed = False
        self._save_timer = self._timer(SAVE_AFTER_MS, self.save)
        self._latest_timer = self._timer(SAVE_AT_LATEST_MS, self.save)
        self._check_timer = self._timer(CHECK_AFTER_MS, self.check)
        self._retry_timer = self._timer(5000, self.save)
        self._unsubscribe = self.document.subscribe(self._on_delta)
        self._last: dict[str, Mapping[str, Any]] = {}
        self.debugging = Debugging(self)
        self.debugging.changed.connect(self.marksChanged)
        self.moments = Moments(self)
        self.chosen_rounds: dict[str, int] = {}
        """Rounds that are looked at instead of the newest: container to index."""
        self.pins = Pins(self)
        self.pins.changed.connect(self.marksChanged)
        self.asked = Asked(self)
        self.kept_values = KeptValues(self)
        self.kept_values.changed.connect(self.marksChanged)
        self.publication = Publication(self)
        self.check()

    def _timer(self, milliseconds: int, then: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(then)
        return timer

    # -- editing -----------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The workflow's name."""
        return self.document.workflow.app.name or tr("Untitled")

    def submit(self, edit: Edit, label: str, merge_key: str | None = None) -> bool:
        """Apply an edit as (part of) one undo step; False when it was refused, which is said."""
        if self.read_only and edit.counts:
            self.refused.emit(tr("This is a picture of the past; it cannot be changed."))
            return False
        # What one writes has no type; those are chosen.
        types = types_read(self.document.workflow) if merge_key is None and may_retype(edit) else {}
        try:
            self.document.apply(edit, label=label, merge_key=merge_key)
        except UserError as error:
            self.refused.emit(told(error))
            return False
        if types:
            refit(self, types)
        return True

    def undo(self) -> None:
        """Take the last step back."""
        if not self.read_only:
            self.steps.undo()

    def redo(self) -> None:
        """Do the step again."""
        if not self.read_only:
            self.steps.redo()

    def _on_delta(self, delta: Delta) -> None:
        if delta.app_changed or delta.everything:
            self.nameChanged.emit(self.name)
        if delta.content_changed and not self._check_timer.isActive():
            # Not put off by further edits: the count has to be right while somebody types, too.
            self._check_timer.start()
        if self.read_only or not self.app_id or delta.edit is None:
            return
        if delta.content_changed and not self._journal_gap:
            future = self.studio.services.workflows.journal(
                self.app_id, delta.edit.to_json(), mark=self.document.revision
            )
            future.add_done_callback(partial(self._journalled, self.document.revision))
        if delta.content_changed:
            self._set_save_state("unsaved")
        self._save_timer.start()
        if not self._latest_timer.isActive():
            self._latest_timer.start()

    def _journalled(self, revision: int, future: Any) -> None:
        """On the writer's thread. Edits after one that is missing could not be replayed: there are none until the whole
        draft is saved."""
        error = future.exception()
        if error is not None:
            self._journal_gap = max(self._journal_gap, revision)
            log.info("an edit could not be journalled: %s", error)

    def _close_gap(self, mark: int) -> None:
        if mark >= self._journal_gap:
            self._journal_gap = 0

    # -- saving ------------------------------------------------------------------------------------------------------

    def _set_save_state(self, state: str) -> None:
        if state != self.save_state:
            self.save_state = state
            self.saveStateChanged.emit(state)

    def save(self) -> None:
        """Write the draft in the background, unless it is being written already: then again afterwards."""
        self._save_timer.stop()
        self._latest_timer.stop()
        if self.read_only or not self.app_id or self._closed:
            return
        if self._saving:
            self._save_timer.start()
            return
        self._saving = True
        workflow, mark = self.document.workflow, self.document.revision
        steps, position = self.document.steps()
        if self.save_state != "saved":
            self._set_save_state("saving")
        workflows, app_id, stored = self.studio.services.workflows, self.app_id, self._revision

        def work() -> int:
            revision = workflows.save_draft(app_id, workflow, stored, mark=mark)
            workflows.keep_history(app_id, workflow, steps, position)
            return revision

        self.studio.tasks.run(work, done=lambda revision: self._saved(revision, mark), failed=self._not_saved)

    def _saved(self, revision: int, mark: int) -> None:
        if self._closed or revision < self._revision:
            return  # a save that did not wait was quicker
        self._saving = False
        self._close_gap(mark)
        self._revision = revision
        self.saved_at = datetime.now(UTC)
        self._set_save_state("saved" if self.document.revision == mark else "unsaved")

    def _not_saved(self, error: PenstockError) -> None:
        if self._closed:
            return
        self._saving = False
        if error.code == "store.draft_conflict":
            self._set_save_state("failed")
            self.conflict.emit(error)
            return
        self._set_save_state("failed")
        self.studio.messages.tell(tr("Not saved: {what} It is tried again by itself.", what=told(error)))
        self._retry_timer.start()

    def save_now(self) -> None:
        """Write the draft before going on: on closing, running, publishing and exporting. Raises PenstockError."""
        self._save_timer.stop()
        self._latest_timer.stop()
        if self.read_only or not self.app_id or (self.save_state == "saved" and not self._saving):
            return
        from engine.services.workflows import DraftConflict

        mark = self.document.revision
        try:
            revision = self.studio.services.workflows.save_draft(
                self.app_id, self.document.workflow, self._revision, mark=mark
            )
        except DraftConflict as error:
            if not self._saving:
                raise
            # The background save was first; what it wrote was an older state of the same document.
            revision = self.studio.services.workflows.save_draft(
                self.app_id, self.document.workflow, error.revision, mark=mark
            )
        self._revision = revision
        self._saving = False
        self._close_gap(mark)
        self.saved_at = datetime.now(UTC)
        self._set_save_state("saved")
        self._keep_history()

    def _keep_history(self) -> None:
        """The undo steps of the stored draft, in the background."""
        steps, position = self.document.steps()
        self.studio.tasks.run(
            self.studio.services.workflows.keep_history, self.app_id, self.document.workflow, steps, position
        )

    def forget_history(self) -> None:
        """Nothing that was done before now can be taken back any more, in this session or the next."""
        self.document.forget_steps()
        if self.app_id and not self.read_only:
            self._keep_history()

    def keep_mine(self, revision: int) -> None:
        """After a conflict: what is here wins; the other side was backed up by the caller."""
        self._revision = revision
        self.save()

    # -- problems ----------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Go through the checklist, here: it takes some milliseconds for a large graph."""
        from engine.model.validate import check

        if not self._is_checked:
            return
        workflow = self.document.workflow
        if len(workflow.graph.nodes) > 400:
            self.studio.tasks.run(check, workflow, done=self._checked, key=f"check {id(self)}")
        else:
            self._checked(check(workflow))

    def _checked(self, problems: list[Problem]) -> None:
        if self._closed:
            return
        self.problems = [*problems, *workspace_problems(self.studio, self.document.graph, problems)]
        self.problemsChanged.emit()

    # -- runs --------------------------------------------------------------------------------------------------------

    def show_run(self, run: LiveRun | None) -> None:
        """Show a live run over the graph."""
        if self.run is not None:
            for signal in (self.run.changed, self.run.finished, self.run.refused):
                try:
                    signal.disconnect(self._run_signal)
                except (RuntimeError, TypeError):
                    continue
        self.run = run
        self.run_state = self.whole_state = run.state if run is not None else None
        self.moments.reset()
        if run is not None:
            run.changed.connect(self._run_signal)
            run.finished.connect(self._run_signal)
            run.refused.connect(self._run_signal)
        self.runShapeChanged.emit(set())
        self.runChanged.emit()

    def show_past(self, state: RunState | None, replay: Replay | None = None) -> None:
        """Show a stored run; with its `replay` one can go through it in time."""
        self.run_state = self.whole_state = state
        self.moments.reset(replay)
        self.runShapeChanged.emit(set())
        self.runChanged.emit()

    def _run_signal(self, what: object = None) -> None:
        if isinstance(what, set):
            self.runShapeChanged.emit(what)
        self.runChanged.emit()

    @property
    def is_running(self) -> bool:
        return self.run is not None and not self.run.is_over

    @property
    def breakpoints(self) -> set[str]:
        """Nodes with a breakpoint, switched on or off."""
        return set(self.debugging.breakpoints)

    def toggle_breakpoint(self, node_id: str) -> None:
        """Set or take away a breakpoint; a live run learns of it."""
        self.debugging.toggle(node_id)

    def change_held(self, node_id: str, selector: list[str], value: Any) -> None:
        """Give a variable that a held node is about to read another value, in this run only."""
        state = self.run_state.nodes.get(node_id) if self.run_state is not None else None
        if self.run is None or state is None or state.status != "held":
            return
        self.run.send("update_variables", frame_id=state.frame_id, variables=[{"selector": selector, "value": value}])
        name = next((k for k, s in state.metadata.get("selectors", {}).items() if list(s) == selector), None)
        if name is not None:
            state.inputs = {**state.inputs, name: value}

    def node_state(self, node_id: str) -> dict[str, Any] | None:
        """What is known of a node's last run, as the inspector shows it."""
        state = self.execution_of(node_id)
        if state is not None and state.status != "waiting":
            return _node_facts(state)
        if self.moment_seconds is not None or (self.chosen_rounds and state is None and self._is_inside(node_id)):
            return None  # at this moment nothing was known of it
        return dict(self._last[node_id]) if node_id in self._last else self._load_last(node_id)

    def execution_of(self, node_id: str) -> NodeRunState | None:
        """The execution of a node that is looked at: the newest, or that of the rounds chosen around it."""
        if self.run_state is None:
            return None
        return shown_execution(self.run_state, node_id, self._parent_of, self.chosen_rounds)

    def choose_rounds(self, chosen: dict[str, int]) -> None:
        """Look at these rounds instead of the newest."""
        if chosen != self.chosen_rounds:
            self.chosen_rounds = chosen
            self.runChanged.emit()

    def _parent_of(self, node_id: str) -> str | None:
        node = self.document.graph.nodes.get(node_id)
        return node.parent if node is not None else None

    def _is_inside(self, node_id: str) -> bool:
        return any(container in self.chosen_rounds for container in self.document.graph.ancestors(node_id))

    def _load_last(self, node_id: str) -> dict[str, Any] | None:
        """Ask the log for the newest execution; the answer comes with `runChanged`."""
        if not self.app_id or node_id in self._last:
            return None
        self._last[node_id] = {}

        def done(row: dict[str, Any] | None) -> None:
            if self._closed:
                return
            if row is not None:
                self._last[node_id] = _stored_facts(row)
                self.runChanged.emit()
            else:
                self._last.pop(node_id, None)

        self.studio.tasks.run(self.studio.services.runs.node_last_run, self.app_id, node_id, done=done)
        return None

    def why_not_alone(self, node_id: str) -> str:
        """Why a node never runs alone, in words; an empty text when it may."""
        from engine.model.containers import may_run_alone

        return told(may_run_alone(self.document.graph, node_id))

    def can_run_node(self, node_id: str) -> bool:
        """Whether a node may be run alone now."""
        return not self.read_only and not self.is_running and not self.why_not_alone(node_id)

    def is_at_work(self, node_id: str) -> bool:
        """Whether a node runs now, so that what one can do with it is to stop the run."""
        state = self.run_state.nodes.get(node_id) if self.run_state is not None else None
        return self.is_running and state is not None and state.status in ("running", "retry", "held", "paused")

    # -- what forms ask ----------------------------------------------------------------------------------------------

    def reveal(self, node_id: str, field: str = "") -> None:
        """Somebody wants to see a node, and a setting of it."""
        if node_id in self.document.graph.nodes:
            self.revealWanted.emit(node_id, field)

    def rebuild_form(self) -> None:
        """The inspector's form has to be built anew."""
        self.formRebuildWanted.emit()

    def confirm_removal(self, name: str, uses: list[Reference]) -> bool:
        """Ask before something goes that other nodes read."""
        graph = self.document.graph
        titles = sorted({graph.nodes[u.node_id].title or u.node_id for u in uses if u.node_id in graph.nodes})
        text = tr("“{name}” is used by: {titles}. They will point at nothing.", name=name, titles=", ".join(titles))
        return self.studio.messages.confirm(tr("Remove {name}?", name=name), text, tr("Remove"), danger=True)

    def known_models(self) -> list[dict[str, Any]]:
        """Models of the workspace as `{provider, name, label}`."""
        return self.studio.known_models()

    def model_rules(self, provider: str, name: str) -> Sequence[Mapping[str, Any]]:
        """The parameters that a model takes, with their ranges."""
        return self.studio.model_rules(provider, name)

    def model_problem(self, provider: str, name: str) -> str:
        """Why a model cannot be used here, in words; an empty text when it can."""
        return self.studio.model_problem(provider, name)

    def tool_problem(self, data: Mapping[str, Any]) -> str:
        """Why a tool cannot be used here; an empty text when it can."""
        return self.studio.tool_problem(data)

    def tool_parameters(self, data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """What a tool declares, from the file or from the installed tool."""
        schemas = data.get("paramSchemas")
        if isinstance(schemas, list) and schemas:
            return [s for s in schemas if isinstance(s, Mapping)]
        return self.studio.tool_parameters(data)

    @property
    def isolation(self) -> Isolation:
        """What keeps user code in."""
        return self.studio.isolation

    @property
    def is_closed(self) -> bool:
        """Whether the workflow was closed; what arrives late is dropped then."""
        return self._closed

    # -- the end -----------------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """One more page shows this."""
        self.users += 1

    def release(self) -> None:
        """A page lets go; after the last one the session closes."""
        self.users -= 1
        if self.users <= 0:
            self.close()

    def close(self) -> None:
        """Save what is not saved, stop listening, and let go of everything."""
        if self._closed:
            return
        self.show_run(None)
        self.debugging.close()
        self.pins.close()
        self.asked.close()
        try:
            self.save_now()
        except PenstockError as error:
            log.info("the draft stays in the journal: %s", error)
        else:
            # Not in the background: tasks that have not begun are dropped when the studio closes.
            if self.app_id and not self.read_only:
                workflow, steps = self.document.workflow, self.document.steps()
                self.studio.services.workflows.keep_history(self.app_id, workflow, *steps)
        self._closed = True
        for timer in (self._save_timer, self._latest_timer, self._check_timer, self._retry_timer):
            timer.stop()
        self._unsubscribe()
        self.closed.emit()
        self.deleteLater()


def _node_facts(state: NodeRunState) -> dict[str, Any]:
    return {
        "status": state.status,
        "execution_id": state.execution_id,
        "elapsed": state.elapsed,
        "tokens": state.tokens,
        "price": state.price,
        "currency": state.currency,
        "error": state.error,
        "text": state.text,
        "inputs": state.inputs,
        "outputs": state.outputs,
        "process_data": state.process_data,
        "selectors": state.metadata.get("selectors", {}) if state.status == "held" else {},
        "why": state.metadata.get("why", {}) if state.status == "held" else {},
    }


def _stored_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": row["status"],
        "execution_id": row["id"],
        "elapsed": row["elapsed_time"],
        "tokens": row["total_tokens"],
        "price": str(row.get("total_price") or ""),
        "currency": str(row.get("currency") or ""),
        "error": row["error"],
        "text": "",
        "inputs": row["inputs"],
        "outputs": row["outputs"],
        "process_data": row["process_data"],
    }
