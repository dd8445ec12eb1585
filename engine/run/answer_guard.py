"""Who watches over what a chat run answers (nodes-ai spec 15): asked on the run's loop, with each piece and at the
end."""

from __future__ import annotations

from typing import Final, Protocol

REPLACED: Final = "The answer was replaced by content moderation"
"""The reason with which such a run is stopped."""


class AnswerGuard(Protocol):
    """May put another text in the place of the answer; the run is stopped then."""

    def said(self, text: str) -> str | None:
        """Take the next piece of the answer; the text that replaces the whole answer, or None. Never waits."""
        ...

    async def whole(self, answer: str) -> str | None:
        """Look at the finished answer before the run ends; the text that replaces it, or None."""
        ...
