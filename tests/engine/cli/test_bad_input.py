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
from tests.helpers.model import node
from tests.helpers.model import tree as workflow_tree
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


# -- graphs that would not do what they show (engine spec 1.6) -------------------------------------------------------


def flow(folder: Path, nodes: list[dict[str, Any]], edges: list[tuple[str, ...]]) -> str:
    file = folder / "flow.yml"
    first = node("start", "start", variables=[{"variable": "a", "type": "text-input", "required": False}])
    file.write_text(yaml.safe_dump(workflow_tree([first, *nodes], edges)), "utf-8")
    return str(file)


def says(node_id: str, text: str = "x", **reads: list[str]) -> dict[str, Any]:
    variables = [{"variable": name, "value_selector": selector} for name, selector in reads.items()]
    return node(node_id, "template-transform", template=text, variables=variables)


def last(*selector: str) -> dict[str, Any]:
    return node("end", "end", outputs=[{"variable": "o", "value_selector": list(selector or ("t", "output"))}])


def coded(*lines: str, kind: str = "string") -> dict[str, Any]:
    code = "def main():\n" + "".join(f"    {line}\n" for line in lines)
    outputs = {"r": {"type": kind, "children": None}}
    return node("c", "code", title="Work", code=code, code_language="python3", variables=[], outputs=outputs)


