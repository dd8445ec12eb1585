"""Recording what the outside answers and replaying it without the outside, on the command line."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from engine.cli import main
from engine.dsl.write import write
from engine.run.variables.segments import obfuscate
from engine.services.context import Services
from engine.services.models import ModelSettings
from tests.helpers.model import made, node
from tests.helpers.models import ModelServer, openai_stream
from tests.helpers.servers import Reply, Seen, serving

SECRET = "k3y-that-must-not-be-kept"


def flow(url: str) -> Any:
    """Start -> HTTP with a secret -> code with chance -> LLM -> end."""
    code = "import random\ndef main(body):\n    return {'r': body + str(random.random())}\n"
    return made(
        [
            node("1", "start", variables=[{"variable": "q", "type": "text-input", "label": "q", "required": True}]),
            node(
                "2", "http-request", method="get", url=url + "/data", params="", headers="X-Token:{{#env.KEY#}}",
                authorization={"type": "no-auth", "config": None}, body={"type": "none", "data": []},
                variables=[], timeout={}, retry_config={"retry_enabled": False},
            ),
            node(
                "3", "code", code=code, code_language="python3",
                variables=[{"variable": "body", "value_selector": ["2", "body"]}],
                outputs={"r": {"type": "string", "children": None}},
            ),
            node(
                "4", "llm", model={"provider": "langgenius/openai_api_compatible/openai_api_compatible", "name": "toy",
                "mode": "chat", "completion_params": {}},
                prompt_template=[{"role": "user", "text": "{{#1.q#}} {{#3.r#}}"}],
                context={"enabled": False, "variable_selector": []}, vision={"enabled": False},
            ),
            node(
                "5", "end",
                outputs=[{"variable": "said", "value_selector": ["4", "text"]},
                         {"variable": "code", "value_selector": ["3", "r"]}],
            ),
        ],
        [("1", "2"), ("2", "3"), ("3", "4"), ("4", "5")],
        environment_variables=[{"id": "k", "name": "KEY", "value_type": "secret", "value": ""}],
    )  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    code = main(list(arguments))
    said = capsys.readouterr()
    return code, json.loads(said.out), said.err


@pytest.fixture
def recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """A run against real servers, which are gone afterwards."""
    workspace, file, tape = tmp_path / "workspace", tmp_path / "flow.yml", tmp_path / "tape.jsonl"
    with (
        serving(lambda seen: Reply(f"got {seen.header('X-Token')}".encode())) as web,
        ModelServer(openai_stream("An ", "answer.")) as brain,
    ):
        services = Services.open(workspace)
        services.models.save_provider(
            "openai-compatible", base_url=brain.url, api_key="sk-local", models=[ModelSettings("toy")]
        )
        services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
        services.close()
        file.write_text(write(flow(web.url)), "utf-8")
        code, summary, _ = run(
            capsys, "--data", str(workspace), "run", str(file), "--inputs", '{"q": "Hello"}', "--no-record",
            "--env", f"KEY={SECRET}", "--recording", str(tape),
        )  # fmt: skip
        assert code == 0, summary
        assert web.last.header("X-Token") == SECRET
    return {"file": str(file), "tape": str(tape), "summary": summary, "empty": str(tmp_path / "elsewhere")}


def test_a_replay_needs_no_network_and_no_key(recorded: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    code, summary, _ = run(
        capsys, "--data", recorded["empty"], "run", recorded["file"], "--inputs", '{"q": "Hello"}', "--no-record",
        "--replay", recorded["tape"], "--strict",
    )  # fmt: skip

    assert code == 0, summary
    assert summary["outputs"]["said"] == "An answer."
    assert summary["total_tokens"] == recorded["summary"]["total_tokens"]
    assert summary["run_id"] == recorded["summary"]["run_id"]
    assert obfuscate(SECRET) in summary["outputs"]["code"]
    assert json.dumps(summary["outputs"]) == json.dumps(recorded["summary"]["outputs"])


def test_with_its_key_a_replay_gives_the_same_bytes(
    recorded: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    code, summary, _ = run(
        capsys, "--data", recorded["empty"], "run", recorded["file"], "--inputs", '{"q": "Hello"}', "--no-record",
        "--replay", recorded["tape"], "--strict", "--env", f"KEY={SECRET}",
    )  # fmt: skip

    assert code == 0, summary
    assert json.dumps(summary["outputs"]) == json.dumps(recorded["summary"]["outputs"])


def test_no_secret_stands_in_a_recording(recorded: dict[str, Any]) -> None:
    content = Path(recorded["tape"]).read_text("utf-8")

    assert SECRET not in content
    assert "sk-local" not in content
    assert "[secret:KEY]" in content


def test_a_strict_replay_tells_how_a_request_differs(
    recorded: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    code, summary, said = run(
        capsys, "--data", recorded["empty"], "run", recorded["file"], "--inputs", '{"q": "Good evening"}',
        "--no-record", "--replay", recorded["tape"], "--strict",
    )  # fmt: skip

    assert code == 1
    assert "-" in summary["error"]
    assert "Good evening" in summary["error"]
    assert "Hello" in summary["error"]
    assert "Traceback" not in said


@pytest.mark.parametrize("content", ["", "{}", "no json", '{"format": "penstock-recording", "version": 99}'])
def test_what_is_no_recording_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    from tests.helpers.studio_free import TEMPLATES

    tape = tmp_path / "tape.jsonl"
    tape.write_text(content)

    assert (
        main(["run", str(TEMPLATES / "question-answering.yml"), "--inputs", '{"question": "x"}', "--replay", str(tape)])
        == 2
    )
    assert "is not a recording" in capsys.readouterr().err


SECRETS = {
    "long": SECRET,
    "odd": 'p+w/5 = "&%"',
    "short": "hunter2!",
    "unset": "",
}


def echo(url: str) -> Any:
    """A secret goes out in a header, an address and a body, and comes back in all of them; the time is an output."""
    return made(
        [
            node("1", "start", variables=[]),
            node(
                "2", "http-request", method="post", url=url + "/data", params="key:{{#env.KEY#}}",
                headers="X-Token:{{#env.KEY#}}", authorization={"type": "no-auth", "config": None},
                body={"type": "x-www-form-urlencoded",
                      "data": [{"key": "k", "type": "text", "value": "{{#env.KEY#}}"}]},
                variables=[], timeout={}, retry_config={"retry_enabled": False},
            ),
            node("3", "template-transform", template="<{{ k }}>",
                 variables=[{"variable": "k", "value_selector": ["env", "KEY"]}]),
            node("4", "end", outputs=[
                {"variable": "body", "value_selector": ["2", "body"]},
                {"variable": "key", "value_selector": ["3", "output"]},
                {"variable": "at", "value_selector": ["sys", "timestamp"]},
                {"variable": "run", "value_selector": ["sys", "workflow_run_id"]},
            ]),
        ],
        [("1", "2"), ("2", "3"), ("3", "4")],
        environment_variables=[{"id": "k", "name": "KEY", "value_type": "secret", "value": ""}],
    )  # fmt: skip


@pytest.mark.parametrize("kind", list(SECRETS))
def test_what_the_log_shows_is_the_same_without_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Both runs are kept, each in its own workspace: their stored outputs are equal to the byte."""
    secret, file, tape = SECRETS[kind], tmp_path / "flow.yml", tmp_path / "tape.jsonl"
    key = ["--env", f"KEY={secret}"] if secret else []

    def said(seen: Seen) -> Reply:
        return Reply(f"{seen.header('X-Token')} {seen.query} {seen.body.decode()}".encode())

    with serving(said) as web:
        services = Services.open(tmp_path / "a")
        services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
        services.close()
        file.write_text(write(echo(web.url)), "utf-8")
        code, _, _ = run(capsys, "--data", str(tmp_path / "a"), "run", str(file), *key, "--recording", str(tape))
        assert code == 0
        assert quote_plus(secret) in web.last.body.decode()

    for number, given in enumerate([[], key]):
        place = ["--data", str(tmp_path / f"b{number}"), "run", str(file)]
        code, _, errors = run(capsys, *place, *given, "--replay", str(tape), "--strict")
        assert code == 0, errors

    first, keyless, keyed = (stored(tmp_path / name) for name in ("a", "b0", "b1"))
    assert keyless == keyed == first
    if secret:
        for text in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
            assert text not in first
            assert text not in tape.read_text("utf-8")
        assert obfuscate(secret) in json.loads(first)["key"]


def stored(workspace: Path) -> str:
    """The outputs of the only run of a workspace, as its database holds them."""
    with closing(sqlite3.connect(workspace / "penstock.db")) as database:
        ((outputs,),) = database.execute("SELECT outputs FROM workflow_runs").fetchall()
    return str(outputs)


def test_a_secret_that_is_too_short_to_be_told_from_text_is_not_written_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, tape = tmp_path / "flow.yml", tmp_path / "tape.jsonl"
    file.write_text(
        write(
            made(
                [node("1", "start", variables=[]),
                 node("2", "end", outputs=[{"variable": "pin", "value_selector": ["env", "PIN"]}])],
                [("1", "2")],
                environment_variables=[{"id": "k", "name": "PIN", "value_type": "secret", "value": ""}],
            )
        ),
        "utf-8",
    )  # fmt: skip
    code, first, _ = run(capsys, "run", str(file), "--env", "PIN=q7z", "--recording", str(tape))
    assert code == 0, first
    assert "q7z" not in tape.read_text("utf-8")
    code, again, _ = run(capsys, "run", str(file), "--env", "PIN=q7z", "--replay", str(tape), "--strict")
    assert code == 0
    assert again["outputs"] == first["outputs"]
