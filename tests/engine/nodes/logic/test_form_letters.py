"""The e-mail that asks for an answer: what is in it, who gets it, and that a run never depends on it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from engine.clock import FixedClock, SeededIds
from engine.nodes.human_input.desk import FormDesk, MemoryForms
from engine.nodes.human_input.letter import bodies, is_address, letter, subject_of
from engine.ports.bundle import Ports
from engine.ports.mail import Mail, MailFailed, MailOutcome
from engine.run.variables.segments import build_with_type
from tests.helpers.nodes import Ran, arun_node, make_pool, run_node

PLACE = "It waits in <Penstock>."


def email(**more: Any) -> dict[str, Any]:
    config = {
        "subject": "Check {{#n.title#}}",
        "body": "Hello **Ann**, {{#n.text#}}\n\n{{#url#}}",
        "recipients": {"whole_workspace": False, "items": [{"type": "external", "email": "ann@example.com"}]},
        "debug_mode": False,
    }
    return {"id": "m", "type": "email", "enabled": True, "config": {**config, **more}}


def node(*methods: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "human-input",
        "title": "Approval",
        "form_content": "Check",
        "inputs": [],
        "user_actions": [{"id": "ok", "title": "OK"}],
        "delivery_methods": list(methods),
    }


class Post:
    """A mailer that keeps what it is given; `problem` is what it does instead."""

    def __init__(self, own: str = "me@example.com", problem: Exception | None = None) -> None:
        self.own, self.problem = own, problem
        self.sent: list[Mail] = []
        self.begun = asyncio.Event()

    def address(self) -> str:
        return self.own

    def place(self, app_id: str, step: str) -> str:
        return f"Where {app_id} waits at {step}."

    async def send(self, mails: Sequence[Mail]) -> list[MailOutcome]:
        if isinstance(self.problem, asyncio.CancelledError):
            self.begun.set()
            await asyncio.sleep(60)
        if self.problem is not None:
            raise self.problem
        self.sent += mails
        return [MailOutcome(mail.to) for mail in mails]


class Office:
    """A desk, a post, and a node that uses both."""

    def __init__(self, post: Post, *methods: dict[str, Any]) -> None:
        self.desk = FormDesk(MemoryForms(), FixedClock(), SeededIds(3))
        self.ports = Ports(extras={"human_input": self.desk, "mail": post})
        self.data = node(*(methods or (email(),)))
        self.values = {"n.title": "the <b>report</b>", "n.text": "this is it", "sys.workflow_run_id": "run-1"}

    def run(self, **more: Any) -> Ran:
        return run_node(self.data, self.values, ports=self.ports, **more)

    @property
    def report(self) -> dict[str, Any]:
        (form,) = self.desk.waiting()
        return dict(form["mail"] or {})


# -- what is in it -----------------------------------------------------------------------------------------------------


def test_markdown_becomes_few_tags() -> None:
    html, text = bodies(
        "# Dear *Ann*\n\n- one\n- [two](https://example.com/a?b=1&c=2)\n\n| a | b |\n|---|--:|\n| 1 | `x<y` |\n\n"
        "```python\nprint('<b>')\n```\n\n> said\n\n![a picture](https://tracker.example.com/x.png)\n"
    )
    for piece in (
        "<p><strong>Dear <em>Ann</em></strong></p>",
        '<a href="https://example.com/a?b=1&amp;c=2">two</a>',
        "<td>1</td>",
        "<code>x&lt;y</code>",
        "<pre><code>print('&lt;b&gt;')\n</code></pre>",
        "<p>said</p>",
        "<p>a picture</p>",
    ):
        assert piece in html
    for tag in ("<h1", "<img", "<blockquote", "style=", "class="):
        assert tag not in html
    assert text.startswith("Dear Ann\n\n- one\n- two (https://example.com/a?b=1&c=2)\n")
    assert "1 | x<y" in text
    assert "print('<b>')" in text


def test_raw_html_is_stripped_and_its_words_stay() -> None:
    html, text = bodies(
        "<div onclick='x()'>kept <b>words</b></div>\n\nin <span>line</span> <img src=x onerror=y>\n\n"
        "<script>alert(1)</script>\n\n[bad](javascript:alert(1)) <javascript:alert(1)>"
    )
    assert "<p>kept words</p>" in html
    assert "in line" in html
    for piece in ("onclick", "onerror", "<span", "<script", "alert(1)</", 'href="javascript'):
        assert piece not in html
    assert "kept words" in text


@pytest.mark.parametrize(
    "body",
    [
        "{{#url#}}",
        "[Open the form]({{#url#}})",
        "<{{#url#}}>",
        '<a href="{{#url#}}">Open</a>',
        "![x]({{#url#}})",
        "`{{#url#}}`",
    ],
)
def test_where_a_link_was_to_be_stands_where_the_form_waits(body: str) -> None:
    html, text = bodies(f"Hello\n\n{body}", PLACE)
    assert html.count("It waits in &lt;Penstock&gt;.") == 1
    assert text.count(PLACE) == 1
    assert "PENSTOCKPLACE" not in html
    assert "url" not in html


def test_a_subject_is_one_line_without_tags() -> None:
    assert subject_of(" Check\r\nBcc: all@x.y <b>the</b>\treport\x1b[2J ") == "Check Bcc: all@x.y the report[2J"


@pytest.mark.parametrize("address", ["", "ann", "ann@", "a@b\r\nBcc: c@d", "Ann <ann@example.com>", "a@b,c@d"])
def test_what_is_no_address(address: str) -> None:
    assert not is_address(address)
    assert is_address("ann@example.com")


def test_secrets_do_not_leave_in_whatever_spelling() -> None:
    secret = "tøp&secret/key"
    pool = make_pool({"n.title": f"by {secret}", "n.text": "https://x.y/?k=t%C3%B8p%26secret%2Fkey"})
    pool.add(("env", "KEY"), build_with_type("secret", secret))
    made = letter(email(body="{{#env.KEY#}} {{#n.text#}}"), pool, f"near {secret}", "me@example.com")
    whole = f"{made.mails[0].subject}{made.mails[0].html}{made.mails[0].text}"
    assert "••••••" in made.mails[0].subject
    for piece in ("secret/key", "secret%2Fkey", "tøp"):
        assert piece not in whole


# -- who gets it -------------------------------------------------------------------------------------------------------


@pytest.mark.spec("logic.186")
@pytest.mark.parametrize("everybody", ["whole_workspace", "include_bound_group"])
def test_only_addresses_can_be_written_to(everybody: str) -> None:
    people = [
        {"type": "external", "email": "ann@example.com"},
        {"type": "external", "email": " ann@example.com"},
        {"type": "external", "email": "no address"},
        {"type": "member", "user_id": "u1"},
        {"type": "member", "reference_id": "u2"},
    ]
    post = Post()
    office = Office(post, email(recipients={everybody: True, "items": people}))
    ran = office.run()
    assert ran.paused is not None
    told = {(e["data"].get("to", ""), e["status"]) for e in ran.sent("NodeRunAgentLog")}
    assert told == {("ann@example.com", "success"), ("no address", "error"), ("", "success")}
    assert [mail.to for mail in post.sent] == ["ann@example.com"]
    assert office.report["sent"] == ["ann@example.com"]
    assert [row["to"] for row in office.report["failed"]] == ["no address"]
    assert office.report["failed"][0]["error"] == "This is no e-mail address."
    notes = " ".join(office.report["notes"])
    assert "2 members" in notes
    assert "did not go to everybody" in notes


def test_in_debug_mode_only_the_own_address_is_written_to() -> None:
    post = Post()
    people = {"whole_workspace": True, "items": [{"type": "external", "email": "ann@example.com"}]}
    office = Office(post, email(debug_mode=True, recipients=people))
    office.run()
    assert [mail.to for mail in post.sent] == ["me@example.com"]
    assert office.report["notes"] == []


def test_the_references_are_those_of_the_run() -> None:
    post = Post()
    Office(post).run(facts={"app_id": "flow"})
    (mail,) = post.sent
    assert mail.subject == "Check the report"
    assert "Hello <strong>Ann</strong>, this is it" in mail.html
    assert "Where flow waits at Approval." in mail.text


# -- the run -----------------------------------------------------------------------------------------------------------


def test_each_address_is_told_in_the_log_of_the_step() -> None:
    ran = Office(Post()).run()
    (entry,) = ran.sent("NodeRunAgentLog")
    assert (entry["label"], entry["status"], entry["error"]) == ("ann@example.com", "success", None)


@pytest.mark.parametrize("methods", [[], [{**email(), "enabled": False}], [{"type": "webapp"}, {"type": "slack"}]])
def test_nothing_is_sent_unless_it_is_switched_on(methods: list[dict[str, Any]]) -> None:
    post = Post()
    office = Office(post, *methods, {"type": "webapp", "enabled": True})
    assert office.run().paused is not None
    assert post.sent == []
    assert office.report == {}


def test_without_an_account_nothing_is_sent_and_that_is_said() -> None:
    post = Post(own="")
    office = Office(post)
    ran = office.run()
    assert ran.paused is not None
    assert post.sent == []
    assert "no mail account" in office.report["notes"][0]
    assert ran.sent("NodeRunAgentLog")[0]["status"] == "error"


def test_a_step_that_is_tried_alone_writes_to_nobody() -> None:
    post = Post()
    assert Office(post).run(facts={"kind": "node"}).paused is not None
    assert post.sent == []


def test_a_mail_that_fails_fails_no_run() -> None:
    office = Office(Post(problem=MailFailed("The server is gone.", hint="Look for it.")))
    ran = office.run()
    assert ran.paused is not None
    assert office.report["failed"] == [
        {"to": "ann@example.com", "error": "The server is gone.", "hint": "Look for it."}
    ]
    assert ran.sent("NodeRunAgentLog")[0]["error"] == "The server is gone. Look for it."
    assert [mail["to"] for mail in office.report["unsent"]] == ["ann@example.com"]


@pytest.mark.expects_log
def test_not_even_a_fault_of_the_program_fails_the_run() -> None:
    office = Office(Post(problem=RuntimeError("odd")))
    assert office.run().paused is not None
    assert "odd" in office.report["notes"][0]


def test_nothing_is_sent_twice() -> None:
    post = Post()
    office = Office(post)
    first = office.run()
    assert office.run().paused is not None
    assert len(post.sent) == 1
    assert first.paused is not None
    office.desk.submit(first.paused.session_id, "ok", {})
    ran = office.run()
    assert ran.handle == "ok"
    assert ran.result.metadata["mail"]["sent"] == ["ann@example.com"]
    assert len(post.sent) == 1


def test_an_answer_that_comes_while_the_mail_is_sent_counts_at_once() -> None:
    class Quick(Post):
        async def send(self, mails: Sequence[Mail]) -> list[MailOutcome]:
            (form,) = office.desk.waiting()
            office.desk.submit(form["session_id"], "ok", {})
            return await super().send(mails)

    office = Office(Quick())
    assert office.run().handle == "ok"


def test_a_run_that_is_stopped_does_not_wait_for_the_mail_and_sends_none_later() -> None:
    post = Post(problem=None)
    post.problem = asyncio.CancelledError()  # type: ignore[assignment]
    office = Office(post)

    async def work() -> None:
        task = asyncio.create_task(arun_node(office.data, office.values, ports=office.ports))
        await post.begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert "stopped" in office.report["notes"][0]
    post.problem = None
    assert office.run().paused is not None
    assert post.sent == []
