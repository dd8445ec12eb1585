"""What was done to a model's answer without an error is said where people look: in the trace and beside the node."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QLabel

from editor.i18n import set_language
from editor.panels.last_run import LastRun
from editor.panels.notices import notices_of
from editor.panels.trace import BAR_WIDTH, Trace
from editor.panels.trace_model import BAR, STEP
from editor.screenshot import wait_until
from tests.editor.panels.test_trace import below, said
from tests.helpers.model import made, node
from tests.helpers.models import Answer, ModelServer, openai_stream
from tests.helpers.studio import Studio

SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
REFUSED = Answer(400, {"error": {"message": "Invalid schema for response_format: type boolean is not supported"}})


def run_on(studio: Studio, *answers: Answer) -> tuple[Trace, list[Any]]:
    """An llm node that wants an object, asked of a server; the trace, and what the server got."""
    models = studio.services.models
    with ModelServer(*answers) as server:
        provider = models.save_provider("openai_api_compatible", base_url=server.url)
        models.add_model(provider, "gpt-4o")
        ask = node(
            "2",
            "llm",
            title="Ask",
            model={"provider": provider, "name": "gpt-4o", "mode": "chat", "completion_params": {}},
            prompt_template=[{"role": "user", "text": "Is it?"}],
            structured_output_enabled=True,
            structured_output={"schema": SCHEMA},
        )
        out = [{"variable": "ok", "value_selector": ["2", "structured_output"]}]
        flow = made([node("1", "start", variables=[]), ask, node("3", "end", outputs=out)], [("1", "2"), ("2", "3")])
        page = studio.open_app(studio.services.workflows.create("workflow", "Ask", workflow=flow))
        live = studio.window.running.start(page, {}, "")
        assert live is not None
        assert wait_until(lambda: live.is_over, 60)
        assert live.summary is not None
        assert live.summary["status"] == "succeeded", live.summary["error"]
        assert live.summary["outputs"] == {"ok": {"ok": True}}
    page.show_drawer("trace")
    studio.settle()
    return page.trace, server.seen


def test_a_repaired_answer_is_called_so(studio: Studio) -> None:
    trace, _ = run_on(studio, openai_stream("{'ok': true,", "}"))

    line = below(trace, "Ask")
    assert str(line.data()).endswith("1 notice")
    trace.tree.setCurrentIndex(line)
    studio.settle()
    assert "It was repaired before it was read" in said(trace)

    page = studio.page
    page.canvas.select(["2"])
    studio.settle()
    page.inspector.tabs.setCurrentIndex(1)
    last = page.inspector.findChild(LastRun)
    assert last is not None

    def words() -> str:
        return "\n".join(label.text() for label in last.findChildren(QLabel))

    assert wait_until(lambda: "It was repaired before it was read" in words(), 30)


@pytest.mark.spec("ai.54")
def test_texts_in_the_place_of_booleans_are_told(studio: Studio) -> None:
    trace, seen = run_on(studio, REFUSED, openai_stream('{"ok": "true"}'))

    assert len(seen) == 2
    trace.tree.setCurrentIndex(below(trace, "Ask"))
    studio.settle()
    assert "refuses booleans in a schema" in said(trace)
    assert "repaired" not in said(trace).replace("structured_output_repaired", "")


def test_a_clean_answer_has_no_notice(studio: Studio) -> None:
    trace, _ = run_on(studio, openai_stream('{"ok": true}'))
    assert "notice" not in str(below(trace, "Ask").data())


def test_warnings_of_the_engine_are_said_in_the_language_in_force() -> None:
    facts = {"warnings": ["m-1 does not take image files: a.b.png was left out.", "Something else."]}
    assert notices_of(facts) == ["m-1 does not take images: a.b.png was left out.", "Something else."]
    set_language("zh_CN")
    try:
        first, second = notices_of(facts)
    finally:
        set_language("en")
    assert "图片" in first
    assert "a.b.png" in first
    assert second == "Something else."


def test_a_cut_answer_and_an_empty_one_are_said(studio: Studio) -> None:
    trace, _ = run_on(studio, openai_stream('{"ok": true', finish="length", usage=(7, 44)))
    trace.tree.setCurrentIndex(below(trace, "Ask"))
    assert "cut off at its limit of 44 tokens. Set a larger limit" in said(trace)
    set_language("zh_CN")
    try:
        cut, empty = notices_of(
            {
                "warnings": [
                    "The answer was cut off at its limit of tokens, after 44; raise max_tokens in the node's settings.",
                    "The model gave an empty answer.",
                ]
            }
        )
    finally:
        set_language("en")
    assert "44 个 Token" in cut
    assert empty == "模型给出了空回答。"


def test_the_words_of_a_step_have_room_before_the_time_bars(studio: Studio) -> None:
    trace, _ = run_on(studio, openai_stream("{'ok': true,", "}"))
    studio.window.resize(1280, 800)
    studio.settle()
    header = trace.tree.header()
    assert header.sectionSize(STEP) >= 150, [header.sectionSize(n) for n in range(header.count())]
    trace.setSizes([900, 300])
    trace.tree.resize(900, 300)
    assert header.sectionSize(BAR) == BAR_WIDTH
