"""Every surface of the studio, in both languages, at the least size and with large text: no words are cut off, and
every control has a name for those who cannot see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from editor.theme import set_theme
from tests.helpers.fits import cut_off, unnamed
from tests.helpers.gallery import shown
from tests.helpers.studio import opened_studio

SMALL = (1280, 720)
PARTS = {
    "window": ["library", "canvas", "panels", "history", "running", "run_form", "chat", "inspector", "find"],
    "dialogs": [
        "preferences",
        "shortcuts",
        "publish",
        "dialogs",
        "messages",
        "menus",
        "selector",
        "values",
        "logs",
        "batch",
    ],
}


@pytest.mark.parametrize("part", sorted(PARTS))
@pytest.mark.parametrize("scale", [1.0, 1.5])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.spec("editor.83")
def test_no_words_are_cut_off_and_every_control_has_a_name(
    tmp_path: Path, language: str, scale: float, part: str
) -> None:
    cut: dict[str, str] = {}
    nameless: dict[str, str] = {}
    seen = 0
    with opened_studio(tmp_path, size=SMALL, language=language) as studio:
        set_theme("dark", text_scale=scale)
        try:
            for name, widget in shown(studio, PARTS[part]):
                seen += 1
                for fault in cut_off(widget):
                    cut.setdefault(fault, name)
                for fault in unnamed(widget.window()):
                    nameless.setdefault(fault, name)
        finally:
            set_theme("dark", text_scale=1.0)
    assert seen > 30
    faults = [f"{name}: {fault}" for fault, name in cut.items()]
    faults += [f"{name}: no name: {fault}" for fault, name in nameless.items()]
    assert not faults, "\n".join(faults)
