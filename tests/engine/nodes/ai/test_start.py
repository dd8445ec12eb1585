"""The inputs of a run, and the start node, by the statements of nodes-ai section 19."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UserError
from engine.nodes.start import check_inputs
from engine.services.context import Services
from engine.services.runs import StartRun
from tests.helpers.model import made, node, notices, opened, tree
from tests.helpers.run import answer, build, end, go

PDF = {"type": "document", "transfer_method": "remote_url", "url": "http://files.test/a.pdf"}


def variable(kind: str, name: str = "v", **more: Any) -> dict[str, Any]:
    return {"variable": name, "label": name, "type": kind, "required": False, **more}


def values(given: dict[str, Any], *declared: dict[str, Any]) -> dict[str, Any]:
    """What a run gets of `given`."""
    return check_inputs("start", declared, given)


def value(given: Any, kind: str, **more: Any) -> Any:
    return values({"v": given}, variable(kind, **more))["v"]


def refusal(given: Any, kind: str, **more: Any) -> str:
    """Why a value is refused."""
    with pytest.raises(UserError) as caught:
        value(given, kind, **more)
    return str(caught.value.message)


@pytest.fixture
def services(tmp_path: Path) -> Any:
    opened_services = Services.open(tmp_path)
    yield opened_services
    opened_services.close()


def run_app(services: Services, *declared: dict[str, Any], **start: Any) -> dict[str, Any]:
    """The outputs of a real run that gives every declared input back."""
    outputs = [{"variable": d["variable"], "value_selector": ["s", d["variable"]]} for d in declared]
    flow = made([node("s", "start", variables=list(declared)), node("e", "end", outputs=outputs)], [("s", "e")])

    async def work() -> dict[str, Any]:
        handle = services.runs.start(StartRun(flow, record=False, **start))
        async for _ in handle.events():
            pass
        summary = dict(await handle.result())
        await services.close_ports()
        return summary

    return asyncio.run(work())


@pytest.mark.spec("ai.1")
def test_undeclared_keys_are_dropped_and_missing_optional_ones_are_null(services: Services) -> None:
    summary = run_app(services, variable("text-input"), variable("number", "n"), inputs={"v": "a", "other": 1})

    assert summary["outputs"] == {"v": "a", "n": None}
    assert values({"other": 1}, variable("paragraph")) == {"v": None}


@pytest.mark.spec("ai.2")
def test_a_missing_required_input_refuses_the_run_and_an_empty_text_does_not(services: Services) -> None:
    with pytest.raises(UserError, match="v is required in input form"):
        run_app(services, variable("text-input", required=True), inputs={})
    assert refusal(None, "number", required=True) == "v is required in input form"

    summary = run_app(services, variable("text-input", required=True), inputs={"v": ""})
    assert (summary["status"], summary["outputs"]) == ("succeeded", {"v": ""})


@pytest.mark.spec("ai.3")
def test_a_default_stands_for_null_and_is_checked_like_a_value() -> None:
    assert value(None, "select", options=["dry", "warm"], default="dry") == "dry"
    assert value(None, "number", default="4") == 4
    assert "must be one of the following" in refusal(None, "select", options=["dry"], default="wet")
    assert value("warm", "select", options=["dry", "warm"], default="dry") == "warm"


@pytest.mark.spec("ai.4")
def test_numbers() -> None:
    assert [value(given, "number") for given in ("3", "3.5", "  ", 7, -2.5)] == [3, 3.5, None, 7, -2.5]
    assert isinstance(value("3", "number"), int)
    assert value(True, "number") is True
    assert refusal("x", "number") == "v in input form must be a valid number"
    assert "must be a valid number" in refusal([1], "number")


@pytest.mark.spec("ai.5")
@pytest.mark.parametrize("kind", ["text-input", "paragraph"])
def test_the_length_of_a_text(kind: str) -> None:
    assert value("五个字符吗", kind, max_length=5) == "五个字符吗"
    assert refusal("123456", kind, max_length=5) == "v in input form must be less than 5 characters"
    assert value("x" * 5000, kind) == "x" * 5000
    assert refusal(3, kind) == f"(type '{kind}') v in input form must be a string"


@pytest.mark.spec("ai.6")
def test_checkboxes() -> None:
    given = ["YES", " true ", "1", "off", "No", 1, 0, "maybe", False, 2]
    assert [value(g, "checkbox") for g in given] == [
        *(True, True, True, False, False),
        *(True, False, "maybe", False, 2),
    ]
    assert value(1, "checkbox") is True
    assert value(0, "checkbox") is False


@pytest.mark.spec("ai.7")
def test_a_choice_outside_the_options_names_them() -> None:
    assert (
        refusal("wet", "select", options=["dry", "warm"])
        == "v in input form must be one of the following: ['dry', 'warm']"
    )


@pytest.mark.spec("ai.8")
def test_the_number_of_files() -> None:
    more = {"max_length": 2, "allowed_file_types": ["document"], "allowed_file_upload_methods": ["remote_url"]}
    assert len(value([PDF, PDF], "file-list", **more)) == 2
    assert refusal([PDF] * 3, "file-list", **more) == "v in input form must be less than 2 files"
    assert value([], "file-list", **more) == []
    assert refusal("a.pdf", "file-list", **more) == "v in input form must be a list of files"
    assert value("", "file-list") is None


@pytest.mark.spec("ai.9")
def test_which_files_are_allowed() -> None:
    methods = {"allowed_file_upload_methods": ["local_file", "remote_url"]}
    images = {"allowed_file_types": ["image"], **methods}
    assert refusal({**PDF, "name": "a.pdf"}, "file", **images) == "File validation failed for file: a.pdf"
    assert refusal({**PDF, "type": ""}, "file", **images).startswith("File validation failed for file: ")

    custom = {"allowed_file_types": ["custom"], "allowed_file_extensions": [".pdf"], **methods}
    capital = {"type": "custom", "transfer_method": "remote_url", "url": "http://files.test/A.PDF"}
    assert value(capital, "file", **custom)["url"].endswith("A.PDF")
    nothing = {**custom, "allowed_file_extensions": []}
    assert refusal(capital, "file", **nothing).startswith("File validation failed for file: ")

    assert refusal("a.pdf", "file", **images) == "v in input form must be a file"
    local = {"type": "image", "transfer_method": "local_file", "upload_file_id": "1"}
    remote_only = {"allowed_file_types": ["image"], "allowed_file_upload_methods": ["remote_url"]}
    assert refusal(local, "file", **remote_only).startswith("File validation failed for file: ")


@pytest.mark.spec("ai.10")
def test_an_object_and_its_schema(services: Services) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}
    declared = variable("json_object", json_schema=schema)

    good = run_app(services, declared, inputs={"v": {"n": 1}})
    bad = run_app(services, declared, inputs={"v": {"n": "one"}})

    assert good["outputs"] == {"v": {"n": 1}}
    assert bad["status"] == "failed"
    assert "JSON object for 'v' does not match schema: 'one' is not of type 'number'" in bad["error"]
    graph = build("start -> end", start={"type": "start", "variables": [declared]})
    done = asyncio.run(go(graph, declare=False, inputs={"v": {"n": "one"}}))
    assert done.ended("start")["error_type"] == "ValueError"
    with pytest.raises(UserError, match="v in input form must be a dict"):
        run_app(services, declared, inputs={"v": [1]})


@pytest.mark.spec("ai.11")
def test_a_mapping_where_none_belongs() -> None:
    assert refusal({"a": 1}, "text-input") == "(type 'text-input') v in input form must be a string"
    assert refusal([{"a": 1}], "checkbox") == "Invalid input type for ['v']"
    assert refusal({"a": 1}, "checkbox") == "Invalid input type for ['v']"


@pytest.mark.spec("ai.12")
def test_nul_characters_go() -> None:
    assert value("a\x00b\x00", "text-input") == "ab"
    assert value("a\x00b", "paragraph") == "ab"


@pytest.mark.spec("ai.13")
def test_the_start_node_knows_the_query_and_no_secrets() -> None:
    graph = build(
        "start -> say -> answer",
        say={
            "type": "template-transform",
            "template": "{{ q }}|{{ k }}",
            "variables": [
                {"variable": "q", "value_selector": ["start", "sys.query"]},
                {"variable": "k", "value_selector": ["start", "env.KEY"]},
            ],
        },
        answer=answer("{{#say.output#}}"),
    )
    secret = {"name": "KEY", "value": "hush-hush-hush", "value_type": "secret", "id": "1"}

    done = asyncio.run(go(graph, mode="advanced-chat", query="Where to?", environment=[secret]))

    assert done.status == "succeeded", done.summary["error"]
    assert done.outputs["answer"] == "Where to?|None"
    assert "hush" not in str(done.events)


@pytest.mark.spec("ai.14")
def test_kinds_of_inputs_that_only_newer_editors_write(services: Services) -> None:
    declared = [variable("url", "u"), variable("files", "f"), variable("json", "j"), variable("json", "k")]
    given = {"u": "https://a.test/", "f": [PDF], "j": '{"a": [1]}', "k": "[1, 2]"}

    summary = run_app(services, *declared, inputs=given)

    assert summary["status"] == "succeeded", summary["error"]
    assert summary["outputs"]["u"] == "https://a.test/"
    assert summary["outputs"]["f"][0]["remote_url"] == PDF["url"]
    assert (summary["outputs"]["j"], summary["outputs"]["k"]) == ({"a": [1]}, [1, 2])
    assert refusal("not an address", "url") == "v in input form must be a valid url"

    from engine.dsl.write import to_tree

    flow = made([node("s", "start", variables=declared)])
    written = to_tree(flow)["workflow"]["graph"]["nodes"][0]["data"]["variables"]
    assert written == declared


@pytest.mark.parametrize(
    ("old", "now"), [("external_data_tool", "text-input"), ("contexts", "json"), ("iterator", "json"), ("loop", "json")]
)
def test_kinds_of_inputs_that_no_form_knows_are_read_as_another_with_a_warning(old: str, now: str) -> None:
    import yaml

    result = opened(yaml.safe_dump(tree([node("s", "start", variables=[variable(old, extra="kept")])])))

    assert result.workflow is not None
    (entity,) = result.workflow.graph.nodes["s"].data["variables"]
    assert (entity["type"], entity["extra"]) == (now, "kept")
    assert "upgrade.input" in notices(result)


def test_the_end_is_typed_by_nobody() -> None:
    graph = build("start -> end", end=end(n=["start", "n"]))

    done = asyncio.run(go(graph, n=3))

    assert done.outputs == {"n": 3}
