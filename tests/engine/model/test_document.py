"""The document: one way in, undo and redo, merged steps, history, listeners."""

from __future__ import annotations

import pytest

from engine.errors import UserError
from engine.model.document import Delta, Document
from engine.model.edits import Group, MoveNodes, RemoveNode, ReplaceWorkflow, SetField, SetViewport
from engine.model.graph import Viewport
from tests.helpers.model import made, node


def document() -> Document:
    return Document(made([node("1", "start"), node("2", "code"), node("3", "end")], [("1", "2"), ("2", "3")]))


def title(doc: Document, node_id: str = "2") -> str:
    return doc.graph.node(node_id).title


def test_undo_and_redo_walk_the_steps() -> None:
    doc = document()
    doc.apply(SetField("2", ("title",), "A"), label="Rename")
    doc.apply(RemoveNode("3"), label="Delete")

    assert (doc.can_undo, doc.can_redo, doc.undo_label) == (True, False, "Delete")
    delta = doc.undo()
    assert delta is not None
    assert (delta.origin, delta.nodes_added, delta.edges_added) == ("undo", {"3"}, {"2-source-3-target"})
    assert doc.redo_label == "Delete"
    doc.undo()
    assert (title(doc), doc.undo()) == ("2", None)
    again = doc.redo()
    assert again is not None
    assert (again.origin, title(doc)) == ("redo", "A")


def test_a_new_change_ends_what_could_be_redone() -> None:
    doc = document()
    doc.apply(SetField("2", ("title",), "A"))
    doc.undo()
    doc.apply(SetField("2", ("title",), "B"))

    assert not doc.can_redo
    assert [s.index for s in doc.history()] == [0, 1]


def test_typing_is_one_step_until_it_ends() -> None:
    doc = document()
    for text in ("h", "he", "hel"):
        doc.apply(SetField("2", ("title",), text), label="Type", merge_key="2.title")
    doc.end_merge()
    doc.apply(SetField("2", ("title",), "help"), label="Type", merge_key="2.title")

    doc.undo()
    assert title(doc) == "hel"
    doc.undo()
    assert title(doc) == "2"
    doc.redo()
    assert title(doc) == "hel"


def test_another_key_starts_another_step() -> None:
    doc = document()
    doc.apply(SetField("2", ("title",), "a"), merge_key="x")
    doc.apply(SetField("3", ("title",), "b"), merge_key="y")
    doc.apply(SetField("2", ("title",), "c"), merge_key="x")

    assert len(doc.history()) == 4


def test_undo_in_the_middle_of_typing_ends_the_step() -> None:
    doc = document()
    doc.apply(SetField("2", ("title",), "a"), merge_key="x")
    doc.undo()
    doc.redo()
    doc.apply(SetField("2", ("title",), "ab"), merge_key="x")
    doc.undo()

    assert title(doc) == "a"


@pytest.mark.spec("editor.26")
def test_two_hundred_steps_there_and_back() -> None:
    doc = document()
    first = doc.workflow
    for number in range(200):
        doc.apply(MoveNodes({"1": (number + 1, 0)}) if number % 2 else SetField("2", ("title",), str(number)))
    last = doc.workflow

    while doc.undo():
        pass
    assert doc.workflow == first
    while doc.redo():
        pass
    assert doc.workflow == last


def test_a_refused_change_leaves_everything_as_it_was() -> None:
    doc = document()
    before, revision = doc.workflow, doc.revision

    with pytest.raises(UserError):
        doc.apply(Group("", (SetField("2", ("title",), "A"), RemoveNode("nowhere"))))

    assert (doc.workflow, doc.revision, doc.can_undo) == (before, revision, False)


def test_a_change_of_nothing_is_no_step() -> None:
    doc = document()
    heard: list[Delta] = []
    doc.subscribe(heard.append)

    assert doc.apply(SetField("2", ("title",), "2")).is_empty
    assert (doc.can_undo, doc.revision, heard) == (False, 0, [])


def test_looking_elsewhere_is_no_change_of_content() -> None:
    doc = document()
    delta = doc.apply(SetViewport(Viewport(1, 2, 1.5)))

    assert delta.viewport_changed
    assert not delta.content_changed
    assert (doc.can_undo, doc.revision, doc.graph.viewport.zoom) == (False, 0, 1.5)


@pytest.mark.spec("dsl.44")
def test_an_import_over_the_open_app_is_one_step_back() -> None:
    doc = document()
    before = doc.workflow
    delta = doc.apply(ReplaceWorkflow(made([node("x", "start")])), label="Import")

    assert delta.everything
    assert list(doc.graph.nodes) == ["x"]
    back = doc.undo()
    assert back is not None
    assert back.everything
    assert doc.workflow == before


def test_history_jumps_and_names_where_it_is() -> None:
    doc = document()
    for text in "abc":
        doc.apply(SetField("2", ("title",), text), label=text)

    doc.go_to(1)
    assert (title(doc), [s.label for s in doc.history()]) == ("a", ["", "a", "b", "c"])
    assert [s.is_current for s in doc.history()] == [False, True, False, False]
    doc.go_to(3)
    assert title(doc) == "c"
    with pytest.raises(UserError):
        doc.go_to(9)


def test_listeners_hear_every_change_until_they_leave() -> None:
    doc = document()
    heard: list[Delta] = []
    leave = doc.subscribe(heard.append)

    doc.apply(SetField("2", ("title",), "A"))
    doc.undo()
    leave()
    leave()
    doc.redo()

    assert [d.origin for d in heard] == ["apply", "undo"]
    assert doc.revision == 3
