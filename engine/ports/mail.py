"""The door to a mail server, as a node sees it. Found in `Ports.extras["mail"]`; missing where nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.ports.outside import PortError


@dataclass(frozen=True)
class Mail:
    """One message to one address. `subject` has no line breaks; `html` is a small set of tags, `text` the same in plain
    words."""

    to: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class MailOutcome:
    """What became of one message: `error` is empty when the server took it, else says why, `hint` what to do."""

    to: str
    error: str = ""
    hint: str = ""


class MailFailed(PortError):
    """The server could not be spoken to, so that none of the messages left."""

    def __init__(self, message: str, *, hint: str = "", code: str = "mail.failed") -> None:
        super().__init__("MailError", message, hint=hint)
        self.code = code


class Mailer(Protocol):
    """Sends with the account of the workspace."""

    def address(self) -> str:
        """The account's own address; an empty text while no account is set up."""
        ...

    def place(self, app_id: str, step: str) -> str:
        """The sentence that says where a form waits: it stands where Dify puts a link."""
        ...

    async def send(self, mails: Sequence[Mail]) -> list[MailOutcome]:
        """Send each message; in their order what became of each. Raises MailFailed when the server could not be
        spoken to at all, and ends soon when it is cancelled."""
        ...
