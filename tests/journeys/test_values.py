"""The variable inspector: groups, editors by type, Edited and reset, large values, secrets hidden everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QToolButton,
    QTreeWidgetItem,
    QWidget,
)

from editor.canvas.tips import node_description
from editor.panels.file_pick import FilePick, local_file
from editor.panels.value_view import as_text
from editor.panels.values import Values
from editor.screenshot import wait_until
from tests.helpers.flows import template
from tests.helpers.model import made, node
from tests.helpers.studio import Studio, opened_studio

LEFT = Qt.MouseButton.LeftButton
SECRET = "sk-very-secret-0123456789"


def until(condition: Any, seconds: float = 30) -> None:
    assert wait_until(condition, seconds)


def flow(size: int = 10) -> Any:
    kinds = "'count': n * 2, 'tags': ['a', 'b'], 'more': {'k': n}"
    code = f"def main(n):\n    return {{{kinds}, 'big': 'x' * {size}}}\n"
    outputs = {
        "count": {"type": "number", "children": None},
        "tags": {"type": "array[string]", "children": None},
        "more": {"type": "object", "children": None},
        "big": {"type": "string", "children": None},
    }
    return made(
        [
            node("1", "start", variables=[{"variable": "n", "type": "number", "label": "n", "required": True}]),
            node(
                "2", "code", title="Make", code=code, code_language="python3", outputs=outputs,
                variables=[{"variable": "n", "value_selector": ["1", "n"]}],
            ),
            template("3", "{{ c }} of {{ t | join('+') }}", c="2.count", t="2.tags"),
            template("4", "key {{ k }}", k="env.KEY"),
            node("5", "end", outputs=[{"variable": "o", "value_selector": ["3", "output"]},
                                      {"variable": "k", "value_selector": ["4", "output"]}]),
        ],
        [("1", "2"), ("2", "3"), ("3", "4"), ("4", "5")],
        environment_variables=[
            {"id": "e1", "name": "KEY", "value_type": "secret", "value": SECRET, "description": "", "selector": []},
            {"id": "e2", "name": "HOST", "value_type": "string", "value": "here", "description": "", "selector": []},
        ],
    )  # fmt: skip


def ran(studio: Studio, size: int = 10) -> Values:
    """The flow after a run, its values in front."""
    app_id = studio.services.workflows.create("workflow", "Values", workflow=flow(size))
    page = studio.open_app(app_id)
    assert studio.run({"n": 21})["status"] == "succeeded"
    QTest.keyClick(studio.window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    until(lambda: page.values.tree.topLevelItemCount() > 3)
    return page.values


def groups(values: Values) -> dict[str, list[str]]:
    found = {}
    for place in range(values.tree.topLevelItemCount()):
        item: QTreeWidgetItem = values.tree.topLevelItem(place)
        found[item.text(0)] = [item.child(n).text(0) for n in range(item.childCount())]
    return found


def choose(values: Values, node_id: str, name: str) -> QWidget:
    values.select(node_id, name)
    assert values.editor.value is not None
    assert values.editor.value.key == (node_id, name)
    return values.editor.field


def test_values_stand_in_groups_by_where_they_come_from(studio: Studio) -> None:
    found = groups(ran(studio))
    assert list(found)[:2] == ["Environment", "System"]
    assert found["Environment"] == ["KEY", "HOST"]
    assert found["Make"] == ["big", "count", "more", "tags"]
    assert found["1"] == ["n"]


def test_the_values_follow_the_chosen_node_until_one_is_watched(studio: Studio) -> None:
    values = ran(studio)
    hand, shown = studio.hand, values.editor
    QTest.keyClick(studio.window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)  # side by side
    studio.page.canvas.fit()
    for node_id, key in (("2", ("2", "big")), ("1", ("1", "n"))):
        hand.click(hand.at_node(node_id))
        assert shown.value is not None
        assert shown.value.key == key
    tree = values.tree
    count = next(i for i in tree.findItems("count", Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive))
    tree.scrollToItem(count)
    QTest.mouseClick(tree.viewport(), LEFT, pos=tree.visualItemRect(count).center())
    hand.click(hand.at_node("3"))
    assert shown.value.key == ("2", "count"), "whoever watches a value goes on doing so"
    group = next(i for i in tree.findItems("output", Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)).parent()
    assert tree.viewport().rect().contains(tree.visualItemRect(group)), "and finds those of the chosen node beside it"


@pytest.mark.spec("editor.64", "editor.63")
def test_an_edited_value_is_read_by_the_next_step_until_it_is_reset(studio: Studio) -> None:
    values = ran(studio)
    field = choose(values, "2", "count")
    assert isinstance(field, QLineEdit)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "seven")
    QTest.mouseClick(values.editor.use, LEFT)
    assert values.editor.fault.text() == "This is not a number."
    for wrong in ("", "NaN", "1e999", "true"):
        field.selectAll()
        QTest.keyClick(field, Qt.Key.Key_Delete)
        QTest.keyClicks(field, wrong)
        QTest.mouseClick(values.editor.use, LEFT)
        assert values.editor.fault.text() == "This is not a number.", wrong
    field.selectAll()
    QTest.keyClicks(field, "7")
    QTest.mouseClick(values.editor.use, LEFT)
    until(lambda: "count  ·  Edited" in groups(values)["Make"])
    assert values.editor.badge.isVisibleTo(values.editor)

    tags = choose(values, "2", "tags")
    assert isinstance(tags, QPlainTextEdit)
    for _ in range(5):
        studio.settle()
    assert not values.editor.use.isEnabled(), "nothing was changed"
    tags.setPlainText('["x", "y"')
    QTest.mouseClick(values.editor.use, LEFT)
    assert "Not valid JSON" in values.editor.fault.text()
    for wrong in ('{"x": 1}', "[1, 2]", '["x", null]'):
        tags.setPlainText(wrong)
        QTest.mouseClick(values.editor.use, LEFT)
        for _ in range(5):
            studio.settle()
        assert "not of the type" in values.editor.fault.text(), wrong
    for wrong in ("[NaN]", "[" * 5000 + "]" * 5000, "[1" + "0" * 5000 + "]"):
        tags.setPlainText(wrong)
        QTest.mouseClick(values.editor.use, LEFT)
        assert "Not valid JSON" in values.editor.fault.text(), wrong[:20]
    tags.setPlainText('["x", "y"]')
    QTest.mouseClick(values.editor.use, LEFT)
    until(lambda: "tags  ·  Edited" in groups(values)["Make"])

    def step() -> str:
        live = studio.window.running.start_node(studio.page, "3")
        assert live is not None
        until(lambda: live.is_over)
        assert live.summary is not None
        return str(live.summary["outputs"]["output"])

    assert step() == "7 of x+y"
    choose(values, "2", "count")
    QTest.mouseClick(values.editor.reset, LEFT)
    until(lambda: "count" in groups(values)["Make"])
    assert step() == "42 of x+y"


@pytest.mark.spec("editor.64")
def test_files_are_exchanged_in_the_inspector(studio: Studio, tmp_path: Path) -> None:
    old, new = tmp_path / "old.txt", tmp_path / "新.txt"
    for path in (old, new):
        path.write_text(path.stem, "utf-8")
    paper = {"variable": "f", "type": "file", "label": "f", "allowed_file_types": ["document"]}
    flow = made(
        [
            node("1", "start", title="Start", variables=[paper]),
            node("x", "document-extractor", title="Text", variable_selector=["1", "f"], is_array_file=False),
            node("e", "end", outputs=[{"variable": "o", "value_selector": ["x", "text"]}]),
        ],
        [("1", "x"), ("x", "e")],
    )
    page = studio.open_app(studio.services.workflows.create("workflow", "Reads", workflow=flow))
    assert studio.run({"f": local_file(old)})["outputs"] == {"o": "old"}
    page.show_drawer("values")
    values = page.values
    until(lambda: values.tree.topLevelItemCount() > 2)

    def step() -> Any:
        live = studio.window.running.start_node(page, "x")
        until(lambda: live is not None and live.is_over)
        assert page.session.run_state is not None
        return page.session.run_state.nodes["x"].outputs["text"]

    pick: Any = choose(values, "1", "f")
    assert isinstance(pick, FilePick)
    assert pick.label.text() == "old.txt"
    QTest.mouseClick(pick.clear, LEFT)
    QTest.mouseClick(values.editor.use, LEFT)
    assert values.editor.fault.text() == "Choose a file."
    pick.set_paths([new])
    QTest.mouseClick(values.editor.use, LEFT)
    until(lambda: "f  ·  Edited" in groups(values)["Start"])
    assert values.editor.field.label.text() == "新.txt"
    assert step() == "新"
    choose(values, "1", "f")
    QTest.mouseClick(values.editor.reset, LEFT)
    until(lambda: "f" in groups(values)["Start"])
    assert step() == "old"


@pytest.mark.spec("editor.67")
def test_a_large_value_shows_its_beginning_and_is_exported_whole(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = ran(studio, 390_000)
    field = choose(values, "2", "big")
    assert isinstance(field, QPlainTextEdit)
    assert field.isReadOnly()
    assert 0 < len(field.toPlainText()) <= 30_000
    until(lambda: "380.9 KB" in values.editor.note.text())
    target = tmp_path / "big.txt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    QTest.mouseClick(values.editor.export, LEFT)
    until(target.exists)
    assert target.read_text("utf-8") == "x" * 390_000

    page = studio.page
    page.show_drawer("trace")
    page.trace.select_node("2")
    labels = [w.text() for w in page.trace.details.findChildren(QLabel) if w.isVisible()]
    assert "380.9 KB in all." in labels, "a tree says it too"
    target.unlink()
    exports = [b for b in page.trace.details.findChildren(QAbstractButton) if b.text() == "Export the whole value"]
    QTest.mouseClick(exports[0], LEFT)
    assert json.loads(target.read_text("utf-8"))["big"] == "x" * 390_000


@pytest.mark.spec("editor.67", "editor.57")
def test_a_text_of_megabytes_holds_nobody_up_and_is_whole_everywhere(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million letters without a blank, and data some hundred levels deep: in the result, in the last run of a
    workflow that was opened anew, in the log, and filled in again."""
    long, deep = "x" * 1_100_000, {"end": 1}
    for _ in range(300):
        deep = {"n": deep}
    variables = [{"variable": "t", "type": "paragraph", "label": "t"}, {"variable": "d", "type": "json_object"}]
    outputs = [{"variable": "o", "value_selector": ["1", "t"]}]
    flow = made([node("1", "start", variables=variables), node("3", "end", outputs=outputs)], [("1", "3")])
    page = studio.open_app(studio.services.workflows.create("workflow", "Long", workflow=flow))
    assert studio.run({"t": long, "d": deep})["status"] == "succeeded"
    target = tmp_path / "whole.txt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))

    def exported(place: QWidget) -> str:
        found = [b for b in place.findChildren(QAbstractButton) if b.text() == "Export the whole value"]
        QTest.mouseClick(next(b for b in found if b.isVisible()), LEFT)
        text = target.read_text("utf-8")
        target.unlink()
        return text

    assert len(page.run_panel.text.toPlainText()) < 30_000
    assert "The beginning of 1.0 MB." in words_of(page.run_panel)
    assert exported(page.run_panel) == long

    studio.window.do("close_tab")
    page = studio.open_app(page.session.app_id)
    page.canvas.select(["1"])
    page.inspector.tabs.setCurrentIndex(1)
    until(lambda: "1.1 MB in all." in words_of(page.inspector))
    assert json.loads(exported(page.inspector))["t"] == long
    assert '"end": 1' in as_text(deep)

    log = studio.window.past.show_logs()
    until(lambda: bool(log.model.runs))
    log.table.selectRow(0)
    until(lambda: "1.1 MB in all." in words_of(log.preview))
    assert json.loads(exported(log.preview))["t"] == long
    log.testRun.emit(log.model.runs[0].id)
    until(lambda: page.run_panel.form is not None and page.run_panel.form.typed()["t"] == long)
    field: Any = page.run_panel.form.findChild(QPlainTextEdit, "input t")
    assert len(field.toPlainText()) < 30_000
    assert page.run_panel.form.values() == {"t": long, "d": deep}
    studio.click("Empty the field", page.run_panel)
    assert page.run_panel.form.typed()["t"] == ""


