"""Find (statement 32) by each of the five things, also within containers and in Chinese; Enter goes round and round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from editor.screenshot import wait_until
from editor.windows.page import WorkflowPage
from tests.helpers.model import dsl, node
from tests.helpers.studio import Studio, opened_studio

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
MODEL = {"provider": "p", "name": "m", "mode": "chat", "completion_params": {}}


def inside(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, "parentId": "room", "data": {**config["data"], "isInIteration": True, "iteration_id": "room"}}


def file() -> str:
    nodes = [
        node("start", "start", title="Start", variables=[
            {"variable": "question_asked", "label": "q", "type": "text-input", "required": True}]),
        node("writer9", "llm", x=400, title="Writer", model=MODEL,
             prompt_template=[{"id": "1", "role": "system", "text": "Speak like a pirate"}]),
        node("hidden", "llm", x=400, y=300, title="Jinja writer", model=MODEL,
             prompt_template=[{"id": "1", "role": "user", "edition_type": "jinja2", "jinja2_text": "wobbly {{ x }}",
                               "text": ""}]),
        node("room", "iteration", x=800, title="Each", start_node_id="first", iterator_selector=["calc", "totals"],
             output_selector=["deep", "output"], width=600, height=300),
        inside(node("first", "iteration-start", x=24, y=68)),
        inside(node("deep", "template-transform", x=150, y=68, title="Deep", template="needle in a haystack",
                    variables=[])),
        node("calc", "code", x=3000, y=2000, title="计算", code="", code_language="python3", variables=[],
             outputs={"totals": {"type": "array[number]", "children": None}}),
        node("end", "end", x=1800, title="Out", outputs=[{"variable": "r", "value_selector": ["room", "output"]}]),
    ]  # fmt: skip
    return dsl(nodes, [("start", "writer9"), ("writer9", "room"), ("first", "deep"), ("room", "end")])


def opened(studio: Studio, tmp_path: Path) -> WorkflowPage:
    path = tmp_path / "find.yml"
    path.write_text(file(), encoding="utf-8")
    page = studio.open_file(path)
    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_F, CTRL)
    return page


def write(edit: QLineEdit, words: str) -> None:
    """Type words, or paste those that no key of the test's keyboard writes."""
    if words.isascii():
        QTest.keyClicks(edit, words)
    else:
        QApplication.clipboard().setText(words)
        QTest.keyClick(edit, Qt.Key.Key_V, CTRL)


WORDS = {
    "title": ("writer", ["writer9", "hidden"]),
    "title in Chinese": ("计算", ["calc"]),
    "type as shown": ("iteration", ["room"]),
    "type": ("template-transform", ["deep"]),
    "prompt": ("pirate", ["writer9"]),
    "jinja prompt": ("wobbly", ["hidden"]),
    "text within a container": ("haystack", ["deep"]),
    "input": ("question_asked", ["start"]),
    "output variable": ("totals", ["room", "calc"]),
    "id": ("writer9", ["writer9"]),
    "two words": ("like pirate", ["writer9"]),
    "capitals": ("PIRATE", ["writer9"]),
}


@pytest.mark.spec("editor.32")
@pytest.mark.parametrize("what", list(WORDS))
def test_each_of_the_things_finds_its_nodes_and_enter_cycles(studio: Studio, tmp_path: Path, what: str) -> None:
    words, wanted = WORDS[what]
    page = opened(studio, tmp_path)
    canvas, bar = page.canvas, page.find_bar
    write(bar.edit, words)
    assert sorted(bar.found) == sorted(wanted)
    seen = []
    for number in range(len(wanted) + 1):
        QTest.keyClick(bar.edit, Qt.Key.Key_Return)
        [node_id] = canvas.selected_nodes()
        seen.append(node_id)
        assert canvas._flash == node_id
        assert wait_until(lambda at=node_id: off_centre(page, at) < 4, 10), "the node comes to the middle"
        assert bar.count.text() == f"{number % len(wanted) + 1} of {len(wanted)}"
    assert seen == [*bar.found, bar.found[0]]
    QTest.keyClick(bar.edit, Qt.Key.Key_Return, SHIFT)
    assert canvas.selected_nodes() == [bar.found[-1]]
    assert wait_until(lambda: canvas._flash is None, 10), "the flash ends by itself"


def off_centre(page: WorkflowPage, node_id: str) -> float:
    canvas = page.canvas
    centre = canvas.node_rect(node_id).center()
    return max(abs(centre.x() - canvas.width() / 2), abs(centre.y() - canvas.height() / 2))


@pytest.mark.spec("editor.32")
def test_types_are_found_in_the_language_of_the_window_too(tmp_path: Path) -> None:
    with opened_studio(tmp_path, language="zh_CN") as studio:
        page = opened(studio, tmp_path)
        write(page.find_bar.edit, "迭代")
        assert page.find_bar.found == ["room"]
        page.find_bar.edit.clear()
        QTest.keyClicks(page.find_bar.edit, "iteration")
        assert page.find_bar.found == ["room"]


@pytest.mark.spec("editor.32")
def test_what_is_renamed_while_the_bar_is_open_is_found_by_its_new_name(studio: Studio, tmp_path: Path) -> None:
    page = opened(studio, tmp_path)
    page.canvas.select(["end"])
    studio.settle()
    page.inspector.title.setFocus()
    QTest.keyClick(page.inspector.title, Qt.Key.Key_A, CTRL)
    QTest.keyClicks(page.inspector.title, "Farewell")
    QTest.keyClick(page.inspector.title, Qt.Key.Key_F, CTRL)
    QTest.keyClicks(page.find_bar.edit, "farewell")
    assert page.find_bar.found == ["end"]
    QTest.keyClick(page.find_bar.edit, Qt.Key.Key_Escape)
    assert not page.find_bar.isVisible()
