"""Files with damaged settings: `check`, `convert` and `run` answer with an exit code and words, never with a trace."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.cli import main
from engine.nodes.registry import SPECS, node_class
from tests.engine.run.test_corpus import inputs_of, mock_of
from tests.helpers.model import CORPUS, node, tree

ODD: tuple[Any, ...] = (
    *(None, "", 0, 1, -1, "1", 1.5, True, [], {}, [None], [[]], {"a": None}, "变量 名", "x" * 300, ["a"]),
    *([1, 2], {"type": "string"}, float("nan"), 10**30, "{{#sys.query#}}", [["sys", "query"]], "2026-01-01"),
)


def run_flow(folder: Path, data: dict[str, Any], *words: str) -> int:
    file = folder / "flow.yml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return main(["run", str(file), *words])


def chat(**more: Any) -> dict[str, Any]:
    answer = node("e", "answer", answer="<{{#conversation.v#}}>")
    data = tree([node("s", "start", variables=more.pop("inputs", [])), answer], [("s", "e")], mode="advanced-chat")
    data["workflow"].update(more)
    return data


@pytest.mark.parametrize("entity", [True, None, [], {"variable": {"a": 1}}, {"variable": "a", "required": "perhaps"}])
def test_an_input_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], entity: Any) -> None:
    assert run_flow(tmp_path, chat(inputs=[entity]), "--query", "x") in (0, 2)
    assert "Traceback" not in capsys.readouterr().err


def test_an_input_named_by_a_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tree(
        [
            node("s", "start", variables=[{"variable": 7, "type": "number", "required": None, "label": 3}]),
            node("e", "end", outputs=[{"variable": "o", "value_selector": ["s", "7"]}]),
        ],
        [("s", "e")],
    )
    assert run_flow(tmp_path, data, "--inputs", '{"7": "2"}') == 0
    assert json.loads(capsys.readouterr().out)["outputs"] == {"o": 2}


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("number", "", "<0>"),
        ("number", "1.5", "<1.5>"),
        ("number", "many", None),
        ("object", '{"a": "é"}', '<{\n  "a": "é"\n}>'),
        ("object", "{a", "<{a>"),
        ("array[string]", '["a"]', "<- a>"),
        ("array[number]", '["a"]', '<["a"]>'),
        ("array[any]", 7, "<7>"),
        ("file", {"type": "image", "transfer_method": "pigeon"}, None),
    ],
)
def test_the_first_value_of_a_conversation_variable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, value: Any, told: str | None
) -> None:
    variable = {"id": "i", "name": "v", "value_type": kind, "value": value, "description": ""}
    code = run_flow(tmp_path, chat(conversation_variables=[variable]), "--query", "x")
    said = capsys.readouterr()
    if told is None:
        assert (code, "Conversation variable v" in said.err) == (2, True)
    else:
        assert json.loads(said.out)["outputs"]["answer"] == told


# -- mutations of real files -------------------------------------------------------------------------------------------


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths(item, (*path, key))


def damaged(data: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """The file with one to six settings dropped, replaced, renamed or doubled."""
    data = copy.deepcopy(data)
    for _ in range(dice.choice((1, 1, 2, 3, 6))):
        part = data["workflow"] if dice.random() < 0.9 and isinstance(data.get("workflow"), dict) else data
        path = dice.choice([p for p in _paths(part) if p] or [()])
        if not path:
            continue
        holder = part
        for step in path[:-1]:
            holder = holder[step]
        way = dice.random()
        if way < 0.3:
            del holder[path[-1]]
        elif way < 0.85:
            holder[path[-1]] = copy.deepcopy(dice.choice(ODD))
        elif isinstance(holder, dict):
            holder["变量"] = holder.pop(path[-1])
        else:
            holder.append(copy.deepcopy(holder[path[-1]]))
    return data


def _mocks(data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Answers of the outside, and inputs, as far as the damage lets them be made up."""
    mocks: dict[str, Any] = {}
    try:
        for entry in data["workflow"]["graph"]["nodes"]:
            found = mock_of(entry["data"])
            if found is not None:
                mocks[str(entry["id"])] = found
        return mocks, inputs_of(data["workflow"]["graph"])
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        return mocks, {}


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here")
@pytest.mark.parametrize("seed", range(4))
def test_damaged_real_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int) -> None:
    dice = random.Random(seed)
    files = [path for path in sorted(CORPUS.glob("*.y*ml")) if path.stat().st_size < 40_000]
    for path in dice.sample(files, 15):
        try:
            data = yaml.load(path.read_text("utf-8", "replace"), Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            continue
        if not isinstance(data, dict):
            continue
        data = damaged(data, dice)
        file, mocks, inputs = tmp_path / path.name, tmp_path / "mocks.json", tmp_path / "inputs.json"
        file.write_text(yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False), "utf-8")
        answers = _mocks(data)
        mocks.write_text(json.dumps(answers[0], default=str), "utf-8")
        inputs.write_text(json.dumps(answers[1], default=str), "utf-8")
        told = f"seed {seed}, {path.name}"
        assert main(["check", str(file), "--json"]) in (0, 1, 2), told
        assert main(["convert", str(file), "-o", str(tmp_path / "out.yml")]) in (0, 2), told
        words = ["--mocks", str(mocks), "--inputs", f"@{inputs}", "--query", "q", "--timeout", "20"]
        assert main(["run", str(file), *words]) in (0, 1, 2, 3, 130), told
        said = capsys.readouterr()
        assert "Traceback" not in said.err, told
        assert "Internal error" not in said.out, told


# -- settings one by one -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [name for name, found in SPECS.items() if found.behaviour])
def test_settings_of_a_wrong_kind_are_told_not_raised(kind: str) -> None:
    spec = SPECS[kind]
    base = {"type": kind, "title": "t", **spec.default_data("workflow")}
    cls = node_class(kind)
    for key in {*cls.config_model.model_fields, *base} - {"type"}:
        for value in ODD:
            data = {**base, key: value}
            spec.outputs(data), spec.handles(data), spec.check(data)
            try:
                made = cls("n", "t", cls.config_model.model_validate(data))
            except ValueError:
                continue
            made.variable_mapping(), made.writes(), made.response_template()


def test_pipeline_inputs_that_are_no_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = chat(rag_pipeline_variables=3)
    assert run_flow(tmp_path, data, "--query", "x") == 2
    assert "pipeline inputs must be a list" in capsys.readouterr().err
