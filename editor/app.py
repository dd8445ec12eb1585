"""How the studio starts: the window first, everything else after it.

1. Preferences are read (one small file) and the theme and language put in force.
2. The window is built and shown with its library; no database is open yet, no heavy library imported, nor the code of
   an open workflow, which is half of all.
3. On the first turns of the event loop the workspace is opened on a background thread and that code imported on
   another, the library fills, interrupted runs are put right, and the engine process is started so that the first run
   finds it warm.
4. A file named on the command line opens; otherwise the windows and tabs of the last time open again.

Before all that a start asks whether a studio has the workspace open already: that one gets the file, and this one
ends (`single`).

Nothing of this may wait on the window's thread.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLocale, QObject, QTimer
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from editor.i18n import set_language
from editor.settings import Preferences
from editor.theme import set_motion, set_theme
from engine.logs import get_logger
from engine.services.context import Services

if TYPE_CHECKING:
    from editor.context import Studio
    from editor.windows.main import MainWindow

log = get_logger("editor.app")


def make_application(arguments: list[str] | None = None) -> QApplication:
    """The Qt application, made once."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication(arguments if arguments is not None else sys.argv[:1])
    app.setApplicationName("Penstock")
    app.setApplicationDisplayName("Penstock")
    app.setOrganizationName("Penstock")
    app.setDesktopFileName("penstock")
    return app


def dress(preferences: Preferences, theme: str | None = None, language: str | None = None) -> None:
    """Put theme and language in force."""
    chosen = theme or str(preferences.get("theme"))
    set_theme(chosen if chosen in ("dark", "light", "system") else "system", text_scale=preferences.get("text_scale"))  # type: ignore[arg-type]
    set_motion(preferences.get("motion"))
    words = language or str(preferences.get("language") or "")
    if not words:
        words = "zh_CN" if QLocale.system().language() == QLocale.Language.Chinese else "en"
    set_language(words)


def make_window(services: Services, preferences: Preferences, *, real_messages: bool = True) -> MainWindow:
    """A window on a workspace; nothing is loaded yet."""
    from editor.context import Studio
    from editor.windows.main import MainWindow

    return MainWindow(Studio(services, preferences), real_messages=real_messages)


def import_pages() -> None:
    """Import the code of an open workflow, on a thread: the library stands already, and the first click on a workflow
    shall not wait for it."""
    import editor.windows.page  # noqa: F401


def load(window: MainWindow, file: Path | None, more: Sequence[Path] = ()) -> None:
    """What follows once the window is shown; `more` are further files to open."""
    studio = window.studio

    def open_files() -> None:
        # In front of what was open the last time, whose place they do not take.
        for path in (file, *more):
            if path is not None:
                window.open_path(path)

    def opened(_: object) -> None:
        window.library.refresh()
        studio.load_models()
        studio.tools.load()
        studio.tasks.run(studio.services.library.clear_trash)
        from editor.windows.layout import restore_all

        restore_all(studio, window, open_files)

    studio.tasks.run(
        lambda: studio.services.open_workspace(),
        done=opened,
        failed=lambda error: studio.messages.error("Penstock", error),
    )
    studio.tasks.run(import_pages)
    # Owned by the window, so that it goes with it.
    warm = QTimer(window, singleShot=True, interval=300)
    warm.timeout.connect(lambda: studio.tasks.run(studio.runs.host.warm_up))
    warm.start()


def asked(studio: Studio, path: str) -> None:
    """Somebody started the studio again, or chose a file of it elsewhere: show the newest window, with the file."""
    if not studio.windows:
        return
    active = QApplication.activeWindow()
    window = next((w for w in studio.windows if w is active), studio.windows[-1])
    window.come_forward()
    if path:
        window.open_path(Path(path))


class FileOpenFilter(QObject):
    """Files that the system's file manager asks a running studio to open (macOS tells so by an event)."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            asked(self._studio, event.file())
            return True
        return super().eventFilter(watched, event)


def wait_for_other() -> bool:
    """Say that the workspace is in the hands of a studio that does not answer; whether to ask it once more."""
    from PySide6.QtWidgets import QMessageBox

    from editor.i18n import tr

    words = tr("Penstock is open already with this workspace, but it does not answer. It may be busy.")
    print(words, file=sys.stderr, flush=True)
    box = QMessageBox(QMessageBox.Icon.Warning, "Penstock", words)
    box.setInformativeText(tr("Nothing was opened, so that two programs never write the same workspace."))
    again = box.addButton(tr("Try again"), QMessageBox.ButtonRole.AcceptRole)
    box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.exec()
    return box.clickedButton() is again


def run(file: Path | None, data_dir: Path | None, more: Sequence[Path] = ()) -> int:
    """Open the studio, with a file and `more` of them; returns when its window was closed, or at once when another
    studio took the files over.

    Exit code 0, or 1 when the other studio did not answer."""
    import asyncio

    import qasync

    from editor.single import Answer, Door, hand_over

    app = make_application()
    services = Services.open(data_dir)
    preferences = Preferences(services.data_dir / "preferences.json")
    door = Door(services.data_dir)
    while (answer := door.open(file)) is Answer.MUTE:
        dress(preferences)
        if not wait_for_other():
            return 1
    if answer is Answer.TAKEN:
        rest = [hand_over(services.data_dir, path) for path in more]
        return 0 if all(one is Answer.TAKEN for one in rest) else 1
    dress(preferences)
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    window = make_window(services, preferences)
    studio = window.studio
    gc.freeze()  # what is there by now stays to the end: the collector need not look through it each time
    if sys.platform == "darwin":  # every event of every widget goes through it, so nowhere else
        app.installEventFilter(FileOpenFilter(studio))
    window.show()
    door.asked.connect(lambda path: asked(studio, path))
    QTimer.singleShot(0, window, lambda: load(window, file, more))
    if os.environ.get("PENSTOCK_EXIT_AFTER_SHOW"):
        # For measuring: the first turn of the loop has painted the window, and nothing else is waited for.
        QTimer.singleShot(0, window, lambda: os._exit(0))
    app.lastWindowClosed.connect(loop.stop)
    with loop:
        loop.run_forever()
    door.close()
    studio.close()
    return 0
