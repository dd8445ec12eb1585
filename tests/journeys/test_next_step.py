"""The next step section of the inspector: what follows each branch, and changing it from there, by hand and by keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QWidget

from editor.dialogs.goto import GoTo
from editor.panels.next_step import NextStep
from editor.panels.palette import BlockSelector
from editor.screenshot import wait_until
from editor.windows.page import WorkflowPage
from engine.model.edits import SetField
from tests.helpers.studio import Studio
from tests.journeys.test_first_hour import popup

LEFT = Qt.MouseButton.LeftButton


def section(page: WorkflowPage) -> NextStep:
    """The section that is shown."""
    found = [w for w in page.inspector.findChildren(NextStep) if w.isVisible()]
    assert len(found) == 1
    return found[0]


def names(page: WorkflowPage) -> list[str]:
    """The controls and labels of the section from top to bottom, as they are called or read."""
    place = section(page)
    shown = [w for w in place.findChildren(QWidget) if w.isVisible()]
    wanted = [w for w in shown if isinstance(w, QLabel) or w.focusPolicy() & Qt.FocusPolicy.TabFocus]
    wanted.sort(key=lambda w: (w.mapTo(place, w.rect().center()).y(), w.mapTo(place, w.rect().topLeft()).x()))
    return [w.text() if isinstance(w, QLabel) else w.accessibleName() for w in wanted][1:]


def select(studio: Studio, title: str) -> WorkflowPage:
    page = studio.page
    page.canvas.select([studio.node(title)])
    studio.settle()
    return page


def press(studio: Studio, name: str) -> None:
    """Scroll a control of the section into view and click it."""
    page = studio.page
    control = studio.field(name, QWidget, section(page))
    page.inspector._scroll.ensureWidgetVisible(control)
    studio.settle()
    QTest.mouseClick(control, LEFT)
    studio.settle()


def choose(studio: Studio, title: str, word: str) -> None:
    """Choose from the menu of a row, with keys."""
    press(studio, f"More for {title}")
    menu = popup(QMenu)
    assert isinstance(menu, QMenu)
    action = next(a for a in menu.actions() if a.text() == word)
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())
    studio.settle()


def follows(page: WorkflowPage, node_id: str) -> set[tuple[str, str]]:
    graph = page.session.document.graph
    return {(e.source_handle, graph.nodes[e.target].title) for e in graph.out_edges(node_id)}


def test_every_branch_shows_what_follows_and_a_click_goes_there(studio: Studio) -> None:
    page = studio.sample("code-with-an-error-branch")
    graph = page.session.document.graph
    divide = next(n.id for n in graph.nodes.values() if n.type == "code")
    page.canvas.select([divide])
    studio.settle()
    (good,) = [t for h, t in follows(page, divide) if h == "source"]
    (bad,) = [t for h, t in follows(page, divide) if h == "fail-branch"]
    assert names(page) == [
        f"Go to {good}",
        f"More for {good}",
        "Add next step",
        "On failure",
        f"Go to {bad}",
        f"More for {bad}",
        "Add next step: On failure",
    ]
    page.canvas.center_on(studio.node(good))
    press(studio, f"Go to {bad}")
    assert page.canvas.selected_nodes() == [studio.node(bad)]
    assert page.inspector.node_id == studio.node(bad)
    box = page.canvas.scene.items[studio.node(bad)].box
    x, y = page.canvas.view_centre()
    assert box.left <= x <= box.right
    assert box.top <= y <= box.bottom


def test_a_block_is_added_behind_the_branch_it_was_asked_for_in_one_step(studio: Studio) -> None:
    page = studio.sample("code-with-an-error-branch")
    document = page.session.document
    divide = next(n.id for n in document.graph.nodes.values() if n.type == "code")
    page.canvas.select([divide])
    studio.settle()
    before, steps = follows(page, divide), len(document.history())
    press(studio, "Add next step: On failure")
    selector = popup(BlockSelector)
    assert isinstance(selector, BlockSelector)
    QTest.keyClicks(selector.search, "template")
    QTest.keyClick(selector.search, Qt.Key.Key_Return)
    studio.settle()
    (new,) = page.canvas.selected_nodes()
    assert document.graph.nodes[new].type == "template-transform"
    assert [(e.source, e.source_handle) for e in document.graph.in_edges(new)] == [(divide, "fail-branch")]
    assert page.inspector.node_id == new
    assert len(document.history()) == steps + 1
    document.undo()
    assert follows(page, divide) == before
    assert new not in document.graph.nodes


def test_escape_in_the_choice_leaves_no_trace(studio: Studio) -> None:
    page = studio.sample("parallel-summaries")
    select(studio, "Start")
    steps = len(page.session.document.history())
    press(studio, "Add next step")
    selector = popup(BlockSelector)
    assert isinstance(selector, BlockSelector)
    QTest.keyClick(selector.search, Qt.Key.Key_Escape)
    assert wait_until(lambda: not any(isinstance(w, BlockSelector) for w in QApplication.topLevelWidgets()), 30)
    assert len(page.session.document.history()) == steps
    assert page.inspector.node_id == studio.node("Start")


def test_change_disconnect_and_delete_are_one_step_each_and_the_node_stays_open(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    document = page.session.document
    branch = next(n.id for n in document.graph.nodes.values() if n.type == "if-else")
    page.canvas.select([branch])
    studio.settle()
    before = follows(page, branch)
    handle, first = next((h, t) for h, t in before if h != "false")
    other = next(t for h, t in before if h == "false")
    assert [n for n in names(page) if n in ("IF", "ELIF", "ELSE")] == ["IF", "ELIF", "ELSE"]
    first_id, other_id, steps = studio.node(first), studio.node(other), len(document.history())

    choose(studio, first, "Change the type…")
    chooser = popup(GoTo)
    assert isinstance(chooser, GoTo)
    QTest.keyClicks(chooser.search, "code")
    QTest.keyClick(chooser.search, Qt.Key.Key_Return)
    studio.settle()
    assert document.graph.nodes[first_id].type == "code"
    assert page.canvas.selected_nodes() == [branch]
    assert page.inspector.node_id == branch
    assert len(document.history()) == steps + 1
    document.undo()
    studio.settle()
    assert document.graph.nodes[first_id].type == "template-transform"

    choose(studio, first, "Disconnect")
    assert follows(page, branch) == before - {(handle, first)}
    assert first_id in document.graph.nodes
    assert f"Go to {first}" not in names(page)
    assert document.undo_label == "Disconnect"
    document.undo()
    studio.settle()
    assert f"Go to {first}" in names(page), "the section follows what is undone"

    studio.messages.answers.append(True)  # others read it
    choose(studio, other, "Delete")
    assert other_id not in document.graph.nodes
    assert page.inspector.node_id == branch
    assert page.inspector.isVisible()
    assert f"Go to {other}" not in names(page)
    document.undo()
    assert follows(page, branch) == before


def test_the_section_follows_titles_and_branches_and_keeps_the_keyboard(studio: Studio) -> None:
    page = studio.sample("code-with-an-error-branch")
    document = page.session.document
    divide = next(n.id for n in document.graph.nodes.values() if n.type == "code")
    page.canvas.select([divide])
    studio.settle()
    good = next(t for h, t in follows(page, divide) if h == "source")
    studio.activate()
    studio.field("Add next step: On failure", QWidget, section(page)).setFocus()
    page.session.submit(SetField(studio.node(good), ("title",), "Fish & chips"), "t")
    studio.settle()
    assert "Go to Fish & chips" in names(page)
    focused = QApplication.focusWidget()
    assert focused is not None
    assert focused.accessibleName() == "Add next step: On failure"
    page.session.submit(SetField(divide, ("error_strategy",), "none"), "t")
    studio.settle()
    assert names(page) == ["Go to Fish & chips", "More for Fish & chips", "Add next step"]


def test_everything_is_reached_with_tab_and_used_with_keys(studio: Studio) -> None:
    page = studio.sample("parallel-summaries")
    select(studio, "Start")
    studio.activate()
    wanted = [n for n in names(page) if n.startswith(("Go to", "More for", "Add next"))]
    assert len(wanted) >= 3
    studio.field("Next step", QWidget, section(page)).setFocus()
    reached = []
    for _ in wanted:
        focused = QApplication.focusWidget()
        assert focused is not None
        QTest.keyClick(focused, Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        assert now is not None
        reached.append(now.accessibleName())
    assert reached == wanted
    row = studio.field(wanted[0], QWidget, section(page))
    row.setFocus()
    QTest.keyClick(row, Qt.Key.Key_Space)
    assert page.canvas.selected_nodes() == [studio.node(wanted[0].removeprefix("Go to "))]


def test_an_end_has_no_next_step(studio: Studio) -> None:
    page = studio.sample("parallel-summaries")
    end = next(n.id for n in page.session.document.graph.nodes.values() if n.type == "end")
    page.canvas.select([end])
    studio.settle()
    assert page.inspector.node_id == end
    assert not [w for w in page.inspector.findChildren(NextStep) if w.isVisible()]


def test_a_past_run_shows_rows_only(studio: Studio) -> None:
    page = studio.sample("code-with-an-error-branch")
    summary = studio.run({"total": 42, "people": 4})
    studio.window.running.open_past(summary["run_id"])
    assert wait_until(lambda: studio.page is not page, 30)
    past = studio.page
    assert past.session.read_only
    select(studio, "Start")
    rows = {f"Go to {title}" for _, title in follows(past, studio.node("Start"))}
    assert rows
    assert set(names(past)) == rows


def test_what_is_shown_belongs_to_the_selected_node(studio: Studio) -> None:
    page = studio.sample("parallel-summaries")
    graph = page.session.document.graph
    for node in graph.nodes.values():
        page.canvas.select([node.id])
        studio.settle()
        titles = {t for _, t in follows(page, node.id)}
        if titles:
            assert {n.removeprefix("Go to ") for n in names(page) if n.startswith("Go to ")} == titles
