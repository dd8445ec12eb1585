"""Problems (something to put right) and notices (something that was changed or should be known)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


class Sentence(str):
    """An English sentence that still knows its pattern and what was filled in, so that it can be translated."""

    template: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, template: str, **values: Any) -> Sentence:
        """The pattern with `{name}` places filled."""
        sentence = cls(template.format(**values))
        sentence.template, sentence.values = template, values
        return sentence


@dataclass(frozen=True)
class Problem:
    """One thing to put right. `field` is a dotted path below the node's data; `line` and `column` count from 1."""

    severity: Severity
    code: str
    message: str
    node_id: str | None = None
    field: str = ""
    line: int | None = None
    column: int | None = None
    hint: str = ""
    fixes: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The keys that the command line prints (architecture 4.1)."""
        return {
            "severity": self.severity,
            "code": self.code,
            "node_id": self.node_id,
            "field": self.field,
            "message": self.message,
            "line": self.line,
            "column": self.column,
        }


@dataclass(frozen=True)
class Notice:
    """Something an import did or found, for its report: an upgrade, a repair, a dropped edge."""

    code: str
    message: str
    node_id: str | None = None
    count: int = 1
