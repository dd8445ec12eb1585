"""The workspace's mail account, and sending with it: forms that people are asked to fill, and tests by hand.

The settings know everything but the password, which lives encrypted among the workspace's secrets and is never given
out, only whether there is one. As long as no account is set up nothing is ever sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from engine.errors import PenstockError, UserError
from engine.nodes.human_input.letter import bodies, is_address, subject_of
from engine.ports.mail import Mail, MailFailed, MailOutcome

if TYPE_CHECKING:
    from engine.ports.outside import SecretStore
    from engine.services.model_names import SettingsDoor

ACCOUNT_KEY = "mail.account"
PASSWORD_AT = "mail/password"  # noqa: S105 - where it is kept, not what it is
PORTS = {"none": 25, "starttls": 587, "tls": 465}
"""The ways to keep a connection secret, and the port that is usual for each."""
PLACE = "The form “{step}” of the workflow “{workflow}” waits in Penstock: open the run log and the waiting run there."
NAMELESS = "The form “{step}” waits in Penstock: open the run log and the waiting run there."
"""What stands where Dify puts a link, unless the account says it otherwise."""

Send = Callable[["Account", str, Sequence[Mail]], Awaitable[list[MailOutcome]]]
"""Sends with an account and its password."""


@dataclass(frozen=True)
class Account:
    """A mail account as screens show it. `security` is a key of `PORTS`; `place` may name {workflow} and {step}."""

    host: str = ""
    port: int = PORTS["starttls"]
    security: str = "starttls"
    user: str = ""
    sender: str = ""
    sender_name: str = ""
    place: str = ""
    has_password: bool = field(default=False, compare=False)

    @property
    def is_set_up(self) -> bool:
        """Whether something can be sent with it."""
        return bool(self.host and self.sender)


class MailService:
    """See the module; it is the `Mailer` of runs too. Everything but `send` may be called from any thread."""

    def __init__(
        self,
        settings: Callable[[], SettingsDoor],
        secrets: Callable[[], SecretStore],
        name_of: Callable[[str], str],
        send: Send,
        known: Callable[[], bool],
    ) -> None:
        """`name_of` gives the name of the workflow of an app id, `known` whether anything is stored yet."""
        self._settings, self._secrets, self._name_of, self._send, self._known = settings, secrets, name_of, send, known

    # -- the account -------------------------------------------------------------------------------------------------

    def account(self) -> Account:
        """The account; an empty one while none is set up."""
        row = self._settings().get(ACCOUNT_KEY, None) if self._known() else None
        if not isinstance(row, dict):
            return Account()
        names = Account.__dataclass_fields__
        return Account(**{name: value for name, value in row.items() if name in names})

    def save(self, account: Account, password: str | None = None) -> Account:
        """Keep an account. A password of None keeps what is stored, an empty one forgets it. The stored one is
        forgotten too when server or user change: it is no business of another server. Raises UserError, naming the
        field in its details."""
        account = checked(account)
        old = self.account()
        if password is None and (account.host, account.user) != (old.host, old.user):
            password = ""
        if password is not None:
            if password:
                self._secrets().set(PASSWORD_AT, password)
            else:
                self._secrets().delete(PASSWORD_AT)
        kept = replace(account, has_password=bool(password) if password is not None else old.has_password)
        self._settings().set(ACCOUNT_KEY, asdict(kept))
        return kept

    def forget(self) -> None:
        """No account any more; nothing is sent from then on."""
        self._secrets().delete(PASSWORD_AT)
        self._settings().set(ACCOUNT_KEY, None)

    def _password(self, account: Account) -> str:
        """The stored password. Raises MailFailed when it cannot be read."""
        if not account.has_password:
            return ""
        password = self._secrets().get(PASSWORD_AT)
        if password is None:
            raise MailFailed(
                "The password of the mail account cannot be read any more.",
                hint="Type it once more in Settings > Mail.",
            )
        return password

    # -- the door of runs --------------------------------------------------------------------------------------------

    def address(self) -> str:
        """The account's own address; an empty text while no account is set up."""
        account = self.account()
        return account.sender if account.is_set_up else ""

    def place(self, app_id: str, step: str) -> str:
        """The sentence that says where a form waits."""
        return place_of(self.account(), self._name_of(app_id), step)

    async def send(self, mails: Sequence[Mail]) -> list[MailOutcome]:
        """Send messages. Raises MailFailed."""
        account = self.account()
        if not account.is_set_up:
            raise MailFailed("There is no mail account here.", hint="Set one up in Settings > Mail.")
        return await self._send(account, self._password(account), mails)

    # -- tests by hand -----------------------------------------------------------------------------------------------

    async def try_account(self, account: Account, password: str | None, subject: str, body: str) -> str:
        """Send one message to the account's own address, before the account is kept; the address. A password of None
        is the stored one, where it belongs to this server and user. Raises UserError and MailFailed."""
        account = checked(account)
        if password is None:
            old = self.account()
            password = self._password(old) if (old.host, old.user) == (account.host, account.user) else ""
        return await self._to_own(account, password, subject, *bodies(body))

    async def send_test(self, subject: str, html: str, text: str) -> str:
        """Send one message to the account's own address; the address. Raises UserError and MailFailed."""
        account = self.account()
        if not account.is_set_up:
            raise UserError("This workspace has no mail account.", hint="Set one up in Settings > Mail.")
        return await self._to_own(account, self._password(account), subject, html, text)

    async def _to_own(self, account: Account, password: str, subject: str, html: str, text: str) -> str:
        mail = Mail(account.sender, subject_of(subject), text, html)
        (outcome,) = await self._send(account, password, [mail])
        if outcome.error:
            raise MailFailed(outcome.error, hint=outcome.hint)
        return account.sender


def place_of(account: Account, workflow: str, step: str) -> str:
    """Where a form waits, in the words of the account."""
    words = account.place or (PLACE if workflow else NAMELESS)
    return words.replace("{workflow}", workflow).replace("{step}", step)


def checked(account: Account) -> Account:
    """The account without blanks around its texts. Raises UserError for one that cannot send."""
    texts = {name: getattr(account, name).strip() for name in ("host", "user", "sender", "sender_name", "place")}
    account = replace(account, **texts)
    if not account.host:
        raise _wrong(
            "host", "The name of the mail server is missing.", "Your provider names it, such as smtp.example.com."
        )
    if any(sign.isspace() for sign in account.host) or "/" in account.host or "@" in account.host:
        raise _wrong("host", f"“{account.host}” is no name of a server.", "Write it as smtp.example.com.")
    if not 0 < account.port < 65536:
        raise _wrong("port", f"{account.port} is no port.", "Ports are numbers from 1 to 65535.")
    if account.security not in PORTS:
        raise _wrong("security", f"“{account.security}” is no kind of encryption.", "")
    if not is_address(account.sender):
        raise _wrong("sender", "The sender needs an e-mail address.", "Write it as name@example.com.")
    if any(sign in account.sender_name for sign in "\r\n"):
        raise _wrong("sender_name", "The name of the sender is one line.", "")
    return account


def _wrong(name: str, message: str, hint: str) -> PenstockError:
    return UserError(message, code="mail.field", hint=hint, details={"field": name})


def security_of(port: int) -> str:
    """What a port usually asks for; an empty text for a port that says nothing."""
    return next((name for name, usual in PORTS.items() if usual == port), "")


__all__ = ["PLACE", "PORTS", "Account", "MailService", "checked", "place_of", "security_of"]
