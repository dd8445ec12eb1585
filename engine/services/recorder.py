"""Writes a run as it happens: events as they are and the rows that follow from them, in batches (architecture 3).

Belongs to the run's event loop. The end of a run is on disk before anybody is told of it, because the engine awaits
`flush` first.

What cannot be written (a full disk, a file that another program keeps) is held and tried again, in order, for as long
as the loop lives; whoever runs the run is told, so that it stops and no more is lost (storage spec, section 10.9).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from engine.errors import EnvironmentProblem
from engine.logs import get_logger
from engine.run.drafts import DraftCollector, DraftValue
from engine.run.limits import Limits
from engine.run.records import Records, RowChange, RunFacts, stored_reason
from engine.store.db import Database, told
from engine.store.debug import DebugStore
from engine.store.offload import WAITED_FOR, Offload, policy_of
from engine.store.runs import RunStore

log = get_logger(__name__)
BATCH_EVENTS = 1000
BATCH_BYTES = 8 * 1024 * 1024
BATCH_SECONDS = 0.05
MAX_WAITING_BATCHES = 8
LOCKED_SECONDS = 30.0
"""How long another program may keep the file before the run is stopped; a full disk is no matter of waiting."""
AGAIN_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(slots=True, eq=False)
class _Batch:
    """Events to write together, with what follows from them as soon as it is worked out."""

    events: list[Mapping[str, Any]]
    payloads: dict[int, Mapping[str, Any]]
    changes: list[RowChange] | None = None
    drafts: list[tuple[DraftValue, str]] | None = None


class RunRecorder:
    """The `Recorder` of one run. `on_trouble` is told once, on any thread, why the run cannot be kept any longer."""

    def __init__(
        self,
        database: Database,
        runs: RunStore,
        debug: DebugStore,
        facts: RunFacts,
        *,
        owner: str,
        more: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        next_index: int = 1,
        open_rows: list[dict[str, Any]] | None = None,
        keep_drafts: bool = True,
        policy: Any = None,
    ) -> None:
        self._db, self._runs, self._debug, self._facts = database, runs, debug, facts
        self._records = Records(facts, limits=limits, next_index=next_index, open_rows=open_rows or [])
        self._owner, self._more, self._limits = owner, {"app_id": facts.app_id, **(more or {})}, limits
        waited_for = facts.triggered_from in WAITED_FOR or facts.type == "chat"
        self._offload = Offload(policy_of(policy), waited_for)
        self._events: list[Mapping[str, Any]] = []
        self._payloads: dict[int, Mapping[str, Any]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._last: Future[Any] | None = None
        self._batch = BATCH_EVENTS
        self._drafts = DraftCollector(limits) if keep_drafts else None
        self._unwritten: deque[_Batch] = deque()
        self._in_hand = 0  # of the unwritten batches, those that the open transaction has; the writer's own
        self._bad: _Batch | None = None
        self._loop = asyncio.get_running_loop()
        self._again: asyncio.TimerHandle | None = None
        self._failures, self._failing_since = 0, 0.0
        self._trouble = ""
        self.on_trouble: Callable[[str], None] | None = None

    def event(self, event: Mapping[str, Any], payload: Mapping[str, Any] | None) -> None:
        """Take one event; it is on disk within about 50 ms. What follows from it is worked out by the writer."""
        events = self._events
        events.append(event)
        if payload is not None:
            self._payloads[event["seq"]] = payload
        if len(events) >= self._batch or event["event"] == "GraphRunStarted":
            self._send()  # a run is in the log before its first node is
        elif self._timer is None:
            self._timer = self._loop.call_later(BATCH_SECONDS, self._send)

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._events:
            return
        events, self._events = self._events, []
        payloads, self._payloads = self._payloads, {}
        self._unwritten.append(_Batch(events, payloads))
        self._submit()

    def is_behind(self) -> bool:
        """Whether the disk is so far behind that what waits for it would fill the memory."""
        return len(self._unwritten) > MAX_WAITING_BATCHES

    @property
    def trouble(self) -> str:
        """Why the run cannot be kept, or an empty text."""
        return self._trouble

    def _submit(self) -> None:
        self._last = self._db.submit(self._write)
        self._last.add_done_callback(self._written)

    # -- on the writer's thread ------------------------------------------------------------------------------------

    def _write(self, connection: Connection) -> int:
        """Write what has not been written, in order; how many batches that makes from the first on."""
        before = self._in_hand
        for batch in list(self._unwritten)[before:]:
            try:
                self._write_batch(connection, batch)
            except Exception:
                self._in_hand, self._bad = before, batch
                raise
            self._in_hand += 1
        return self._in_hand

    def _write_batch(self, connection: Connection, batch: _Batch) -> None:
        if batch.changes is None:
            batch.changes = self._changes(batch)
        self._runs.apply(connection, batch.changes, self._more, self._owner, self._offload)
        if self._facts.kind != "node":
            size = self._runs.add_events(connection, self._facts.run_id, batch.events)
            # Batches of large events are short, so that few bytes wait in memory.
            self._batch = max(min(BATCH_EVENTS, BATCH_BYTES * len(batch.events) // max(size, 1)), 1)
        last = batch.events[-1]
        state = batch.payloads.get(last["seq"], {}).get("snapshot")
        if last["event"] == "GraphRunPaused" and state is not None:
            reasons = [stored_reason(reason) for reason in last.get("reasons", ())]
            self._runs.put_pause(connection, self._facts.run_id, state, reasons)
        if self._drafts is not None:
            self._write_drafts(connection, self._drafts, batch)

    def _changes(self, batch: _Batch) -> list[RowChange]:
        changes: list[RowChange] = []
        apply = self._records.apply
        for event in batch.events:
            try:
                changes += apply(event, batch.payloads.get(event["seq"]))
            except Exception:
                log.exception("the record of run %s fails on %s", self._facts.run_id, event.get("event"))
        return changes

    def _write_drafts(self, connection: Connection, collector: DraftCollector, batch: _Batch) -> None:
        """What steps left for debugging; it must not take the record with it."""
        if batch.drafts is None:
            batch.drafts = collector.of(batch.events)
        if not batch.drafts:
            return
        connection.exec_driver_sql("savepoint drafts")
        try:
            self._debug.put(connection, self._facts.app_id, batch.drafts)
        except Exception as error:
            if isinstance(told(error), EnvironmentProblem):
                raise
            log.exception("values of run %s could not be kept for debugging", self._facts.run_id)
            connection.exec_driver_sql("rollback to drafts")
        connection.exec_driver_sql("release drafts")

    def _written(self, future: Future[int]) -> None:
        """A transaction is over: what it wrote is let go of, what it could not write stays."""
        error = future.exception()
        if error is None:
            done = future.result()
            for _ in range(min(done, self._in_hand)):
                self._unwritten.popleft()
                self._in_hand -= 1
            self._failures = 0
            return
        if not isinstance(error, EnvironmentProblem) or error.code == "store.closed":
            # Trying again would not help; the rest of the run may still be kept.
            self._lost(future)
            if self._bad is not None:
                self._unwritten.remove(self._bad)
                self._bad = None
            self._soon()
            return
        self._in_hand = 0
        now = time.monotonic()
        self._failing_since = self._failing_since if self._failures else now
        self._failures += 1
        patient = error.code == "store.locked" and now - self._failing_since < LOCKED_SECONDS
        if not patient and not self._trouble:
            self._trouble = f"The run cannot be kept: {error.message} {error.hint}".strip()
            log.error("run %s: %s", self._facts.run_id, self._trouble)
            if self.on_trouble is not None:
                self.on_trouble(self._trouble)
        self._soon()

    def _soon(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._try_again)
        except RuntimeError:  # the loop is closed: nothing can be tried any more
            return

    def _lost(self, future: Future[Any]) -> None:
        error = future.exception()
        if error is not None:
            # The first line says what; the rest of a database error would be the whole statement with its values.
            log.error("run %s could not be recorded: %s", self._facts.run_id, str(error).split("\n", 1)[0])

    # -- on the loop -------------------------------------------------------------------------------------------------

    def _try_again(self) -> None:
        if self._again is None and self._unwritten:
            wait = AGAIN_SECONDS[min(max(self._failures - 1, 0), len(AGAIN_SECONDS) - 1)]
            self._again = self._loop.call_later(wait, self._once_more)

    def _once_more(self) -> None:
        self._again = None
        if self._unwritten:
            self._submit()

    async def flush(self) -> None:
        """Return when everything so far is on disk, or cannot be written now: then it is tried again later."""
        self._send()
        while self._last is not None:
            last = self._last
            waited = asyncio.wrap_future(last)
            await asyncio.wait([waited])
            waited.exception()  # looked at by `_written`
            if last is self._last and (not self._unwritten or self._trouble):
                return
            if last is self._last:
                await asyncio.sleep(0.05)  # another program has the file
