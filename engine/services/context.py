"""Where everything is wired together: one workspace folder, its store, its services and its adapters.

Constructing it costs nothing; the file is opened and the libraries are imported when something first needs them.
Nothing else imports `engine.adapters`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clock import Clock, IdSource, SystemClock, SystemIds
from engine.run.limits import Limits
from engine.services.templates import TemplateService

if TYPE_CHECKING:
    from engine.model.graph import Node
    from engine.nodes.human_input.desk import FormDesk
    from engine.ports.bundle import Ports
    from engine.run.request import RunHandle
    from engine.services.chat.annotations import AnnotationService
    from engine.services.chat.service import ChatService
    from engine.services.fetching import Fetch
    from engine.services.form_trials import FormTrials
    from engine.services.library import LibraryService
    from engine.services.logs import LogService
    from engine.services.mail import MailService
    from engine.services.models import ModelService
    from engine.services.runs import RunService
    from engine.services.settings import SecretsService, SettingsService
    from engine.services.snippets import SnippetService
    from engine.services.tool_trial import ToolTrial
    from engine.services.tools import ToolService
    from engine.services.versions import VersionService
    from engine.services.webhooks import TestRequest
    from engine.services.workflow_tools import WorkflowTools
    from engine.services.workflows import WorkflowService
    from engine.store.annotations import AnnotationStore
    from engine.store.apps import AppStore
    from engine.store.blobs import BlobStore
    from engine.store.crypto import Vault
    from engine.store.db import Database
    from engine.store.debug import DebugStore
    from engine.store.history import HistoryStore
    from engine.store.runs import RunStore


def default_data_dir() -> Path:
    """The workspace of this person on this machine: PENSTOCK_DATA, or the platform's data folder."""
    named = os.environ.get("PENSTOCK_DATA")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("penstock", appauthor=False))


