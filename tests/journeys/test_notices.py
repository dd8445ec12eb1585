"""A run that ends or waits while the person works elsewhere is told to the desktop."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from editor.windows.notice import words_of
from tests.helpers.model import made, node
from tests.helpers.studio import Studio
from tests.journeys.test_debugging import begin, opened, until


def slow(seconds: float) -> Any:
    code = f"import time\ndef main():\n    time.sleep({seconds})\n    return {{'r': 1}}\n"
    outputs = {"r": {"type": "number", "children": None}}
    return made(
        [
            node("start", "start"),
            node("wait", "code", title="Wait", code=code, code_language="python3", variables=[], outputs=outputs),
            node("end", "end", outputs=[{"variable": "r", "value_selector": ["wait", "r"]}]),
        ],
        [("start", "wait"), ("wait", "end")],
    )


@pytest.mark.parametrize("away", [True, False])
def test_a_long_run_that_ends_behind_other_windows_is_told(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, away: bool
) -> None:
    opened(studio, slow(3.2))
    told: list[object] = []
    monkeypatch.setattr(QApplication, "alert", lambda window, *_: told.append(window))
    if away:
        monkeypatch.setattr(QApplication, "activeWindow", lambda: None)
    live = begin(studio)
    until(lambda: live.is_over)
    assert told == ([studio.window] if away else [])


def test_what_a_notice_says() -> None:
    assert words_of({"status": "paused", "elapsed_time": 0.1}) == "The run waits for an answer."
    assert words_of({"status": "failed", "elapsed_time": 9, "error": "No."}) == "The run failed: No."
    assert words_of({"status": "succeeded", "elapsed_time": 9}).startswith("The run is over after 9")
    assert words_of({"status": "succeeded", "elapsed_time": 1}) == ""
    assert words_of({"status": "stopped", "elapsed_time": 9}) == ""
