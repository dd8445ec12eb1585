"""The forms of a workspace: made when a node first asks, answered once, ended by their clocks (nodes-logic spec 12.6).

Where they are kept is a `FormStore`; the desk holds nothing itself, so that forms outlive the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Protocol

from engine.clock import Clock, IdSource, SystemIds, iso
from engine.nodes.human_input.form import FormRefused, check_submission
from engine.ports.human_input import FormRequest, FormState, Submitted, TimedOut, Waiting
from engine.ports.outside import PortError
from engine.run.variables.segments import plain

Record = dict[str, Any]
"""session_id, run_id, node_id, node_title, execution_id, definition, status, created_at, expires_at,
global_expires_at ("" = never), action_id, values, submitted_at, mail (None, or what became of the e-mails). Times are
ISO texts in UTC; all is JSON-able."""


UNKNOWN = "It is not known whether the e-mails were sent: the program ended while it was at it."
"""What is kept while e-mails are on their way."""


class FormStore(Protocol):
    """Where forms are kept. `add` and `change` are durable when they return."""

    def get(self, session_id: str) -> Record | None: ...

    def find(self, run_id: str, execution_id: str) -> Record | None: ...

    def add(self, record: Record) -> None: ...

    def change(self, session_id: str, expected_status: str, changes: Mapping[str, Any]) -> bool:
        """Change a form that still has that status; False when it has another: the first answer wins."""
        ...

    def note_mail(self, session_id: str, report: Mapping[str, Any], *, first: bool) -> bool:
        """Keep a report on the form's e-mails; with `first` only where there is none yet: False when there is."""
        ...

    def waiting(self) -> Iterable[Record]: ...


class MemoryForms:
    """Forms that live as long as the program; any thread."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._lock = Lock()

    def get(self, session_id: str) -> Record | None:
        return self._records.get(session_id)

    def find(self, run_id: str, execution_id: str) -> Record | None:
        key = (run_id, execution_id)
        return next((r for r in self._records.values() if (r["run_id"], r["execution_id"]) == key), None)

    def add(self, record: Record) -> None:
        with self._lock:
            self._records[record["session_id"]] = record

    def change(self, session_id: str, expected_status: str, changes: Mapping[str, Any]) -> bool:
        with self._lock:
            record = self._records[session_id]
            if record["status"] != expected_status:
                return False
            self._records[session_id] = {**record, **changes}
            return True

    def note_mail(self, session_id: str, report: Mapping[str, Any], *, first: bool) -> bool:
        with self._lock:
            record = self._records[session_id]
            if first and record["mail"] is not None:
                return False
            self._records[session_id] = {**record, "mail": dict(report)}
            return True

    def waiting(self) -> list[Record]:
        with self._lock:
            return [record for record in self._records.values() if record["status"] == "waiting"]


class FormDesk:
    """The host that nodes ask and that people answer. `global_seconds` of 0 or less: no global limit."""

    def __init__(self, store: FormStore, clock: Clock, ids: IdSource, global_seconds: float = 604_800.0) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._global_seconds = global_seconds

    def ask(self, request: FormRequest) -> FormState:
        """What has become of the node execution's form. Raises PortError when the global limit has passed."""
        record = self._store.find(request.run_id, request.execution_id)
        if record is None:
            return Waiting(self._make(request))
        record = self._settled(record)
        session, content, mail = record["session_id"], record["definition"].get("form_content"), record.get("mail")
        match record["status"]:
            case "submitted":
                return Submitted(session, record["action_id"], record["values"], content, mail)
            case "timeout":
                return TimedOut(session, record["expires_at"], content, mail)
            case "expired":
                title = record["node_title"] or record["node_id"]
                raise PortError("HumanInputExpired", f"Nobody answered the form of {title} in time.")
        return Waiting(session)

    def _make(self, request: FormRequest) -> str:
        now = self._clock.now()
        session = self._ids.uuid()
        if self._store.get(session) is not None:
            session = SystemIds().uuid()  # a replay beside the run that it repeats: that one has the form of this id
        seconds = float(request.definition.get("timeout_seconds") or 0)
        limit = now + timedelta(seconds=self._global_seconds)
        self._store.add(
            {
                "session_id": session,
                "run_id": request.run_id,
                "node_id": request.node_id,
                "node_title": request.node_title,
                "execution_id": request.execution_id,
                "definition": plain(dict(request.definition)),
                "status": "waiting",
                "created_at": iso(now),
                "expires_at": iso(now + timedelta(seconds=seconds)),
                "global_expires_at": iso(limit) if self._global_seconds > 0 else "",
                "action_id": "",
                "values": {},
                "submitted_at": "",
                "mail": None,
            }
        )
        return session

    def claim_mail(self, session_id: str) -> bool:
        """True for the first who asks: that one sends the form's e-mails."""
        return self._store.note_mail(session_id, {"sent": [], "failed": [], "notes": [UNKNOWN]}, first=True)

    def note_mail(self, session_id: str, report: Mapping[str, Any]) -> None:
        """Keep what became of the e-mails."""
        self._store.note_mail(session_id, plain(dict(report)), first=False)

    def _settled(self, record: Record) -> Record:
        """The form with its clocks looked at: when both have run out, the global one counts."""
        if record["status"] != "waiting":
            return record
        now = self._clock.now()
        limit = record["global_expires_at"]
        if limit and now >= datetime.fromisoformat(limit):
            status = "expired"
        elif now >= datetime.fromisoformat(record["expires_at"]):
            status = "timeout"
        else:
            return record
        self._store.change(record["session_id"], "waiting", {"status": status})
        return self._store.get(record["session_id"]) or record

    def form(self, session_id: str) -> Record:
        """A form. Raises FormRefused `form.unknown`."""
        record = self._store.get(session_id)
        if record is None:
            raise FormRefused("There is no such form.", code="form.unknown")
        return self._settled(record)

    def submit(self, session_id: str, action_id: str, values: Mapping[str, Any]) -> Record:
        """Answer a form; the run may be resumed then. Raises FormRefused: unknown, answered, expired, or not valid."""
        record = self.form(session_id)
        self._refuse_unless_waiting(record["status"])
        accepted = check_submission(record["definition"], action_id, values)
        changes = {
            "status": "submitted",
            "action_id": action_id,
            "values": plain(accepted),
            "submitted_at": iso(self._clock.now()),
        }
        if not self._store.change(session_id, "waiting", changes):
            self._refuse_unless_waiting(self.form(session_id)["status"])
        return self.form(session_id)

    @staticmethod
    def _refuse_unless_waiting(status: str) -> None:
        if status == "submitted":
            raise FormRefused("The form has been answered already.", code="form.submitted")
        if status != "waiting":
            raise FormRefused("The form's time is over.", code="form.expired")

    def waiting(self, run_id: str | None = None) -> list[Record]:
        """Forms that wait for an answer now, of one run or of all."""
        found = [self._settled(record) for record in list(self._store.waiting())]
        return [r for r in found if r["status"] == "waiting" and run_id in (None, r["run_id"])]

    def sweep(self) -> list[Record]:
        """End what is due and give it back: runs whose form has `timeout` go on, those with `expired` are stopped."""
        return [r for record in list(self._store.waiting()) if (r := self._settled(record))["status"] != "waiting"]
