"""The inputs that real files are run with fit what the files declare and do."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from engine.services.context import Services
from tests.helpers.model import made, node
from tests.helpers.samples import Samples, fitting_object
from tests.helpers.uses import ADDRESS, Uses


def flow(*variables: dict[str, Any], **step: Any) -> Any:
    nodes = [node("1", "start", variables=list(variables))]
    edges: list[tuple[str, ...]] = []
    if step:
        nodes.append(node("2", step.pop("kind"), **step))
        edges.append(("1", "2"))
    return made(nodes, edges)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ({"type": "select", "options": ["a", "b"]}, "a"),
        ({"type": "select", "options": ["a", "b"], "default": "b"}, "b"),
        ({"type": "number"}, 3),
        ({"type": "text-input", "label": "Page link"}, ADDRESS),
        ({"type": "text-input", "label": "E-mail"}, "someone@example.com"),
        ({"type": "text-input", "default": "as declared"}, "as declared"),
        ({"type": "text-input", "max_length": 6}, "Please"),
        ({"type": "json_object", "json_schema": '{"properties": {"n": {"type": "integer"}}}'}, {"n": 3}),
    ],
)
def test_a_declaration_says_what_fits(tmp_path: Path, variable: dict[str, Any], value: Any) -> None:
    with contextlib.closing(Services.open(tmp_path)) as services:
        assert Samples(services).inputs(flow({"variable": "v", **variable})) == {"v": value}


@pytest.mark.parametrize(
    ("variable", "extension"),
    [
        ({"allowed_file_types": ["image"]}, ".png"),
        ({"allowed_file_types": ["document"]}, ".pdf"),
        ({"allowed_file_types": ["document"], "label": "Excel file"}, ".xlsx"),
        ({"allowed_file_types": ["custom"], "allowed_file_extensions": [".CSV"]}, ".csv"),
    ],
)
def test_files_are_of_a_kind_that_is_allowed(tmp_path: Path, variable: dict[str, Any], extension: str) -> None:
    with contextlib.closing(Services.open(tmp_path)) as services:
        (file,) = Samples(services).inputs(flow({"variable": "v", "type": "file-list", **variable}))["v"]
    assert file["extension"] == extension


def test_what_is_done_with_an_input_counts_more() -> None:
    text = {"variable": "v", "type": "text-input"}
    fetch = flow(text, kind="http-request", url="{{#1.v#}}/page")
    assert Uses(fetch).texts == {"v": ADDRESS}
    reads = "import json\ndef main(arg):\n    return {'x': json.loads(arg)}"
    variables = [{"variable": "arg", "value_selector": ["sys", "query"]}]
    parse = flow(text, kind="code", code=reads, variables=variables, outputs={"x": {"type": "array[number]"}})
    assert Samples.query(parse) == "[1, 2]"
    given = {"file": {"type": "variable", "value": ["1", "v"]}}
    tool = flow(text, kind="tool", provider_id="a/excel_tools", tool_name="excel2json", tool_parameters=given)
    assert Uses(tool).files == {"v": "xlsx"}


def test_objects_fit_their_schema() -> None:
    schema = {"properties": {"a": {"enum": ["x"]}, "b": {"type": "array", "items": {"type": "number"}}}}
    assert fitting_object(schema) == {"a": "x", "b": [1.5]}
