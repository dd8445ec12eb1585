"""Drafts that a model writes from words: what it is told, and what is made of its answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from engine.errors import UserError
from engine.ports.models import ModelRef
from engine.run.engine import start_run
from engine.run.request import RunRequest
from engine.services.drafting import FIELDS, Draft, Wish, draft_of, run_for
from tests.helpers.models import ScriptedModel

REF = ModelRef("openai", "gpt-x")


def written(wish: Wish, answer: str, **facts: Any) -> tuple[Draft, ScriptedModel]:
    """The draft of a run with a model that gives `answer`."""
    model = ScriptedModel(answer, **facts)
    asked = run_for(wish, REF)

    async def run() -> dict[str, Any]:
        handle = start_run(RunRequest(graph=asked.workflow.graph.to_config(), inputs=asked.inputs), model.ports())
        async for _ in handle.events():
            pass
        return await handle.result()

    summary = asyncio.run(run())
    assert summary["status"] == "succeeded", summary
    return draft_of(wish, summary["outputs"]), model


def test_a_model_gets_the_parts_as_they_are_and_references_in_them_stay() -> None:
    wish = Wish(
        "prompt",
        "Answer {{#nobody.text#}} politely",
        current="Old: {{#start.question#}}",
        values=[("{{#start.question#}}", "string, question of Start")],
        last_run="Error: too long",
    )
    draft, model = written(wish, "Be polite. {{#start.question#}}")
    system, user = model.messages
    assert system.role == "system"
    assert "prompt" in system.text
    for part in ("Answer {{#nobody.text#}} politely", "Old: {{#start.question#}}", "Error: too long"):
        assert part in user.text
    assert (draft.text, draft.doubts) == ("Be polite. {{#start.question#}}", [])


def test_references_that_nobody_gives_are_doubted() -> None:
    draft, _ = written(Wish("prompt", "x", values=[("{{#a.b#}}", "")]), "{{#a.b#}} and {{#c.d#}} and {{#c.d#}}")
    assert draft.doubts == ["It refers to values that are not there: c.d."]


@pytest.mark.parametrize(
    ("answer", "code", "doubt"),
    [
        ("Sure!\n```python\ndef main(a):\n    return {}\n```\nDone.", "def main(a):\n    return {}\n", ""),
        ("def main(a, **k):\n    return {}", "def main(a, **k):\n    return {}\n", ""),
        ("```\ndef main():\n    return {}", "def main():\n    return {}\n", "does not take: a"),
        ("```py\ndef run(a): pass\n```", "def run(a): pass\n", "no function main"),
        ("def main(a:\n  return", "def main(a:\n  return\n", "no valid Python: line 1"),
    ],
)
def test_code_is_taken_out_of_its_block_and_looked_at(answer: str, code: str, doubt: str) -> None:
    wish = Wish("code", "count", values=[("a", "string")], outputs=[("n", "number")])
    draft, model = written(wish, answer)
    assert draft.text == code
    assert [doubt in d for d in draft.doubts] == ([True] if doubt else [])
    assert "- a: string" in model.messages[1].text
    assert "- n: number" in model.messages[1].text


@pytest.mark.parametrize(
    ("answer", "doubt"),
    [
        ("```js\nfunction main({a}) {\n  return {n: 1}\n}\n```", ""),
        ("function main({a}) {\n  return {n: }\n}", "no valid JavaScript: line 2"),
        ("while (true) {}", "no function main"),
    ],
)
def test_scripts_are_looked_at_and_not_run(answer: str, doubt: str) -> None:
    wish = Wish("code", "count", language="javascript", values=[("a", "string")], outputs=[("n", "number")])
    draft, _ = written(wish, answer)
    assert [doubt in d for d in draft.doubts] == ([True] if doubt else [])


def test_a_shape_is_asked_for_by_schema_and_becomes_one() -> None:
    rows = [
        {"name": "full name", "type": "string", "description": "Who", "required": True, "children": []},
        {"name": "jobs", "type": "array[object]", "description": "", "required": False,
         "children": [{"name": "employer", "type": "string", "description": "", "required": True}]},
        {"name": "tags", "type": "array[string]", "description": "", "required": False, "children": []},
        {"name": "!!", "type": "string", "description": "", "required": True, "children": []},
    ]  # fmt: skip
    draft, model = written(
        Wish("schema", "a person"), json.dumps({"fields": rows}), features=frozenset({"structured-output"})
    )
    assert model.requests[0].schema == FIELDS
    assert draft.schema == json.loads(draft.text)
    assert draft.schema == {
        "type": "object",
        "properties": {
            "full_name": {"type": "string", "description": "Who"},
            "jobs": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"employer": {"type": "string"}},
                    "required": ["employer"],
                    "additionalProperties": False,
                },
            },
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["full_name"],
        "additionalProperties": False,
    }


def test_without_words_without_a_model_and_without_an_answer_it_says_so() -> None:
    with pytest.raises(UserError) as no_words:
        run_for(Wish("prompt", "  "), REF)
    with pytest.raises(UserError) as no_model:
        run_for(Wish("prompt", "x"), ModelRef("", ""))
    with pytest.raises(UserError) as nothing:
        draft_of(Wish("code", "x"), {"text": "```\n\n```"})
    with pytest.raises(UserError) as no_fields:
        draft_of(Wish("schema", "x"), {"structured_output": {"fields": []}})
    assert [e.value.code for e in (no_words, no_model, nothing, no_fields)] == [
        "draft.no_words",
        "draft.no_model",
        "draft.empty",
        "draft.empty",
    ]


def test_a_draft_leaves_no_trace_in_the_log() -> None:
    assert run_for(Wish("prompt", "x"), REF).record is False
