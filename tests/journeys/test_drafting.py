"""Prompts, code and shapes of answers written by a model, with real clicks and a model server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from editor.dialogs.drafting import Drafting, changed_lines
from editor.screenshot import wait_until
from engine.ports.models import ModelRef
from tests.helpers.model import made, node
from tests.helpers.models import Answer, ModelServer, openai_stream
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton


@contextmanager
def desk(studio: Studio, data: dict[str, Any], *answers: Answer) -> Iterator[ModelServer]:
    """A node with these settings is selected; the model of the workspace is a server with these answers."""
    with ModelServer(*answers) as server:
        models = studio.services.models
        provider = models.save_provider("openai_api_compatible", base_url=server.url)
        models.add_model(provider, "box-1")
        models.set_default(ModelRef(provider, "box-1"))
        model = {"provider": provider, "name": "box-1", "mode": "chat", "completion_params": {}}
        entry = node("s", "start", title="Begin", variables=[{"variable": "q", "label": "q", "type": "paragraph"}])
        kind = data.pop("type")
        settings = {"model": model, **data} if kind == "llm" else data
        flow = made([entry, node("n", kind, title="Step", **settings)], [("s", "n")])
        studio.open_app(studio.services.workflows.create("workflow", "Drafts", workflow=flow))
        studio.window.studio.load_models()
        assert wait_until(lambda: bool(studio.window.studio.known_models()), 20)
        studio.hand.click(studio.hand.at_node("n"))
        studio.settle()
        yield server


def opened(studio: Studio, button: str) -> Drafting:
    studio.click(button)
    dialog = studio.dialog(Drafting)
    assert isinstance(dialog, Drafting)
    dialog.activateWindow()
    assert wait_until(dialog.isActiveWindow, 10)
    return dialog


def write(dialog: Drafting, words: str) -> None:
    dialog.words.clear()
    QTest.keyClicks(dialog.words, words)
    count = len(dialog.drafts)
    QTest.keyClick(dialog.words, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert wait_until(lambda: len(dialog.drafts) > count, 60), dialog.verdict.text()
    assert wait_until(lambda: dialog.write.isEnabled(), 10)


def use(studio: Studio, dialog: Drafting) -> None:
    QTest.mouseClick(dialog.use, LEFT)
    studio.activate()


def told(server: ModelServer) -> str:
    return str(server.seen[-1].body["messages"][1]["content"])


def test_a_prompt_is_written_changed_compared_and_taken_in_one_step(studio: Studio) -> None:
    prompt = [{"id": "1", "role": "system", "text": "Be brief."}]
    answers = (openai_stream("Be brief.\n", "Use {{#s.q#}}."), openai_stream("Be brief.\nBe kind. {{#x.y#}}"))
    with desk(studio, {"type": "llm", "prompt_template": prompt}, *answers) as server:
        document = studio.page.session.document
        steps = len(document.history())
        dialog = opened(studio, "Let a model write it…")
        assert not dialog.use.isEnabled()
        write(dialog, "Answer the question")
        assert "{{#s.q#}}: " in told(server)
        assert "# What is there now" in told(server)
        assert "Be brief." in told(server)
        assert dialog.text.toPlainText() == "Be brief.\nUse {{#s.q#}}."
        assert not dialog.doubts.isVisible()

        write(dialog, "kinder")
        assert "Use {{#s.q#}}." in told(server)
        assert [dialog.version.itemText(i) for i in range(2)] == ["Draft 1", "Draft 2"]
        assert "x.y" in dialog.doubts.text()
        assert dialog.doubts.isVisible()
        QTest.keyClick(dialog.changes, Qt.Key.Key_Space)
        assert dialog.text.toPlainText().splitlines() == ["  Be brief.", "+ Be kind. {{#x.y#}}"]

        dialog.version.setFocus()
        QTest.keyClick(dialog.version, Qt.Key.Key_Up)
        assert dialog.text.toPlainText().splitlines() == ["  Be brief.", "+ Use {{#s.q#}}."]
        use(studio, dialog)
        assert document.graph.node("n").data["prompt_template"][0]["text"] == "Be brief.\nUse {{#s.q#}}."
        assert len(document.history()) == steps + 1
        document.undo()
        assert document.graph.node("n").data["prompt_template"][0]["text"] == "Be brief."
        assert studio.services.logs.count() == 0


def test_code_is_written_for_the_inputs_of_the_step(studio: Studio) -> None:
    settings = {
        "type": "code",
        "code_language": "python3",
        "code": 'def main(arg1: str, arg2: str) -> dict:\n    return {"result": arg1 + arg2}\n',
        "variables": [{"variable": "text", "value_selector": ["s", "q"]}],
        "outputs": {"words": {"type": "number", "children": None}},
    }
    code = "def main(text: str) -> dict:\n    return {'words': len(text.split())}"
    with desk(studio, settings, openai_stream(f"Here:\n```python\n{code}\n```")) as server:
        dialog = opened(studio, "Let a model write it…")
        write(dialog, "Count the words")
        assert "- text: string" in told(server)
        assert "- words: number" in told(server)
        assert "What is there now" not in told(server)  # the sample code of a fresh step is nothing to go on from
        assert not dialog.doubts.isVisible()
        use(studio, dialog)
        assert studio.page.session.document.graph.node("n").data["code"] == code + "\n"


def test_the_fields_of_an_answer_are_laid_out_from_words(studio: Studio) -> None:
    rows = [{"name": "city", "type": "string", "description": "Where", "required": True, "children": []}]
    settings = {"type": "llm", "structured_output_enabled": True, "structured_output": {"schema": {}}}
    with desk(studio, settings, openai_stream(json.dumps({"fields": rows}))):
        dialog = opened(studio, "From words…")
        write(dialog, "The city")
        use(studio, dialog)
        schema = studio.page.session.document.graph.node("n").data["structured_output"]["schema"]
        assert schema["properties"] == {"city": {"type": "string", "description": "Where"}}
        assert schema["required"] == ["city"]


def test_a_model_that_writes_is_stopped_and_a_failure_is_said(studio: Studio) -> None:
    gate = threading.Event()
    slow = Answer(events=list(openai_stream("Once upon").events or ())[:1], hold=gate)
    answers = (slow, Answer(status=401, body={"error": {"message": "no such key"}}))
    prompt = [{"id": "1", "role": "system", "text": ""}]
    with desk(studio, {"type": "llm", "prompt_template": prompt}, *answers) as server:
        dialog = opened(studio, "Let a model write it…")
        QTest.keyClick(dialog.words, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert dialog.verdict.text() == "Say in words what is to be written."

        QTest.keyClicks(dialog.words, "A tale")
        QTest.mouseClick(dialog.write, LEFT)
        assert wait_until(lambda: dialog.text.toPlainText() == "Once upon", 60)
        QTest.mouseClick(dialog.stop, LEFT)
        assert wait_until(lambda: dialog.verdict.text() == "Stopped.", 10), dialog.verdict.text()
        assert server.broken.wait(10)
        gate.set()
        assert not dialog.drafts
        assert not dialog.use.isEnabled()

        QTest.mouseClick(dialog.write, LEFT)
        assert wait_until(lambda: "no such key" in dialog.verdict.text(), 60), dialog.verdict.text()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        studio.activate()


def test_changes_are_told_line_by_line() -> None:
    assert changed_lines("a\nb", "a\nc") == "  a\n- b\n+ c"
