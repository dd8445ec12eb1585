"""The workflow as a picture of each format through the menu's action, and the files that were opened lately."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QMenu

from editor.screenshot import wait_until
from tests.helpers.studio import TEMPLATES, Studio


@pytest.mark.spec("editor.35")
@pytest.mark.parametrize("ending", ["png", "jpg", "svg"])
def test_the_whole_workflow_is_written_as_a_picture(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    page = studio.sample("branch-on-a-condition")
    page.canvas.select([studio.node("Start")])
    target = tmp_path / f"picture.{ending}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    studio.messages.answers = [0]
    studio.window.do("export_image")
    assert target.is_file()
    bounds = page.canvas.scene.bounds()
    assert bounds is not None
    if ending == "svg":
        text = target.read_text("utf-8")
        ET.fromstring(text)
        assert all(word in text for word in ("Start", "Senior desk", "End")), "words are words, not drawings"
    else:
        picture = QImage(str(target))
        assert picture.width() >= 2 * bounds.width
        assert picture.height() >= 2 * bounds.height


def test_a_picture_that_cannot_be_written_says_so(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.sample("branch-on-a-condition")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "none" / "p.png"), ""))
    studio.messages.answers = [0]
    studio.window.do("export_image")
    assert len(studio.messages.errors) == 1
    assert "p.png" in studio.messages.errors[0]


def test_files_opened_lately_are_opened_again_from_the_menu(studio: Studio) -> None:
    names = ("branch-on-a-condition", "code-with-an-error-branch")
    for count, name in enumerate(names, 1):
        studio.window.open_path(TEMPLATES / f"{name}.yml")
        assert wait_until(lambda count=count: len(studio.window.workflow_pages()) == count, 30)
    menu = next(m for m in studio.window.findChildren(QMenu) if m.title() == "Open recent")
    menu.aboutToShow.emit()
    files = [a for a in menu.actions() if a.text().endswith(".yml")]
    assert [a.text() for a in files] == [f"{name}.yml" for name in reversed(names)]
    while studio.window.workflow_pages():
        studio.window.close_page(1)
    files[1].trigger()
    assert wait_until(lambda: len(studio.window.workflow_pages()) == 1, 30)
    assert studio.page.session.name == "Branch on a condition"
