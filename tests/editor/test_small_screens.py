"""A screen of 1,920 x 1,080 at a display scaling of 250 %, and text of twice the size: everything can be come at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from editor.dialogs.fitting import FittingDialog, screen_room
from editor.theme import set_theme
from tests.editor.test_surfaces import PARTS
from tests.helpers.gallery import shown
from tests.helpers.reach import out_of_reach, small_screen
from tests.helpers.studio import Studio, opened_studio

LEFT = Qt.MouseButton.LeftButton
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("part", "language"), [("window", "zh_CN"), ("dialogs", "en")])
@pytest.mark.spec("editor.83")
def test_nothing_is_out_of_reach_at_a_display_scaling_of_250_percent(tmp_path: Path, part: str, language: str) -> None:
    """768 x 432 logical pixels, less the frame of the window."""
    words = [*PARTS[part], *(("waiting", "moments") if part == "window" else ("drafting", "setup"))]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.helpers.reach", "768x400", language, *words],
        env=small_screen(tmp_path, 1920, 1080, 2.5), cwd=ROOT, capture_output=True, text=True, timeout=600, check=True,
    )  # fmt: skip
    told = json.loads(ran.stdout.strip().splitlines()[-1])
    assert told["ratio"] == 2.5
    assert told["seen"] > 40
    assert not told["faults"], "\n".join(told["faults"])


@pytest.mark.parametrize("part", sorted(PARTS))
@pytest.mark.spec("editor.83")
def test_nothing_is_out_of_reach_with_text_of_twice_the_size(tmp_path: Path, part: str) -> None:
    size = (1280, 720)
    faults: dict[str, str] = {}
    with opened_studio(tmp_path, size=size) as studio:
        set_theme("dark", text_scale=2.0)
        try:
            for name, widget in shown(studio, PARTS[part]):
                for fault in out_of_reach(widget.window(), QSize(*size).expandedTo(screen_room(widget))):
                    faults.setdefault(fault, name)
        finally:
            set_theme("dark", text_scale=1.0)
    assert not faults, "\n".join(f"{name}: {fault}" for fault, name in faults.items())


def test_what_is_out_of_reach_is_found(qapp: QApplication) -> None:
    window = QWidget()
    window.setWindowTitle("Small")
    window.resize(200, 100)
    beyond, inside = QPushButton("Beyond", window), QPushButton("Inside", window)
    beyond.setGeometry(20, 90, 100, 32)
    inside.setGeometry(20, 10, 100, 32)
    window.show()
    (fault,) = out_of_reach(window, QSize(400, 400))
    assert "(100, 10) of (100, 32)" in fault
    beyond.move(20, 60)
    assert out_of_reach(window, QSize(400, 400)) == []
    assert out_of_reach(window, QSize(150, 400)) == ["Small is 200x100"]
    window.close()
    window.deleteLater()


@pytest.mark.spec("editor.83")
def test_a_dialog_that_has_no_room_scrolls_and_keeps_its_keyboard(qapp: QApplication) -> None:
    dialog = FittingDialog()
    column = QVBoxLayout(dialog)
    buttons = [QPushButton(f"Button {number}") for number in range(60)]
    for button in buttons[:4]:
        column.addWidget(button)
    dialog.show()
    assert dialog.findChild(QScrollArea) is None, "there is room"
    dialog.activateWindow()
    buttons[2].setFocus()
    for button in buttons[4:]:
        column.addWidget(button)
    QTest.qWait(1)
    QApplication.processEvents()
    assert dialog.findChild(QScrollArea) is not None, "the fields that came later have none"
    assert dialog.height() <= screen_room(dialog).height()
    assert QApplication.focusWidget() is buttons[2]
    assert out_of_reach(dialog, screen_room(dialog)) == []
    clicks: list[bool] = []
    buttons[-1].clicked.connect(lambda: clicks.append(True))
    buttons[-1].setFocus()
    QTest.mouseClick(buttons[-1], LEFT)
    assert len(clicks) == 1
    dialog.close()
    dialog.deleteLater()


@pytest.fixture
def narrow(tmp_path: Path):  # type: ignore[no-untyped-def]
    with opened_studio(tmp_path, size=(800, 480)) as studio:
        yield studio


@pytest.mark.spec("editor.83")
def test_in_a_narrow_window_one_side_stands_beside_the_canvas(narrow: Studio) -> None:
    page = narrow.sample("parallel-summaries")
    assert page.shown_panel == "palette"
    page.canvas.fit()
    narrow.settle()
    page.canvas.select([narrow.node("Start")])
    narrow.settle()
    assert page.inspector.isVisible()
    assert not page.left.isVisible(), "it made way"
    QTest.mouseClick(page.rail_buttons["variables"], LEFT)
    narrow.settle()
    assert page.left.isVisible()
    assert not page.inspector.isVisible(), "what was asked for last stays"
    page.canvas.select([])
    page.canvas.select([narrow.node("Start")])
    narrow.settle()
    assert page.inspector.isVisible()
    narrow.click("Close", page.inspector)
    narrow.settle()
    assert page.shown_panel == "variables", "and comes back"
    narrow.window.resize(1280, 720)
    narrow.settle()
    page.canvas.select([])
    page.canvas.select([narrow.node("Start")])
    narrow.settle()
    assert page.inspector.isVisible()
    assert page.left.isVisible(), "there is room for both"


@pytest.mark.spec("editor.83")
def test_in_a_narrow_window_a_button_opens_the_menus(narrow: Studio) -> None:
    page = narrow.sample("parallel-summaries")
    narrow.settle()
    button = narrow.field("Menus", QToolButton, narrow.window.top)
    assert not narrow.window.top.menus.isVisible()
    QTest.mouseClick(button, LEFT)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    titles = [action.text().replace("&", "") for action in menu.actions()]
    assert titles == [action.text().replace("&", "") for action in narrow.window.top.menus.actions()]
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right):  # the second menu, its first entry
        QTest.keyClick(QApplication.activePopupWidget(), key)
    inner = QApplication.activePopupWidget()
    assert isinstance(inner, QMenu)
    assert inner is not menu
    QTest.keyClick(inner, Qt.Key.Key_Escape)
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    narrow.window.resize(1440, 900)
    narrow.settle()
    assert narrow.window.top.menus.isVisible()
    assert page.isVisible()
