"""Forms without a run: their looks, a letter to oneself, an answer for a single step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UserError
from engine.model.workflow import Variable, Workflow
from engine.nodes.human_input.form import FormRefused
from engine.ports.mail import MailFailed
from engine.services.context import Services
from engine.services.form_trials import Step
from tests.engine.services.test_mail import account
from tests.helpers.model import made, node
from tests.helpers.smtp import mail_server
from tests.helpers.stored import run_app


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(tmp_path / "data")
    opened.open_workspace()
    yield opened
    opened.close()


FIELDS = [
    {
        "type": "paragraph",
        "output_variable_name": "note",
        "default": {"type": "variable", "selector": ["say", "output"], "value": ""},
    },
    {
        "type": "select",
        "output_variable_name": "team",
        "option_source": {"type": "variable", "selector": ["say", "teams"], "value": []},
    },
]
EMAIL = {
    "id": "m",
    "type": "email",
    "enabled": True,
    "config": {
        "subject": "About {{#say.output#}}",
        "body": "{{#say.output#}}, {{#say.more#}}, {{#env.KEY#}}\n\n{{#url#}}",
        "recipients": {"whole_workspace": True, "items": [{"type": "external", "email": "ann@example.com"}]},
        "debug_mode": False,
    },
}


def flow(**more: Any) -> Workflow:
    settings: dict[str, Any] = {
        "title": "Approval",
        "form_content": "Is {{#say.output#}} right? {{#$output.note#}}",
        "inputs": FIELDS,
        "user_actions": [{"id": "ok", "title": "OK"}, {"id": "no", "title": "No"}],
        "delivery_methods": [EMAIL],
        "timeout": 2,
        "timeout_unit": "hour",
        **more,
    }
    workflow = made(
        [
            node("1", "start", variables=[]),
            node("say", "template-transform", title="Say", template="hello", variables=[]),
            node("ask", "human-input", **settings),
            node("yes", "end", outputs=[]),
        ],
        [("1", "say"), ("say", "ask"), ("ask", "ok", "yes")],
    )
    return replace(workflow, environment_variables=(Variable("k", "KEY", "secret", "topsecret1"),))


@pytest.mark.spec("logic.185")
def test_what_nobody_knows_yet_is_shown_by_its_name(services: Services) -> None:
    form = services.form_trials.shown(Step(flow(), "", "ask"))
    shown = form["definition"]
    assert shown["form_content"] == "Is [Say / output] right? {{#$output.note#}}"
    assert shown["inputs"][1]["options"] == ["[Say / teams]"]
    assert shown["resolved_default_values"] == {}
    assert form["node_title"] == "Approval"
    assert form["expires_at"] > form["created_at"]


def test_the_newest_values_are_shown_and_pins_win(services: Services) -> None:
    app_id = services.workflows.create("workflow", "Papers", workflow=flow())
    run_app(services, app_id)
    shown = services.form_trials.shown(Step(flow(), app_id, "ask"))["definition"]
    assert shown["form_content"].startswith("Is hello right?")
    assert shown["resolved_default_values"] == {"note": "hello"}
    pins = {"say": {"output": "pinned", "teams": ["red", "blue"]}}
    shown = services.form_trials.shown(Step(flow(), app_id, "ask", pins))["definition"]
    assert shown["form_content"].startswith("Is pinned right?")
    assert shown["inputs"][1]["options"] == ["red", "blue"]
    given = {"#say.output#": "typed"}
    shown = services.form_trials.shown(Step(flow(), app_id, "ask", pins, given))["definition"]
    assert shown["form_content"].startswith("Is typed right?")


def test_settings_that_make_no_form_are_said(services: Services) -> None:
    twice = flow(user_actions=[{"id": "ok"}, {"id": "ok"}])
    with pytest.raises(UserError, match="two actions are named 'ok'"):
        services.form_trials.shown(Step(twice, "", "ask"))
    with pytest.raises(UserError, match="must be a list of texts"):
        services.form_trials.shown(Step(flow(), "", "ask", {"say": {"teams": "none"}}))


def test_a_letter_goes_to_oneself_alone(services: Services) -> None:
    with mail_server() as server:
        services.mail.save(account(server.port))
        step = Step(flow(), services.workflows.create("workflow", "Papers"), "ask", {"say": {"output": "the plan"}})
        assert asyncio.run(services.form_trials.send(step, EMAIL)) == "me@example.com"
    (taken,) = server.messages
    assert (taken.to, taken.subject) == ("me@example.com", "About the plan")
    assert "the plan, [Say / more], ••••••" in taken.body()
    assert "“Approval” of the workflow “Papers”" in taken.body()
    assert services.forms.waiting() == []


def test_a_letter_without_an_account_says_what_to_do(services: Services) -> None:
    with pytest.raises(UserError) as caught:
        asyncio.run(services.form_trials.send(Step(flow(), "", "ask"), EMAIL))
    assert "Settings > Mail" in caught.value.hint
    with mail_server(refused=("me@example.com",)) as server:
        services.mail.save(account(server.port))
        with pytest.raises(MailFailed, match="nobody here"):
            asyncio.run(services.form_trials.send(Step(flow(), "", "ask"), EMAIL))


def test_a_single_step_takes_the_answer_that_was_given_beforehand(services: Services) -> None:
    app_id = services.workflows.create("workflow", "Papers", workflow=flow())
    answer = {"action": "no", "values": {"note": "fine", "team": "red"}}
    inputs = {"#say.output#": "x", "#say.teams#": ["red"]}
    with mail_server() as server:
        services.mail.save(account(server.port))
        summary = run_app(services, app_id, kind="node", node_id="ask", inputs=inputs, form_answer=answer)
    assert summary["status"] == "succeeded"
    assert server.messages == []
    last = services.runs.last_outputs(app_id, "ask")
    assert last is not None
    assert (last["note"], last["__action_id"], last["__action_value"]) == ("fine", "no", "No")
    assert last["__rendered_content"] == "Is x right? fine"
    # No pause is kept, and no form waits.
    assert services.forms.waiting() == []
    assert services.run_store.due_forms() == {}


def test_an_answer_that_the_form_does_not_take_is_refused(services: Services) -> None:
    shown = services.form_trials.shown(Step(flow(), "", "ask"))["definition"]
    with pytest.raises(FormRefused, match="no button 'later'"):
        services.form_trials.check(shown, "later", {})
    with pytest.raises(FormRefused, match="note is missing"):
        services.form_trials.check(shown, "ok", {})
    app_id = services.workflows.create("workflow", "Papers", workflow=flow())
    answer = {"action": "later", "values": {}}
    inputs = {"#say.output#": "x", "#say.teams#": ["red"]}
    summary = run_app(services, app_id, kind="node", node_id="ask", inputs=inputs, form_answer=answer)
    assert summary["status"] == "failed"
