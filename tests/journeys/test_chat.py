"""Talking to a chat flow in the studio."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from editor.panels.chat import Chat
from editor.screenshot import wait_until
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton


def talking_flow() -> Any:
    """Counts the turns in a conversation variable and says so."""
    item = {
        "variable_selector": ["conversation", "turns"], "operation": "+=", "input_type": "constant", "value": 1,
        "write_mode": "over-write",
    }  # fmt: skip
    return made(
        [
            node("1", "start", variables=[]),
            node("2", "assigner", version="2", items=[item]),
            node("3", "answer", answer="**Turn** {{#conversation.turns#}}: {{#sys.query#}}", variables=[]),
        ],
        [("1", "2"), ("2", "3")],
        mode="advanced-chat",
        conversation_variables=[{"id": "t", "name": "turns", "value_type": "number", "value": 0}],
        features={"opening_statement": "Welcome!", "suggested_questions": ["How are you?"]},
    )


def opened(studio: Studio) -> Chat:
    app_id = studio.services.workflows.create("advanced-chat", "Talk", workflow=talking_flow())
    page = studio.open_app(app_id)
    QTest.mouseClick(studio.window.top.run, LEFT)
    studio.settle()
    assert page.chat is not None
    return page.chat


def answered(studio: Studio, chat: Chat, count: int) -> None:
    def done() -> bool:
        run = studio.page.session.run
        return len(chat._bubbles) == count and run is not None and run.is_over

    assert wait_until(done, 30)


def said(chat: Chat) -> list[str]:
    return [bubble.text.text() for bubble in chat._bubbles]


@pytest.mark.spec("editor.68", "editor.69", "editor.78")
def test_a_conversation_goes_on_and_begins_anew(studio: Studio) -> None:
    chat = opened(studio)
    assert said(chat) == ["Welcome!"]
    suggestion = next(b for b in chat.findChildren(QPushButton) if b.accessibleName() == "How are you?")

    QTest.mouseClick(suggestion, LEFT)
    answered(studio, chat, 3)
    QTest.keyClicks(chat.edit, "Again")
    QTest.keyClick(chat.edit, Qt.Key.Key_Return)
    answered(studio, chat, 5)

    assert said(chat)[2] == "**Turn** 1: How are you?"
    assert said(chat)[4] == "**Turn** 2: Again"
    assert chat._bubbles[4].steps.isVisible()
    chat._toggle_memory()
    assert chat.memory.topLevelItem(0).text(0) == "turns"
    assert chat.memory.topLevelItem(0).text(1) == "2"
    assert chat.memory.topLevelItem(0).text(2) == "with the last answer"

    studio.click("New conversation", chat)
    assert said(chat) == ["Welcome!"]
    QTest.keyClicks(chat.edit, "Fresh")
    QTest.mouseClick(chat.button, LEFT)
    answered(studio, chat, 3)
    assert said(chat)[2] == "**Turn** 1: Fresh"


def test_an_answer_is_asked_for_again_and_its_steps_open_the_trace(studio: Studio) -> None:
    chat = opened(studio)
    QTest.keyClicks(chat.edit, "One")
    QTest.keyClick(chat.edit, Qt.Key.Key_Return)
    answered(studio, chat, 3)

    studio.click("Answer again", chat)
    answered(studio, chat, 5)
    QTest.mouseClick(chat._bubbles[4].steps, LEFT)

    assert said(chat)[4] == "**Turn** 2: One"
    assert studio.page.tabs.currentWidget() is studio.page.trace


def test_shift_and_enter_begin_a_line(studio: Studio) -> None:
    chat = opened(studio)
    QTest.keyClicks(chat.edit, "a")
    QTest.keyClick(chat.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(chat.edit, "b")
    assert chat.edit.toPlainText() == "a\nb"
    assert studio.page.session.run is None
