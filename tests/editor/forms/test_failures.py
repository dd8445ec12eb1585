"""What happens when a step fails: the branch for it, its outputs, and its edges, on every type that can have one."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from engine.model.edits import AddEdge
from engine.model.graph import Edge
from engine.nodes.registry import spec
from tests.editor.forms.conftest import Open
from tests.editor.forms.test_variables import offered
from tests.helpers.filled import FILLED
from tests.helpers.model import made, node

TYPES = ("llm", "tool", "http-request: form", "code")


@pytest.mark.spec("editor.51")
@pytest.mark.parametrize("example", TYPES)
def test_the_fail_branch_is_chosen_and_given_up_by_keys(desk: Open, example: str) -> None:
    node_type = FILLED[example].kind
    data = {k: v for k, v in FILLED[example].data.items() if k not in ("error_strategy", "default_value")}
    workflow = made(
        [
            node("start", "start", variables=[]),
            node("work", node_type, **data),
            node("rescue", "template-transform", template="x", variables=[{"variable": "a", "value_selector": []}]),
            node("end", "end", outputs=[]),
        ],
        [("start", "work"), ("work", "end")],
    )
    here = desk(workflow, "work")
    here.click("Error handling")
    box = here.one(QComboBox, "When this step fails")

    def choose(words: str) -> None:
        box.setFocus()
        for _ in range(box.count()):
            QTest.keyClick(box, Qt.Key.Key_Up)
        for _ in range(box.findText(words)):
            QTest.keyClick(box, Qt.Key.Key_Down)
        assert box.currentText() == words

    found = spec(node_type)
    assert found is not None
    start = here.document.workflow
    choose("Take the fail branch")
    assert here.data["error_strategy"] == "fail-branch"
    assert "fail-branch" in [handle.id for handle in found.handles(here.data)]

    here.session.submit(AddEdge(Edge("e", "work", "rescue", "fail-branch", "target")), "Connect")
    here.inspector.show_node("rescue")
    here.click("Input value")
    assert {"work.error_message", "work.error_type"} <= offered(here)
    here.picker().close()

    here.inspector.show_node("work")
    box = here.one(QComboBox, "When this step fails")
    with_branch = here.document.workflow
    choose("Stop the run")
    graph = here.document.graph
    assert [(e.source_handle, e.target) for e in graph.out_edges("work")] == [("source", "end")]
    assert "fail-branch" not in [handle.id for handle in found.handles(here.data)]
    taken_back = 0
    while here.document.workflow != with_branch:
        here.session.undo()
        taken_back += 1
        assert taken_back <= box.count(), "a choice by keys is one step for each row that was passed"
    while here.document.can_undo:
        here.session.undo()
    assert here.document.workflow == start
