"""Each switch of the features panel, clicked: what the preview does then, and what it does after undo."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QPlainTextEdit, QPushButton, QToolButton

from editor.panels.chat import Chat
from editor.screenshot import wait_until
from tests.helpers.studio import Studio
from tests.journeys.test_chat import answered, opened, say, talking_flow

LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def chat(studio: Studio) -> Chat:
    """The preview beside the panel of features."""
    found = opened(studio, talking_flow({"opening_statement": "Welcome!"}))
    QTest.mouseClick(studio.page.rail_buttons["features"], LEFT)
    studio.settle()
    return found


def turn(studio: Studio, name: str) -> None:
    """Click a switch of the panel, as far down as it may be."""
    panel = studio.page.panels["features"]
    box = next(b for b in panel.findChildren(QCheckBox) if b.accessibleName() == name)
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Space)
    studio.settle()


def undo(studio: Studio) -> None:
    studio.page.canvas.setFocus()
    QTest.keyClick(studio.window, Qt.Key.Key_Z, CONTROL)
    studio.settle()


def feature(studio: Studio, name: str) -> Any:
    return dict(studio.page.session.document.workflow.features).get(name)


def type_in(studio: Studio, name: str, words: str) -> None:
    edit = studio.field(name, QPlainTextEdit, studio.page.panels["features"])
    edit.setFocus()
    QTest.keyClicks(edit, words)


@pytest.mark.spec("editor.78")
def test_file_upload_brings_its_button_into_the_preview(studio: Studio, chat: Chat) -> None:
    def offered() -> list[str]:
        buttons = [b for b in chat.findChildren(QToolButton) + chat.findChildren(QPushButton) if b.isVisible()]
        return [b.accessibleName() for b in buttons if "file" in b.accessibleName().lower()]

    before = feature(studio, "file_upload")
    assert offered() == []
    turn(studio, "File upload")
    assert offered() != []
    undo(studio)
    assert offered() == []
    assert feature(studio, "file_upload") == before


@pytest.mark.spec("editor.78")
def test_moderation_changes_the_next_answer_and_undo_the_one_after(studio: Studio, chat: Chat) -> None:
    say(chat, "A bomb")
    answered(chat, 1)
    turn(studio, "Content moderation")
    type_in(studio, "Keywords", "bomb")
    say(chat, "A bomb")
    answered(chat, 2)
    undo(studio)  # the keyword
    undo(studio)  # the switch
    assert not (feature(studio, "sensitive_word_avoidance") or {}).get("enabled")
    say(chat, "A bomb")
    answered(chat, 3)
    texts = [t.text.text() for t in chat.turns]
    assert texts[1] == "I cannot talk about this."
    assert [text.endswith("A bomb") for text in texts] == [True, False, True]


@pytest.mark.spec("editor.78")
def test_the_opener_follows_every_letter_and_undo(studio: Studio, chat: Chat) -> None:
    assert chat.opener is not None
    assert chat.opener.text.text() == "Welcome!"
    type_in(studio, "Opening statement", "Hi. ")
    assert "Hi. " in chat.opener.text.text()
    undo(studio)
    assert chat.opener.text.text() == "Welcome!"


@pytest.mark.spec("editor.78")
def test_follow_up_questions_are_asked_for_after_the_switch_only(
    studio: Studio, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(name: str, _arguments: Any, done: Any) -> None:
        asked.append(name)
        done(["And then?"])

    monkeypatch.setattr(studio.window.studio.runs, "ask", ask)
    say(chat, "One")
    answered(chat, 1)
    assert asked == []
    turn(studio, "Follow-up questions")
    say(chat, "Two")
    answered(chat, 2)
    assert wait_until(lambda: chat.suggestions.isVisible(), 10)
    undo(studio)
    count = len(asked)
    say(chat, "Three")
    answered(chat, 3)
    assert len(asked) == count
    assert not chat.suggestions.isVisible()


@pytest.mark.parametrize("name", ["Text to speech", "Speech to text"])
@pytest.mark.spec("editor.78")
def test_speech_says_that_the_preview_stays_silent(studio: Studio, chat: Chat, name: str) -> None:
    panel = studio.page.panels["features"]
    words = [label.text() for label in panel.findChildren(QLabel)]
    assert sum("no speech model in this studio" in text for text in words) == 2
    turn(studio, name)
    key = name.lower().replace(" ", "_")
    assert feature(studio, key)["enabled"] is True
    undo(studio)
    assert not (feature(studio, key) or {}).get("enabled")
