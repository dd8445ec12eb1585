"""The three kinds of trouble, told apart by class, and the places they point at.

`UserError`: the person can fix it. `EnvironmentProblem`: the world is in the way (disk, network, lock).
Anything else that escapes is a bug. Areas add their own subclasses in their own rooms;
this module holds the roots only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FilePlace:
    """A place in a text: `line` and `column` count from 1; `path` is the key path inside the document, if known."""

    line: int | None = None
    column: int | None = None
    path: str = ""

    def __str__(self) -> str:
        parts = []
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        if self.path:
            parts.append(self.path)
        return ", ".join(parts)


@dataclass(frozen=True)
class NodePlace:
    """A node, and the field of it that is meant (dotted path, empty for the whole node)."""

    node_id: str
    field: str = ""
    title: str = ""

    def __str__(self) -> str:
        name = self.title or self.node_id
        return f"{name}: {self.field}" if self.field else name


Place = FilePlace | NodePlace


class PenstockError(Exception):
    """Root of every error raised on purpose. `code` is stable for tests and screens; `hint` says what to do next."""

    default_code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        where: Place | None = None,
        hint: str = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.where = where
        self.hint = hint
        self.details = details or {}

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where and str(self.where) else ""
        return f"{self.message}{place}"

    def to_json(self) -> dict[str, Any]:
        """A JSON mapping with code, message, hint and the place, for the command line and for other processes."""
        data: dict[str, Any] = {"code": self.code, "message": self.message, "hint": self.hint}
        if isinstance(self.where, FilePlace):
            data["line"], data["column"], data["path"] = self.where.line, self.where.column, self.where.path
        elif isinstance(self.where, NodePlace):
            data["node_id"], data["field"] = self.where.node_id, self.where.field
        if self.details:
            data["details"] = self.details
        return data


class UserError(PenstockError):
    """Something the person can put right; the message says what, where and what to do."""

    default_code = "user_error"


class EnvironmentProblem(PenstockError):
    """Disk full, file locked, no network: say so, offer to try again, keep the work."""

    default_code = "environment"
