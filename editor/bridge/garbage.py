"""Python looks for reference cycles on the window's thread only, between two events.

Left to itself Python does so on whatever thread happens to make the next object, in the midst of anything. A cycle may
hold widgets: then they are let go of on a thread that is not theirs, or while Qt takes their parents apart, and the
program ends with a segmentation fault. While a studio is open the collector is off, and this does its work by the same
thresholds.
"""

from __future__ import annotations

import gc
from typing import ClassVar, Final

from PySide6.QtCore import QObject, QTimer

EVERY_MS: Final = 500


class Garbage(QObject):
    """Collects from the event loop until `stop`; the last one that stops gives the work back to Python."""

    _at_work: ClassVar[int] = 0

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(collect)
        self._timer.start()
        Garbage._at_work += 1
        gc.disable()

    def stop(self) -> None:
        """Stop; may be called again."""
        if not self._timer.isActive():
            return
        self._timer.stop()
        Garbage._at_work -= 1
        if not Garbage._at_work:
            gc.enable()


def collect() -> None:
    """What Python would have collected by now: the oldest generation whose threshold is passed, with all younger."""
    counts, thresholds = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > thresholds[generation] > 0:
            gc.collect(generation)
            return
