"""Messages through an SMTP server, with `smtplib` on a thread of its own.

The network rules of the workspace do not apply here. They keep workflows out of private networks; which server takes
the mail is no workflow's choice but that of the person who set the account up, and a relay on this machine or in the
house is what many have. A workflow decides only on recipients, subject and text.

A password leaves only over an encrypted connection, unless the account says "none" for security.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.ports.mail import Mail, MailFailed, MailOutcome

if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage

STEP_SECONDS = 10.0
"""How long the server may take for one answer."""
ALL_SECONDS = 30.0
"""How long everything may take: a form is shown once its mails are on their way or cannot be sent."""
CHECK_PORT = "Check the server and the port in the settings of mail: usual are 587 with STARTTLS, 465 with TLS."
CHECK_USER = "Check user and password in the settings of mail; many providers want a password made for programs."


@dataclass(frozen=True)
class SmtpAccount:
    """`security`: none, starttls or tls. Without a `user` nobody signs in."""

    host: str
    port: int
    security: str
    sender: str
    sender_name: str = ""
    user: str = ""
    password: str = ""


async def send(account: SmtpAccount, mails: Sequence[Mail], seconds: float = ALL_SECONDS) -> list[MailOutcome]:
    """Send each message; what became of each, in order. Raises MailFailed when the server could not be spoken to.
    A cancelled wait cuts the connection, so that the thread ends at once."""
    delivery = _Delivery(account, mails)
    try:
        async with asyncio.timeout(seconds):
            return await delivery.start()
    except TimeoutError:
        raise MailFailed(
            f"{account.host}:{account.port} did not take the mail within {seconds:.0f} seconds.",
            hint="The server may be busy; try again later. " + CHECK_PORT,
        ) from None
    finally:
        delivery.cut()


class _Delivery:
    """One connection and what is sent over it, on a thread that ends soon after `cut`."""

    def __init__(self, account: SmtpAccount, mails: Sequence[Mail]) -> None:
        self._account, self._mails = account, mails
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    async def start(self) -> list[MailOutcome]:
        future: Future[list[MailOutcome]] = Future()
        future.set_running_or_notify_cancel()  # the thread answers when it ends, whether or not anybody waits still

        def work() -> None:
            try:
                result = self._deliver()
            except BaseException as error:  # noqa: BLE001 - the waiter gets it
                future.set_exception(error)
            else:
                future.set_result(result)
            finally:
                with self._lock:
                    self._drop()

        threading.Thread(target=work, name="penstock-mail", daemon=True).start()
        return await asyncio.wrap_future(future)

    def cut(self) -> None:
        """End the connection if there is one still; any thread."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                try:
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # -- on the thread -----------------------------------------------------------------------------------------------

    def connect(self, host: str, port: int, seconds: float) -> socket.socket:
        """A connection that `cut` can end. Raises OSError."""
        problem: OSError = OSError()
        until = time.monotonic() + seconds
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            door = socket.socket(family, kind, protocol)
            with self._lock:
                self._drop()
                if self._is_cut:
                    door.close()
                    raise OSError
                self._socket = door.dup()  # TLS takes the socket itself over; this one ends the connection still
            try:
                door.settimeout(max(0.1, until - time.monotonic()))
                door.connect(address)
                door.settimeout(seconds)
            except OSError as error:
                problem = error
                door.close()
            else:
                return door
        raise problem

    def _deliver(self) -> list[MailOutcome]:
        import smtplib
        import ssl

        account = self._account
        where = f"{account.host}:{account.port}"
        try:
            server = self._server(ssl.create_default_context())
            try:
                self._begin(server, ssl.create_default_context())
                outcomes = [self._one(server, mail) for mail in self._mails]
            except BaseException:
                server.close()
                raise
            _leave(server)
        except smtplib.SMTPAuthenticationError as error:
            raise MailFailed(f"{account.host} does not accept the user or the password.", hint=CHECK_USER) from error
        except smtplib.SMTPServerDisconnected as error:
            raise MailFailed(f"{where} ended the connection.", hint=CHECK_PORT) from error
        except smtplib.SMTPResponseException as error:
            raise MailFailed(
                f"The mail server {account.host} refused: {self._words(error)}", hint="Ask who runs the server."
            ) from error
        except ssl.SSLCertVerificationError as error:
            raise MailFailed(
                f"The certificate of {account.host} is not trusted: {error.verify_message}",
                hint="Check the name of the server, or add its certificate to those that this machine trusts.",
            ) from error
        except ssl.SSLError as error:
            raise MailFailed(
                f"{where} speaks no TLS.", hint="Choose STARTTLS for the port 587, TLS for 465."
            ) from error
        except socket.gaierror as error:
            raise MailFailed(
                f"There is no server named {account.host}.", hint="Check the server's name and the network connection."
            ) from error
        except TimeoutError as error:
            raise MailFailed(f"{where} does not answer.", hint=CHECK_PORT) from error
        except OSError as error:
            raise MailFailed(f"{where} cannot be reached: {error.strerror or error}", hint=CHECK_PORT) from error
        return outcomes

    def _server(self, context: Any) -> smtplib.SMTP:
        import smtplib

        connect = self.connect

        class Plain(smtplib.SMTP):
            def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
                return connect(host, port, timeout)

        class Encrypted(smtplib.SMTP_SSL):
            def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
                return context.wrap_socket(connect(host, port, timeout), server_hostname=host)  # type: ignore[no-any-return]

        kind = Encrypted if self._account.security == "tls" else Plain
        # Without a name the library asks for that of this machine, which may take long and is nobody's business.
        server = kind(timeout=STEP_SECONDS, local_hostname="[127.0.0.1]")
        setattr(server, "_host", self._account.host)  # noqa: B010 - STARTTLS checks this name; no public way to set it
        code, words = server.connect(self._account.host, self._account.port)
        if code != 220:
            server.close()
            raise smtplib.SMTPConnectError(code, words)
        return server

    def _begin(self, server: smtplib.SMTP, context: Any) -> None:
        account = self._account
        server.ehlo_or_helo_if_needed()
        if account.security == "starttls":
            if not server.has_extn("starttls"):
                raise MailFailed(
                    f"{account.host}:{account.port} offers no STARTTLS; nothing was sent.",
                    hint="Choose TLS with the port 465, or no encryption for a server on this machine.",
                )
            server.starttls(context=context)
            server.ehlo()
        if account.user:
            if not server.has_extn("auth"):
                raise MailFailed(
                    f"{account.host}:{account.port} lets nobody sign in over this connection.",
                    hint="Choose STARTTLS or TLS, or leave the user empty.",
                )
            import smtplib

            try:
                server.login(account.user, account.password)
            except smtplib.SMTPNotSupportedError as error:
                raise MailFailed(
                    f"{account.host} wants a way to sign in that Penstock does not know.",
                    hint="Ask who runs the server for an account that signs in with a password.",
                ) from error
            except UnicodeError as error:
                raise MailFailed(
                    f"{account.host} does not accept the user or the password.", hint=CHECK_USER
                ) from error

    def _one(self, server: smtplib.SMTP, mail: Mail) -> MailOutcome:
        import smtplib

        try:
            server.send_message(message_of(self._account, mail), from_addr=self._account.sender, to_addrs=[mail.to])
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            why = self._words(smtplib.SMTPResponseException(code, words))
            return MailOutcome(mail.to, f"The server refused this address: {why}", "Check how the address is written.")
        except smtplib.SMTPSenderRefused as error:
            why = self._words(error)
            return MailOutcome(
                mail.to,
                f"The server refused the sender {self._account.sender}: {why}",
                "Use the address of the account as the sender.",
            )
        except smtplib.SMTPNotSupportedError:
            return MailOutcome(mail.to, "The server takes no such address: it has letters beyond ASCII.")
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPResponseException as error:
            why = self._words(error)
            return MailOutcome(mail.to, f"The server refused the message: {why}")
        except (ValueError, UnicodeError):
            return MailOutcome(mail.to, "This is no e-mail address.", "Write it as name@example.com.")
        return MailOutcome(mail.to)

    def _words(self, error: smtplib.SMTPResponseException) -> str:
        """What the server said, without the password should it have said that back."""
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        if self._account.password:
            text = text.replace(self._account.password, "••••••")
        return f"{error.smtp_code} {' '.join(text.split())}"[:300]


def message_of(account: SmtpAccount, mail: Mail) -> EmailMessage:
    """The message as it goes on the wire. Raises ValueError for an address that is none."""
    from email.headerregistry import Address
    from email.message import EmailMessage
    from email.utils import formatdate, make_msgid

    message = EmailMessage()
    message["From"] = Address(account.sender_name, addr_spec=account.sender)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = mail.subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=account.sender.rpartition("@")[2] or None)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _leave(server: smtplib.SMTP) -> None:
    """Say good-bye; what was taken is taken, whatever the server answers to that."""
    import smtplib

    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()
