"""Every window, panel, dialog and state of the studio, one after the other: for eyes, and for tests that walk them all.

`python -m tests.helpers.gallery FOLDER [dark|light] [en|zh_CN] [WxH] [words...]` writes a picture of each, or of those
whose name has one of the words. QT_SCALE_FACTOR says how many device pixels a logical one has.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PENSTOCK_NO_MOTION", "1")
os.environ.setdefault("PENSTOCK_NO_DISCOVERY", "1")
os.environ.setdefault("PENSTOCK_KEYRING", "file")

from PySide6.QtWidgets import QWidget

from editor.theme import set_theme
from tests.helpers import gallery_forms, gallery_panels, gallery_snippets, gallery_windows
from tests.helpers.gallery_parts import SURFACES
from tests.helpers.studio import Studio, opened_studio

PAGES: Final = (gallery_panels, gallery_forms, gallery_windows, gallery_snippets)
"""Modules whose functions register what they show."""


# -- pictures --------------------------------------------------------------------------------------------------------


def shown(studio: Studio, words: list[str] | None = None) -> Iterator[tuple[str, QWidget]]:
    """Each surface with the name of its picture, while it is shown."""
    for name, show in SURFACES.items():
        if words and not any(w in name for w in words):
            continue
        for number, widget in enumerate(show(studio)):
            extra = f"-{widget.objectName()}" if name == "inspector" and widget.objectName() else ""
            yield f"{name}-{number:02d}{extra}", widget


def main() -> int:
    """Write the pictures."""
    folder, theme, language, size, *words = [*sys.argv[1:], *("", "dark", "en", "1440x900")[len(sys.argv) - 1 :]]
    os.environ.setdefault("PENSTOCK_DATA", tempfile.mkdtemp())
    Path(folder).mkdir(parents=True, exist_ok=True)
    width, height = (int(part) for part in size.split("x"))
    began = time.monotonic()
    with opened_studio(Path(tempfile.mkdtemp()), size=(width, height), language=language) as studio:
        set_theme("light" if theme == "light" else "dark")
        for name, widget in shown(studio, words):
            widget.grab().save(f"{folder}/{name}.png")
            print(f"{time.monotonic() - began:6.1f} {name} {widget.width()}x{widget.height()}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
