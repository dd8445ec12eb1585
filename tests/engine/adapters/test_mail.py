"""Messages through real mail servers on the loopback: friendly, strict, refusing, silent."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from engine.adapters.mail import SmtpAccount, send
from engine.ports.mail import Mail, MailFailed
from tests.helpers.smtp import Certificate, MailServer, certificate, mail_server

MAIL = Mail("ann@example.com", "Grüße 你好", "plain words\n", "<p>plain <strong>words</strong></p>")


def account(server: MailServer, **more: object) -> SmtpAccount:
    found = SmtpAccount("127.0.0.1", server.port, "none", "pen@example.com", "Pen, Stock")
    return replace(found, **more)  # type: ignore[arg-type]


@pytest.fixture
def proof(tmp_path: Path) -> Certificate:
    return certificate(tmp_path)


@pytest.fixture
def trusted(proof: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    monkeypatch.setenv("SSL_CERT_FILE", str(proof.file))
    return proof


def failure(of: SmtpAccount, seconds: float = 20) -> MailFailed:
    with pytest.raises(MailFailed) as caught:
        asyncio.run(send(of, [MAIL], seconds))
    return caught.value


def test_a_plain_server_gets_both_bodies() -> None:
    with mail_server() as server:
        (outcome,) = asyncio.run(send(account(server), [MAIL]))
    assert outcome.error == ""
    (taken,) = server.messages
    assert (taken.sender, taken.to, taken.subject) == ("pen@example.com", "ann@example.com", "Grüße 你好")
    assert str(taken.message["From"]) == '"Pen, Stock" <pen@example.com>'
    assert taken.body().strip() == "plain words"
    assert "<strong>words</strong>" in taken.body("html")
    assert not taken.is_encrypted


def test_signing_in() -> None:
    with mail_server(users={"ann": "s3cret-word"}) as server:
        asyncio.run(send(account(server, user="ann", password="s3cret-word"), [MAIL]))
        assert server.messages[0].signed_in == "ann"
        problem = failure(account(server, user="ann", password="wrong-word"))
    assert "does not accept the user or the password" in problem.message
    assert "wrong-word" not in f"{problem.message} {problem.hint}"
    assert problem.hint


def test_a_password_that_the_server_says_back_is_hidden() -> None:
    with mail_server(users={"ann": "s3cret-word"}, answers={"MAIL": "550 not with s3cret-word"}) as server:
        (outcome,) = asyncio.run(send(account(server, user="ann", password="s3cret-word"), [MAIL]))
    assert "refused the sender" in outcome.error
    assert "s3cret-word" not in outcome.error


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted(trusted: Certificate, security: str) -> None:
    context = trusted.context()
    how = {"starttls": context} if security == "starttls" else {"tls": context}
    with mail_server(users={"ann": "word"}, **how) as server:
        found = account(server, host="localhost", security=security, user="ann", password="word")
        (outcome,) = asyncio.run(send(found, [MAIL]))
    assert outcome.error == ""
    assert server.messages[0].is_encrypted
    assert server.messages[0].signed_in == "ann"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_trusts(proof: Certificate, security: str) -> None:
    context = proof.context()
    how = {"starttls": context} if security == "starttls" else {"tls": context}
    with mail_server(users={"ann": "word"}, **how) as server:
        problem = failure(account(server, security=security, user="ann", password="word"))
    assert "The certificate of 127.0.0.1 is not trusted" in problem.message
    assert not server.messages
    assert "AUTH" not in server.commands


def test_the_wrong_kind_of_encryption(trusted: Certificate) -> None:
    with mail_server(users={"ann": "word"}) as server:
        problem = failure(account(server, security="starttls", user="ann", password="word"))
        assert "offers no STARTTLS; nothing was sent" in problem.message
        assert "AUTH" not in server.commands
        problem = failure(account(server, security="tls"))
        assert "speaks no TLS" in problem.message
        assert "STARTTLS for the port 587" in problem.hint
    with mail_server(starttls=trusted.context(), users={"ann": "word"}) as server:
        problem = failure(account(server, user="ann", password="word"))
        assert "lets nobody sign in over this connection" in problem.message


def test_an_address_that_is_refused_does_not_keep_the_others_waiting() -> None:
    with mail_server(refused=("ann@example.com",)) as server:
        mails = [MAIL, replace(MAIL, to="bob@example.com")]
        first, second = asyncio.run(send(account(server), mails))
    assert "refused this address: 550 nobody here" in first.error
    assert second.error == ""
    assert [m.to for m in server.messages] == ["bob@example.com"]


def test_what_the_server_says_against_it() -> None:
    with mail_server(answers={"DATA": "554 too many today"}) as server:
        (outcome,) = asyncio.run(send(account(server), [MAIL]))
    assert "554 too many today" in outcome.error
    with mail_server(answers={"greeting": "421 closed for lunch"}) as server:
        assert "421 closed for lunch" in failure(account(server)).message


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        problem = failure(SmtpAccount("127.0.0.1", port, "none", "pen@example.com"))
    assert f"127.0.0.1:{port} cannot be reached" in problem.message
    assert "587 with STARTTLS" in problem.hint
    problem = failure(SmtpAccount("no-such-host.invalid", 25, "none", "pen@example.com"))
    assert "no-such-host.invalid" in problem.message


@pytest.mark.parametrize("place", ["greeting", "data"])
def test_a_silent_server_is_left_after_the_time(place: str) -> None:
    with mail_server(hang=place) as server:
        problem = failure(account(server), 0.3)
        assert server.gone.wait(10)
    assert "did not take the mail within" in problem.message


def test_giving_up_ends_the_connection() -> None:
    async def work(server: MailServer) -> None:
        task = asyncio.create_task(send(account(server), [MAIL]))
        await asyncio.to_thread(server.reached.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with mail_server(hang="data") as server:
        asyncio.run(work(server))
        assert server.gone.wait(10)
    assert not server.messages


def test_a_recipient_cannot_smuggle_a_header_in() -> None:
    with mail_server() as server:
        (outcome,) = asyncio.run(send(account(server), [replace(MAIL, to="a@b.c\r\nBcc: all@example.com")]))
    assert outcome.error == "This is no e-mail address."
    assert not server.messages
