"""Nodes go into containers and out of them, by hand and by keys: what they read follows where it can, what breaks is
said, and one step back gives the file of before, byte for byte."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from editor.dialogs.goto import GoTo
from editor.windows.page import WorkflowPage
from engine.dsl.read import read
from engine.dsl.write import write
from engine.model.graph import Graph
from engine.model.scope import dangling
from tests.helpers.model import dsl, node
from tests.helpers.studio import Studio
from tests.journeys.test_first_hour import popup

CTRL = Qt.KeyboardModifier.ControlModifier


def template(node_id: str, title: str, x: float, y: float, **reads: list[str]) -> dict[str, Any]:
    """A template that reads variables."""
    inputs = [{"variable": name, "value_selector": selector} for name, selector in reads.items() if name != "parent"]
    return node(node_id, "template-transform", title=title, x=x, y=y, template="", variables=inputs)


def room(node_id: str, kind: str, title: str, x: float, y: float, **data: Any) -> list[dict[str, Any]]:
    """A container with its start."""
    flag = "isInIteration" if kind == "iteration" else "isInLoop"
    box = node(node_id, kind, title=title, x=x, y=y, start_node_id=f"{node_id}start", width=700, height=240, **data)
    start = node(f"{node_id}start", f"{kind}-start", title="", x=24, y=68, parent=node_id, **{flag: True})
    start["type"] = f"custom-{kind}-start"
    return [{**box, "width": 700, "height": 240}, start]


def inside(entry: dict[str, Any], parent: str, kind: str) -> dict[str, Any]:
    """The node as a child."""
    mark = {"isInIteration": kind == "iteration", "isInLoop": kind != "iteration"}
    return {**entry, "parentId": parent, "zIndex": 1002, "data": {**entry["data"], **mark, f"{kind}_id": parent}}


EACH = {"iterator_selector": ["code", "items"], "output_type": "array[string]"}
LOOP = {
    "loop_count": 3,
    "break_conditions": [],
    "logical_operator": "and",
    "loop_variables": [{"id": "v", "label": "item", "var_type": "string", "value_type": "constant", "value": ""}],
}


def flow() -> str:
    """A list; a first iteration of two steps; a second one and a loop, empty; a step that reads what comes out."""
    nodes = [
        node("start", "start", title="Start", variables=[]),
        node("code", "code", title="List", x=300, outputs={"items": {"type": "array[string]", "children": None}}),
        *room("one", "iteration", "First", 600, 0, output_selector=["wrap", "output"], **EACH),
        inside(
            template("say", "Say", 110, 90, i=["one", "item"], n=["one", "index"], all=["code", "items"]),
            "one",
            "iteration",
        ),
        inside(template("wrap", "Wrap", 410, 90, s=["say", "output"]), "one", "iteration"),
        *room("two", "iteration", "Second", 600, 320, output_selector=[], **EACH),
        *room("loop", "loop", "Again", 600, 640, **LOOP),
        template("join", "Join", 1400, 0, a=["one", "output"]),
        node("end", "end", title="End", x=1700, outputs=[{"variable": "o", "value_selector": ["join", "output"]}]),
    ]
    edges = [
        ("start", "code"), ("code", "one"), ("code", "two"), ("code", "loop"), ("one", "join"), ("join", "end"),
        ("onestart", "say"), ("say", "wrap"),
    ]  # fmt: skip
    return dsl(nodes, edges)


@pytest.fixture
def page(studio: Studio, tmp_path: Path) -> WorkflowPage:
    """The flow, opened, with all of it in view."""
    file = tmp_path / "rooms.yml"
    file.write_text(flow(), "utf-8")
    opened = studio.open_file(file)
    opened.canvas.fit()
    studio.settle()
    return opened


def graph_of(page: WorkflowPage) -> Graph:
    return page.session.document.graph


def inputs_of(page: WorkflowPage, node_id: str) -> dict[str, list[str]]:
    """What a template reads, by the name of the input."""
    return {v["variable"]: v["value_selector"] for v in graph_of(page).nodes[node_id].data["variables"]}


def links(page: WorkflowPage) -> set[tuple[str, str]]:
    return {(e.source, e.target) for e in graph_of(page).edges.values()}


class Step:
    """The workflow before and after something was done, as a file."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.document = studio.page.session.document
        self.before, self.steps = write(self.document.workflow), self.document.steps()[1]

    def check(self, label: str) -> None:
        """One step with this name; it goes back and forth byte for byte, and what is written can be read."""
        assert self.document.steps()[1] == self.steps + 1
        assert self.document.history()[-1].label == label
        after = write(self.document.workflow)
        assert not re.search(r"(?m)[xy]: -?\d+\.0$", after), "places are whole numbers"
        again = read(after)
        assert again.workflow is not None
        assert not [n for n in again.notices if n.code != "upgrade.absolute"]
        canvas = self.studio.page.canvas
        self.studio.activate()
        canvas.setFocus()
        QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
        assert write(self.document.workflow) == self.before
        QTest.keyClick(canvas, Qt.Key.Key_Y, CTRL)
        assert write(self.document.workflow) == after


