"""What of a window cannot be come at on a small screen, and the whole gallery on such a screen.

`python -m tests.helpers.reach WxH [en|zh_CN] [words...]` prints what of the gallery is out of reach with a window of
that size. QT_SCALE_FACTOR and the platform say which screen there is; see `small_screen`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QMainWindow, QMenu, QWidget

from editor.tabbing import bring_into_view
from tests.helpers.fits import place

LEAST = QSize(40, 20)
"""How much of a control has to be seen; of a smaller one all."""


def out_of_reach(window: QWidget, room: QSize) -> list[str]:
    """Controls of a window that stay hidden when somebody goes to them, and the window when it is larger than its
    screen."""
    found = []
    # Parts that the gallery takes out of the window are as large as it makes them.
    whole = isinstance(window, QMenu) or not window.windowTitle()
    if not whole and (window.width() > room.width() or window.height() > room.height()):
        found.append(f"{window.windowTitle()} is {window.width()}x{window.height()}")
    for control in window.findChildren(QWidget):
        taken = control.focusPolicy() & Qt.FocusPolicy.TabFocus and control.focusProxy() is None
        if not (control.isVisible() and control.isEnabled() and (taken or isinstance(control, QAbstractButton))):
            continue
        if _seen(control):
            continue
        bring_into_view(control)
        QApplication.processEvents()
        if control.isVisible() and not _seen(control):
            size = control.visibleRegion().boundingRect().size()
            found.append(f"{place(control)}: {size.toTuple()} of {control.size().toTuple()}")
    return found


def _seen(control: QWidget) -> bool:
    wanted = control.size().boundedTo(LEAST)
    return wanted.boundedTo(control.visibleRegion().boundingRect().size()) == wanted


class Strays(QObject):
    """Parts that were shown before they stood anywhere: windows that flash up and take the keyboard."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            known = isinstance(watched, QDialog | QMenu | QMainWindow) or bool(watched.windowTitle())
            made = [f for f in traceback.extract_stack() if "/editor/" in f.filename.replace("\\", "/")]
            popup = watched.windowType() in (Qt.WindowType.Popup, Qt.WindowType.ToolTip)
            if not (known or popup) and made:
                place = f"{type(watched).__name__} was shown as a window at {Path(made[-1].filename).name}"
                self.found.setdefault(f"{place}:{made[-1].lineno}", "any")
        return False


def small_screen(folder: Path, width: int, height: int, scale: float) -> dict[str, str]:
    """Environment of a process whose only screen has so many device pixels and such a display scaling."""
    file = folder / "screen.json"
    screen = {"name": "one", "x": 0, "y": 0, "width": width, "height": height, "logicalDpi": 96, "dpr": 1.0}
    file.write_text(json.dumps({"screens": [screen | {"logicalBaseDpi": 96}]}), "utf-8")
    return {**os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={file}", "QT_SCALE_FACTOR": str(scale)}


def main() -> int:
    """Print what is out of reach."""
    size, language, *words = [*sys.argv[1:], *("", "en")[len(sys.argv) - 1 :]]
    from tests.helpers.gallery import shown
    from tests.helpers.studio import opened_studio

    width, height = (int(part) for part in size.split("x"))
    room = QSize(width, height)
    faults: dict[str, str] = {}
    seen = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        opened_studio(Path(folder), size=(width, height), language=language) as studio,
    ):
        ratio = studio.window.devicePixelRatioF()
        strays = Strays()
        QApplication.instance().installEventFilter(strays)
        for name, widget in shown(studio, words):
            window = widget.window()
            if window.windowTitle() and window.minimumSize().boundedTo(room) == window.minimumSize():
                window.resize(window.size().boundedTo(room))  # the gallery makes some larger than they come
                QApplication.processEvents()
            seen += 1
            for fault in out_of_reach(window, room):
                faults.setdefault(fault, name)
        QApplication.instance().removeEventFilter(strays)
    faults |= strays.found
    print(json.dumps({"seen": seen, "ratio": ratio, "faults": [f"{name}: {fault}" for fault, name in faults.items()]}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
