"""Whole workflows from words (editor-ux spec C35), with real clicks and a model server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from editor.dialogs.generating import PRESENT, SAMPLES, Chip, Generating
from editor.dialogs.goto import GoTo
from editor.screenshot import wait_until
from engine.model.document import Document
from engine.model.graph import Viewport
from engine.model.workflow import Workflow
from engine.ports.models import ModelRef
from tests.engine.services.test_generating import MAIL, edge, plan_of, step
from tests.helpers.model import made, node
from tests.helpers.models import Answer, ModelServer, openai_stream
from tests.helpers.studio import Studio
from tests.journeys.test_block_help import choose
from tests.journeys.test_first_hour import popup

LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier
WRONG = {**MAIL, "nodes": [*MAIL["nodes"], step("b", "beamer")]}


def answer(plan: Any) -> Answer:
    """A plan, streamed in three pieces."""
    text = plan if isinstance(plan, str) else json.dumps(plan)
    third = len(text) // 3
    return openai_stream(text[:third], text[third : 2 * third], text[2 * third :])


@contextmanager
def desk(studio: Studio, *answers: Answer) -> Iterator[ModelServer]:
    """The model of the workspace is a server with these answers."""
    with ModelServer(*answers) as server:
        models = studio.services.models
        provider = models.save_provider("openai_api_compatible", base_url=server.url)
        models.add_model(provider, "box-1")
        models.set_default(ModelRef(provider, "box-1"))
        studio.window.studio.load_models()
        known = studio.window.studio.known_models
        assert wait_until(lambda: any(m["name"] == "box-1" for m in known()), 20)
        yield server


def present(studio: Studio) -> Any:
    """A workflow with a model that somebody set up with care, open in a tab."""
    entry = node("s", "start", title="Begin", variables=[{"variable": "q", "label": "q", "type": "paragraph"}])
    model = {"provider": "mine", "name": "hand-picked", "mode": "chat", "completion_params": {"seed": 7}}
    prompt = [{"id": "1", "role": "system", "text": "Be brief. {{#s.q#}}"}]
    retry = {"retry_enabled": True, "max_retries": 5, "retry_interval": 10}
    llm = node("n", "llm", title="Think", model=model, prompt_template=prompt, retry_config=retry)
    output = {"variable": "r", "value_selector": ["n", "text"], "value_type": "string"}
    flow = made([entry, llm, node("e", "end", title="Out", outputs=[output])], [("s", "n"), ("n", "e")])
    return studio.open_app(studio.services.workflows.create("workflow", "Mine", workflow=flow))


def shown(studio: Studio) -> Generating:
    dialog = studio.dialog(Generating)
    assert isinstance(dialog, Generating)
    dialog.activateWindow()
    assert wait_until(dialog.isActiveWindow, 10)
    return dialog


def from_library(studio: Studio) -> Generating:
    """New, From a description…"""
    library = studio.window.library
    menu = library.new.menu()
    menu.popup(library.new.mapToGlobal(QPoint(0, library.new.height())))
    choose(popup(QMenu), "From a description…")
    return shown(studio)


def by_name(studio: Studio, words: str) -> Generating:
    """Go to anything, with a slash."""
    QTest.keyClick(studio.window, Qt.Key.Key_K, CTRL)
    palette = popup(GoTo)
    assert isinstance(palette, GoTo)
    QTest.keyClicks(palette.search, words)
    assert len(palette.entries) == 1
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    return shown(studio)


def generate(dialog: Generating, words: str) -> None:
    dialog.words.setFocus()
    dialog.words.clear()
    QTest.keyClicks(dialog.words, words)
    count = len(dialog.drafts)
    QTest.keyClick(dialog.words, Qt.Key.Key_Return, CTRL)
    assert wait_until(lambda: len(dialog.drafts) > count, 60), dialog.verdict.text()
    assert wait_until(dialog.write.isEnabled, 10)


def rows(dialog: Generating) -> list[str]:
    return [dialog.notes.item(row).text() for row in range(dialog.notes.count())]


def titles(page: Any) -> set[str]:
    return {n.title for n in page.session.document.graph.nodes.values()}


def content(document: Document) -> Workflow:
    """What is in a workflow, wherever one looks at it from."""
    return document.workflow.with_graph(document.graph.with_viewport(Viewport()))


def told(server: ModelServer) -> str:
    return str(server.seen[-1].body["messages"][1]["content"])


def test_a_workflow_is_made_from_words_and_runs_with_the_model_that_designed_it(studio: Studio) -> None:
    chosen = json.dumps({"category_id": "bad", "category_name": "A complaint"})
    with desk(studio, answer(MAIL), openai_stream(chosen), openai_stream("So sorry!")) as server:
        dialog = from_library(studio)
        assert not dialog.fresh.isEnabled()
        assert not dialog.use.isVisible()
        assert dialog.stack.currentWidget() is dialog.empty
        (chip, *_) = [c for c in dialog.findChildren(Chip) if c.isVisible()]
        QTest.mouseClick(chip, LEFT)
        assert dialog.words.toPlainText() == SAMPLES["workflow"][0]

        generate(dialog, "Answer mails politely")
        assert "# The request\n\nAnswer mails politely" in told(server)
        assert server.seen[-1].body["response_format"] == {"type": "json_object"}
        assert dialog.stack.currentWidget() is dialog.preview
        assert len(dialog.preview.graph.nodes) == 6
        assert rows(dialog) == ["6 nodes"]
        assert "tokens" in dialog.verdict.text()
        QTest.mouseClick(dialog.fresh, LEFT)
        assert wait_until(lambda: studio.window.page is not None, 20)
        studio.activate()
        page = studio.page
        assert page.session.name == "Answer mails"
        assert titles(page) == {"Start", "Kind", "Sorry", "Thanks", "Join", "End"}
        assert page.session.problems == []
        summary = studio.run({"mail": "It broke"})
        assert summary["status"] == "succeeded", summary
        assert summary["outputs"] == {"reply": "So sorry!"}
        assert studio.services.logs.count() == 1  # only the run itself is recorded


def test_the_open_workflow_is_refined_and_what_stays_keeps_its_settings(studio: Studio) -> None:
    plan = {
        "nodes": [{"key": "start", "type": "start"}, {"key": "llm", "type": "llm"},
                  step("short", "template-transform", "Shorten", settings={"template": "{{#llm.text#}}!"}),
                  {"key": "end", "type": "end", "settings": {"outputs": {"r": "{{#short.output#}}"}}}],
        "edges": [edge("start", "llm"), edge("llm", "short"), edge("short", "end")],
    }  # fmt: skip
    further = json.loads(json.dumps(plan).replace("Shorten", "Louder"))
    page = present(studio)
    document = page.session.document
    before, steps = content(document), len(document.history())
    with desk(studio, answer(plan), answer(further)) as server:
        dialog = by_name(studio, "/refine add a step that shortens")
        assert dialog.words.toPlainText() == "add a step that shortens"
        assert dialog.basis.currentData() == PRESENT
        QTest.mouseClick(dialog.write, LEFT)
        assert wait_until(lambda: len(dialog.drafts) == 1, 60), dialog.verdict.text()
        assert '"key": "llm", "type": "llm", "title": "Think"' in told(server)
        assert "Be brief. {{#start.q#}}" in told(server)
        assert "hand-picked" not in told(server)
        assert {"Added: Shorten", "Changed: Out"} <= set(rows(dialog))
        assert dialog.preview.state.diff  # what is new and what changed is marked

        generate(dialog, "louder")
        assert "Shorten" in told(server)  # the present draft is what is worked on
        assert [dialog.version.itemText(i) for i in range(2)] == ["Draft 1", "Draft 2"]
        dialog.version.setFocus()
        QTest.keyClick(dialog.version, Qt.Key.Key_Up)
        assert "Shorten" in {n.title for n in dialog.preview.graph.nodes.values()}
        QTest.mouseClick(dialog.use, LEFT)
        studio.activate()
        assert not studio.messages.asked  # it was made of what is there: nothing is lost unseen
        assert titles(page) == {"Begin", "Think", "Shorten", "Out"}
        assert document.graph.nodes["n"].data == before.graph.nodes["n"].data
        assert document.graph.nodes["s"].data == before.graph.nodes["s"].data
        assert len(document.history()) == steps + 1
        QTest.keyClick(studio.window, Qt.Key.Key_Z, CTRL)
        assert content(document) == before
        QTest.keyClick(studio.window, Qt.Key.Key_Y, CTRL)
        assert "Shorten" in titles(page)


def test_a_fresh_draft_replaces_what_is_there_or_comes_below_it(studio: Studio) -> None:
    page = present(studio)
    document = page.session.document
    before = content(document)
    with desk(studio, answer(MAIL)):
        for choice, expected in ((1, {"Begin", "Think", "Out", "Kind", "Sorry", "Thanks", "Join", "End"}),
                                 (0, {"Start", "Kind", "Sorry", "Thanks", "Join", "End"})):  # fmt: skip
            at = QPoint(page.canvas.width() - 40, page.canvas.height() - 40)
            asked = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, page.canvas.mapToGlobal(at))
            QApplication.sendEvent(page.canvas, asked)
            choose(popup(QMenu), "Generate from words")
            dialog = shown(studio)
            dialog.basis.setFocus()
            QTest.keyClick(dialog.basis, Qt.Key.Key_Up)
            generate(dialog, "Answer mails")
            studio.messages.answers.append(None)  # first they think better of it
            QTest.mouseClick(dialog.use, LEFT)
            assert dialog.isVisible()
            assert content(document) == before
            studio.messages.answers.append(choice)
            QTest.mouseClick(dialog.use, LEFT)
            studio.activate()
            assert titles(page) == expected
            assert page.session.name == "Mine"
            page.session.undo()
            assert content(document) == before


def test_a_plan_with_faults_is_mended_by_the_model_and_the_rest_is_told(studio: Studio) -> None:
    with desk(studio, answer(WRONG), answer(WRONG)) as server:
        dialog = from_library(studio)
        generate(dialog, "Answer mails")
        assert [m["role"] for m in server.seen[-1].body["messages"]] == ["system", "user", "assistant", "user"]
        assert "beamer" in server.seen[-1].body["messages"][3]["content"]
        assert "“B” is left out: there is no node type “beamer”." in rows(dialog)
        assert "The model was asked once to mend its first plan." in rows(dialog)
        assert "a larger model may do better" in dialog.verdict.text()
        assert dialog.fresh.isEnabled()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert dialog.isVisible()
        assert "1 draft was not used." in studio.messages.asked[-1]
        studio.messages.answers.append(True)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        studio.activate()


def test_an_answer_without_a_plan_is_shown_as_it_is(studio: Studio) -> None:
    with desk(studio, openai_stream("I would love to help!")) as server:
        dialog = from_library(studio)
        QTest.keyClick(dialog.words, Qt.Key.Key_Return, CTRL)
        assert dialog.verdict.text() == "Say in words what the workflow is to do."
        QTest.keyClicks(dialog.words, "Anything")
        QTest.mouseClick(dialog.write, LEFT)
        assert wait_until(lambda: "no plan" in dialog.verdict.text(), 60), dialog.verdict.text()
        assert "larger model" in dialog.verdict.text()
        assert len(server.seen) == 2  # it was asked to mend it
        assert dialog.text.toPlainText() == "I would love to help!"
        assert dialog.stack.currentWidget() is dialog.text
        assert not dialog.fresh.isEnabled()
        QTest.keyClick(dialog.raw, Qt.Key.Key_Space)
        assert dialog.stack.currentWidget() is dialog.empty
        QTest.keyClick(dialog, Qt.Key.Key_Escape)  # nothing is lost: nothing is asked
        assert not dialog.isVisible()
        studio.activate()


def test_progress_is_counted_and_a_model_that_writes_is_stopped(studio: Studio) -> None:
    gate = threading.Event()
    text = json.dumps(MAIL)
    slow = Answer(events=list(openai_stream(text[: text.index('"edges"')]).events or ())[:1], hold=gate)
    with desk(studio, slow, Answer(status=401, body={"error": {"message": "no such key"}})) as server:
        dialog = from_library(studio)
        QTest.keyClicks(dialog.words, "Answer mails")
        QTest.mouseClick(dialog.write, LEFT)
        assert wait_until(lambda: "6 nodes" in dialog.verdict.text(), 60), dialog.verdict.text()
        assert not dialog.write.isEnabled()
        QTest.mouseClick(dialog.stop, LEFT)
        assert wait_until(lambda: dialog.verdict.text() == "Stopped.", 10), dialog.verdict.text()
        assert server.broken.wait(10)
        gate.set()
        assert not dialog.drafts
        QTest.mouseClick(dialog.write, LEFT)
        assert wait_until(lambda: "no such key" in dialog.verdict.text(), 60), dialog.verdict.text()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        studio.activate()


def test_closing_stops_a_model_that_writes(studio: Studio) -> None:
    gate = threading.Event()
    slow = Answer(events=list(openai_stream("{").events or ())[:1], hold=gate)
    with desk(studio, slow) as server:
        dialog = from_library(studio)
        QTest.keyClicks(dialog.words, "Answer mails")
        QTest.mouseClick(dialog.write, LEFT)
        assert wait_until(lambda: dialog.text.toPlainText() == "{", 60)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert server.broken.wait(10)
        gate.set()
        studio.activate()


def test_when_mending_fails_the_first_plan_is_still_there(studio: Studio) -> None:
    with desk(studio, answer(WRONG), Answer(status=401, body={"error": {"message": "no such key"}})):
        dialog = from_library(studio)
        generate(dialog, "Answer mails")
        assert len(dialog.preview.graph.nodes) == 6
        studio.messages.answers.append(True)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        studio.activate()


def test_a_chat_flow_is_made_and_the_preview_is_moved_by_hand_and_keys(studio: Studio) -> None:
    plan = plan_of(step("start", "start"), step("say", "answer", settings={"answer": "Hello {{#sys.query#}}"}),
                   edges=[edge("start", "say")], name="Hello")  # fmt: skip
    with desk(studio, answer(plan)) as server:
        dialog = from_library(studio)
        dialog.mode.setFocus()
        QTest.keyClick(dialog.mode, Qt.Key.Key_Down)
        generate(dialog, "Say hello")
        assert "It is a chat" in server.seen[-1].body["messages"][0]["content"]
        preview = dialog.preview
        camera = preview.camera.copy()
        QTest.mousePress(preview, LEFT, pos=QPoint(100, 100))
        QTest.mouseMove(preview, QPoint(140, 130))
        QTest.mouseRelease(preview, LEFT, pos=QPoint(140, 130))
        assert (round(preview.camera.x - camera.x), round(preview.camera.y - camera.y)) == (40, 30)
        at = QPointF(100, 100)
        wheel = QWheelEvent(at, preview.mapToGlobal(at), QPoint(), QPoint(0, -240), Qt.MouseButton.NoButton,
                            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
        QApplication.sendEvent(preview, wheel)
        assert preview.camera.zoom < camera.zoom
        QTest.keyClick(preview, Qt.Key.Key_Left)
        QTest.keyClick(preview, Qt.Key.Key_0)
        assert preview.camera.same_as(camera)
        QTest.mouseClick(dialog.fresh, LEFT)
        assert wait_until(lambda: studio.window.page is not None, 20)
        studio.activate()
        assert studio.page.session.document.workflow.mode == "advanced-chat"
