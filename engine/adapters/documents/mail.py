"""E-mails: the text of the message, without headers and attachments."""

from __future__ import annotations

import io
from email import message_from_bytes, policy

from engine.adapters.documents.packed import html_lines


def mail_text(content: bytes) -> str:
    """The lines of an internet message, the plain version before the HTML one."""
    message = message_from_bytes(content, policy=policy.default)
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    text = str(body.get_content())
    return "\n".join(html_lines(text) if body.get_content_subtype() == "html" else _lines(text))


def outlook_text(content: bytes) -> str:
    """The same of an Outlook file."""
    from oxmsg import Message

    message = Message.load(io.BytesIO(content))
    if message.body:
        return "\n".join(_lines(message.body))
    return "\n".join(html_lines(message.html_body)) if message.html_body else ""


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
