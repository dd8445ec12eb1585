"""A step that fails on words of a model says which step and which model gave them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.adapters.code_pool import CodePool
from engine.ports.models import ChatDelta, ModelError
from engine.ports.outside import HttpRequest, HttpResponse, PortError
from tests.helpers.models import MODEL, USAGE, FakeTools, ScriptedModel
from tests.helpers.run import Done, begin, build, end, finish, iterate, template

READ = "import json\ndef main(arg1):\n    return {'x': json.loads(arg1)['a']}"
SCRIPT = "function main({arg1}) { return {x: JSON.parse(arg1).a} }"


def llm(title: str = "Writer", **more: Any) -> dict[str, Any]:
    return {"type": "llm", "title": title, "model": MODEL, "prompt_template": [{"role": "user", "text": "Go"}], **more}


def code(source: str = READ, *selector: str, **more: Any) -> dict[str, Any]:
    variables = [{"variable": "arg1", "value_selector": list(selector or ("m", "text"))}]
    outputs = {"x": {"type": "string"}}
    return {
        "type": "code",
        "code": source,
        "code_language": "python3",
        "variables": variables,
        "outputs": outputs,
        **more,
    }


async def _go(graph: dict[str, Any], model: ScriptedModel, more: dict[str, Any], options: dict[str, Any]) -> Done:
    pool = CodePool()
    try:
        return await finish(begin(graph, ports=model.ports(code=pool, **more), **options))
    finally:
        await pool.close()


def go(graph: dict[str, Any], *replies: Any, ports: dict[str, Any] | None = None, **options: Any) -> Done:
    return asyncio.run(_go(graph, ScriptedModel(*replies), ports or {}, options))


def hint(done: Done) -> str:
    error = str(done.summary["error"])
    return error.rpartition("\n")[2]


def test_text_that_is_not_json() -> None:
    done = go(build("start -> m -> c -> end", m=llm(), c=code()), "A river is long.")
    assert hint(done) == "The text that “Writer” (scripted) gave is not JSON. A larger model may do better."
    assert "JSONDecodeError" in done.summary["error"]
    assert done.ended("c")["error"] == done.summary["error"]
    assert done.ended("c")["error_type"] == "CodeExecutionError"


def test_the_same_in_javascript() -> None:
    graph = build("start -> m -> c -> end", m=llm(), c=code(SCRIPT, code_language="javascript"))
    assert "“Writer” (scripted) gave is not JSON" in hint(go(graph, "A river is long."))


def test_json_of_another_form() -> None:
    done = go(build("start -> m -> c -> end", m=llm(), c=code()), '{"b": 1}')
    assert "KeyError" in done.summary["error"]
    assert hint(done).startswith("The value was made from the text that “Writer” (scripted) gave.")


def test_an_answer_that_was_cut_off_says_how_to_let_it_end() -> None:
    cut = [ChatDelta('{"a": "so lo'), ChatDelta("", (), USAGE, "length")]
    done = go(build("start -> m -> c -> end", m=llm(), c=code()), cut)
    assert hint(done) == (
        "The text that “Writer” (scripted) gave was cut off at its limit of tokens. Raise max_tokens in its settings."
    )


def test_an_answer_that_was_cut_off_but_never_was_json_is_no_json() -> None:
    cut = [ChatDelta("A river is long and"), ChatDelta("", (), USAGE, "length")]
    done = go(build("start -> m -> c -> end", m=llm(), c=code()), cut)
    assert hint(done).startswith("The text that “Writer” (scripted) gave is not JSON.")


def test_the_way_leads_back_through_other_steps() -> None:
    graph = build(
        "start -> m -> t -> c -> end", m=llm(), t=template("Said: {{ a }}", a="m.text"), c=code(READ, "t", "output")
    )
    assert "“Writer” (scripted) gave is not JSON" in hint(go(graph, "Hello"))


def test_the_way_leads_out_of_a_round() -> None:
    split = code("def main(arg1):\n    return {'x': arg1.split(' ')}")
    split["outputs"] = {"x": {"type": "array[string]"}}
    graph = build(
        "start -> m -> s -> it -> end",
        m=llm(),
        s=split,
        it=iterate("it-start -> c", "s.x", "c.x"),
        c=code(READ, "it", "item"),
    )
    assert "“Writer” (scripted) gave is not JSON" in go(graph, "one two").ended("c")["error"]


def test_the_value_that_the_error_names_comes_first() -> None:
    node = code(READ, "m", "text")
    node["variables"].insert(0, {"variable": "other", "value_selector": ["n", "text"]})
    node["code"] = READ.replace("arg1)", "other, arg1)", 1)
    graph = build("start -> n -> m -> c -> end", n=llm("First"), m=llm("Second"), c=node)
    assert "“Second”" in hint(go(graph, "no JSON", "no JSON either"))


def test_conversation_variables_lead_to_who_wrote_them() -> None:
    items = [
        {
            "variable_selector": ["conversation", "kept"],
            "operation": "over-write",
            "input_type": "variable",
            "value": ["m", "text"],
        }
    ]
    graph = build(
        "start -> m -> w -> c -> end",
        m=llm(),
        w={"type": "assigner", "version": "2", "items": items},
        c=code(READ, "conversation", "kept"),
    )
    kept = [{"id": "1", "name": "kept", "value_type": "string", "value": ""}]
    done = go(graph, "no JSON", conversation_variables=kept)
    assert "“Writer” (scripted) gave is not JSON" in hint(done)


def test_values_that_were_not_found() -> None:
    extractor = {
        "type": "parameter-extractor",
        "title": "Finder",
        "model": MODEL,
        "query": ["sys", "query"],
        "parameters": [{"name": "day", "type": "string", "description": "", "required": True}],
        "reasoning_mode": "prompt",
    }
    graph = build(
        "start -> p -> c -> end", p=extractor, c=code("def main(arg1):\n    return {'x': int(arg1)}", "p", "day")
    )
    done = go(graph, "I do not know.")
    assert hint(done).startswith("“Finder” (scripted) did not find every value (Failed to extract result")


def test_an_output_of_the_wrong_type() -> None:
    node = code("import json\ndef main(arg1):\n    return {'x': json.loads(arg1)}")
    done = go(build("start -> m -> c -> end", m=llm(), c=node), "[1]")
    assert done.ended("c")["error_type"] == "OutputValidationError"
    assert "made from the text that “Writer” (scripted) gave" in hint(done)


def test_a_body_that_is_not_json() -> None:
    body = {"type": "json", "data": [{"type": "text", "key": "", "value": "{{#m.text#}}"}]}
    ask = {"type": "http-request", "method": "post", "url": "http://127.0.0.1:9/", "headers": "", "params": ""}
    graph = build("start -> m -> h -> end", m=llm(), h={**ask, "authorization": {"type": "no-auth"}, "body": body})
    done = go(graph, "no JSON", ports={"http": object()})
    assert done.ended("h")["error_type"] == "RequestBodyError"
    assert "“Writer” (scripted) gave is not JSON" in hint(done)


class Down:
    """A server that answers everything with an error page."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(502, [("content-type", "text/html")], b"<h1>Bad gateway</h1>", request.url)