def drop(studio: Studio, node_id: str, over: str, dx: float = 0, dy: float = 0) -> None:
    """Drag a node by its header to the middle of another one's box."""
    hand = studio.hand
    target = hand.view.node_rect(over).center() + QPointF(dx, dy)
    hand.drag(hand.at_node(node_id), target, steps=12)


def typed(words: str) -> None:
    """Words and Enter in the list that is open."""
    dialog = popup(GoTo)
    assert isinstance(dialog, GoTo)
    QTest.keyClicks(dialog.search, words)
    QTest.keyClick(dialog.search, Qt.Key.Key_Return)


def command(studio: Studio, words: str) -> None:
    """A command chosen by keys in the palette."""
    studio.activate()
    studio.page.canvas.setFocus()
    QTest.keyClick(studio.page.canvas, Qt.Key.Key_K, CTRL)
    typed(words)


@pytest.mark.parametrize("by_keys", [False, True])
def test_from_one_iteration_into_another(studio: Studio, page: WorkflowPage, by_keys: bool) -> None:
    step = Step(studio)
    if by_keys:
        page.canvas.select(["say"])
        studio.window.do("move_in")
        typed("Second")
    else:
        drop(studio, "say", "two")
    assert graph_of(page).nodes["say"].parent == "two"
    assert inputs_of(page, "say") == {"i": ["two", "item"], "n": ["two", "index"], "all": ["code", "items"]}
    assert {("onestart", "say"), ("say", "wrap")}.isdisjoint(links(page))
    (said,) = studio.messages.told
    assert said.splitlines() == [
        "2 connections were cut.",
        "1 variable cannot be read from there: Wrap: Say.output",
    ]
    step.check("Move into container")


def test_two_go_together_and_stay_connected(studio: Studio, page: WorkflowPage) -> None:
    step = Step(studio)
    page.canvas.select(["say", "wrap"])
    drop(studio, "say", "two", -120)
    assert {graph_of(page).nodes[n].parent for n in ("say", "wrap")} == {"two"}
    assert inputs_of(page, "wrap") == {"s": ["say", "output"]}
    edge = next(e for e in graph_of(page).edges.values() if e.source == "say")
    assert (edge.target, edge.data["iteration_id"]) == ("wrap", "two")
    (said,) = studio.messages.told
    assert said.splitlines() == ["1 connection was cut.", "1 variable cannot be read from there: First: Wrap.output"]
    step.check("Move into container")


def test_from_an_iteration_into_a_loop(studio: Studio, page: WorkflowPage) -> None:
    step = Step(studio)
    drop(studio, "say", "loop")
    moved = graph_of(page).nodes["say"]
    assert (moved.parent, moved.data["loop_id"], moved.data["isInLoop"]) == ("loop", "loop", True)
    assert moved.data["isInIteration"] is False
    assert "iteration_id" not in moved.data
    assert inputs_of(page, "say") == {"i": ["loop", "item"], "n": ["loop", "index"], "all": ["code", "items"]}
    step.check("Move into container")


