"""Opening a workspace's file, its pragmas, one writer thread and readers with sessions of their own."""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from engine.errors import EnvironmentProblem
from engine.logs import get_logger
from engine.store.tables import APPLICATION_ID, SCHEMA_VERSION, SEARCH, TRIGGERS, metadata

log = get_logger(__name__)
Result = TypeVar("Result")
Job = Callable[[Connection], Any]
BATCH = 64


class Database:
    """One workspace file. Writes go through `write`, which one thread carries out in order; `read` may be used from any
    thread. Raises EnvironmentProblem when the file cannot be opened, `store.newer_schema` in `newer` otherwise."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.engine = _engine(path)
        self.newer: int | None = None
        self._jobs: queue.SimpleQueue[tuple[Job, Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        try:
            _patiently(self._prepare)
        except (OperationalError, sqlite3.Error) as error:
            raise EnvironmentProblem(
                f"The workspace file {path} cannot be opened: {_plain(error)}",
                code="store.unreadable",
                hint="Check that the folder can be written, or choose another with --data.",
            ) from error
        self._writer = threading.Thread(target=self._write_all, name=f"penstock-writer-{path.stem}", daemon=True)
        self._writer.start()

    # -- schema ------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        with self.engine.connect() as connection:
            version = int(connection.execute(text("pragma user_version")).scalar() or 0)
        if version == 0:
            self._create()
        elif version > SCHEMA_VERSION:
            self.newer = version
        elif version < SCHEMA_VERSION:
            from engine.store.migrations import migrate

            migrate(self.engine, self.path, version)

    def _create(self) -> None:
        """Make the tables, unless another process (the studio and its engine start together) was first."""
        with self.engine.connect() as connection:
            connection.execute(text("begin immediate"))
            if int(connection.execute(text("pragma user_version")).scalar() or 0):
                connection.execute(text("rollback"))
                return
            metadata.create_all(connection)
            for statement in TRIGGERS:
                connection.execute(text(statement))
            connection.execute(
                text(SEARCH if _has_trigram(connection) else SEARCH.replace(", tokenize = 'trigram'", ""))
            )
            connection.execute(text(f"pragma application_id = {APPLICATION_ID}"))
            connection.execute(text(f"pragma user_version = {SCHEMA_VERSION}"))
            connection.execute(text("commit"))

    # -- reading -----------------------------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading, a consistent view while it lasts."""
        with self.engine.connect() as connection:
            yield connection

    # -- writing -----------------------------------------------------------------------------------------------------

    def submit(self, job: Callable[[Connection], Result]) -> Future[Result]:
        """Hand a write to the writer thread; the future ends when it is on disk. Jobs run in order, each one whole or
        not at all; several may share a transaction's commit."""
        future: Future[Result] = Future()
        if self._closed:
            future.set_exception(EnvironmentProblem("The workspace is closed.", code="store.closed"))
            return future
        if self.newer is not None:
            message = f"The workspace was written by a newer program (schema {self.newer}); it is read-only here."
            future.set_exception(EnvironmentProblem(message, code="store.newer_schema"))
            return future
        self._jobs.put((job, future))
        return future

    def write(self, job: Callable[[Connection], Result]) -> Result:
        """Carry out a write and wait for it. Raises what the job raises, EnvironmentProblem for a full disk."""
        return self.submit(job).result()

    def _write_all(self) -> None:
        ending = False
        while not ending:
            first = self._jobs.get()
            batch = [first] if first is not None else []
            ending = first is None
            while batch and len(batch) < BATCH:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    ending = True
                    break
                batch.append(more)
            if batch:
                self._run_batch(batch)

    def _run_batch(self, batch: list[tuple[Job, Future[Any]]]) -> None:
        """One transaction for the batch; each job in a savepoint, so that a bad one spoils only itself."""
        done: list[tuple[Future[Any], Any]] = []
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("begin immediate")
                for job, future in batch:
                    connection.exec_driver_sql("savepoint job")
                    try:
                        result = job(connection)
                    except Exception as error:
                        if isinstance(told(error), EnvironmentProblem):
                            raise  # of the disk: SQLite has let go of the whole transaction, or had better
                        connection.exec_driver_sql("rollback to job")
                        connection.exec_driver_sql("release job")
                        future.set_exception(told(error))
                    else:
                        connection.exec_driver_sql("release job")
                        done.append((future, result))
                connection.exec_driver_sql("commit")
        except Exception as error:  # noqa: BLE001 - whoever waits is told; the writer goes on
            for _, future in batch:
                if not future.done():
                    future.set_exception(told(error))
            return
        for future, result in done:
            future.set_result(result)

    def close(self) -> None:
        """Write what waits, end the thread, close the file."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        self._writer.join(10)
        self.engine.dispose()


def _patiently(job: Callable[[], None], seconds: float = 5.0) -> None:
    """Carry out a job that another process may keep from the file for a moment: changing to WAL does not wait by
    itself."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            job()
        except (OperationalError, sqlite3.Error) as error:
            if "locked" not in _plain(error).lower() or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"check_same_thread": False, "timeout": 5, "isolation_level": None}
    )

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "auto_vacuum = incremental",
            "journal_mode = wal",
            "synchronous = full",
            "foreign_keys = on",
            "busy_timeout = 5000",
            "temp_store = memory",
        ):
            cursor.execute(f"pragma {pragma}")
        cursor.close()

    return engine


def _has_trigram(connection: Connection) -> bool:
    """Trigrams (SQLite 3.34) find parts of words and Chinese text."""
    version = str(connection.execute(text("select sqlite_version()")).scalar())
    return tuple(map(int, version.split("."))) >= (3, 34)


def _plain(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def told(error: Exception) -> Exception:
    """A locked or full disk becomes a problem of the environment; all else stays what it is."""
    if not isinstance(error, (DBAPIError, sqlite3.Error, OSError)):
        return error
    words = _plain(error).lower()
    if "locked" in words:
        return EnvironmentProblem(
            f"The workspace cannot be written: {_plain(error)}.",
            code="store.locked",
            hint="Another program works on it; close that one, or wait: what could not be written is tried again.",
        )
    full = ("disk is full", "disk i/o", "readonly", "unable to open", "file too large", "no space", "quota")
    if any(word in words for word in full):
        return EnvironmentProblem(
            f"The workspace cannot be written: {_plain(error)}.",
            code="store.not_written",
            hint="Free some space or close the other program; the work stays in memory and is saved again by itself.",
        )
    return error
