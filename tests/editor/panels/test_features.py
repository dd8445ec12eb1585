"""The features panel: every switch and setting is an undo step and counts in the next preview."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QLabel, QLineEdit, QPlainTextEdit, QSpinBox

from editor.panels.features.panel import Features
from editor.screenshot import wait_until
from tests.helpers.model import made, node
from tests.helpers.studio import Studio, opened_studio

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path, size=(1400, 1000)) as made_studio:
        yield made_studio


def panel(studio: Studio, features: dict[str, Any] | None = None, mode: str = "advanced-chat") -> Features:
    """The panel of a fresh app."""
    nodes = [node("1", "start", variables=[])]
    edges = []
    if mode == "advanced-chat":
        nodes.append(node("2", "answer", answer="{{#sys.query#}}", variables=[]))
        edges.append(("1", "2"))
    flow = made(nodes, edges, mode=mode, features=features or {})
    app_id = studio.services.workflows.create(mode, "App", workflow=flow)
    page = studio.open_app(app_id)
    page.show_panel("features")
    studio.settle()
    found = page.panels["features"]
    assert isinstance(found, Features)
    return found


def held(studio: Studio) -> dict[str, Any]:
    """The features as the document holds them."""
    return dict(studio.page.session.document.workflow.features)


def check(studio: Studio, place: Features, name: str) -> None:
    box = next(b for b in place.findChildren(QCheckBox) if b.accessibleName() == name and b.isVisible())
    box.click()
    studio.settle()


@pytest.mark.spec("editor.78", "editor.25")
@pytest.mark.parametrize(
    ("name", "feature"),
    [
        ("Follow-up questions", "suggested_questions_after_answer"),
        ("Citations", "retriever_resource"),
        ("Content moderation", "sensitive_word_avoidance"),
        ("File upload", "file_upload"),
        ("Text to speech", "text_to_speech"),
        ("Speech to text", "speech_to_text"),
    ],
)
def test_a_switch_is_one_undo_step(studio: Studio, name: str, feature: str) -> None:
    place = panel(studio)
    before = held(studio)
    check(studio, place, name)
    assert held(studio)[feature]["enabled"] is True
    studio.page.session.undo()
    assert held(studio) == before
    box = next(b for b in place.findChildren(QCheckBox) if b.accessibleName() == name)
    assert not box.isChecked()
    studio.page.session.redo()
    assert box.isChecked()


@pytest.mark.spec("editor.78", "editor.25")
def test_the_opener_is_typed_in_one_step_and_shows_in_the_preview(studio: Studio) -> None:
    place = panel(studio)
    edit = studio.field("Opening statement", QPlainTextEdit, place)
    QTest.keyClicks(edit, "Hello there")
    studio.click("Add question", place)
    studio.settle()
    question = studio.field("Opening question", QLineEdit, place)
    QTest.keyClicks(question, "Why?")
    assert held(studio)["opening_statement"] == "Hello there"
    assert held(studio)["suggested_questions"] == ["Why?"]

    QTest.mouseClick(studio.window.top.run, LEFT)
    studio.settle()
    chat = studio.page.chat
    assert chat is not None
    assert chat.opener is not None
    assert chat.opener.text.text() == "Hello there"
    assert chat.suggestions.count == 1
    session = studio.page.session
    session.undo()
    session.undo()
    session.undo()
    assert "opening_statement" not in held(studio)
    assert not chat.opener.isVisible()


@pytest.mark.spec("editor.78")
def test_moderation_begins_with_keywords_and_says_what_is_missing(studio: Studio) -> None:
    place = panel(studio)
    check(studio, place, "Content moderation")
    faults = [w.text() for w in place.findChildren(QLabel) if w.isVisible() and w.property("kind") == "bad"]
    assert faults == ["Enter at least one keyword."]
    QTest.keyClicks(studio.field("Keywords", QPlainTextEdit, place), "bomb")
    config = held(studio)["sensitive_word_avoidance"]["config"]
    assert config["keywords"] == "bomb"
    assert config["inputs_config"]["enabled"] is True
    check(studio, place, "What is said")
    check(studio, place, "What is answered")
    faults = [w.text() for w in place.findChildren(QLabel) if w.isVisible() and w.property("kind") == "bad"]
    assert faults == ["Choose what is moderated: what is said, what is answered, or both."]

    kind = studio.field("Kind of moderation", QComboBox, place)
    assert isinstance(kind, QComboBox)
    kind.setCurrentIndex(2)
    kind.activated.emit(2)
    studio.settle()
    QTest.keyClicks(studio.field("Extension", QLineEdit, place), "ext")
    QTest.keyClicks(studio.field("Address of the extension", QLineEdit, place), "https://example.org/check")
    studio.click("Save address and key", place)
    assert wait_until(lambda: studio.services.chat.extension("ext") == "https://example.org/check", 10)
    assert wait_until(lambda: studio.messages.told[-1:] == ["Saved."], 10)


@pytest.mark.spec("editor.78", "ai.151")
def test_uploads_have_types_limits_and_ways(studio: Studio) -> None:
    place = panel(studio, {"file_upload": {"image": {"enabled": True, "number_limits": 2}}})
    limit = studio.field("Files per message", QSpinBox, place)
    assert isinstance(limit, QSpinBox)
    assert limit.value() == 2
    check(studio, place, "Documents")
    check(studio, place, "Other")
    QTest.keyClick(studio.field("Extensions", QLineEdit, place), Qt.Key.Key_End)
    QTest.keyClicks(studio.field("Extensions", QLineEdit, place), " dat")
    QTest.keyClick(studio.field("Extensions", QLineEdit, place), Qt.Key.Key_Return)
    check(studio, place, "From an address")
    upload = held(studio)["file_upload"]
    assert upload["allowed_file_types"] == ["image", "document", "custom"]
    assert upload["allowed_file_extensions"][-1] == ".dat"
    assert upload["allowed_file_upload_methods"] == ["local_file"]
    assert upload["enabled"] is True


def test_a_workflow_app_says_that_it_runs_unmoderated(studio: Studio) -> None:
    place = panel(studio, mode="workflow")
    words = [w.text() for w in place.findChildren(QLabel) if w.isVisible()]
    assert any("unmoderated" in w for w in words)
    assert not any(b.accessibleName() == "Citations" for b in place.findChildren(QCheckBox))


@pytest.mark.spec("editor.78")
def test_annotations_are_added_changed_and_deleted(studio: Studio) -> None:
    place = panel(studio)
    card = place.annotations
    assert card is not None
    app_id = studio.page.session.app_id
    service = studio.services.annotations
    card.switch.click()
    assert wait_until(lambda: service.settings(app_id).enabled, 10)
    assert wait_until(lambda: card.inside.isVisible(), 10)

    studio.click("Add an annotation", place)
    dialog: Any = studio.dialog(QDialog)
    assert not dialog.save.isEnabled()
    QTest.keyClicks(dialog.question, "When?")
    QTest.keyClicks(dialog.answer, "Now.")
    QTest.mouseClick(dialog.save, LEFT)
    assert wait_until(lambda: card.list.count() == 1, 10)
    assert card.list.item(0).text() == "When?\nNow.  ·  not given yet"

    card.list.setCurrentRow(0)
    studio.messages.answers.append(True)
    studio.click("Delete the annotation", place)
    assert wait_until(lambda: card.list.count() == 0, 10)
    assert studio.messages.asked[-1] == "Delete the annotation?: The answer to “When?” is forgotten. [Delete!]"
    card.threshold.setValue(0.8)
    card.threshold.editingFinished.emit()
    assert wait_until(lambda: service.settings(app_id).threshold == 0.8, 10)


def test_features_survive_the_way_to_a_file_and_back(studio: Studio, tmp_path: Path) -> None:
    from engine.dsl.read import read
    from engine.dsl.write import write

    place = panel(studio)
    check(studio, place, "Content moderation")
    check(studio, place, "Citations")
    again = read(write(studio.page.session.document.workflow)).workflow
    assert again is not None
    assert dict(again.features) == held(studio)
