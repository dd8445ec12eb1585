"""The host of a form that was answered before its step began: a single step shows it first (nodes-logic spec 12.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.nodes.human_input.form import check_submission
from engine.ports.human_input import FormRequest, FormState, Submitted


class AnsweredForm:
    """A `HumanInputHost` that keeps nothing. `answer` has `action` (an id) and `values` (by field)."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._action, self._values = str(answer.get("action") or ""), answer.get("values") or {}

    def ask(self, request: FormRequest) -> FormState:
        """The answer. Raises FormRefused when the form does not take it: it was changed meanwhile."""
        values = check_submission(request.definition, self._action, self._values)
        return Submitted("", self._action, values, request.definition.get("form_content"))

    def claim_mail(self, session_id: str) -> bool:
        """Nobody is asked any more."""
        del session_id
        return False

    def note_mail(self, session_id: str, report: Mapping[str, Any]) -> None:
        """There is nothing to keep."""
        del session_id, report
