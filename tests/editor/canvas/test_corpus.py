"""Every real file that opens can be shown at every level of detail, and its cards keep apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from editor.canvas.camera import Camera
from editor.canvas.paint.context import ViewState
from editor.canvas.renderer import Renderer
from editor.canvas.scene import CanvasScene
from editor.canvas.tips import node_name
from engine.dsl.read import read

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
FILES = sorted(CORPUS.glob("*.y*ml")) if CORPUS.is_dir() else []

pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not FILES, reason="the corpus is not here")]


@pytest.mark.spec("editor.36")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_real_file_can_be_shown(file: Path) -> None:
    result = read(file.read_bytes(), name=file.name)
    if result.workflow is None:
        pytest.skip("not importable")
    scene = CanvasScene()
    scene.load(result.workflow.graph)
    bounds = scene.bounds()
    if bounds is None:
        return
    assert set(scene.items) == set(result.workflow.graph.nodes)
    assert all(node_name(item) for item in scene.items.values())
    assert not [item.id for item in scene.items.values() if item.kind == "card" and item.box.height < 52]
    picture = QImage(640, 400, QImage.Format.Format_ARGB32_Premultiplied)
    for zoom in (1.0, 0.5, 0.2, 0.05):
        camera = Camera(zoom)
        camera.center_on(*bounds.center, 640, 400)
        painter = QPainter(picture)
        try:
            Renderer(scene, ViewState()).paint(painter, camera, QRectF(picture.rect()))
        finally:
            painter.end()


def test_cards_of_real_files_hardly_overlap() -> None:
    """Files are laid out for other heights; what overlaps here must overlap in the file by more than the header."""
    overlapping = total = 0
    for file in FILES:
        workflow = read(file.read_bytes(), name=file.name).workflow
        if workflow is None:
            continue
        scene = CanvasScene()
        scene.load(workflow.graph)
        cards = [item for item in scene.items.values() if item.kind == "card"]
        total += len(cards)
        for card in cards:
            below = [o for o in cards if o is not card and o.parent == card.parent and o.box.touches(card.box)]
            overlapping += any(o.box.top >= card.box.top + 52 for o in below)
    assert total > 1000
    assert overlapping / total < 0.02
