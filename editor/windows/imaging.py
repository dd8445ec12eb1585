"""Writing the graph as a picture: PNG or JPEG at twice the size, SVG with real text; all of it or what is in view."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from editor.i18n import tr

if TYPE_CHECKING:
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage

SCALE = 2.0
FORMATS = {"png": "PNG (*.png)", "jpg": "JPEG (*.jpg *.jpeg)", "svg": "SVG (*.svg)"}


def export_image(window: MainWindow, page: WorkflowPage) -> None:
    """Ask what and where, and write it."""
    choice = window.studio.messages.choose(
        tr("Export as image"),
        tr("What should the picture show?"),
        [tr("The whole workflow"), tr("What is in view")],
    )
    if choice is None:
        return
    offered = re.sub(r'[\\/:*?"<>|]', "_", page.session.name).strip() or "workflow"
    name, chosen = QFileDialog.getSaveFileName(
        window, tr("Export as image"), f"{offered}.png", ";;".join(FORMATS.values())
    )
    if not name:
        return
    path = Path(name)
    if path.suffix.lower().lstrip(".") not in ("png", "jpg", "jpeg", "svg"):
        ending = next((e for e, text in FORMATS.items() if text == chosen), "png")
        path = path.with_name(f"{path.name}.{ending}")
    if write_image(page, path, whole=choice == 0):
        window.show_toast(tr("Written to {file}", file=str(path)))
    else:
        window.studio.messages.error(tr("Not exported"), tr("{file} cannot be written.", file=str(path)))


def write_image(page: WorkflowPage, path: Path, *, whole: bool) -> bool:
    """Write the picture in the format of the file's ending; False when the place cannot be written."""
    if path.suffix.lower() == ".svg":
        return page.canvas.write_svg(str(path), whole=whole)
    return page.canvas.render_image(SCALE, whole=whole).save(str(path))
