"""Messages to people: a group of WeCom, a mailbox."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import uuid
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    address,
    asked,
    fixed,
)
from engine.adapters.tools.files import given_file, read
from engine.adapters.tools.web import ask_json, base
from engine.ports.outside import UploadPart

WECOM_HOME = "https://qyapi.weixin.qq.com"
MAIL_SECONDS = 30.0


async def wecom_group_bot(call: ToolCall) -> Answer:
    """A message into a group of WeCom."""
    key, kind = call.text("hook_key"), call.text("message_type") or "text"
    try:
        uuid.UUID(key)
    except ValueError:
        return f"Invalid parameter hook_key {key}, not a valid UUID"
    home = f"{base(call, WECOM_HOME)}/cgi-bin/webhook"
    body: dict[str, Any]
    if kind == "file":
        file = given_file(call, "file")
        part = UploadPart("media", file.filename or "file", await read(call, file))
        params = {"key": key, "type": "file"}
        sent = await ask_json(call, "POST", f"{home}/upload_media", service="WeCom", params=params, files=[part])
        body = {"msgtype": "file", "file": {"media_id": _wecom(sent).get("media_id")}}
    else:
        if not call.text("content"):
            return "Invalid parameter content"
        kind = kind if kind in ("markdown", "markdown_v2") else "text"
        body = {"msgtype": kind, kind: {"content": call.text("content")}}
    _wecom(await ask_json(call, "POST", f"{home}/send", service="WeCom", params={"key": key}, body=body))
    return "Message sent successfully"


def _wecom(answer: Any) -> Mapping[str, Any]:
    """The answer, when it says that all went well: WeCom refuses with a good status. Raises ToolFailed."""
    found = answer if isinstance(answer, Mapping) else {}
    if found.get("errcode"):
        raise ToolFailed(f"WeCom refused the message: {found.get('errmsg')} ({found['errcode']})")
    return found


async def send_mail(call: ToolCall) -> Answer:
    """A mail through the server of 163.com."""
    message = EmailMessage()
    try:
        message["From"], message["To"] = call.needed("username_send"), call.needed("username_recv")
        message["Subject"] = call.needed("subject")
    except ValueError as problem:  # a line break in a header
        raise ToolFailed(f"The mail cannot be addressed so: {problem}") from problem
    message.set_content(call.needed("content"))
    host, port = call.account("host", "smtp.163.com"), call.account("port", "465")
    if not port.isdigit():
        raise ToolFailed(f"{port!r} is no port.")
    await asyncio.to_thread(_deliver, host, int(port), message, call.needed("authorization_code"))
    return "Mail sent successfully"


def _deliver(host: str, port: int, message: EmailMessage, password: str) -> None:
    try:
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if port == 465:
            server = smtplib.SMTP_SSL(host, port, timeout=MAIL_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=MAIL_SECONDS)
        with server:
            if port != 465 and server.has_extn("starttls"):
                server.starttls(context=context)
            elif port != 465 and host not in ("127.0.0.1", "localhost"):
                raise ToolFailed(f"{host} takes passwords only in clear; nothing was sent.")
            server.login(str(message["From"]), password)
            server.send_message(message)
    except smtplib.SMTPAuthenticationError as problem:
        raise ToolFailed(
            f"{host} does not accept the user or the authorization code.", hint="It is not the password of the mailbox."
        ) from problem
    except smtplib.SMTPResponseException as problem:
        words = problem.smtp_error.decode("utf-8", "replace") if isinstance(problem.smtp_error, bytes) else ""
        raise ToolFailed(f"{host} refused the mail: {problem.smtp_code} {words}") from problem
    except (smtplib.SMTPException, OSError) as problem:
        raise ToolFailed(f"{host}:{port} did not take the mail: {problem}") from problem


WECOM = BuiltinProvider(
    "wecom",
    "WeCom",
    "Writes into groups of WeCom.",
    "send",
    (
        BuiltinTool(
            "wecom_group_bot",
            "Message to a group",
            "A tool for sending a message to a group of WeCom.",
            wecom_group_bot,
            (
                asked("content", "Text"),
                asked("file", "File", kind="file"),
                fixed("hook_key", "Key of the group's bot", kind="secret-input", required=True),
                fixed(
                    "message_type",
                    "Kind of message",
                    kind="select",
                    default="text",
                    options=("text", "markdown", "markdown_v2", "file"),
                ),
            ),
        ),
    ),
    (address(WECOM_HOME),),
)

MAIL_163 = BuiltinProvider(
    "163-smtp-send-mail",
    "163 Mail",
    "Sends mails from a mailbox at 163.com.",
    "mail",
    (
        BuiltinTool(
            "163-smtp-send-mail",
            "Send a mail",
            "A tool for sending a mail.",
            send_mail,
            (
                asked("username_send", "From", "Address of the mailbox", required=True),
                asked("authorization_code", "Authorization code", kind="secret-input", required=True),
                asked("username_recv", "To", "Address of the recipient", required=True),
                asked("subject", "Subject", required=True),
                asked("content", "Text", required=True),
            ),
        ),
    ),
    (
        address("smtp.163.com", name="host", label="Server", description="Only for another mail server"),
        address("465", name="port", label="Port", description="465 is encrypted from the beginning"),
    ),
)
