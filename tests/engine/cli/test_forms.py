"""A run that waits for a person, from the command line alone: the form is shown, answered, and the run goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from engine.cli import main
from tests.helpers.model import node, tree


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PENSTOCK_DATA", str(tmp_path / "data"))
    fields = [
        {"type": "paragraph", "output_variable_name": "c", "default": {"type": "constant", "value": "fine"}},
        {
            "type": "select",
            "output_variable_name": "team",
            "option_source": {"type": "constant", "value": ["red", "blue"]},
        },
    ]
    ask = node(
        "ask",
        "human-input",
        title="Approve",
        form_content="Check {{#start.a#}}: {{#$output.c#}}",
        inputs=fields,
        user_actions=[{"id": "yes", "title": "Yes"}, {"id": "no", "title": "No"}],
    )
    start = node("start", "start", variables=[{"variable": "a", "type": "text-input", "required": True}])
    outputs = [{"variable": name, "value_selector": ["ask", name]} for name in ("c", "team", "__action_id")]
    data = tree([start, ask, node("end", "end", outputs=outputs)], [("start", "ask"), ("ask", "yes", "end")])
    file = tmp_path / "flow.yml"
    file.write_text(yaml.safe_dump(data), "utf-8")
    return file


@pytest.mark.spec("logic.178", "logic.179", "logic.181")
def test_a_form_is_shown_and_answered(flow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(flow), "--record", "--inputs", '{"a": "A"}']) == 3
    said = capsys.readouterr()
    run = json.loads(said.out)["run_id"]
    for words in ("“Approve”", "Check A: {{#$output.c#}}", "c: paragraph, at first 'fine'", "team: select, one of red"):
        assert words in said.err
    assert f"runs resume {run} --action yes --values" in said.err
    values = '{"c": "ok", "team": "blue"}'
    for refused in (["--action", "maybe"], ["--action", "yes", "--values", '{"c": "x", "team": "green"}']):
        assert main(["runs", "resume", run, *refused]) == 2
    assert main(["runs", "resume", run]) == 3
    assert "one of red, blue" in capsys.readouterr().err
    assert main(["runs", "resume", run, "--action", "yes", "--values", values]) == 0
    outputs = json.loads(capsys.readouterr().out)["outputs"]
    assert outputs == {"c": "ok", "team": "blue", "__action_id": "yes"}
    assert main(["runs", "resume", run, "--action", "yes", "--values", values]) == 2
    assert "no answer" in capsys.readouterr().err


def test_a_run_that_is_not_kept_says_that_it_cannot_be_answered(flow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(flow), "--inputs", '{"a": "A"}']) == 3
    assert "--record" in capsys.readouterr().err


def test_what_became_of_the_mail_is_said(flow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from engine.services.context import Services
    from engine.services.mail import Account
    from tests.helpers.smtp import mail_server

    data = yaml.safe_load(flow.read_text("utf-8"))
    people = {"items": [{"type": "external", "email": f"{name}@example.com"} for name in ("ann", "bob")]}
    mail = {"subject": "s", "body": "{{#url#}}", "recipients": people}
    ask = next(n for n in data["workflow"]["graph"]["nodes"] if n["id"] == "ask")
    ask["data"]["delivery_methods"] = [{"id": "m", "type": "email", "enabled": True, "config": mail}]
    flow.write_text(yaml.safe_dump(data), "utf-8")
    with mail_server(refused=("bob@example.com",)) as server:
        services = Services.open()
        services.mail.save(Account("127.0.0.1", server.port, "none", "", "me@example.com"))
        services.close()
        assert main(["run", str(flow), "--record", "--inputs", '{"a": "A"}']) == 3
    said = capsys.readouterr().err
    assert "Sent to ann@example.com." in said
    assert "Not sent to bob@example.com: The server refused this address: 550 nobody here" in said
