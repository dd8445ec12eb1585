"""How the studio starts: the window first, everything else after it.

1. Preferences are read (one small file) and the theme and language put in force.
2. The window is built and shown with its library; no database is open yet, no heavy library imported.
3. On the first turns of the event loop the workspace is opened on a background thread, the library fills, interrupted
   runs are put right, and the engine process is started so that the first run finds it warm.
4. A file named on the command line opens; otherwise the workflows that were open at the end open again.

Nothing of this may wait on the window's thread.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QTimer
from PySide6.QtWidgets import QApplication

from editor.i18n import set_language
from editor.settings import Preferences
from editor.theme import set_theme
from engine.logs import get_logger
from engine.services.context import Services

if TYPE_CHECKING:
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
    words = language or str(preferences.get("language") or "")
    if not words:
        words = "zh_CN" if QLocale.system().language() == QLocale.Language.Chinese else "en"
    set_language(words)


def make_window(services: Services, preferences: Preferences, *, real_messages: bool = True) -> MainWindow:
    """A window on a workspace; nothing is loaded yet."""
    from editor.context import Studio
    from editor.windows.main import MainWindow

    return MainWindow(Studio(services, preferences), real_messages=real_messages)


def load(window: MainWindow, file: Path | None) -> None:
    """What follows once the window is shown."""
    studio = window.studio

    def opened(_: object) -> None:
        window.library.refresh()
        studio.load_models()
        studio.tools.load()
        if file is not None:
            window.open_path(file)
        else:
            for app_id in studio.preferences.get("open_apps") or []:
                window.open_app(str(app_id))

    studio.tasks.run(
        lambda: studio.services.open_workspace(),
        done=opened,
        failed=lambda error: studio.messages.error("Penstock", error),
    )
    QTimer.singleShot(300, window, lambda: studio.tasks.run(studio.runs.host.warm_up))


def run(file: Path | None, data_dir: Path | None) -> int:
    """Open the studio; returns when its window was closed."""
    import asyncio

    import qasync

    app = make_application()
    services = Services.open(data_dir)
    preferences = Preferences(services.data_dir / "preferences.json")
    dress(preferences)
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    window = make_window(services, preferences)
    window.show()
    QTimer.singleShot(0, window, lambda: load(window, file))
    if os.environ.get("PENSTOCK_EXIT_AFTER_SHOW"):
        # For measuring: the first turn of the loop has painted the window, and nothing else is waited for.
        QTimer.singleShot(0, window, lambda: os._exit(0))
    app.lastWindowClosed.connect(loop.stop)
    with loop:
        loop.run_forever()
    window.studio.close()
    return 0