@pytest.mark.parametrize("by_keys", [False, True])
def test_out_of_a_container(studio: Studio, page: WorkflowPage, by_keys: bool) -> None:
    step = Step(studio)
    if by_keys:
        page.canvas.select(["say"])
        command(studio, "Move out of the container")
    else:
        drop(studio, "say", "join", 0, 250)
    moved = graph_of(page).nodes["say"]
    assert moved.parent is None
    assert not {"isInIteration", "iteration_id", "isInLoop", "loop_id"} & set(moved.data)
    assert "zIndex" not in moved.extras
    assert inputs_of(page, "say")["i"] == ["one", "item"], "nothing gives it out there; it stays to be seen as broken"
    (said,) = studio.messages.told
    assert said.splitlines()[0] == "2 connections were cut."
    assert "Wrap: Say.output" in said
    assert "Say: First.item" in said
    broken = {(d.reference.node_id, d.reference.selector) for d in dangling(page.session.document.workflow)}
    assert broken >= {("say", ("one", "item")), ("wrap", ("say", "output"))}
    step.check("Move out of container")


def test_the_step_that_gives_a_containers_output_leaves_it(studio: Studio, page: WorkflowPage) -> None:
    step = Step(studio)
    drop(studio, "wrap", "join", 0, 250)
    assert graph_of(page).nodes["wrap"].parent is None
    (said,) = studio.messages.told
    assert "First: Wrap.output" in said
    step.check("Move out of container")


def test_a_step_that_reads_a_containers_output_goes_into_it(studio: Studio, page: WorkflowPage) -> None:
    step = Step(studio)
    drop(studio, "join", "one", 0, 30)
    assert graph_of(page).nodes["join"].parent == "one"
    (said,) = studio.messages.told
    assert said.splitlines()[0] == "2 connections were cut."
    assert "Join: First.output" in said, "what comes out of it at its end is not there inside"
    assert "End: Join.output" in said
    step.check("Move into container")


def test_what_breaks_nothing_is_not_talked_about(studio: Studio, page: WorkflowPage) -> None:
    made = page.canvas.edits.add_node("code", 100, 400)
    assert made is not None
    page.canvas.fit()
    studio.settle()
    step = Step(studio)
    drop(studio, made, "two")
    assert graph_of(page).nodes[made].parent == "two"
    assert not studio.messages.told
    step.check("Move into container")


@pytest.mark.parametrize(("moved", "words"), [("end", "cannot stand inside"), ("two", "another container")])
def test_what_may_not_go_in_stays_where_it_was(studio: Studio, page: WorkflowPage, moved: str, words: str) -> None:
    before = write(page.session.document.workflow)
    hand = studio.hand
    rect = hand.view.node_rect(moved)
    grip = hand.at_node(moved) if moved == "end" else QPointF(rect.left() + 20, rect.top() + 10)
    hand.drag(grip, hand.view.node_rect("one").center() + QPointF(0, 30), steps=12)
    assert write(page.session.document.workflow) == before
    assert words in studio.messages.told[0]


def test_a_note_lies_where_it_is_put_and_goes_along(studio: Studio, page: WorkflowPage) -> None:
    note = page.canvas.edits.add_node("note", 100, 400)
    assert note is not None
    page.canvas.fit()
    studio.settle()
    hand = studio.hand
    step = Step(studio)
    drop(studio, note, "one", 0, 30)
    assert graph_of(page).nodes[note].parent is None
    assert hand.view.node_rect("one").contains(hand.view.node_rect(note).center())
    step.check("Move node")
    page.session.document.undo()

    step = Step(studio)
    page.canvas.select([note, "join"])
    place = hand.place_of(note)
    drop(studio, "join", "two")
    assert graph_of(page).nodes["join"].parent == "two"
    assert graph_of(page).nodes[note].parent is None
    assert hand.place_of(note) != place, "it went along"
    step.check("Move into container")


def test_escape_on_the_way_leaves_no_trace(studio: Studio, page: WorkflowPage) -> None:
    before = write(page.session.document.workflow)
    hand = studio.hand
    hand.drag(hand.at_node("say"), hand.view.node_rect("two").center(), steps=12, drop=False)
    hand.key(Qt.Key.Key_Escape)
    hand.release(hand.view.node_rect("two").center())
    assert write(page.session.document.workflow) == before
    assert not page.session.document.can_undo
