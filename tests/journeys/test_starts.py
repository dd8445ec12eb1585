"""Alt+R with several starts: a menu of them, by keys and by mouse; all triggers one after the other."""

from __future__ import annotations

import httpx
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from editor.actions import BY_ID
from editor.screenshot import wait_until
from editor.windows.page import WorkflowPage
from editor.windows.starts import StartMenu
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

ALT = Qt.KeyboardModifier.AltModifier
DAILY = {"mode": "visual", "frequency": "daily", "visual_config": {"time": "9:00 AM"}, "timezone": "UTC"}


def opened(studio: Studio, *kinds: str) -> WorkflowPage:
    nodes = []
    for number, kind in enumerate(kinds):
        data = DAILY if kind == "trigger-schedule" else {}
        nodes.append(node(f"t{number}", kind, title=f"Way {number}", y=200 * number, **data))
        nodes.append(
            node(f"x{number}", "template-transform", x=320, y=200 * number, template=f"by {number}", variables=[])
        )
    flow = made(nodes, [(f"t{number}", f"x{number}") for number in range(len(kinds))])
    page = studio.open_app(studio.services.workflows.create("workflow", "Ways", workflow=flow))
    studio.activate()
    page.canvas.setFocus()
    return page


def menu(studio: Studio) -> QMenu | None:
    QTest.keyClick(studio.page.canvas, Qt.Key.Key_R, ALT)
    QApplication.processEvents()
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, StartMenu) and w.isVisible()]
    return found[0] if found else None


def ran(page: WorkflowPage) -> list[str]:
    assert wait_until(lambda: page.session.run_state is not None and page.session.run_state.is_over, 60)
    assert page.session.run_state is not None
    return sorted(n for n, s in page.session.run_state.nodes.items() if s.status == "succeeded")


@pytest.mark.spec("editor.1")
def test_the_menu_begins_where_a_key_says(studio: Studio) -> None:
    page = opened(studio, "trigger-schedule", "trigger-schedule")
    found = menu(studio)
    assert found is not None
    assert [a.text() for a in found.actions()] == ["All triggers, one after the other\t0", "Way 0\t1", "Way 1\t2"]
    QTest.keyClick(found, Qt.Key.Key_Escape)
    QApplication.processEvents()
    assert page.session.run is None
    studio.activate()
    found = menu(studio)
    assert found is not None
    QTest.keyClick(found, Qt.Key.Key_2)
    assert ran(page) == ["t1", "x1"]


@pytest.mark.spec("editor.1")
def test_all_triggers_run_one_after_the_other(studio: Studio) -> None:
    page = opened(studio, "trigger-schedule", "trigger-webhook", "trigger-schedule")
    found = menu(studio)
    assert found is not None
    QTest.keyClick(found, Qt.Key.Key_0)
    ear = page.run_panel.ear
    assert wait_until(lambda: ear.is_listening, 60), "the first is done, the second waits for its request"
    assert page.session.run_state is not None
    assert page.session.run_state.nodes["x0"].status == "succeeded"
    first = page.session.run_state.run_id
    method = str(page.session.document.graph.node("t1").data.get("method") or "GET")
    assert httpx.request(method, ear.url.text()).status_code < 300
    done = lambda: "x2" in page.session.run_state.nodes and page.session.run_state.is_over  # type: ignore[union-attr]  # noqa: E731
    assert wait_until(done, 60)
    assert page.session.run_state.run_id != first
    assert page.session.run_state.nodes["x2"].status == "succeeded"


@pytest.mark.spec("editor.1")
def test_one_start_asks_nothing(studio: Studio) -> None:
    page = opened(studio, "trigger-schedule")
    assert menu(studio) is None
    assert ran(page) == ["t0", "x0"]


@pytest.mark.spec("editor.1")
@pytest.mark.parametrize("key", [Qt.Key.Key_QuoteLeft, Qt.Key.Key_AsciiTilde])
def test_user_input_has_two_keys(studio: Studio, key: Qt.Key) -> None:
    chosen: list[str] = []
    found = StartMenu(studio.window)
    found.offer("play", "User input", BY_ID["begin_input"].keys, lambda: chosen.append("input"))
    found.offer("trigger-schedule", "Way & more", ("1",), lambda: chosen.append("way"))
    found.popup(studio.window.rect().center())
    QTest.keyClick(found, key)
    assert chosen == ["input"]
    assert not found.isVisible()
    found.deleteLater()
