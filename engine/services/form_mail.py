"""The e-mails of a waiting form that did not go, sent once more when a person says so."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from engine.errors import UserError
from engine.nodes.human_input.sending import take_over
from engine.ports.mail import Mail, MailFailed

if TYPE_CHECKING:
    from engine.nodes.human_input.desk import FormDesk
    from engine.services.mail import MailService


async def send_again(forms: FormDesk, mail: MailService, session_id: str) -> dict[str, Any]:
    """Send what is left of a form's e-mails, and keep the report of it, which is given back.

    Raises UserError (nobody waits any more, nothing is left) and MailFailed; all is left as it was then.
    """
    form = forms.form(session_id)
    before = dict(form.get("mail") or {})
    mails = [Mail(**row) for row in before.get("unsent") or ()]
    if form["status"] != "waiting":
        raise UserError("The form does not wait any more; nothing was sent.", code="form.expired")
    if not mails:
        raise UserError("There is no e-mail that is left to be sent.", code="mail.nothing")
    again = {mail.to for mail in mails}
    rest = [row for row in before.get("failed") or () if row.get("to") not in again]
    report: dict[str, Any] = {**before, "failed": rest, "sent": list(before.get("sent") or ()), "unsent": []}
    forms.note_mail(session_id, report)  # kept first, so that a second try beside this one finds nothing left
    try:
        take_over(report, mails, await mail.send(mails))
    except (MailFailed, asyncio.CancelledError):
        forms.note_mail(session_id, before)
        raise
    forms.note_mail(session_id, report)
    return report