TRAPS: dict[str, tuple[list[dict[str, Any]], list[tuple[str, ...]], list[str]]] = {
    "a circle through the start": (
        [says("t"), last()], [("start", "t"), ("t", "end"), ("t", "start")], ["from T to Start", "circle"],
    ),
    "a circle of two": (
        [says("t"), says("u"), last()],
        [("start", "t"), ("t", "u"), ("u", "t"), ("u", "end")],
        ["from U to T", "circle"],
    ),
    "a circle of one": ([says("t"), last()], [("start", "t"), ("t", "t"), ("t", "end")], ["from T to T", "circle"]),
    "a connection to nowhere": (
        [says("t"), last()], [("start", "t"), ("t", "end"), ("t", "nobody")], ["T (t) → nobody", "not in the file"],
    ),
    "a connection from nowhere": (
        [says("t"), last()], [("start", "t"), ("t", "end"), ("lost", "end")], ["lost → End (end)", "not in the file"],
    ),
    "a node that waits in vain": (
        [says("t"), says("z"), last()],
        [("start", "t"), ("t", "end"), ("z", "end")],
        ["'End' (end)", "'Z' (z)", "never reached"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAPS)
def test_a_graph_that_would_not_do_what_it_shows_is_refused_or_run_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    found, edges, words = TRAPS[name]
    file = flow(tmp_path, found, edges)

    assert main(["run", file]) == 2
    refused = capsys.readouterr()
    assert refused.out == ""
    assert refused.err.startswith("error: ")
    assert "--anyway" in refused.err

    assert main(["run", file, "--anyway"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["status"] == "succeeded"
    for said in (refused.err, told.err):
        assert all(word in said for word in words), said
    assert told.err.startswith("warning: ")


@pytest.mark.parametrize(
    ("nodes_", "edges", "code", "words"),
    [
        ([last("nobody", "output")], [("start", "end")], 0, "'End' (end) reads nobody.output"),
        ([says("t", "{{ x }}", x=["nobody", "y"]), last()], [("start", "t"), ("t", "end")], 0, "reads nobody.y"),
        ([says("t", "x", x=["end", "o"]), last()], [("start", "t"), ("t", "end")], 0, "'T' (t) reads end.o"),
        ([says("t")], [("start", "t")], 0, "No end or answer node"),
        (
            [
                node(
                    "i", "if-else", title="Choice",
                    cases=[{"case_id": "true", "logical_operator": "and", "conditions": [
                        {"id": "c", "variable_selector": ["nobody", "x"], "comparison_operator": "=", "value": "1",
                         "varType": "number"}]}],
                ),
                last(),
            ],
            [("start", "i"), ("i", "true", "end")], 1, "failed at Choice (i): The variable nobody.x was not found.",
        ),
    ],
)  # fmt: skip
def test_a_reference_to_what_is_not_there_is_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    nodes_: list[dict[str, Any]],
    edges: list[tuple[str, ...]],
    code: int,
    words: str,
) -> None:
    assert main(["run", flow(tmp_path, nodes_, edges)]) == code
    said = capsys.readouterr()
    assert words in said.err
    assert json.loads(said.out)["status"] == ("failed" if code else "succeeded")


AT_RUN_TIME: dict[str, tuple[dict[str, Any], list[str]]] = {
    "raises": (coded("x = 1", "raise ValueError('so bad')"), ["line 3", "ValueError: so bad"]),
    "gives-the-wrong-type": (coded("return {'r': 5}"), ["Output r", "string", "number"]),
    "gives-no-mapping": (coded("return 5"), ["must return an object", "int"]),
    "gives-too-much": (coded("return {'r': 'x' * 10**8}"), ["larger than 16777216 bytes"]),
    "gives-too-long-a-text": (coded("return {'r': 'x' * 400_001}"), ["400000"]),
    "hangs": (coded("while True: pass"), ["ran longer than", "seconds"]),
    "floods-the-memory": (coded("x = []", "while True: x.append(bytearray(10**7))"), ["memory"]),
    "prints-without-end": (coded("while True: print('x' * 100_000)"), ["ran longer than", "seconds"]),
    "ends-its-process": (coded("import os", "os._exit(3)"), ["ended by itself", "3"]),
    "nests-without-end": (coded("f = lambda: f()", "f()"), ["RecursionError"]),
    "makes-an-endless-text": (
        says("c", "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}"),
        ["longer than 400000 characters"],
    ),
    "iterates-over-a-text": (
        node("c", "iteration", start_node_id="cs", iterator_selector=["start", "a"], output_selector=["t", "output"]),
        ["array", "list"],
    ),
}  # fmt: skip


@pytest.fixture
def short_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code may take two seconds."""
    from dataclasses import replace

    from engine.services.context import Services

    whole = Services.limits
    monkeypatch.setattr(Services, "limits", lambda self: replace(whole(self), code_seconds=2.0))


@pytest.mark.usefixtures("short_of_time")
@pytest.mark.parametrize("name", AT_RUN_TIME)
def test_a_node_that_misbehaves_ends_its_run_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The run says node, cause and limit; the program goes on: a branch beside it and the next run do not notice."""
    bad, words = AT_RUN_TIME[name]
    inside = []
    if bad["data"]["type"] == "iteration":
        inside = [node("cs", "iteration-start", parent="c", isInIteration=True, iteration_id="c")]
    file = flow(tmp_path, [bad, *inside, last("start", "a")], [("start", "c"), ("c", "end")])

    assert main(["run", file, "--inputs", '{"a": "text"}']) == 1

    said = capsys.readouterr()
    summary = json.loads(said.out)
    assert (summary["status"], summary["error_node_id"]) == ("failed", "c")
    assert (
        any(word in summary["error"] for word in words)
        if name == "iterates-over-a-text"
        else all(word in summary["error"] for word in words)
    ), summary["error"]
    assert f"failed at {bad['data']['title']} (c): " in said.err
    assert "Traceback" not in said.err
    fine = flow(
        tmp_path, [coded("print('hello')", "return {'r': 'ok'}"), last("c", "r")], [("start", "c"), ("c", "end")]
    )
    assert main(["run", fine]) == 0
    assert json.loads(capsys.readouterr().out)["outputs"] == {"o": "ok"}


def test_a_run_that_takes_too_long_names_its_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = flow(tmp_path, [coded("while True: pass"), last("c", "r")], [("start", "c"), ("c", "end")])
    assert main(["run", file, "--timeout", "1"]) == 130
    summary = json.loads(capsys.readouterr().out)
    assert summary["status"] == "stopped"
    assert "1" in summary["error"]
    assert "time" in summary["error"].lower()
