"""The host of human-input forms as a node sees it (engine spec 9.9): it keeps forms, their answers and their clocks.

A node asks on every start. The host makes a form for the node execution at the first call, and answers from then on
with what has become of it. Found in `Ports.extras["human_input"]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class FormRequest:
    """What a node wants people to see.

    `definition` is JSON-able and complete: `form_content` (references filled in, `{{#$output.x#}}` left), `inputs`
    (fields, with `options` for choices), `actions`, `resolved_default_values`, `timeout_seconds`, `delivery_methods`.
    """

    run_id: str
    node_id: str
    node_title: str
    execution_id: str
    definition: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """Nobody has answered; `session_id` names the form."""

    session_id: str


@dataclass(frozen=True)
class Submitted:
    """Somebody pressed the button `action_id`; `values` are the fields as they were accepted. `form_content` is the
    text as people saw it, which the run's variables may have outlived."""

    session_id: str
    action_id: str
    values: Mapping[str, Any]
    form_content: str | None = None
    mail: Mapping[str, Any] | None = None
    """What became of the e-mails that asked for the answer; see `HumanInputHost.note_mail`."""


@dataclass(frozen=True)
class TimedOut:
    """The form's own time is over; `expired_at` is an ISO time."""

    session_id: str
    expired_at: str = ""
    form_content: str | None = None
    mail: Mapping[str, Any] | None = None


FormState = Waiting | Submitted | TimedOut


class HumanInputHost(Protocol):
    """Keeps forms. Raises PortError `HumanInputExpired` when the global time is over: the run fails then."""

    def ask(self, request: FormRequest) -> FormState:
        """What has become of the node execution's form; it is made at the first call."""
        ...

    def claim_mail(self, session_id: str) -> bool:
        """Whether the caller is the one who sends the form's e-mails. True once for a form, and kept before this
        returns: a run that goes on or is recovered sends nothing twice, even if the first try was cut short."""
        ...

    def note_mail(self, session_id: str, report: Mapping[str, Any]) -> None:
        """Keep what became of the e-mails, JSON-able: `sent` (addresses), `failed` ({to, error, hint}), `notes`,
        and `unsent`, the messages that did not go."""
        ...