class Services:
    """One open workspace. `close` waits for what is being written."""

    def __init__(self, data_dir: Path, clock: Clock | None = None, ids: IdSource | None = None) -> None:
        self.data_dir = data_dir
        self.clock = clock or SystemClock()
        self.ids = ids or SystemIds()
        self.templates = TemplateService()
        self._lock = threading.RLock()
        self._ports: Ports | None = None
        self._closers: list[Callable[[], Any]] = []

    @classmethod
    def open(cls, data_dir: Path | str | None = None) -> Services:
        """The services of a workspace folder, the default one for None."""
        return cls(Path(data_dir).expanduser() if data_dir else default_data_dir())

    # -- the store ---------------------------------------------------------------------------------------------------

    @cached_property
    def database(self) -> Database:
        """The workspace's file, opened at first use."""
        from engine.store.db import Database

        with self._lock:
            return Database(self.data_dir / "penstock.db")

    @cached_property
    def owner(self) -> str:
        """The mark that this process puts on its runs."""
        from engine.store.owners import new_owner

        return new_owner()

    @cached_property
    def vault(self) -> Vault:
        from engine.store.crypto import Vault

        return Vault(self.data_dir)

    @cached_property
    def blobs(self) -> BlobStore:
        from engine.store.blobs import BlobStore

        return BlobStore(self.data_dir / "blobs")

    @cached_property
    def app_store(self) -> AppStore:
        from engine.store.apps import AppStore

        return AppStore(self.database, self.vault, self.clock, self.ids)

    @cached_property
    def histories(self) -> HistoryStore:
        from engine.store.history import HistoryStore

        return HistoryStore(self.data_dir / "history", self.vault)

    @cached_property
    def run_store(self) -> RunStore:
        """The log. Runs that an unclean end left behind are put right before anybody reads it."""
        from engine.store.runs import RunStore

        store = RunStore(self.database, self.blobs, self.vault, self.clock, self.ids)
        store.recover()
        return store

    @cached_property
    def debug_store(self) -> DebugStore:
        from engine.store.debug import DebugStore

        return DebugStore(self.database, self.blobs, self.clock, self.ids)

    @cached_property
    def annotation_store(self) -> AnnotationStore:
        from engine.store.annotations import AnnotationStore

        return AnnotationStore(self.database, self.clock, self.ids)

    @cached_property
    def forms(self) -> FormDesk:
        """The forms that runs wait for."""
        from engine.nodes.human_input.desk import FormDesk
        from engine.ports.tape import AskedClock, AskedIds
        from engine.store.forms import StoredForms

        store, seconds = StoredForms(self.database), self.limits().human_input_seconds
        return FormDesk(store, AskedClock(self.clock), AskedIds(self.ids), seconds)

    # -- services ----------------------------------------------------------------------------------------------------

    @cached_property
    def settings(self) -> SettingsService:
        from engine.services.settings import SettingsService

        return SettingsService(self.database)

    @cached_property
    def secrets(self) -> SecretsService:
        from engine.services.settings import SecretsService

        return SecretsService(self.database, self.vault)

    @cached_property
    def workflows(self) -> WorkflowService:
        from engine.services.workflows import WorkflowService

        return WorkflowService(
            lambda: self.app_store, self.blobs, self.clock, self._refuse_tool, lambda: self.histories
        )

    @cached_property
    def library(self) -> LibraryService:
        from engine.services.library import LibraryService

        return LibraryService(lambda: self.settings, self.workflows, self.clock)

    @cached_property
    def snippets(self) -> SnippetService:
        from engine.services.snippets import SnippetService
        from engine.store.snippets import SnippetStore

        return SnippetService(lambda: SnippetStore(self.database), self.clock, self.ids)

    @cached_property
    def versions(self) -> VersionService:
        from engine.services.versions import VersionService

        return VersionService(lambda: self.app_store, self.workflows, self._refuse_tool)

    @cached_property
    def runs(self) -> RunService:
        from engine.services.credentials import credentials
        from engine.services.runs import RunService

        return RunService(
            lambda: self.database,
            lambda: self.run_store,
            lambda: self.debug_store,
            lambda: self.ports,
            self.limits,
            lambda key, default: self.settings.get(key, default),
            self.clock,
            self.ids,
            lambda: self.owner,
            lambda: self.chat,
            lambda: credentials(self.secrets) if self.has_database() else frozenset(),
        )

    @cached_property
    def annotations(self) -> AnnotationService:
        from engine.services.chat.annotations import AnnotationService

        return AnnotationService(lambda: self.annotation_store, lambda: self.settings)

    @cached_property
    def chat(self) -> ChatService:
        from engine.services.chat.service import ChatService

        return ChatService(
            lambda: self.debug_store,
            lambda: self.ports,
            lambda: self.models,
            lambda: self.settings,
            lambda: self.secrets,
            self.annotations,
            self.clock,
            self.ids,
        )

    @cached_property
    def logs(self) -> LogService:
        """Browsing the run log."""
        from engine.services.logs import LogService
        from engine.store.runlog import RunLog

        def log() -> RunLog:
            self.run_store  # noqa: B018 - puts right what an unclean end left behind
            return RunLog(self.database)

        return LogService(log, self.runs, lambda: self.settings, self.clock)

    @cached_property
    def workflow_tools(self) -> WorkflowTools:
        from engine.services.workflow_tools import WorkflowTools

        return WorkflowTools(lambda: self.settings, lambda: self.versions, lambda: self.runs)

    @cached_property
    def tools(self) -> ToolService:
        from engine.services.tools import ToolService

        return ToolService(lambda: self.settings, lambda: self.secrets, self.workflow_tools, self.has_database)

    def _refuse_tool(self, app_id: str, version_id: str = "") -> None:
        """What others call as a tool must not go away."""
        self.workflow_tools.refuse_deletion(app_id, version_id)

    @cached_property
    def models(self) -> ModelService:
        from engine.services.models import ModelService

        return ModelService(self.settings, self.secrets)

    @cached_property
    def mail(self) -> MailService:
        """The account that writes to people."""
        from engine.ports.mail import Mail, MailOutcome
        from engine.services.mail import Account, MailService

        async def send(account: Account, password: str, mails: Sequence[Mail]) -> list[MailOutcome]:
            from engine.adapters.mail import SmtpAccount, send

            names = ("host", "port", "security", "sender", "sender_name", "user")
            return await send(SmtpAccount(password=password, **{n: getattr(account, n) for n in names}), mails)

        def name_of(app_id: str) -> str:
            from engine.errors import UserError

            try:
                return self.workflows.get(app_id).name if app_id else ""
            except UserError:
                return ""

        return MailService(lambda: self.settings, lambda: self.secrets, name_of, send, self.has_database)

    @cached_property
    def form_trials(self) -> FormTrials:
        """Forms without a run."""
        from engine.services.form_trials import FormTrials

        def values(app_id: str) -> dict[str, dict[str, Any]]:
            return self.debug_store.values(app_id) if self.has_database() else {}

        return FormTrials(values, lambda: self.mail, self.clock, lambda: self.limits().min_masked_secret_length)

    async def send_form_again(self, session_id: str) -> dict[str, Any]:
        """Send the e-mails of a waiting form that did not go; see `engine.services.form_mail.send_again`."""
        from engine.services.form_mail import send_again

        return await send_again(self.forms, self.mail, session_id)

    def limits(self) -> Limits:
        """The table of limits with the workspace's changes; the file is not opened only for that."""
        if "database" not in self.__dict__ and not self.has_database():
            return Limits()
        return Limits.from_settings(self.settings.get("limits", {}))

    # -- the outside -------------------------------------------------------------------------------------------------

    @property
    def ports(self) -> Ports:
        """The doors of runs, made for the running event loop at first use."""
        if self._ports is None:
            self._ports = self._make_ports(self._closers)
        return self._ports

    def tool_trial(self) -> ToolTrial:
        """One call of a tool outside of any workflow, with doors of its own: from any thread."""
        from engine.services.tool_trial import ToolTrial

        closers: list[Callable[[], Any]] = []
        return ToolTrial(lambda: self._make_ports(closers), closers)

    def _make_ports(self, closers: list[Callable[[], Any]]) -> Ports:
        from engine.adapters.code_pool import CodePool
        from engine.ports.bundle import Ports

        limits = self.limits()
        known = self.has_database()
        packages = self.settings.get("code_packages", []) if known else []
        pool = CodePool(limits, packages)
        ports = Ports(clock=self.clock, ids=self.ids, code=pool)
        closers.append(pool.close)
        self._add_files(ports, limits)
        self._add_network(ports, limits, closers, known=known)
        ports.models = self.models.chat_model()
        if known:
            from engine.services.memory import StoredMemory

            ports.extras["memory"] = StoredMemory(self.debug_store)
            ports.extras["workflow_runner"] = self.workflow_tools
            ports.extras["mail"] = self.mail
        ports.extras["human_input"] = self.forms if known else self._passing_forms(limits)
        self._add_tools(ports, closers, known=known)
        return ports

    async def code_isolation(self) -> dict[str, Any]:
        """What keeps user code in on this machine (see `CodePool.isolation`)."""
        from engine.adapters.code_pool import CodePool

        code = self.ports.code
        return await code.isolation() if isinstance(code, CodePool) else {}

    def record_outside(self, path: Path, secrets: Mapping[str, str], head: Mapping[str, Any]) -> None:
        """Write every exchange of this process with the outside into a file; `secrets` (name to value) are masked."""
        from engine.adapters.recording import Recorder
        from engine.adapters.taped import taped

        recorder = Recorder(path, secrets, head, shortest=self.limits().min_masked_secret_length)
        self._ports = taped(self.ports, recorder)
        self._closers.append(recorder.close)

    def replay_outside(
        self, path: Path, secrets: Mapping[str, str], *, strict: bool
    ) -> tuple[Mapping[str, Any], dict[str, str]]:
        """Answer from a recording instead of from the outside. Its head, and values for those of `secrets` that have
        none: the log shows them as it showed the recorded ones. Raises UserError for a file that is no recording."""
        from engine.adapters.recording import Player, read_head, stand_in
        from engine.adapters.taped import taped

        head = read_head(path)
        values = {name: value or stand_in(name, head) for name, value in secrets.items()}
        self._ports = taped(self.ports, Player(path, values, strict=strict))
        return head, {name: values[name] for name, value in secrets.items() if not value}

    def _passing_forms(self, limits: Limits) -> FormDesk:
        """Forms of runs that are not kept."""
        from engine.nodes.human_input.desk import FormDesk, MemoryForms
        from engine.ports.tape import AskedClock, AskedIds

        return FormDesk(MemoryForms(), AskedClock(self.clock), AskedIds(self.ids), limits.human_input_seconds)

    def _add_files(self, ports: Ports, limits: Limits) -> None:
        from engine.adapters.documents import LocalDocumentReader
        from engine.adapters.files import FolderFiles

        ports.files = FolderFiles(self.data_dir / "files")
        ports.documents = LocalDocumentReader(limits=limits)

    def _add_tools(self, ports: Ports, closers: list[Callable[[], Any]], *, known: bool) -> None:
        """Tools use the doors as they are now: a tape that is put before them later sees each tool's call as one."""
        from dataclasses import replace

        from engine.adapters.network_rules import NetworkRules

        own = replace(ports, extras={"default_model": self.models.default if known else lambda: None})
        own.extras["model_connection"] = self.models.chat_model().connection
        own.extras["databases_folder"] = self.data_dir / "databases"
        rules = self.settings.get("network", {}) if known else {}
        tools = self.tools.provider(own, NetworkRules(rules.get("allow_hosts", ())))
        ports.tools = tools
        ports.extras |= {name: own.extras[name] for name in ("tool_aliases", "tool_names")}
        closers.append(tools.close)

    def _add_network(self, ports: Ports, limits: Limits, closers: list[Callable[[], Any]], *, known: bool) -> None:
        from engine.adapters.http import HttpxClient

        rules = self.settings.get("network", {}) if known else {}
        client = HttpxClient(limits, allow_hosts=rules.get("allow_hosts", ()))
        ports.http = client
        closers.append(client.close)

    def fetch(self, url: str) -> Fetch:
        """A download under the workspace's network rules. Raises UserError for what is no address."""
        from engine.adapters.http import HttpxClient
        from engine.services.fetching import Fetch

        def connect() -> tuple[Any, Any]:
            rules = self.settings.get("network", {}) if self.has_database() else {}
            client = HttpxClient(self.limits(), allow_hosts=rules.get("allow_hosts", ()))
            return client.send, client.close

        return Fetch(url, connect)

    def keep_file(self, path: Path, mime_type: str) -> str:
        """Copy a file into the workspace; its reference. Raises EnvironmentProblem when it cannot be read."""
        from engine.errors import EnvironmentProblem

        try:
            return self.keep_bytes(path.read_bytes(), path.name, mime_type)
        except OSError as error:
            raise EnvironmentProblem(f"{path} cannot be read: {error.strerror or error}") from error

    def keep_bytes(self, content: bytes, filename: str, mime_type: str) -> str:
        """Keep content as a file of the workspace; its reference."""
        from engine.adapters.files import FolderFiles

        return FolderFiles(self.data_dir / "files").put(content, filename, mime_type)

    def file_path(self, reference: str) -> Path | None:
        """Where a file of the workspace lies; None when there is none of this name."""
        from engine.adapters.files import FolderFiles

        return FolderFiles(self.data_dir / "files").path(reference)

    def listen(
        self,
        node: Node,
        heard: Callable[[dict[str, Any]], None],
        turned: Callable[[int, str], None],
        *,
        port: int = 0,
    ) -> TestRequest:
        """Wait for one test request of a webhook; see `engine.services.webhooks.listen`."""
        import secrets

        from engine.services.webhooks import listen

        test_id = secrets.token_urlsafe(18)
        return listen(node, test_id, self.keep_bytes, self.limits(), heard, turned, port=port)

    def has_database(self) -> bool:
        """Whether there is anything stored yet."""
        return (self.data_dir / "penstock.db").exists()

    def open_workspace(self) -> None:
        """Open the file now, and put right what an unclean end left behind."""
        self.run_store  # noqa: B018 - opening is the point

    def go_on_with_answered(self) -> list[RunHandle]:
        """Settle forms whose time is over and go on with every run whose form was settled: a time-out takes its own
        branch, the end of the global time stops the run (nodes-logic spec 12.6). On an event loop; once a minute."""
        self.forms.sweep()
        handles = []
        for run_id, statuses in self.run_store.due_forms().items():
            if "expired" in statuses:
                self.runs.stop(run_id, "Nobody answered its form in time")
            else:
                handles.append(self.runs.resume(run_id))
        return handles

    # -- the end -----------------------------------------------------------------------------------------------------

    async def close_ports(self) -> None:
        """End workers and connections of this loop."""
        closers, self._closers = self._closers, []
        self._ports = None
        for closer in closers:
            result = closer()
            if hasattr(result, "__await__"):
                await result

    def close(self) -> None:
        """Write what waits and close the file."""
        if "database" in self.__dict__:
            self.database.close()
