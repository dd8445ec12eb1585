"""SMTP servers on the loopback for tests: one thread, one asyncio loop, as unhelpful as needed.

with mail_server(users={"ann": "secret"}) as server:
    ... server.port ...; server.messages[0].subject
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email
import ipaddress
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast


@dataclass
class Taken:
    """A message that the server took; `signed_in` is the user, `is_encrypted` how the connection was then."""

    sender: str
    to: str
    content: bytes
    signed_in: str
    is_encrypted: bool

    @property
    def message(self) -> EmailMessage:
        return cast("EmailMessage", email.message_from_bytes(self.content, policy=default))

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    def body(self, kind: str = "plain") -> str:
        """The text of a kind: plain or html."""
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""


@dataclass
class MailServer:
    """A running server. `hang` names where it says nothing any more: greeting, data. `refused` are addresses that it
    does not take, `answers` other replies by command."""

    port: int = 0
    users: Mapping[str, str] = field(default_factory=dict)
    starttls: ssl.SSLContext | None = None
    hang: str = ""
    refused: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    messages: list[Taken] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    """Set where the server hangs."""
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when a client's connection is over."""
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, EOFError, ssl.SSLError, asyncio.CancelledError):
                await _Talk(self, reader, writer).run()
        finally:
            self._tasks.discard(task)
            self.gone.set()
            writer.close()


class _Talk:
    def __init__(self, server: MailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.user = self.sender = self.to = ""
        self.is_encrypted = writer.get_extra_info("ssl_object") is not None

    async def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    async def line(self) -> str:
        return (await self.reader.readuntil(b"\n")).decode("utf-8", "replace").strip()

    async def _hang(self, place: str) -> None:
        if self.server.hang == place:
            self.server.reached.set()
            await self.reader.read()  # until the other side has enough
            raise ConnectionResetError

    async def run(self) -> None:
        await self._hang("greeting")
        await self.say(self.server.answers.get("greeting", "220 test ESMTP"))
        while True:
            line = await self.line()
            word, _, rest = line.partition(" ")
            word = word.upper()
            self.server.commands.append(word)
            if word in self.server.answers:
                await self.say(self.server.answers[word])
            elif word == "QUIT":
                await self.say("221 bye")
                return
            else:
                await getattr(self, f"_{word.lower()}", self._unknown)(rest)

    async def _unknown(self, rest: str) -> None:
        del rest
        await self.say("502 not known")

    async def _ehlo(self, rest: str) -> None:
        del rest
        lines = ["test"]
        if self.server.starttls is not None and not self.is_encrypted:
            lines.append("STARTTLS")
        if self.server.users and (self.server.starttls is None or self.is_encrypted):
            lines.append("AUTH PLAIN LOGIN")
        for line in lines[:-1]:
            await self.say(f"250-{line}")
        await self.say(f"250 {lines[-1]}")

    async def _starttls(self, rest: str) -> None:
        del rest
        assert self.server.starttls is not None
        await self.say("220 go on")
        await self.writer.start_tls(self.server.starttls)
        self.is_encrypted = True

    async def _auth(self, rest: str) -> None:
        kind, _, first = rest.partition(" ")
        if kind.upper() == "PLAIN":
            _, user, password = base64.b64decode(first).decode().split("\0")
        else:
            user = base64.b64decode(first).decode() if first else ""
            if not user:
                await self.say("334 VXNlcm5hbWU6")
                user = base64.b64decode(await self.line()).decode()
            await self.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(await self.line()).decode()
        if self.server.users.get(user) == password:
            self.user = user
            await self.say("235 welcome")
        else:
            await self.say(f"535 no, not with {password}")

    async def _mail(self, rest: str) -> None:
        if self.server.users and not self.user:
            await self.say("530 sign in first")
            return
        self.sender = rest.partition("<")[2].partition(">")[0]
        await self.say("250 ok")

    async def _rcpt(self, rest: str) -> None:
        self.to = rest.partition("<")[2].partition(">")[0]
        await self.say("550 nobody here" if self.to in self.server.refused else "250 ok")

    async def _rset(self, rest: str) -> None:
        del rest
        await self.say("250 ok")

    async def _data(self, rest: str) -> None:
        del rest
        await self._hang("data")
        await self.say("354 go on")
        lines = []
        while (line := await self.reader.readuntil(b"\n")) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.server.messages.append(Taken(self.sender, self.to, b"".join(lines), self.user, self.is_encrypted))
        await self.say("250 taken")


@contextmanager
def mail_server(*, tls: ssl.SSLContext | None = None, **settings: Any) -> Iterator[MailServer]:
    """A server while the block runs; `tls` encrypts from the beginning. The other settings are `MailServer`'s."""
    server = MailServer(**settings)
    ready = threading.Event()
    stop: list[Any] = []

    async def main() -> None:
        end = asyncio.Event()
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
        server.port = listening.sockets[0].getsockname()[1]
        stop.append((asyncio.get_running_loop(), end))
        ready.set()
        await end.wait()
        listening.close()
        for task in list(server._tasks):
            task.cancel()
        await asyncio.gather(*server._tasks, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="mail-server")
    thread.start()
    ready.wait(10)
    try:
        yield server
    finally:
        loop, end = stop[0]
        loop.call_soon_threadsafe(end.set)
        thread.join(10)


@dataclass(frozen=True)
class Certificate:
    """A self-made certificate for localhost and 127.0.0.1; `file` is what a client may trust."""

    file: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """For a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def certificate(folder: Path) -> Certificate:
    """Make one."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = Certificate(folder / "cert.pem", folder / "key.pem")
    found.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    found.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return found
