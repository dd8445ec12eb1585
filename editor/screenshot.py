"""A picture of the real main window on a file, after running it if asked: for the README, for reviews, for tests."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from editor import app as studio_app
from editor.canvas.metrics import ZOOM_TITLES
from editor.settings import Preferences
from engine.errors import PenstockError
from engine.services.context import Services

WAIT_SECONDS = 300.0


def wait_until(condition: Callable[[], bool], seconds: float = WAIT_SECONDS) -> bool:
    """Let the window work until something holds; False when it does not within the time."""
    deadline = time.monotonic() + seconds
    loop = QEventLoop()
    timer = QTimer()
    timer.setInterval(15)
    timer.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() > deadline else None)
    timer.start()
    if not condition():
        loop.exec()
    timer.stop()
    return condition()


def take(arguments: Namespace) -> int:
    """Carry out `--screenshot`. Exit code 0, 1 when the run failed, 2 for a file that cannot be read."""
    if arguments.file is None:
        print("--screenshot needs a file.", file=sys.stderr)
        return 2
    try:
        inputs = _json(arguments.inputs)
        mocks = _json(f"@{arguments.mocks}") if arguments.mocks else None
        width, height = (int(part) for part in arguments.size.lower().split("x"))
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        application = studio_app.make_application(["penstock"])
        preferences = Preferences(None)
        studio_app.dress(preferences, arguments.theme or "dark", arguments.language or "en")
        window = studio_app.make_window(Services.open(arguments.data or folder), preferences, real_messages=False)
        try:
            return _picture(window, application, arguments, inputs, mocks, (width, height))
        except PenstockError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        finally:
            window.close()
            window.studio.close()


def _json(text: str) -> Any:
    return json.loads(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)


def _picture(
    window: Any, application: QApplication, arguments: Namespace, inputs: Any, mocks: Any, size: tuple[int, int]
) -> int:
    window.resize(*size)
    window.show()
    outcome = window.studio.services.workflows.open_path(arguments.file, confirm_version=True)
    if outcome.app_id is None:
        for problem in outcome.problems:
            place = f"{arguments.file}:{problem.line}:{problem.column}" if problem.line else str(arguments.file)
            print(f"{place}: {problem.severity}: {problem.message}", file=sys.stderr)
        return 2
    window.studio.load_models()
    window.studio.tools.load()
    window.open_app(outcome.app_id)
    if not wait_until(lambda: window.page is not None, 60):
        print("error: the file did not open", file=sys.stderr)
        return 2
    page = window.page
    code = _run(window, page, inputs, arguments.query, mocks) if arguments.run else 0
    for name in (arguments.panel or "").split(","):
        if name in ("run", "trace", "values"):
            page.show_drawer(name)
        elif name:
            page.show_panel("" if name == "none" else name)
    wait_until(lambda: False, 0.2)
    if arguments.zoom:
        page.canvas.zoom_to(arguments.zoom)
    else:
        page.canvas.fit()
    if arguments.select:
        page.canvas.select([arguments.select])
        wait_until(lambda: False, 0.1)
        if arguments.zoom:
            page.canvas.fit()  # the inspector has taken its room: the middle is elsewhere now
            page.canvas.zoom_to(arguments.zoom)
            page.canvas.ensure_visible(arguments.select)
        else:
            page.canvas.fit()
            if page.canvas.zoom < ZOOM_TITLES:  # a selected card is meant to be read
                page.canvas.center_on(arguments.select, flash=False)
    wait_until(lambda: False, 0.4)
    application.processEvents()
    arguments.screenshot.parent.mkdir(parents=True, exist_ok=True)
    if not window.grab().save(str(arguments.screenshot)):
        print(f"error: {arguments.screenshot} cannot be written", file=sys.stderr)
        return 2
    print(f"Written to {arguments.screenshot}", file=sys.stderr)
    return code


def _run(window: Any, page: Any, inputs: Any, query: str, mocks: Any) -> int:
    """Run the workflow through the window, print its summary."""
    declared = page.run_panel.declared()
    values = {str(v["variable"]): v.get("default") for v in declared if v.get("default") not in (None, "")}
    values.update(inputs)
    if page.chat is not None and not mocks:
        page.show_drawer("run")
        if page.chat.form is not None:
            page.chat.form.load(values)
        page.chat.send(query)
        live = page.session.run
    else:
        live = window.running.start(page, values, query, mocks=mocks)
    if live is None:
        return 2
    refused: list[Any] = []
    live.refused.connect(refused.append)
    if not wait_until(lambda: live.is_over or bool(refused)):
        print("error: the run did not end in time", file=sys.stderr)
        return 1
    if refused:
        print(f"error: {refused[0].get('message')}", file=sys.stderr)
        return 2
    print(json.dumps(live.summary, ensure_ascii=False), flush=True)
    return 0 if (live.summary or {}).get("status") in ("succeeded", "partial-succeeded") else 1
