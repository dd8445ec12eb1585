"""What a reader has to say: errors and warnings with their place in the file, and notices of what it changed."""

from __future__ import annotations

from engine.dsl.text import Parsed
from engine.model.problems import Notice, Problem


class Report:
    """Collects problems and notices of one file; `parsed` knows line and column of every path."""

    def __init__(self, parsed: Parsed, problems: list[Problem], notices: list[Notice]) -> None:
        self.parsed, self.problems, self.notices = parsed, problems, notices

    def fail(self, code: str, message: str, *path: str | int, hint: str = "", node_id: str | None = None) -> None:
        """Note an error at a place of the file; the import then gives no workflow."""
        place = self.parsed.place(*path)
        self.problems.append(Problem("error", code, message, node_id, line=place.line, column=place.column, hint=hint))

    def warn(self, code: str, message: str, *path: str | int) -> None:
        """Note something doubtful that stops nothing."""
        place = self.parsed.place(*path)
        self.problems.append(Problem("warning", code, message, line=place.line, column=place.column))

    def notice(self, code: str, message: str, node_id: str | None = None, count: int = 1) -> None:
        """Note what was changed, left out or should be known."""
        self.notices.append(Notice(code, message, node_id, count))
