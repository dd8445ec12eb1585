"""Reference cycles that hold widgets are taken apart on the window's thread, whoever makes objects meanwhile."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QWidget

from editor.bridge.garbage import Garbage
from editor.screenshot import wait_until
from tests.helpers.studio import opened_studio


def many_objects() -> None:
    """Enough new objects for Python's own collector to run several times on this thread."""
    kept = [[number] for number in range(200_000)]
    assert kept


def test_a_cycle_with_a_widget_ends_on_the_windows_thread(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        gone: list[threading.Thread] = []

        class Held(QWidget):
            def __init__(self) -> None:
                super().__init__()
                self.itself = self

        watch = weakref.ref(Held(), lambda _: gone.append(threading.current_thread()))
        worker = threading.Thread(target=many_objects)
        worker.start()
        worker.join()
        assert watch() is not None, "the other thread did not take it apart"
        busy: list[Any] = []

        def over() -> bool:
            busy.extend([number] for number in range(2_000))
            return bool(gone)

        assert wait_until(over, 60)
        assert gone == [threading.main_thread()]
        studio.settle()


def test_python_collects_by_itself_again_when_the_last_one_stops(tmp_path: Path) -> None:
    assert gc.isenabled()
    with opened_studio(tmp_path) as studio:
        assert not gc.isenabled()
        another = Garbage(studio.window)
        another.stop()
        another.stop()
        assert not gc.isenabled()
    assert gc.isenabled()
