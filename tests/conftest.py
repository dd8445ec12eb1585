"""Guards for every test: an offscreen screen, a private workspace, no unexpected log records, nothing left running.

A test that expects a log record says so with `caplog` (its records at WARNING and above are then its own business,
through the marker `expects_log`).
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Speed is measured in the benchmarks; a loaded machine makes no test fail.
settings.register_profile("penstock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("penstock")

# Before anything imports Qt or opens a workspace: no real screen, no real home, no keychain.
os.environ["QT_QPA_PLATFORM"] = os.environ.get("PENSTOCK_TEST_PLATFORM", "offscreen")
if "PENSTOCK_DATA" not in os.environ:
    os.environ["PENSTOCK_DATA"] = tempfile.mkdtemp(prefix="penstock-test-")
    atexit.register(shutil.rmtree, os.environ["PENSTOCK_DATA"], ignore_errors=True)
os.environ["PENSTOCK_KEYRING"] = "file"
os.environ["PENSTOCK_NO_MOTION"] = "1"
os.environ["PENSTOCK_NO_DISCOVERY"] = "1"

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"

# Threads that live as long as the process on purpose.
LASTING_THREADS = (
    "pytest",  # xdist and the time-out plugin
    "execnet",
    "penstock-lasting",  # ours: loaded models and the like, see the module that names them
    "asyncio-waitpid",
    "QThread",
    "Dummy",  # threads that are not Python's own
    "llama",
    "tqdm",
)

QUIET_LOGGERS = ("asyncio.slow", "hypothesis")


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def _no_unexpected_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """A record at WARNING or above fails the test unless it carries the marker `expects_log`."""
    collector = _Collector()
    root = logging.getLogger()
    root.addHandler(collector)
    try:
        yield
    finally:
        root.removeHandler(collector)
    if request.node.get_closest_marker("expects_log"):
        return
    bad = [r for r in collector.records if not r.name.startswith(QUIET_LOGGERS)]
    if bad:
        lines = "\n".join(f"{r.levelname} {r.name} ({r.pathname}:{r.lineno}): {r.getMessage()}" for r in bad)
        pytest.fail(f"unexpected log records:\n{lines}")


_origins: dict[int, str] = {}
_start = threading.Thread.start


def _remembering_start(thread: threading.Thread) -> None:
    frames = [f for f in traceback.extract_stack()[:-1] if "threading.py" not in f.filename]
    _origins[id(thread)] = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
    _start(thread)


threading.Thread.start = _remembering_start  # type: ignore[method-assign]


def _left_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    return [
        t for t in threading.enumerate() if t not in before and t.is_alive() and not t.name.startswith(LASTING_THREADS)
    ]


@pytest.fixture(autouse=True)
def _no_left_threads() -> Iterator[None]:
    """A thread that a test started and did not end fails it, naming the line that started it."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 3.0
    left = _left_threads(before)
    while left and time.monotonic() < deadline:
        left[0].join(0.05)
        left = _left_threads(before)
    if left:
        names = "\n".join(f"{t.name} started at {_origins.get(id(t), '?')}" for t in left)
        pytest.fail(f"threads left running:\n{names}")


def _qt_widgets() -> Any:
    return sys.modules.get("PySide6.QtWidgets")


@pytest.fixture(autouse=True)
def _no_left_windows(request: pytest.FixtureRequest) -> Iterator[None]:
    """A visible top-level widget or an active timer that a test left behind fails it."""
    if "qapp" not in request.fixturenames and "editor" not in str(request.path) and "journeys" not in str(request.path):
        yield
        return
    widgets = _qt_widgets()
    app = widgets.QApplication.instance() if widgets else None
    before = {id(w) for w in app.topLevelWidgets()} if app else set()
    yield
    widgets = _qt_widgets()
    app = widgets.QApplication.instance() if widgets else None
    if app is None:
        return
    from PySide6.QtCore import QCoreApplication, QEvent, QTimer
    from shiboken6 import isValid

    for _ in range(3):
        app.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    left = [w for w in app.topLevelWidgets() if id(w) not in before and isValid(w) and w.isVisible()]
    names = [f"window {type(w).__name__} {w.objectName() or w.windowTitle()!r}" for w in left]
    gc.collect()
    for thing in gc.get_objects():
        if type(thing) is QTimer and isValid(thing) and thing.isActive() and thing.parent() is None:
            names.append(f"timer {thing.objectName() or thing.interval()} ms without a parent")  # noqa: PERF401
    gc.freeze()  # what is left lives on: to look through it again after each test took longer than many a test
    for window in left:
        window.close()
        window.deleteLater()
    if names:
        pytest.fail("left behind:\n" + "\n".join(names))


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace folder of the test's own, also in the environment."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.setenv("PENSTOCK_DATA", str(folder))
    return folder


@pytest.fixture(scope="session")
def corpus_files() -> list[Path]:
    """The real files beside the repository; the test is skipped where they are not."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real files is not here")
    return sorted(CORPUS.glob("*.yml")) + sorted(CORPUS.glob("*.yaml"))