def words_of(widget: QWidget) -> str:
    """Everything that a widget and what is in it say: texts, tool tips, names, rows of lists and their tips."""
    said: list[str] = []
    for part in [widget, *widget.findChildren(QWidget)]:
        said += [part.toolTip(), part.accessibleName(), part.windowTitle(), part.statusTip()]
        if isinstance(part, QLabel | QLineEdit | QAbstractButton | QToolButton):
            said.append(part.text())
        if isinstance(part, QPlainTextEdit):
            said.append(part.toPlainText())
        if isinstance(part, QAbstractItemView) and part.model() is not None:
            said += rows_of(part.model(), QModelIndex())
    return "\n".join(said)


def rows_of(model: QAbstractItemModel, parent: QModelIndex) -> list[str]:
    said: list[str] = []
    for row in range(model.rowCount(parent)):
        for column in range(1 if isinstance(model, QAbstractListModel) else model.columnCount(parent)):
            index = model.index(row, column, parent)
            said += [str(index.data()), str(index.data(Qt.ItemDataRole.ToolTipRole))]
        said += rows_of(model, model.index(row, 0, parent))
    return said


@pytest.mark.spec("editor.66")
def test_a_secret_is_shown_nowhere(studio: Studio, tmp_path: Path) -> None:
    values = ran(studio)
    page = studio.page
    line = choose(values, "env", "KEY")
    assert isinstance(line, QLineEdit)
    assert line.isReadOnly()
    assert not values.editor.copy.isVisible()
    assert not values.editor.export.isVisible()
    places: list[QWidget] = [studio.window]
    for tab in ("run", "trace", "values"):
        page.show_drawer(tab)
        studio.settle()
    for index in range(3):
        page.run_panel.tabs.setCurrentIndex(index)
    for node_id in ("2", "3", "4", "5"):
        page.trace.select_node(node_id)
        page.canvas.select([node_id])
        page.inspector.tabs.setCurrentIndex(1)
        studio.settle()
        assert SECRET not in words_of(studio.window)
    page.trace.select_node("4")
    assert "key " in words_of(page.trace.details), "the step itself is shown"
    for button in page.trace.details.findChildren(QToolButton):
        if button.accessibleName().startswith("Copy"):
            QTest.mouseClick(button, LEFT)
            assert SECRET not in QGuiApplication.clipboard().text()

    log = studio.window.past.show_logs()
    until(lambda: bool(log.model.runs))
    log.table.selectRow(0)
    until(lambda: "Output" in words_of(log.preview))
    places.append(log)
    for name in ("panel", "variables", "history"):
        page.show_panel(name)
        studio.settle()
        assert SECRET not in "\n".join(words_of(place) for place in places)
    runs = studio.services.logs.ids(log.model.wanted)
    for file in (tmp_path / "runs.jsonl", tmp_path / "runs.csv"):
        studio.services.logs.export(runs, file, "csv" if file.suffix == ".csv" else "jsonl")
        assert SECRET not in file.read_text("utf-8-sig")
    found = studio.services.logs.page(log.model.wanted)
    assert found.runs
    from engine.services.logs import RunFilter

    assert studio.services.logs.count(RunFilter(keyword=SECRET)) == 0
    assert SECRET not in json.dumps(list(studio.services.runs.draft_variables(page.session.app_id)), default=str)


def test_forgotten_values_are_asked_for_again(studio: Studio) -> None:
    values = ran(studio)
    studio.messages.answers.append(True)
    values.clear_all()
    until(lambda: set(groups(values)) == {"Environment"})


def test_a_card_tells_that_values_of_its_step_are_kept(tmp_path: Path) -> None:
    """Section 4: a card has a mark when values for debugging exist; with the log closed nothing else tells of them."""
    with opened_studio(tmp_path) as studio:
        app_id = ran(studio)._session.app_id
    with opened_studio(tmp_path) as studio:
        page = studio.open_app(app_id)

        def marked() -> set[str]:
            return {node_id for node_id, mark in page.canvas.state.marks.items() if mark.kept}

        until(lambda: {"1", "2", "5"} <= marked())
        item = page.canvas.scene.items["2"]
        assert "Values of its last run are kept" in node_description(page.canvas, item)
        QTest.keyClick(studio.window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
        until(lambda: page.values.tree.topLevelItemCount() > 3)
        page.values.clear("2")
        until(lambda: "2" not in marked() and "1" in marked())
        studio.messages.answers.append(True)
        page.values.clear_all()
        until(lambda: not marked())
