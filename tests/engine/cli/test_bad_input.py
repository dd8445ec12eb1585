"""Bad files on the command line: a sentence that says what and where, exit code 2, never a traceback."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.cli import main
from tests.helpers.studio_free import TEMPLATES

GOOD = (TEMPLATES / "branch-on-a-condition.yml").read_text("utf-8")


def tree() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(GOOD)
    return loaded


def changed(change: Callable[[dict[str, Any]], Any]) -> str:
    data = tree()
    change(data)
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


def nodes(data: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data["workflow"]["graph"]["nodes"]
    return found


def of_type(data: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(n for n in nodes(data) if n["data"].get("type") == kind)


def alias_bomb() -> str:
    letters = [chr(97 + i) for i in range(21)]
    lines = [f"{new}: &{new} [*{old}, *{old}]\n" for old, new in itertools.pairwise(letters)]
    return "a: &a [x, x]\n" + "".join(lines)


REFUSED = {
    "not-yaml": ("app: [1, 2\nworkflow: {", "2:"),
    "a-list": ("- 1\n- 2\n", "mapping"),
    "a-word": ("hello\n", "mapping"),
    "nothing": ("", "nothing"),
    "not-a-dsl": ("name: x\nversion: '3'\nservices: {}\n", "app"),
    "alias-bomb": (alias_bomb(), ""),
    "deep": ("[" * 10_000 + "]" * 10_000, ""),
    "an-object": ("!!python/object/apply:os.system ['true']\n", ""),
    "a-float-version": (GOOD.replace("version: 0.6.0", "version: 0.7"), "quotes"),
    "no-version-number": (GOOD.replace("version: 0.6.0", "version: abc"), "abc"),
    "a-newer-version": (GOOD.replace("version: 0.6.0", "version: 9.9.9"), "9.9.9"),
    "no-mode": (changed(lambda d: d["app"].pop("mode")), "mode"),
    "two-nodes-of-one-id": (changed(lambda d: nodes(d)[1].update(id=nodes(d)[0]["id"])), "1700000000001"),
    "a-node-without-data": (changed(lambda d: of_type(d, "llm").pop("data")), ""),
    "nodes-of-the-wrong-type": (changed(lambda d: d["workflow"]["graph"].update(nodes="x")), "nodes"),
    "graph-of-the-wrong-type": (changed(lambda d: d["workflow"].update(graph=[1])), "graph"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("command", ["check", "run", "convert"])
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, command: str
) -> None:
    text, words = REFUSED[name]
    file = tmp_path / f"{name}.yml"
    file.write_text(text, "utf-8")
    more = ["-o", str(tmp_path / "out.yml")] if command == "convert" else []

    code = main([command, str(file), *more])

    said = capsys.readouterr()
    told = said.out + said.err
    if name == "a-newer-version" and command != "run":
        assert code == 0, told
    else:
        assert code == 2, told
    assert words in told
    assert "Traceback" not in told
    assert name in told
    assert not (tmp_path / "out.yml").exists() or code == 0


RUN_FAULTS = {
    "no-start": (lambda d: nodes(d).remove(of_type(d, "start")), "start"),
    "an-unknown-node": (lambda d: of_type(d, "llm")["data"].update(type="teleporter"), "teleporter"),
    "a-wrong-type": (lambda d: of_type(d, "if-else")["data"].update(cases="x"), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", RUN_FAULTS)
def test_a_fault_of_a_node_names_the_node(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    change, words = RUN_FAULTS[name]
    file = tmp_path / "flow.yml"
    file.write_text(changed(change), "utf-8")

    code = main(["run", str(file), "--inputs", '{"message": "hi", "amount": 1}'])

    said = capsys.readouterr()
    assert code in (1, 2)
    assert words in said.out + said.err
    assert "Traceback" not in said.out + said.err


def test_edges_to_nowhere_and_cycles_are_told_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tree()
    edges = data["workflow"]["graph"]["edges"]
    edges.append({**edges[0], "id": "lost", "target": "nobody"})
    file = tmp_path / "flow.yml"
    file.write_text(yaml.safe_dump(data), "utf-8")

    code = main(["check", str(file), "--json"])

    report = json.loads(capsys.readouterr().out)
    assert code == 0
    assert report["importable"]
    assert report["edges"] == len(edges) - 1


def test_a_hundred_megabytes_are_refused_before_they_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "big.yml"
    with file.open("wb") as stream:
        stream.truncate(100 * 1024 * 1024)

    assert main(["check", str(file)]) == 2
    assert "10 MiB" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nowhere.yml", "."])
def test_what_is_no_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["check", str(tmp_path / name)]) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user")
def test_a_file_of_somebody_else_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "flow.yml"
    file.write_text(GOOD)
    file.chmod(0)

    assert main(["check", str(file)]) == 2
    assert "Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8-sig"])
def test_other_encodings_are_read_or_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    file = tmp_path / "flow.yml"
    file.write_bytes(GOOD.replace("Senior desk", "高级客服").encode(encoding))

    code = main(["check", str(file)])

    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert code == (0 if encoding == "utf-8-sig" else code)
    assert code in (0, 2)


@pytest.mark.parametrize("inputs", ["{", "[1]", "@/no/such/file.json", '{"message": 5}'])
def test_bad_inputs_are_refused(capsys: pytest.CaptureFixture[str], inputs: str) -> None:
    assert main(["run", str(TEMPLATES / "branch-on-a-condition.yml"), "--inputs", inputs]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error")
    assert "Traceback" not in said.err


def test_the_whole_program_answers_so_too(tmp_path: Path) -> None:
    file = tmp_path / "flow.yml"
    file.write_text("app: [1, 2\nworkflow: {")
    done = subprocess.run(
        [sys.executable, "-m", "engine", "check", str(file)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "flow.yml:2:" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--events=json"], "penstock or dify"),
        (["--resume"], "--from-run"),
        (["--from", "1700000000001"], "--from-run"),
        (["--from-run", "x", "--from", "nobody"], "not in the workflow"),
    ],
)
def test_options_that_make_no_sense_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    file = str(TEMPLATES / "branch-on-a-condition.yml")
    assert main(["run", file, "--data", str(tmp_path), "--no-record", *words]) == 2
    assert told in capsys.readouterr().err
