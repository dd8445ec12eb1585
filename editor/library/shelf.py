"""Which apps are shown, in which order: a place, a kind, tags, words, a sorting. Plain values, no widgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.services.workflows import AppSummary

RECENT = 24
PLACES = {
    "all": "All workflows",
    "recent": "Recently opened",
    "pinned": "Pinned",
    "workflow": "Workflows",
    "advanced-chat": "Chat flows",
    "other": "Other apps",
    "samples": "Samples",
    "trash": "Trash",
}
SORTS = {"changed": "Last changed", "name": "Name", "created": "Created", "opened": "Last opened"}


@dataclass(frozen=True)
class Query:
    """What the person wants to see. An app must have all of the tags."""

    place: str = "all"
    tags: frozenset[str] = frozenset()
    words: str = ""
    sort: str = "changed"

    def to_json(self) -> dict[str, Any]:
        """What is remembered of it for the next start."""
        return {"place": self.place, "sort": self.sort}

    @classmethod
    def from_json(cls, data: Any) -> Query:
        """The inverse; what is unknown falls back to the default."""
        found = data if isinstance(data, Mapping) else {}
        place, sort = found.get("place"), found.get("sort")
        return cls(place if place in PLACES else "all", sort=sort if sort in SORTS else "changed")

    @property
    def is_narrow(self) -> bool:
        """Whether tags or words leave something out."""
        return bool(self.tags or self.words.strip())

    def wide(self) -> Query:
        """The same place without tags and words."""
        return replace(self, tags=frozenset(), words="")


def in_place(app: AppSummary, place: str) -> bool:
    """Whether an app belongs to a place (of those that are not in the trash)."""
    match place:
        case "pinned":
            return app.pinned
        case "recent":
            return app.opened_at is not None
        case "workflow" | "advanced-chat":
            return app.mode == place
        case "other":
            return app.mode not in ("workflow", "advanced-chat")
    return True


def chosen(
    apps: Iterable[AppSummary], trashed: Iterable[AppSummary], marks: Mapping[str, Sequence[str]], query: Query
) -> list[AppSummary]:
    """The apps to show, in order. Pinned ones come first where everything is shown."""
    source = trashed if query.place == "trash" else apps
    wanted = query.words.strip().lower().split()
    found = [
        app
        for app in source
        if (query.place == "trash" or in_place(app, query.place))
        and query.tags <= set(marks.get(app.id, ()))
        and all(word in _words(app, marks) for word in wanted)
    ]
    found.sort(key=lambda app: app.name.lower())
    if query.place == "recent":
        found.sort(key=lambda app: app.opened_at or "", reverse=True)
        return found[:RECENT]
    if query.place == "trash":
        found.sort(key=lambda app: app.deleted_at or "", reverse=True)
        return found
    if query.sort != "name":
        field = {"created": "created_at", "opened": "opened_at"}.get(query.sort, "updated_at")
        found.sort(key=lambda app: getattr(app, field) or "", reverse=True)
    found.sort(key=lambda app: not app.pinned)
    return found


def _words(app: AppSummary, marks: Mapping[str, Sequence[str]]) -> str:
    return f"{app.name} {app.description} {' '.join(marks.get(app.id, ()))}".lower()


def counts(apps: Sequence[AppSummary], trashed: Sequence[AppSummary]) -> dict[str, int]:
    """How many apps each place holds."""
    found = {place: sum(in_place(app, place) for app in apps) for place in PLACES}
    return {**found, "recent": min(found["recent"], RECENT), "trash": len(trashed), "samples": 0}
