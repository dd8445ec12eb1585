"""Work away from the window's thread: results come back on it, late ones that nobody wants any more are dropped."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from engine.errors import PenstockError, UserError
from engine.logs import get_logger

log = get_logger("editor.tasks")
Done = Callable[[Any], None]
Failed = Callable[[PenstockError], None]


def _import_what_threads_cannot() -> None:
    """Import pydantic on the window's thread, before any thread can.

    Qt for Python looks into every module that is imported while it is loaded, and asks it for attributes; pydantic
    answers by importing more of itself. Two threads that do so at once find each other's half-imported modules, and
    one fails with an ImportError.
    """
    import pydantic

    for name in ("BaseModel", "ValidationError", "TypeAdapter"):
        getattr(pydantic, name)


class Tasks(QObject):
    """A small pool of threads. `key` makes a task the latest of its kind: an older one's result is not delivered."""

    _finished = Signal(object, object, object, object, object)

    def __init__(self, parent: QObject | None = None, workers: int = 4) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="penstock-task")
        self._latest: dict[str, int] = {}
        self._closed = False
        self._count = 0
        self._under_way = 0
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[..., Any],
        *arguments: Any,
        done: Done | None = None,
        failed: Failed | None = None,
        key: str = "",
    ) -> None:
        """Call `work(*arguments)` on a thread; then `done(result)` or `failed(error)` here. An unexpected error is
        logged and given to `failed` in words."""
        if self._closed:
            return
        if not self._count:
            _import_what_threads_cannot()
        self._count += 1
        self._under_way += 1
        number = self._count
        if key:
            self._latest[key] = number
        self._pool.submit(self._work, work, arguments, done, failed, key, number)

    def _work(
        self, work: Callable[..., Any], arguments: tuple[Any, ...], done: Any, failed: Any, key: str, number: int
    ) -> None:
        result: Any = None
        error: PenstockError | None = None
        try:
            result = work(*arguments)
        except PenstockError as problem:
            error = problem
        except Exception as problem:
            log.exception("a background task failed")
            error = UserError(f"Something went wrong: {problem}", code="bug")
        if not self._closed:
            self._finished.emit(done, failed, result, error, (key, number))

    def _deliver(self, done: Any, failed: Any, result: Any, error: Any, token: tuple[str, int]) -> None:
        key, number = token
        self._under_way -= 1
        if self._closed or (key and self._latest.get(key) != number):
            return
        if error is not None:
            if failed is not None:
                failed(error)
        elif done is not None:
            done(result)

    @property
    def busy(self) -> bool:
        """Whether something was asked for whose answer has not come yet."""
        return self._under_way > 0

    def close(self) -> None:
        """Wait for what runs and drop what comes back."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
