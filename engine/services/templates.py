"""Sample workflows that come with the program, grouped by what they teach."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from engine.errors import UserError
from resources import folder


@dataclass(frozen=True)
class Template:
    """One sample: its file, what it is, and inputs to try it with."""

    file: str
    name: str
    description: str
    group: str
    teaches: str
    mode: str
    icon: str
    icon_background: str
    inputs: dict[str, Any] = field(default_factory=dict)
    query: str = ""


class TemplateService:
    """The samples, read from the program's resources."""

    @staticmethod
    @lru_cache(maxsize=1)
    def list() -> tuple[Template, ...]:
        """All samples in their order."""
        entries = json.loads(folder("templates", "index.json").read_text("utf-8"))
        return tuple(Template(**entry) for entry in entries)

    def read(self, file: str) -> bytes:
        """The DSL file of a sample. Raises UserError for an unknown one."""
        if file not in {t.file for t in self.list()}:
            raise UserError(f"There is no sample {file!r}.", code="template.unknown")
        return folder("templates", file).read_bytes()