def test_the_error_page_of_a_server() -> None:
    ask = {"type": "http-request", "title": "Fetch", "method": "get", "url": "http://127.0.0.1:9/", "headers": ""}
    rest = {"params": "", "authorization": {"type": "no-auth"}, "body": {"type": "none", "data": []}}
    done = go(build("start -> h -> c -> end", h={**ask, **rest}, c=code(READ, "h", "body")), ports={"http": Down()})
    assert hint(done) == "The answer that “Fetch” got was an error: status 502."


def test_a_tool_that_cannot_read_it() -> None:
    tools = FakeTools().add("parse", lambda **_: PortError("ToolRuntimeInvocationError", "The text is not JSON."))
    node = {
        "type": "tool",
        "provider_type": "builtin",
        "provider_id": "p",
        "tool_name": "parse",
        "tool_parameters": {"content": {"type": "mixed", "value": "{{#m.text#}}"}},
        "tool_configurations": {},
    }
    done = go(build("start -> m -> t -> end", m=llm(), t=node), "no JSON", ports={"tools": tools})
    assert "“Writer” (scripted) gave is not JSON" in hint(done)


@pytest.mark.parametrize(
    "source",
    [
        "import json\ndef main(arg1):\n    return {'x': jsom.loads(arg1)}",
        "import no_such_thing\ndef main(arg1):\n    return {'x': arg1}",
        "def main(arg1)\n    return {}",
    ],
)
def test_faults_of_the_code_itself_are_not_put_on_the_model(source: str) -> None:
    done = go(build("start -> m -> c -> end", m=llm(), c=code(source)), "no JSON")
    assert done.status == "failed"
    assert "Writer" not in done.summary["error"]


def test_inputs_of_a_person_are_not_put_on_a_model() -> None:
    graph = build("start -> m -> c -> end", m=llm(), c=code(READ, "start", "text"))
    done = go(graph, "{}", text="no JSON")
    assert "JSONDecodeError" in done.summary["error"]
    assert "Writer" not in done.summary["error"]


def test_a_fail_branch_gets_the_bare_message() -> None:
    graph = build(
        "start -> m -> c; c -fail-branch-> end",
        m=llm(),
        c=code(error_strategy="fail-branch"),
        end=end(said=["c", "error_message"]),
    )
    done = go(graph, "no JSON")
    assert done.status == "partial-succeeded"
    assert "Writer" not in done.outputs["said"]
    assert "“Writer” (scripted) gave is not JSON" in done.ended("c")["error"]


def test_a_model_that_failed_itself_is_no_reason() -> None:
    graph = build(
        "start -> m -> c -> end",
        m=llm(error_strategy="default-value", default_value=[{"key": "text", "type": "string", "value": "no JSON"}]),
        c=code(),
    )
    done = go(graph, ModelError("InvokeError", "down"))
    assert "JSONDecodeError" in done.summary["error"]
    assert "Writer" not in done.summary["error"]
