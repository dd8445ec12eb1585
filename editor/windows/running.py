"""Starting, stopping and looking back at runs, for the window."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt

from editor import waiting
from editor.bridge.files import stored_files
from editor.enginetexts import told
from editor.i18n import tr
from editor.windows.notice import Notices
from editor.windows.progress_note import ProgressNote
from editor.windows.starts import Starts
from engine.errors import PenstockError
from engine.model.graph import Graph
from engine.model.workflow import AppInfo, Workflow
from engine.services.replay import Replay
from engine.services.runs import StartRun

if TYPE_CHECKING:
    from editor.bridge.runs import LiveRun
    from editor.panels.chat import Saying
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage

FORM_ROOM = 480
"""The height of the drawer in which a form can be read and answered."""


class Running(QObject):
    """What the Run button and its relatives do."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._conversations: dict[str, str] = {}
        self._notices = Notices(window)
        self._starts = Starts(self)
        window.studio.runs.wentOn.connect(self._went_on)

    def run(self, page: WorkflowPage, *, to: str = "") -> None:
        """Ask where the run begins if that is open, then for inputs; start at once when nothing is asked for. `to`
        names a node to hold before."""
        if page.session.is_running:
            return
        top = self._window.top.run
        if not to and self._starts.ask(page, top if top.isVisible() else page.canvas):
            return
        self.ask_inputs(page, to=to)

    def ask_inputs(self, page: WorkflowPage, *, to: str = "") -> None:
        """What a run from the start node asks for; a run at once where that is nothing."""
        panel = page.run_panel
        asked = panel.isVisible() and panel.tabs.currentIndex() == 0 and page.chat is None
        if to or not asked:
            page.session.debugging.target = to
        if asked:
            panel.submit()  # the form is in front already: Run means start
            return
        panel.build_form()
        panel.offer_last()
        page.show_drawer("run")
        if page.chat is not None:
            page.chat.edit.setFocus()
            return
        if panel.declared() or panel.is_chat:
            panel.tabs.setCurrentIndex(0)
            form = panel.form
            if form is not None:
                form.setFocus()
                first = (
                    form.findChild(QObject, f"input {panel.declared()[0]['variable']}") if panel.declared() else None
                )
                if first is not None:
                    # As with Tab: what is offered is selected, and typing takes its place.
                    first.setFocus(Qt.FocusReason.TabFocusReason)  # type: ignore[attr-defined]
        else:
            panel.submit()

    def run_to(self, page: WorkflowPage, node_id: str) -> None:
        """Run until a node is about to begin, and hold there; a held run goes on to it, else a new one is started."""
        if page.session.debugging.run_to([node_id]) or page.session.is_running:
            return
        node = page.session.document.graph.nodes[node_id]
        self._window.show_toast(tr("The run will hold before “{title}”.", title=node.title or node.type))
        self.run(page, to=node_id)

    def start(
        self,
        page: WorkflowPage,
        inputs: dict[str, Any],
        query: str,
        *,
        files: list[Any] | None = None,
        mocks: dict[str, Any] | None = None,
        parent_id: str | None = None,
    ) -> LiveRun | None:
        """Start a full run of the draft; `files` go with what is said to a chat flow."""
        session = page.session
        if not self._saved(page):
            return None
        start = StartRun(
            session.document.workflow,
            app_id=session.app_id,
            inputs=self._stored_files(inputs),
            query=query,
            files=self._stored_files({"files": files})["files"] if files else [],
            conversation_id=self._conversations.get(session.app_id, "") if query else "",
            **session.debugging.settings(),
            pins=session.pins.settings(),
            mocks=mocks,
            parent_message_id=parent_id,
        )
        if session.document.workflow.mode == "advanced-chat":
            start.conversation_id = start.conversation_id or self._window.studio.services.ids.uuid()
            self._conversations[session.app_id] = start.conversation_id
        return self._show(page, start)

    def say(self, page: WorkflowPage, saying: Saying) -> LiveRun | None:
        """Say something to a chat flow; the chat learns under which id its conversation is kept."""
        if saying.conversation_id:
            self._conversations[page.session.app_id] = saying.conversation_id
        else:
            self.new_conversation(page.session.app_id)
        live = self.start(page, saying.inputs, saying.words, files=saying.files, parent_id=saying.parent_id)
        if live is not None and page.chat is not None:
            page.chat.set_conversation(self._conversations[page.session.app_id])
        return live

    def start_heard(self, page: WorkflowPage, node_id: str, inputs: dict[str, Any]) -> LiveRun | None:
        """Start a run with what a request to a webhook gave. It came from outside, so no path in it is opened."""
        session = page.session
        if session.is_running or not self._saved(page):
            return None
        start = StartRun(
            session.document.workflow,
            app_id=session.app_id,
            inputs=inputs,
            root_node_id=node_id,
            **session.debugging.settings(),
            pins=session.pins.settings(),
        )
        return self._show(page, start)

    def rerun(self, page: WorkflowPage, from_node: str = "") -> None:
        """Propose to go on with the run that is shown after its failure or stop, or to run again from a node; what
        ended well and was not edited since is taken over."""
        state, session = page.session.whole_state, page.session
        if state is None or not state.run_id or session.is_running or session.read_only:
            return
        run_id, inputs = state.run_id, dict(state.inputs)

        def make() -> StartRun:
            return StartRun(
                session.document.workflow,
                app_id=session.app_id,
                inputs={k: v for k, v in inputs.items() if not k.startswith("sys.")},
                query=str(inputs.get("sys.query") or ""),
                conversation_id=str(inputs.get("sys.conversation_id") or ""),
                from_run=run_id,
                resume=not from_node,
                from_node=from_node or None,
                **session.debugging.settings(),
                pins=session.pins.settings(),
            )

        page.planning.propose(make, lambda start: self._show(page, start) if self._saved(page) else None)

    def choose_items(self, page: WorkflowPage, node_id: str) -> None:
        """Run an iteration alone with some of the items that its list had last; asks for a list where none is known."""
        node = page.session.document.graph.nodes.get(node_id)
        if node is None or node.type != "iteration":
            page.session.studio.messages.tell(tr("Select an iteration to choose its items."))
            return
        selector = [str(s) for s in node.data.get("iterator_selector") or ()]
        items: Any = None
        if len(selector) > 1:
            try:
                items = self._window.studio.services.runs.draft_value(page.session.app_id, selector[0], selector[1])
            except PenstockError:
                items = None
        for step in selector[2:]:
            items = items.get(step) if isinstance(items, Mapping) else None
        if not isinstance(items, list) or not items:
            self.start_node(page, node_id)
            return
        from editor.dialogs.step_items import StepItems

        dialog = StepItems(node.title or node.type, items, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.start_node(page, node_id, {"input_selector": dialog.chosen()}))
        dialog.open()

    def start_node(self, page: WorkflowPage, node_id: str, given: Mapping[str, Any] | None = None) -> LiveRun | None:
        """Run one node with what is given and what is known of its inputs; ask only for what is missing."""
        session = page.session
        reason = "" if session.read_only else session.why_not_alone(node_id)
        if reason:
            session.studio.messages.tell(reason)
        if not session.can_run_node(node_id) or not self._saved(page):
            return None
        node = session.document.graph.node(node_id)
        inputs = self._missing(page, node_id)
        if inputs is None:
            return None
        kind = node.type if node.is_container else "node"
        start = StartRun(
            session.document.workflow,
            app_id=session.app_id,
            kind=kind,
            node_id=node_id,
            inputs=self._stored_files({**inputs, **(given or {})}),
        )
        if node.type == "human-input":
            self._answer_first(page, start)
            return None
        return self._show_step(page, start)

    def _show_step(self, page: WorkflowPage, start: StartRun) -> LiveRun:
        page.inspector.tabs.setCurrentIndex(1)
        return self._show(page, start, drawer=False)

    def _answer_first(self, page: WorkflowPage, start: StartRun) -> None:
        """A step that asks a person shows its form, and runs with the answer."""
        from engine.services.form_trials import Step

        session, studio = page.session, self._window.studio
        step = Step(start.workflow, start.app_id, str(start.node_id), session.pins.settings(), start.inputs)

        def shown(record: dict[str, Any]) -> None:
            from editor.dialogs.form_step import FormStep

            if session.is_closed or not session.can_run_node(str(start.node_id)):
                return
            dialog = FormStep(session, record, self._window)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.answered.connect(answered)
            dialog.open()

        def answered(action: str, values: dict[str, Any]) -> None:
            if not session.is_closed and session.can_run_node(str(start.node_id)):
                start.form_answer = {"action": action, "values": values}
                self._show_step(page, start)

        def failed(error: PenstockError) -> None:
            studio.messages.error(tr("The form cannot be shown"), error)

        studio.tasks.run(lambda: studio.services.form_trials.shown(step), done=shown, failed=failed, key="form step")

    def _missing(self, page: WorkflowPage, node_id: str) -> dict[str, Any] | None:
        """Values for references that no earlier run left; None when the person thinks better of it."""
        from editor.dialogs.step_inputs import ask_for

        session = page.session
        try:
            known = {
                (v["node_id"], v["name"]) for v in self._window.studio.services.runs.draft_variables(session.app_id)
            }
        except PenstockError:
            known = set()
        return ask_for(session, node_id, known, page)

    def _saved(self, page: WorkflowPage) -> bool:
        try:
            page.session.save_now()
        except PenstockError as error:
            self._window.studio.messages.error(tr("Not saved"), error)
            return False
        return True

    def _stored_files(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return stored_files(self._window.studio.services, inputs)

    def _show(self, page: WorkflowPage, start: StartRun, *, drawer: bool = True) -> LiveRun:
        target = page.session.debugging.take_target()
        start.run_to = [target] if target and start.kind == "full" else []
        live = self._window.studio.runs.start(start)
        self._follow(page, live)
        if drawer:
            page.show_drawer("run")
            page.run_panel.tabs.setCurrentIndex(1)
        return live

    def _follow(self, page: WorkflowPage, live: LiveRun) -> None:
        live.refused.connect(lambda error: self._refused(page, error))
        live.finished.connect(lambda summary: self._finished(page, summary))
        page.tools.run_begins()
        page.session.show_run(live)
        self._window.top.refresh()

    def _refused(self, page: WorkflowPage, error: dict[str, Any]) -> None:
        if page.session.is_closed:
            return
        page.session.run = None
        page.session.runChanged.emit()
        words = f"{told(error.get('message'))}\n{told(error.get('hint'))}".strip()
        self._window.studio.messages.error(tr("The run did not start"), words)
        if error.get("node_id"):
            page.reveal(str(error["node_id"]), str(error.get("field") or ""))
        self._window.top.refresh()

    def _finished(self, page: WorkflowPage, summary: dict[str, Any]) -> None:
        if summary.get("died"):
            self._window.studio.tasks.run(self._window.studio.services.runs.recover)
        if page.session.is_closed:
            return
        self._window.top.refresh()
        if self._window.isActiveWindow() and summary.get("run_id"):
            # Somebody saw it end; runs that ended behind other windows stay new in the log.
            self._window.studio.tasks.run(self._window.studio.services.runs.mark_read, [str(summary["run_id"])])
        history = page.panels.get("history")
        if history is not None and history.isVisible():
            history.refresh()  # type: ignore[attr-defined]
        if summary.get("status") == "paused":
            self.show_forms(page)
            self._tell_mails(page)
        self._missed(page, summary)
        self._starts.run_over(page, str(summary.get("status") or ""))
        self._notices.run_over(page, summary)
        error_node = summary.get("error_node_id")
        if summary.get("status") == "failed" and error_node:
            page.canvas.ensure_visible(str(error_node))

    def _tell_mails(self, page: WorkflowPage) -> None:
        """Say it when the e-mail that was to ask for an answer did not go; the form itself says more."""
        state = page.session.whole_state
        nodes = [n for n in state.nodes.values() if n.node_type == "human-input"] if state is not None else []
        for node in nodes:
            if any(log.get("error") and (log.get("data") or {}).get("to") for log in node.logs):
                words = tr("The e-mail of “{title}” was not sent.", title=node.title)
                settings = partial(self._window.preferences, "mail")
                self._window.studio.messages.tell(words, tr("Mail settings"), settings)
                return

    def _missed(self, page: WorkflowPage, summary: dict[str, Any]) -> None:
        """Say so when a run was to hold somewhere and ended without coming there."""
        node = page.session.document.graph.nodes.get(page.session.debugging.missed() or "")
        if node is not None and summary.get("status") != "stopped":
            title = node.title or node.type
            self._window.studio.messages.tell(tr("The run ended without coming to “{title}”.", title=title))

    # -- answering a form --------------------------------------------------------------------------------------------

    def show_forms(self, page: WorkflowPage, node_id: str | None = None) -> None:
        """Bring the forms that a run waits for to the front; with a node's id, the keyboard goes into its form."""
        page.show_drawer("run")
        page.raise_drawer(FORM_ROOM)
        if page.chat is None:
            page.run_panel.tabs.setCurrentIndex(1)
        if node_id is not None:
            forms = page.run_panel.forms if page.chat is None else page.chat.forms
            forms.enter(node_id)

    def _went_on(self, live: LiveRun) -> None:
        """A run that waited goes on: on every page that shows it, with what it did before."""
        for page in self._window.workflow_pages():
            session, before = page.session, page.session.run
            state = session.whole_state
            if state is None or state.run_id != live.run_id or session.is_running:
                continue
            if not live.state.run_id:
                replay = session.moments.replay
                live.events = list(replay.events if replay is not None else before.events if before is not None else ())
                live.state = state
            self._follow(page, live)
            session.debugging.tell_run()

    def stop(self, page: WorkflowPage) -> None:
        """Stop the run that is shown."""
        if page.session.is_running and page.session.run is not None:
            page.session.run.stop()
        else:
            waiting.stop(page.session)

    def new_conversation(self, app_id: str) -> None:
        """The next message begins a new conversation."""
        self._conversations.pop(app_id, None)

    # -- looking back ------------------------------------------------------------------------------------------------

    def open_past(self, run_id: str) -> None:
        """Open a stored run on the very graph it ran on."""
        runs = self._window.studio.services.runs

        note = ProgressNote(self._window, tr("Opening the run…"))
        progress = note.progress

        def work() -> tuple[dict[str, Any], Replay]:
            runs.mark_read([run_id])
            return runs.get(run_id), Replay(runs.events(run_id), progress.tell)

        def done(found: tuple[dict[str, Any], Replay]) -> None:
            if not progress.is_given_up:
                note.finish()
                self._past(*found)

        def failed(error: PenstockError) -> None:
            if not progress.is_given_up:
                note.finish()
                self._window.studio.messages.error(tr("This run cannot be opened"), error)

        self._window.studio.tasks.run(work, done=done, failed=failed)

    def _past(self, record: dict[str, Any], replay: Replay) -> None:
        from editor.panels.parts import local_time, status_word
        from editor.session import WorkflowSession

        mode = {"chat": "advanced-chat", "rag-pipeline": "rag_pipeline"}.get(record["type"], "workflow")
        name = record.get("app_name") or tr("Run")
        workflow = Workflow(
            app=AppInfo(f"{name}  ·  {local_time(record['created_at'])}", mode),
            graph=Graph.from_config(record["graph"]),
        )
        session = WorkflowSession(
            self._window.studio, workflow, app_id=record["app_id"], read_only=True, parent=self._window
        )
        page = self._window.add_page(session)
        state = replay.last
        if not state.is_over:
            # The process that ran it died; the record knows how it ended.
            state.status, state.error = record["status"], record["error"]
            for node in state.nodes.values():
                if node.is_live:
                    node.status = "stopped"
        session.show_past(state, replay)
        page.show_past_values()
        version = tr("draft") if record["version"] == "draft" else local_time(record["version"])
        paused = record["status"] == "paused"
        page.show_banner(
            tr(
                "A past run: {status}, {time}, on the graph it ran on ({version}).",
                status=status_word(record["status"]),
                time=local_time(record["created_at"]),
                version=version,
            ),
            tr("Answer the form") if paused else "",
            (lambda: self.show_forms(page)) if paused else None,
        )
        page.show_drawer("trace")
        if paused:
            self.show_forms(page)
        page.canvas.fit()
