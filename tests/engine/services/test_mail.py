"""The mail account of a workspace, and runs that write with it to a real server on the loopback."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import PenstockError, UserError
from engine.model.workflow import Variable, Workflow
from engine.ports.mail import MailFailed
from engine.services.context import Services
from engine.services.mail import Account
from engine.services.runs import StartRun
from tests.helpers.model import made, node
from tests.helpers.smtp import MailServer, mail_server
from tests.helpers.stored import ended, run_app

PASSWORD = "a-very-secret-word"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(tmp_path / "data")
    opened.open_workspace()
    yield opened
    opened.close()


def account(at: int, **more: Any) -> Account:
    found = {"host": "127.0.0.1", "port": at, "security": "none", "sender": "me@example.com", **more}
    return Account(**found)


def asking(**config: Any) -> Workflow:
    """Start, a form that is sent to Ann, end."""
    mail = {
        "subject": "Please check {{#1.topic#}}",
        "body": "Dear **Ann**\n\n{{#url#}}\n\n{{#env.KEY#}}",
        "recipients": {"whole_workspace": False, "items": [{"type": "external", "email": "ann@example.com"}]},
        "debug_mode": False,
        **config,
    }
    methods = [{"id": "m", "type": "email", "enabled": True, "config": mail}]
    actions = [{"id": "ok", "title": "OK"}]
    return made(
        [
            node("1", "start", variables=[{"variable": "topic", "type": "text-input", "label": "Topic"}]),
            node(
                "2", "human-input", title="Approval", form_content="Hi", user_actions=actions, delivery_methods=methods
            ),
            node("3", "end", outputs=[]),
        ],
        [("1", "2"), ("2", "ok", "3")],
    )  # fmt: skip


# -- the account -------------------------------------------------------------------------------------------------------


def test_nothing_is_set_up_at_first(services: Services) -> None:
    assert not services.mail.account().is_set_up
    assert services.mail.address() == ""
    with pytest.raises(MailFailed, match="no mail account"):
        asyncio.run(services.mail.send([]))
    with pytest.raises(UserError, match="no mail account"):
        asyncio.run(services.mail.send_test("a", "b", "c"))


def test_a_password_is_kept_encrypted_and_never_given_out(services: Services, tmp_path: Path) -> None:
    kept = services.mail.save(account(25, host=" smtp.example.com ", user="me"), PASSWORD)
    assert kept.has_password
    assert kept.host == "smtp.example.com"
    again = Services.open(tmp_path / "data")
    assert again.mail.account() == kept
    assert again.mail.account().has_password
    again.close()
    assert PASSWORD not in repr(services.mail.account())
    database = sqlite3.connect(tmp_path / "data" / "penstock.db")
    assert PASSWORD not in "".join(database.iterdump())
    database.close()


def test_a_password_goes_to_no_other_server(services: Services) -> None:
    with mail_server(users={"me": PASSWORD}) as server:
        services.mail.save(account(server.port, user="me"), PASSWORD)
        services.mail.save(account(server.port, user="me", sender_name="Me"))
        assert services.mail.account().has_password
        assert asyncio.run(services.mail.try_account(account(server.port, user="me"), None, "s", "b"))
        # Not even a test with another address asks the old one for its password.
        with pytest.raises(MailFailed):
            asyncio.run(services.mail.try_account(account(server.port, host="localhost", user="me"), None, "s", "b"))
        assert not services.mail.save(account(server.port, host="localhost", user="me")).has_password
    assert services.secrets.names() == []


def test_an_account_is_forgotten_with_its_password(services: Services) -> None:
    services.mail.save(account(25, user="me"), PASSWORD)
    services.mail.forget()
    assert services.mail.account() == Account()
    assert services.secrets.names() == []


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"host": " "}, "host"),
        ({"host": "smtp example"}, "host"),
        ({"host": "https://x.y"}, "host"),
        ({"port": 0}, "port"),
        ({"port": 70000}, "port"),
        ({"security": "odd"}, "security"),
        ({"sender": "me"}, "sender"),
        ({"sender_name": "a\nb"}, "sender_name"),
    ],
)
def test_what_is_no_account(services: Services, wrong: dict[str, Any], name: str) -> None:
    with pytest.raises(UserError) as caught:
        services.mail.save(account(25, **wrong))
    assert caught.value.details == {"field": name}
    assert not services.mail.account().is_set_up


def test_a_test_goes_to_the_own_address_before_the_account_is_kept(services: Services) -> None:
    with mail_server(users={"me": PASSWORD}) as server:
        trial = services.mail.try_account(account(server.port, user="me"), PASSWORD, "Test", "It **works**.")
        assert asyncio.run(trial) == "me@example.com"
        with pytest.raises(MailFailed, match="does not accept"):
            asyncio.run(services.mail.try_account(account(server.port, user="me"), "wrong", "Test", "x"))
    (taken,) = server.messages
    assert (taken.to, taken.subject) == ("me@example.com", "Test")
    assert "<strong>works</strong>" in taken.body("html")
    assert not services.mail.account().is_set_up


def test_a_test_that_is_refused_says_why(services: Services) -> None:
    with mail_server(refused=("me@example.com",)) as server:
        services.mail.save(account(server.port))
        with pytest.raises(PenstockError, match="nobody here"):
            asyncio.run(services.mail.send_test("s", "<p>b</p>", "b"))


# -- runs --------------------------------------------------------------------------------------------------------------


def sent_by(services: Services, server: MailServer, workflow: Workflow | None = None) -> tuple[str, str]:
    """Run a workflow that asks Ann; the ids of its app and of its run."""
    services.mail.save(account(server.port))
    app_id = services.workflows.create("workflow", "Papers", workflow=workflow or asking())
    summary = run_app(services, app_id, inputs={"topic": "the plan"}, environment={"KEY": "topsecret1"})
    assert summary["status"] == "paused"
    return app_id, summary["run_id"]


@pytest.mark.spec("logic.186")
def test_a_run_that_waits_has_written(services: Services) -> None:
    with mail_server() as server:
        _, run_id = sent_by(services, server)
    (taken,) = server.messages
    assert (taken.sender, taken.to, taken.subject) == ("me@example.com", "ann@example.com", "Please check the plan")
    text = taken.body()
    assert "Dear Ann" in text
    assert "“Approval”" in text
    assert "“Papers”" in text
    assert "{{" not in text
    (form,) = services.forms.waiting(run_id)
    assert form["mail"] == {"sent": ["ann@example.com"], "failed": [], "notes": []}
    logged = [e for e in services.runs.events(run_id) if e["event"] == "NodeRunAgentLog"]
    assert [e["label"] for e in logged] == ["ann@example.com"]


def test_the_words_for_the_place_are_those_of_the_account(services: Services) -> None:
    with mail_server() as server:
        services.mail.save(account(server.port, place="Ruf Max an: {workflow} / {step}"))
        app_id = services.workflows.create("workflow", "Papers", workflow=asking())
        run_app(services, app_id, inputs={"topic": "x"})
    assert "Ruf Max an: Papers / Approval" in server.messages[0].body()


def test_secrets_of_the_workflow_do_not_leave(services: Services) -> None:
    secret = Variable("k", "KEY", "secret", "topsecret1")
    workflow = replace(asking(), environment_variables=(secret,))
    with mail_server() as server:
        sent_by(services, server, workflow)
    (taken,) = server.messages
    assert b"topsecret1" not in taken.content
    assert "••••••" in taken.body()


def test_a_run_that_goes_on_in_another_start_of_the_program_writes_once(services: Services, tmp_path: Path) -> None:
    with mail_server() as server:
        _, run_id = sent_by(services, server)
        services.close()
        later = Services.open(tmp_path / "data")
        (form,) = later.forms.waiting(run_id)

        async def resumed() -> dict[str, Any]:
            summary = await ended(later.runs.resume(run_id))  # nobody has answered: it asks again
            await later.runs.drain()
            await later.close_ports()
            return summary

        assert asyncio.run(resumed())["status"] == "paused"
        later.forms.submit(form["session_id"], "ok", {})
        summary = asyncio.run(resumed())
        assert summary["status"] == "succeeded"
        rows = [r for r in later.runs.nodes(run_id) if r["node_id"] == "2"]
        assert later.runs.node(rows[0]["id"])["execution_metadata"]["mail"]["sent"] == ["ann@example.com"]
        later.close()
    assert len(server.messages) == 1


def test_a_program_that_ended_while_it_sent_does_not_send_again(services: Services, tmp_path: Path) -> None:
    app_id = services.workflows.create("workflow", "Papers", workflow=asking())
    with mail_server(hang="data") as server:
        services.mail.save(account(server.port))
        _, session = killed_while_sending(services, server, app_id)
        services.close()
        later = Services.open(tmp_path / "data")
        assert not later.forms.claim_mail(session)
        assert "It is not known" in later.forms.form(session)["mail"]["notes"][0]
        later.close()


def killed_while_sending(services: Services, server: MailServer, app_id: str) -> tuple[str, str]:
    """The state of the store when the power goes while a message is on its way: ids of the run and the form."""

    async def work() -> tuple[str, str]:
        workflow = services.workflows.load(app_id).workflow
        handle = services.runs.start(StartRun(workflow, app_id=app_id, inputs={"topic": "x"}))
        await asyncio.to_thread(server.reached.wait, 20)
        (form,) = services.forms.waiting(handle.run_id)
        kept = dict(form["mail"])
        handle.send({"command": "abort", "reason": "test"})
        await handle.result()
        await services.runs.drain()
        await services.close_ports()
        services.forms.note_mail(form["session_id"], kept)  # what stood there before the run ended in good order
        return handle.run_id, form["session_id"]

    return asyncio.run(work())


def test_a_silent_or_missing_server_leaves_the_form_waiting(services: Services) -> None:
    with mail_server() as server:
        pass  # it is gone when the run begins
    _, run_id = sent_by(services, server)
    (form,) = services.forms.waiting(run_id)
    (failed,) = form["mail"]["failed"]
    assert failed["to"] == "ann@example.com"
    assert "cannot be reached" in failed["error"]
    assert failed["hint"]


def test_without_an_account_nothing_leaves(services: Services) -> None:
    app_id = services.workflows.create("workflow", "Papers", workflow=asking())
    run_id = run_app(services, app_id, inputs={"topic": "x"})["run_id"]
    (form,) = services.forms.waiting(run_id)
    assert form["mail"]["sent"] == []
    assert "no mail account" in form["mail"]["notes"][0]


def test_what_did_not_go_is_sent_again_by_hand(services: Services) -> None:
    people = [{"type": "external", "email": f"{name}@example.com"} for name in ("ann", "bob")]
    workflow = asking(recipients={"whole_workspace": False, "items": people})
    with mail_server(refused=("bob@example.com",)) as server:
        _, run_id = sent_by(services, server, workflow)
        (form,) = services.forms.waiting(run_id)
        assert form["mail"]["sent"] == ["ann@example.com"]
        report = asyncio.run(services.send_form_again(form["session_id"]))
        assert [row["to"] for row in report["failed"]] == ["bob@example.com"]
        server.refused = ()
        report = asyncio.run(services.send_form_again(form["session_id"]))
        assert (report["sent"], report["failed"]) == (["ann@example.com", "bob@example.com"], [])
        assert services.forms.form(form["session_id"])["mail"] == report
        with pytest.raises(UserError, match="left to be sent"):
            asyncio.run(services.send_form_again(form["session_id"]))
    assert [m.to for m in server.messages] == ["ann@example.com", "bob@example.com"]
    assert server.messages[0].subject == server.messages[1].subject


def test_a_form_that_waits_no_more_is_not_sent_again(services: Services) -> None:
    with mail_server() as server:
        pass
    _, run_id = sent_by(services, server)
    (form,) = services.forms.waiting(run_id)
    with pytest.raises(MailFailed):
        asyncio.run(services.send_form_again(form["session_id"]))
    assert services.forms.form(form["session_id"])["mail"] == form["mail"]
    services.forms.submit(form["session_id"], "ok", {})
    with pytest.raises(UserError, match="does not wait any more"):
        asyncio.run(services.send_form_again(form["session_id"]))


def test_a_run_that_is_not_kept_writes_to_nobody(services: Services) -> None:
    """Nobody could answer: its form goes with it."""
    with mail_server() as server:
        services.mail.save(account(server.port))
        app_id = services.workflows.create("workflow", "Papers", workflow=asking())
        assert run_app(services, app_id, inputs={"topic": "x"}, record=False)["status"] == "paused"
    assert server.messages == []


def test_a_replay_writes_to_nobody(services: Services, tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    with mail_server() as server:
        services.mail.save(account(server.port))
        app_id = services.workflows.create("workflow", "Papers", workflow=asking())

        async def run(*, again: bool) -> dict[str, Any]:
            if again:
                services.replay_outside(tape, {}, strict=True)
            else:
                services.record_outside(tape, {}, {"inputs": {}})
            workflow = services.workflows.load(app_id).workflow
            start = StartRun(workflow, app_id=app_id, inputs={"topic": "x"})
            summary = await ended(services.runs.start(start))
            await services.runs.drain()
            await services.close_ports()
            return summary

        assert asyncio.run(run(again=False))["status"] == "paused"
        assert len(server.messages) == 1
        assert asyncio.run(run(again=True))["status"] == "paused"
        assert len(server.messages) == 1
