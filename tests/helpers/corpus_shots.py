"""Pictures of the largest real files, in both themes, large enough to be read: the window, and the whole graph.

`python -m tests.helpers.corpus_shots FOLDER [how many]`; the corpus stands beside the repository.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PENSTOCK_NO_MOTION", "1")
os.environ.setdefault("PENSTOCK_KEYRING", "file")

from editor.theme import set_theme
from tests.helpers.gallery_parts import let_work
from tests.helpers.model import CORPUS
from tests.helpers.studio import opened_studio

LONGEST_SIDE = 8_000
"""Pixels; a whole graph is drawn as large as this allows, and never larger than life."""


def largest(count: int) -> list[Path]:
    """The largest files of the corpus."""
    files = [*CORPUS.glob("*.yml"), *CORPUS.glob("*.yaml")]
    return sorted(files, key=lambda file: file.stat().st_size, reverse=True)[:count]


def main() -> int:
    """Write the pictures."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with opened_studio(Path(tempfile.mkdtemp()), size=(1440, 900)) as studio:
        for file in largest(count):
            page = studio.open_file(file)
            for theme in ("dark", "light"):
                set_theme("light" if theme == "light" else "dark")
                page.canvas.fit()
                let_work(0.3)
                studio.window.grab().save(str(folder / f"{file.stem}-{theme}-window.png"))
                bounds = page.canvas.scene.bounds()
                side = max(bounds.width, bounds.height) if bounds is not None else 1.0
                picture = page.canvas.render_image(min(1.0, LONGEST_SIDE / side))
                picture.save(str(folder / f"{file.stem}-{theme}.png"))
                print(file.name, theme, f"{picture.width()}x{picture.height()}", flush=True)
            studio.window.close_page(studio.window.pages.indexOf(page))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
