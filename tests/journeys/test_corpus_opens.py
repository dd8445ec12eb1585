"""Every real file opens in the studio, every node shows its form, and looking at it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from editor.screenshot import wait_until
from tests.conftest import CORPUS
from tests.helpers.studio import TEMPLATES, Studio, opened_studio

FILES = sorted(p for p in CORPUS.rglob("*.y*ml")) if CORPUS.is_dir() else []
SHARES = 8


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path, language="zh_CN") as made:
        yield made


def look_at_everything(studio: Studio, file: Path) -> None:
    outcome = studio.services.workflows.open_path(file, confirm_version=True)
    if outcome.app_id is None:
        assert any(p.severity == "error" for p in outcome.problems), file.name
        return
    page = studio.open_app(outcome.app_id)
    shapes = set()
    for node in page.session.document.graph.nodes.values():
        shape = (node.type, *sorted(node.data))
        if shape not in shapes:
            shapes.add(shape)
            page.canvas.select([node.id])
            QApplication.processEvents()
    wait_until(lambda: False, 0.03)  # what is drawn late, such as colours of code, must not count as an edit
    assert page.session.document.revision == 0, (file.name, page.session.document.history()[-1])
    studio.window.do("close_tab")


@pytest.mark.corpus
@pytest.mark.skipif(not FILES, reason="the corpus is not here")
@pytest.mark.parametrize("share", range(SHARES))
def test_real_files_open_and_show_every_node(studio: Studio, share: int) -> None:
    for file in FILES[share::SHARES]:
        look_at_everything(studio, file)


def test_the_samples_open_and_show_every_node(studio: Studio) -> None:
    for file in sorted(TEMPLATES.glob("*.yml")):
        look_at_everything(studio, file)
