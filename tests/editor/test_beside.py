"""Changes of the workspace stand in the undo of the workflow that they were made from."""

from __future__ import annotations

from editor.beside import Beside
from engine.model.document import Document
from engine.model.edits import SetField
from tests.helpers.model import made, node


def both() -> tuple[Document, Beside, list[str]]:
    document = Document(made([node("1", "start")]))
    return document, Beside(document), []


def rename(document: Document, title: str) -> None:
    document.apply(SetField("1", ("title",), title), label=f"to {title}")


def did(steps: Beside, told: list[str], name: str) -> None:
    steps.did(name, lambda: told.append(f"-{name}"), lambda: told.append(f"+{name}"))


def title(document: Document) -> str:
    return str(document.graph.node("1").data["title"])


def test_what_was_done_last_is_taken_back_first() -> None:
    document, steps, told = both()
    rename(document, "a")
    did(steps, told, "M")
    rename(document, "b")
    assert (steps.undo_label, steps.can_redo) == ("to b", False)
    steps.undo()
    assert (title(document), told, steps.undo_label, steps.redo_label) == ("a", [], "M", "to b")
    steps.undo()
    assert (title(document), told) == ("a", ["-M"])
    steps.undo()
    assert (title(document), steps.can_undo) == ("1", False)
    for _ in range(3):
        steps.redo()
    assert (title(document), told, steps.can_redo) == ("b", ["-M", "+M"], False)


def test_a_new_edit_ends_what_could_be_done_again() -> None:
    document, steps, told = both()
    did(steps, told, "M")
    steps.undo()
    assert steps.redo_label == "M"
    rename(document, "a")
    assert not steps.can_redo
    did(steps, told, "N")
    did(steps, told, "O")
    steps.undo()
    steps.undo()
    assert told == ["-M", "-O", "-N"]
    steps.redo()
    assert told[-1] == "+N"
    did(steps, told, "P")
    assert not steps.can_redo
