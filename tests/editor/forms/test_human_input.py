"""The form that a person will fill, made with mouse and keys."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QToolButton

from editor.panels.forms.delivery import DeliveryPart
from editor.panels.forms.template_edit import TemplateEdit
from engine.model.workflow import Workflow
from engine.nodes.human_input.config import HumanInputConfig
from engine.nodes.specs.logic import check_human
from tests.editor.forms.conftest import Desk, Open
from tests.helpers.model import made, node


def ask(**data: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "delivery_methods": [{"id": "1", "type": "webapp", "enabled": True}],
        "inputs": [],
        "user_actions": [{"id": "ok", "title": "OK"}],
        **data,
    }
    return node("ask", "human-input", **settings)


def flow(**data: Any) -> Workflow:
    return made([node("start", "start", variables=[]), ask(**data)], [("start", "ask")])


def test_a_field_has_what_its_kind_needs(desk: Open) -> None:
    here = desk(flow(), "ask")
    here.click("Add field")
    first = here.one(QLineEdit, "First value")
    QTest.keyClicks(first, "hi")
    assert here.data["inputs"][0]["default"]["value"] == "hi"
    HumanInputConfig.model_validate(here.data)
    steps = here.steps()
    here.choose("Kind", "Choice")
    assert here.steps() == steps + 1
    choices = here.one(QPlainTextEdit, "Choices")
    choices.setFocus()
    for word in ("red", "blue"):
        QTest.keyClicks(choices, word)
        QTest.keyClick(choices, Qt.Key.Key_Return)
    assert here.data["inputs"][0]["option_source"] == {"type": "constant", "selector": [], "value": ["red", "blue"]}
    HumanInputConfig.model_validate(here.data)
    here.choose("Source", "From a variable")
    assert here.one(QPushButton, "Variable")
    assert here.data["inputs"][0]["option_source"]["value"] == ["red", "blue"]


def test_a_field_for_files_takes_some_kinds(desk: Open) -> None:
    here = desk(flow(inputs=[{"type": "file", "output_variable_name": "f", "allowed_file_types": ["image"]}]), "ask")
    here.click("Documents")
    assert here.data["inputs"][0]["allowed_file_types"] == ["image", "document"]
    here.click("Images")
    here.click("Documents")
    assert here.data["inputs"][0]["allowed_file_types"] == ["document"]
    assert here.one(QCheckBox, "Documents").isChecked()


def buttons() -> Workflow:
    """start -> ask, whose two buttons lead to two ends."""
    ends = [node(name, "end", outputs=[]) for name in ("yes", "no")]
    asking = ask(user_actions=[{"id": "ok", "title": "OK"}, {"id": "stop", "title": "Stop"}])
    return made(
        [node("start", "start", variables=[]), asking, *ends],
        [("start", "ask"), ("ask", "ok", "yes"), ("ask", "stop", "no")],
    )


def leaving(here: Desk) -> dict[str, str]:
    return {edge.source_handle: edge.target for edge in here.document.graph.out_edges("ask")}


@pytest.mark.spec("logic.187")
def test_the_id_of_a_button_is_renamed_with_its_edges(desk: Open) -> None:
    here = desk(buttons(), "ask")
    before = here.document.workflow
    ident = here.one(QLineEdit, "Button id")
    ident.setFocus()
    ident.selectAll()
    QTest.keyClicks(ident, "approve")
    QTest.keyClick(ident, Qt.Key.Key_Return)
    assert here.data["user_actions"][0]["id"] == "approve"
    assert leaving(here) == {"approve": "yes", "stop": "no"}
    assert here.steps() == 2
    here.session.undo()
    assert here.document.workflow == before
    assert ident.text() == "ok"


@pytest.mark.spec("logic.180")
@pytest.mark.parametrize(
    ("typed", "words"), [("stop", "taken"), ("2nd", "no digit first"), ("a" * 21, "at most 20"), ("", "at most 20")]
)
def test_an_id_that_cannot_be_is_refused_in_words(desk: Open, typed: str, words: str) -> None:
    here = desk(buttons(), "ask")
    ident = here.one(QLineEdit, "Button id")
    ident.setFocus()
    ident.selectAll()
    QTest.keyClicks(ident, typed) if typed else QTest.keyClick(ident, Qt.Key.Key_Delete)
    QTest.keyClick(ident, Qt.Key.Key_Return)
    assert any(words in label.text() for label in here.all(QLabel)), [label.text() for label in here.all(QLabel)]
    assert (ident.text(), here.data["user_actions"][0]["id"], here.steps()) == ("ok", "ok", 1)


def test_a_button_that_goes_takes_its_edge_in_one_step(desk: Open) -> None:
    here = desk(buttons(), "ask")
    place = here.all(QLineEdit, "Button id")[1].mapTo(here.inspector, QPoint()).y()
    trash = min(here.all(QToolButton, "Remove"), key=lambda b: abs(b.mapTo(here.inspector, QPoint()).y() - place))
    QTest.mouseClick(trash, Qt.MouseButton.LeftButton)
    assert [a["id"] for a in here.data["user_actions"]] == ["ok"]
    assert leaving(here) == {"ok": "yes"}
    assert here.steps() == 2


def test_the_name_of_a_field_is_followed_by_its_place_and_its_readers(desk: Open) -> None:
    fields = [{"type": "paragraph", "output_variable_name": "note"}]
    asking = ask(inputs=fields, form_content="Say {{#$output.note#}} {{#x.y#}}")
    end = node("end", "end", outputs=[{"variable": "r", "value_selector": ["ask", "note"]}])
    here = desk(made([node("start", "start"), asking, end], [("start", "ask"), ("ask", "ok", "end")]), "ask")
    name = here.one(QLineEdit, "Field name")
    name.setFocus()
    name.selectAll()
    QTest.keyClicks(name, "comment")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert here.data["form_content"] == "Say {{#$output.comment#}} {{#x.y#}}"
    assert here.document.graph.node("end").data["outputs"][0]["value_selector"] == ["ask", "comment"]
    assert here.steps() == 2


@pytest.mark.spec("logic.186", "logic.189")
def test_an_email_is_made_complete_by_hand(desk: Open) -> None:
    here = desk(flow(), "ask")
    first = here.data["delivery_methods"]
    here.click("By e-mail")
    assert here.steps() == 2
    assert [m["type"] for m in here.data["delivery_methods"]] == ["webapp", "email"]
    assert told(here) == "The e-mail needs a subject."
    QTest.keyClicks(here.one(TemplateEdit, "Subject"), "Please check")
    assert told(here) == "The e-mail needs an address, or goes to everybody."
    addresses = here.one(QPlainTextEdit, "Addresses")
    addresses.setFocus()
    QTest.keyClicks(addresses, "ann@example")
    assert any("no e-mail address" in label.text() for label in here.all(QLabel))
    QTest.keyClicks(addresses, ".com, bob@example.com")
    here.click("Only to me while testing")
    method = here.data["delivery_methods"][1]
    assert method["config"] == {
        "body": "{{#url#}}",
        "debug_mode": True,
        "recipients": {
            "items": [
                {"email": "ann@example.com", "type": "external"},
                {"email": "bob@example.com", "type": "external"},
            ],
            "whole_workspace": False,
        },
        "subject": "Please check",
    }
    assert told(here) == ""
    assert check_human(here.data) == []
    here.click("By e-mail")
    here.click("In the program")
    assert [m["enabled"] for m in here.data["delivery_methods"]] == [False, False]
    assert told(here) == "Nobody is asked: switch a way on."
    while here.document.can_undo:
        here.session.undo()
    assert here.data["delivery_methods"] == first
    assert not here.all(QPlainTextEdit, "Addresses")


@pytest.mark.spec("logic.186")
def test_members_and_the_older_spelling_are_kept(desk: Open) -> None:
    people = {"include_bound_group": False, "items": [{"type": "member", "reference_id": "u1"}], "other": 1}
    config = {"subject": "S", "body": "no link", "recipients": people}
    methods = [{"id": "1", "type": "email", "config": config}, {"id": "2", "type": "slack", "enabled": False}]
    here = desk(flow(delivery_methods=methods), "ask")
    assert here.data["delivery_methods"] == methods
    assert any("1 member" in label.text() for label in here.all(QLabel))
    assert "insert it into the text" in told(here)
    here.click("Insert the link")
    assert here.data["delivery_methods"][0]["config"]["body"] == "no link\n\n{{#url#}}"
    here.click("Everybody of the workspace")
    assert here.data["delivery_methods"][0]["config"]["recipients"] == {**people, "include_bound_group": True}
    here.click("Remove slack")
    assert len(here.data["delivery_methods"]) == 1


def told(here: Desk) -> str:
    """What the section of delivery says is missing."""
    part = here.all(DeliveryPart)[0]
    return next(
        (w.text() for w in here.all(QLabel, within=part) if w.property("kind") == "bad" and "@" not in w.text()), ""
    )
