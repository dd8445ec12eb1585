"""Talking to a chat flow in the studio."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QTextEdit,
)

from editor.panels.chat import Chat
from editor.panels.talk.pane import SHOWN_TURNS
from editor.panels.talk.turn import Answer
from editor.screenshot import wait_until
from engine.model.edits import SetFeature
from engine.services.chat.annotations import AnnotationSettings
from tests.helpers.model import made, node
from tests.helpers.models import ModelServer, openai_stream
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton
CODE = (
    "def main(q: str):\n"
    "    hit = {'_source': 'knowledge', 'dataset_id': 'k', 'document_id': 'd', 'document_name': 'Rivers.pdf'}\n"
    "    return {'text': 'Slow ' * 3, 'hits': [{'content': 'The Rhine', 'title': 'r', 'metadata': hit}]}\n"
)


def talking_flow(features: dict[str, Any] | None = None, *, answer: str = "", variables: Any = ()) -> Any:
    """Counts the turns in a conversation variable and says so."""
    item = {
        "variable_selector": ["conversation", "turns"], "operation": "+=", "input_type": "constant", "value": 1,
        "write_mode": "over-write",
    }  # fmt: skip
    given = {"opening_statement": "Welcome!", "suggested_questions": ["How are you?"]}
    return made(
        [
            node("1", "start", variables=list(variables)),
            node("2", "assigner", title="Count", version="2", items=[item]),
            node("3", "answer", answer=answer or "**Turn** {{#conversation.turns#}}: {{#sys.query#}}", variables=[]),
        ],
        [("1", "2"), ("2", "3")],
        mode="advanced-chat",
        conversation_variables=[{"id": "t", "name": "turns", "value_type": "number", "value": 0}],
        features=given if features is None else features,
    )


def opened(studio: Studio, flow: Any = None) -> Chat:
    app_id = studio.services.workflows.create("advanced-chat", "Talk", workflow=flow or talking_flow())
    page = studio.open_app(app_id)
    QTest.mouseClick(studio.window.top.run, LEFT)
    studio.settle()
    assert page.chat is not None
    return page.chat


def answered(chat: Chat, count: int, answers: int = 1) -> None:
    def done() -> bool:
        if len(chat.turns) != count or len(chat.turns[-1].answers) != answers:
            return False
        return chat.turns[-1].answers[-1].over

    said = vars(chat._session.studio.messages)
    assert wait_until(done, 60), ([[a.text for a in t.answers] for t in chat.turns], said)


def say(chat: Chat, words: str) -> None:
    QTest.keyClicks(chat.edit, words)
    QTest.keyClick(chat.edit, Qt.Key.Key_Return)


def said(chat: Chat) -> list[str]:
    """What stands in the conversation, top to bottom."""
    opener = [chat.opener.text.text()] if chat.opener is not None and chat.opener.isVisible() else []
    return opener + [line for turn in chat.turns for line in (turn.query, turn.text.text())]


@pytest.mark.spec("editor.68", "editor.69", "editor.78")
def test_a_conversation_goes_on_and_begins_anew(studio: Studio) -> None:
    chat = opened(studio)
    assert said(chat) == ["Welcome!"]
    suggestion = next(b for b in chat.findChildren(QPushButton) if b.accessibleName() == "How are you?")

    QTest.mouseClick(suggestion, LEFT)
    answered(chat, 1)
    say(chat, "Again")
    answered(chat, 2)

    assert said(chat) == ["Welcome!", "How are you?", "**Turn** 1: How are you?", "Again", "**Turn** 2: Again"]
    assert not chat.suggestions.isVisible()
    assert chat.turns[1].steps.isVisible()
    QTest.mouseClick(chat.memory_button, LEFT)
    row = chat.memory.tree.topLevelItem(0)
    assert (row.text(0), row.text(1)) == ("turns", "2")
    assert row.text(2).endswith("Count")

    studio.click("New conversation", chat)
    assert said(chat) == ["Welcome!"]
    assert chat.memory.values == {"turns": 0}
    assert studio.page.session.run_state is None  # nothing is marked on the canvas any more
    QTest.keyClicks(chat.edit, "Fresh")
    QTest.mouseClick(chat.button, LEFT)
    answered(chat, 1)
    assert said(chat)[2] == "**Turn** 1: Fresh"


@pytest.mark.spec("editor.68")
def test_an_answer_is_asked_for_again_and_its_steps_open_the_trace(studio: Studio) -> None:
    chat = opened(studio)
    say(chat, "One")
    answered(chat, 1)
    first = chat.turns[0].answers[0].run_id

    studio.click("Answer again", chat)
    answered(chat, 1, answers=2)
    turn = chat.turns[0]
    assert turn.text.text() == "**Turn** 2: One"
    QTest.mouseClick(turn.before, LEFT)
    assert (turn.text.text(), turn.page.text()) == ("**Turn** 1: One", "1 / 2")

    QTest.mouseClick(turn.steps, LEFT)
    step = next(b for b in turn.step_box.findChildren(QPushButton) if b.text() == "Count")
    QTest.mouseClick(step, LEFT)
    assert studio.page.tabs.currentWidget() is studio.page.trace
    assert studio.page.session.run_state is not None
    assert studio.page.session.run_state.run_id == first
    assert studio.page.canvas.selected_nodes() == ["2"]


@pytest.mark.spec("editor.68")
def test_a_workspace_that_is_locked_for_a_while_does_not_refuse_what_is_said(studio: Studio) -> None:
    """A slow disk keeps the file for longer than SQLite waits (5 s): the run begins when it is free again."""
    chat = opened(studio)
    say(chat, "One")
    answered(chat, 1)
    other = sqlite3.connect(studio.services.data_dir / "penstock.db", isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")
    free = threading.Timer(6.5, lambda: other.execute("rollback"))
    free.start()
    studio.click("Answer again", chat)
    answered(chat, 1, answers=2)
    free.join()
    other.close()
    assert chat.turns[0].text.text() == "**Turn** 2: One"
    assert studio.messages.errors == []


def test_shift_and_enter_begin_a_line(studio: Studio) -> None:
    chat = opened(studio)
    QTest.keyClicks(chat.edit, "a")
    QTest.keyClick(chat.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(chat.edit, "b")
    assert chat.edit.toPlainText() == "a\nb"
    assert studio.page.session.run is None


@pytest.mark.spec("editor.78")
def test_the_opener_shows_the_inputs_as_they_are_typed(studio: Studio) -> None:
    who = {"variable": "who", "type": "text-input", "label": "Who", "required": True}
    chat = opened(studio, talking_flow({"opening_statement": "Hello {{who}}!"}, variables=[who]))
    assert said(chat) == ["Hello {{who}}!"]

    say(chat, "Hi")  # a required input is missing: nothing is said
    assert chat.turns == []
    field = chat.form.findChild(object, "input who")  # type: ignore[union-attr]
    QTest.keyClicks(field, "Ann")
    assert said(chat) == ["Hello Ann!"]
    chat.edit.clear()
    say(chat, "Hi")
    answered(chat, 1)
    assert not chat.form.isVisible()  # type: ignore[union-attr]
    studio.click("Inputs of the conversation", chat)
    assert chat.form.isVisible()  # type: ignore[union-attr]


@pytest.mark.spec("editor.78", "ai.145", "ai.147")
def test_moderation_and_annotations_answer_in_the_preview(studio: Studio) -> None:
    chat = opened(studio)
    session = studio.page.session
    words = {"enabled": True, "preset_response": "Not that."}
    block = {"enabled": True, "type": "keywords", "config": {"keywords": "bomb", "inputs_config": words}}
    session.submit(SetFeature(("sensitive_word_avoidance",), block), "Content moderation")
    studio.services.annotations.put(session.app_id, "Opening hours?", "Nine to five.")
    studio.services.annotations.set_settings(session.app_id, AnnotationSettings(enabled=True))

    say(chat, "A bomb")
    answered(chat, 1)
    say(chat, "opening hours")
    answered(chat, 2)
    assert [t.text.text() for t in chat.turns] == ["Not that.", "Nine to five."]
    assert chat.turns[0].note.text() == "Content moderation answered; nothing ran."
    assert chat.turns[1].note.text() == "An annotation answered; nothing ran."
    assert not chat.turns[0].trace_button.isVisible()
    assert studio.services.runs.list().runs == []

    session.undo()
    say(chat, "A bomb")
    answered(chat, 3)
    assert chat.turns[2].text.text() == "**Turn** 1: A bomb"


@pytest.mark.spec("editor.78")
def test_a_replaced_answer_says_so(studio: Studio) -> None:
    words = {"enabled": True, "preset_response": "I cannot say."}
    config = {"keywords": "poison", "outputs_config": words}
    features = {"sensitive_word_avoidance": {"enabled": True, "type": "keywords", "config": config}}
    chat = opened(studio, talking_flow(features, answer="Take poison."))
    say(chat, "?")
    answered(chat, 1)
    turn = chat.turns[0]
    assert turn.text.text() == "I cannot say."
    assert "replaced" in turn.note.text()
    assert not turn.fault.isVisible()


def test_an_answer_is_kept_as_an_annotation(studio: Studio) -> None:
    chat = opened(studio)
    say(chat, "One")
    answered(chat, 1)
    studio.click("Keep as an annotation", chat)
    dialog: Any = studio.dialog(QDialog)
    dialog.answer.setPlainText("Better words.")
    QTest.mouseClick(dialog.save, LEFT)
    app_id = studio.page.session.app_id
    assert wait_until(lambda: bool(studio.services.annotations.all(app_id)), 10)
    row = studio.services.annotations.all(app_id)[0]
    assert (row["question"], row["answer"]) == ("One", "Better words.")
    assert wait_until(lambda: studio.messages.told[-1:] == ["Kept as an annotation."], 10)


@pytest.mark.spec("ai.25", "ai.148")
def test_what_an_answer_cites_stands_below_it(studio: Studio) -> None:
    """A real run: a node finds passages, a model answers with them as its context, the answer names its sources."""
    code = {
        "code": CODE, "code_language": "python3", "variables": [{"variable": "q", "value_selector": ["sys", "query"]}],
        "outputs": {"text": {"type": "string"}, "hits": {"type": "array[object]"}},
    }  # fmt: skip
    models = studio.services.models
    with ModelServer(openai_stream("To the sea.")) as server:
        provider = models.save_provider("openai_api_compatible", base_url=server.url)
        models.add_model(provider, "box-1")
        model = {"provider": provider, "name": "box-1", "mode": "chat", "completion_params": {}}
        prompt = [{"role": "system", "text": "{{#context#}}"}, {"role": "user", "text": "{{#sys.query#}}"}]
        context = {"enabled": True, "variable_selector": ["c", "hits"]}
        flow = made(
            [
                node("1", "start", variables=[]),
                node("c", "code", **code),
                node("m", "llm", model=model, prompt_template=prompt, context=context),
                node("3", "answer", answer="{{#m.text#}}", variables=[]),
            ],
            [("1", "c"), ("c", "m"), ("m", "3")],
            mode="advanced-chat",
            features={"retriever_resource": {"enabled": True}},
        )
        chat = opened(studio, flow)
        say(chat, "Where?")
        answered(chat, 1)
        assert server.seen[-1].body["messages"][0] == {"role": "system", "content": "The Rhine"}
    turn = chat.turns[0]
    assert turn.text.text() == "To the sea."
    assert [r["document_name"] for r in turn.answers[0].metadata["retriever_resources"]] == ["Rivers.pdf"]
    studio.settle()
    assert turn.citations.isVisible()
    studio.click("Citation: Rivers.pdf", chat)
    dialog = studio.dialog(QDialog)
    assert dialog.windowTitle() == "Rivers.pdf"
    passage = dialog.findChild(QPlainTextEdit)
    assert passage is not None
    assert passage.toPlainText() == "The Rhine"
    dialog.close()

    studio.page.session.submit(SetFeature(("retriever_resource", "enabled"), False), "Citations")
    with ModelServer(openai_stream("Still there.")) as server:
        models.save_provider("openai_api_compatible", provider_id=provider, base_url=server.url)
        studio.window.studio.runs.host.reload()
        say(chat, "Again?")
        answered(chat, 2)
    assert chat.turns[1].text.text() == "Still there."
    assert not chat.turns[1].citations.isVisible()


def test_files_go_with_a_message_within_the_limits(studio: Studio, tmp_path: Path) -> None:
    upload = {"enabled": True, "allowed_file_types": ["document"], "number_limits": 1}
    chat = opened(studio, talking_flow({"file_upload": upload}, answer="Files: {{#sys.files#}}"))
    paper, other, picture = tmp_path / "paper.txt", tmp_path / "other.txt", tmp_path / "cat.png"
    for path in (paper, other, picture):
        path.write_text("x", "utf-8")

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(p)) for p in (picture, paper, other)])
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    chat.dropEvent(event)
    assert [f["filename"] for f in chat.composer.files] == ["paper.txt"]
    assert chat.composer.fault.text() == "At most 1 files."
    chat.composer.add_address("ftp://x")
    assert "http" in chat.composer.fault.text()

    say(chat, "Read this")
    answered(chat, 1)
    assert "paper.txt" in chat.turns[0].text.text()
    assert chat.composer.files == []

    studio.page.session.submit(SetFeature(("file_upload", "enabled"), False), "File upload")
    assert not chat.composer.attach.isVisible()


@pytest.mark.spec("editor.68")
def test_a_run_is_stopped_from_the_chat(studio: Studio) -> None:
    code = "import time\ndef main():\n    time.sleep(60)\n    return {'r': 1}\n"
    slow = node("c", "code", code=code, code_language="python3", variables=[], outputs={"r": {"type": "number"}})
    flow = made(
        [node("1", "start", variables=[]), slow, node("3", "answer", answer="{{#c.r#}}", variables=[])],
        [("1", "c"), ("c", "3")],
        mode="advanced-chat",
        features={},
    )
    chat = opened(studio, flow)
    say(chat, "Go")
    assert wait_until(lambda: bool(chat.turns[0].answers[0].run_id), 30)
    assert chat.button.text() == "Stop"
    QTest.mouseClick(chat.button, LEFT)
    answered(chat, 1)
    assert chat.turns[0].fault.text() == "Stopped."
    assert chat.button.text() == "Send"


@pytest.mark.spec("editor.78")
def test_follow_up_questions_come_after_the_answer(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = opened(studio, talking_flow({"suggested_questions_after_answer": {"enabled": True}}))
    asked: list[dict[str, Any]] = []

    def ask(_name: str, arguments: dict[str, Any], done: Any) -> None:
        asked.append(arguments)
        done(["And then?", "Why?"])

    monkeypatch.setattr(studio.window.studio.runs, "ask", ask)
    say(chat, "One")
    answered(chat, 1)
    assert wait_until(lambda: chat.suggestions.isVisible(), 10)
    assert asked[0]["conversation_id"] == chat.conversation_id
    studio.click("Why?", chat)
    answered(chat, 2)
    assert chat.turns[1].query == "Why?"


def test_the_engine_process_answers_what_a_window_asks(studio: Studio) -> None:
    chat = opened(studio, talking_flow({"suggested_questions_after_answer": {"enabled": False}}))
    got: list[Any] = []
    arguments = {"features": {}, "conversation_id": "none"}
    studio.window.studio.runs.ask("suggested_questions", arguments, got.append)
    assert wait_until(lambda: bool(got), 30)
    assert got == [[]]
    assert chat.turns == []


def test_an_earlier_conversation_goes_on(studio: Studio) -> None:
    chat = opened(studio)
    say(chat, "One")
    answered(chat, 1)
    studio.click("Answer again", chat)
    answered(chat, 1, answers=2)
    conversation = chat.conversation_id
    studio.click("New conversation", chat)
    say(chat, "Other")
    answered(chat, 1)

    chat.conversations.open(conversation)
    assert wait_until(lambda: chat.conversation_id == conversation, 10)
    assert [a.text for a in chat.turns[0].answers] == ["**Turn** 1: One", "**Turn** 2: One"]
    assert chat.memory.values == {"turns": 2}
    remembered = chat.memory.tree.topLevelItem(0)
    assert remembered.text(1) == "2"
    assert remembered.text(2)[:2] == "20", "when it was written, not that it is the default"
    say(chat, "Two")
    answered(chat, 2)
    assert chat.turns[1].text.text() == "**Turn** 3: Two"


def test_a_conversation_has_a_name_that_can_be_changed(studio: Studio) -> None:
    chat = opened(studio)
    bar = chat.conversations
    assert not bar.title.isVisible()
    say(chat, "Where do   rivers & lakes end?")
    answered(chat, 1)
    assert bar.title.isVisible()
    assert bar.title.text() == "Where do rivers && lakes end?"

    QTest.mouseClick(bar.title, LEFT)
    dialog: Any = studio.dialog(QInputDialog)
    assert dialog.textValue() == "Where do rivers & lakes end?"
    line = dialog.findChild(QLineEdit)
    line.selectAll()
    QTest.keyClicks(line, "Rivers")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert wait_until(lambda: bar.title.text() == "Rivers", 30)
    app_id = studio.page.session.app_id
    assert [r["name"] for r in studio.services.runs.conversations(app_id)] == ["Rivers"]

    say(chat, "Again")
    answered(chat, 2)
    assert bar.title.text() == "Rivers"
    studio.click("New conversation", chat)
    assert not bar.title.isVisible()

    studio.click("Earlier conversations", chat)
    assert wait_until(lambda: bool(bar.findChildren(QMenu)), 30)
    menu = bar.findChildren(QMenu)[0]
    assert menu.actions()[0].text().startswith("Rivers ")
    menu.actions()[0].trigger()
    menu.close()
    assert wait_until(lambda: len(chat.turns) == 2, 30)
    assert bar.title.text() == "Rivers"


def test_of_a_long_conversation_the_newest_turns_are_laid_out(studio: Studio) -> None:
    chat = opened(studio, talking_flow({}))
    text = "Some **words**.\n\n```python\nprint(1)\n```\n\n" * 3
    for number in range(150):
        chat._add(f"Question {number}", []).begin(Answer(text=text, over=True))
    studio.settle()
    assert sum(t.isVisible() for t in chat.turns) == SHOWN_TURNS
    chat.turns[-1].answers[-1].text += " more"
    chat.turns[-1].show_answer()
    studio.settle()
    assert chat.turns[-1].text.text().endswith(" more")
    QTest.mouseClick(chat.pane.more, LEFT)
    assert sum(t.isVisible() for t in chat.turns) == 2 * SHOWN_TURNS


@pytest.mark.spec("editor.57", "editor.67")
def test_an_answer_of_megabytes_shows_its_beginning_and_is_copied_whole(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"variable": "t", "type": "paragraph", "label": "t"}
    chat = opened(studio, talking_flow({}, answer="{{#1.t#}}", variables=[given]))
    long = "x" * 1_100_000
    chat.form.load({"t": long})  # type: ignore[union-attr]
    say(chat, "?")
    answered(chat, 1)
    shown = chat.turns[0].text
    assert sum(len(part.toPlainText()) for part in shown.findChildren(QTextEdit)) < 30_000
    assert "The beginning of 1.0 MB." in [label.text() for label in shown.findChildren(QLabel) if label.isVisible()]
    target = tmp_path / "answer.txt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    studio.click("Export the whole value", shown)
    assert target.read_text("utf-8") == long
    studio.click("Copy the answer", chat)
    assert QGuiApplication.clipboard().text() == long


def test_links_ask_first_and_answers_are_copied(studio: Studio) -> None:
    chat = opened(studio, talking_flow({}, answer="[site](https://example.org) [local](file:///etc/passwd)"))
    say(chat, "?")
    answered(chat, 1)
    chat._open_link("https://example.org")
    assert studio.messages.asked == ["Open this address?: https://example.org [Open]"]
    chat._open_link("file:///etc/passwd")
    assert "Only web and mail" in studio.messages.told[-1]
    studio.click("Copy the answer", chat)
    assert QGuiApplication.clipboard().text().startswith("[site](https://example.org)")


def test_up_brings_back_what_was_said(studio: Studio) -> None:
    chat = opened(studio)
    say(chat, "One")
    answered(chat, 1)
    QTest.keyClick(chat.edit, Qt.Key.Key_Up)
    assert chat.edit.toPlainText() == "One"
    QTest.keyClick(chat.edit, Qt.Key.Key_Down)
    assert chat.edit.toPlainText() == ""
