"""Annotation reply: a question near enough to one that a person answered gets that answer, and nothing runs
(nodes-ai spec 15). Whether it is on, and how near, are settings of the app in this workspace, not of its file."""

from __future__ import annotations

import asyncio
import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UserError
from engine.ports.bundle import Ports
from engine.ports.models import ModelRef

if TYPE_CHECKING:
    from engine.services.settings import SettingsService
    from engine.store.annotations import AnnotationStore

DEFAULT_THRESHOLD: Final = 0.9
MOST_TEXT: Final = 10_000


@dataclass(frozen=True)
class AnnotationSettings:
    """Annotation reply of one app; without an embedding model only the same question matches."""

    enabled: bool = False
    threshold: float = DEFAULT_THRESHOLD
    embedding: ModelRef | None = None


@dataclass(frozen=True)
class AnnotationHit:
    """The annotation that answers, and how near its question is (1 = the same)."""

    id: str
    question: str
    answer: str
    score: float


class AnnotationService:
    """Annotations of apps: kept, listed, matched."""

    def __init__(self, store: Callable[[], AnnotationStore], settings: Callable[[], SettingsService]) -> None:
        self._store, self._settings = store, settings
        self._vectors: dict[tuple[ModelRef, str], list[float]] = {}

    # -- keeping -----------------------------------------------------------------------------------------------------

    def settings(self, app_id: str) -> AnnotationSettings:
        """How annotation reply is set for an app."""
        found = self._settings().get(_key(app_id), {}) or {}
        model = found.get("embedding_model")
        threshold = found.get("threshold")
        return AnnotationSettings(
            bool(found.get("enabled")),
            float(threshold) if isinstance(threshold, int | float) else 1.0 if found else DEFAULT_THRESHOLD,
            ModelRef(model["provider"], model["name"], "embedding") if model else None,
        )

    def set_settings(self, app_id: str, settings: AnnotationSettings) -> None:
        """Switch it on or off, or change how near is near enough. Raises UserError."""
        if not 0 <= settings.threshold <= 1:
            raise UserError("The score threshold lies between 0 and 1.", code="annotations.threshold")
        model = settings.embedding
        stored: dict[str, Any] = {"enabled": settings.enabled, "threshold": settings.threshold}
        if model is not None:
            stored["embedding_model"] = {"provider": model.provider, "name": model.name}
        self._settings().set(_key(app_id), stored)

    def all(self, app_id: str) -> list[dict[str, Any]]:
        """The annotations of an app, newest first."""
        return self._store().all(app_id)

    def put(self, app_id: str, question: str, answer: str, annotation_id: str = "") -> str:
        """Keep an annotation; its id. Raises UserError for an empty or far too long text."""
        for text, what in ((question, "question"), (answer, "answer")):
            if not text.strip():
                raise UserError(f"An annotation needs a {what}.", code="annotations.empty")
            if len(text) > MOST_TEXT:
                raise UserError(f"The {what} has more than {MOST_TEXT} characters.", code="annotations.too_long")
        return self._store().put(app_id, question.strip(), answer.strip(), annotation_id)

    def remove(self, annotation_id: str) -> None:
        """Delete one."""
        self._store().remove(annotation_id)

    def hits(self, annotation_id: str) -> list[dict[str, Any]]:
        """When an annotation answered, newest first."""
        return self._store().hits(annotation_id)

    # -- matching ----------------------------------------------------------------------------------------------------

    async def match(self, app_id: str, query: str, ports: Ports) -> AnnotationHit | None:
        """The nearest annotation, if it is near enough. Raises ModelError when its model cannot be asked."""
        settings = self.settings(app_id)
        if not settings.enabled or not query.strip():
            return None
        rows = await asyncio.to_thread(self.all, app_id)
        wanted = normal(query)
        for row in rows:
            if normal(row["question"]) == wanted:
                return AnnotationHit(row["id"], row["question"], row["answer"], 1.0)
        if settings.embedding is None or ports.embedder is None or not rows:
            return None
        vectors = await self._embed(settings.embedding, [query, *(row["question"] for row in rows)], ports)
        scores = [cosine(vectors[0], vector) for vector in vectors[1:]]
        best = max(range(len(rows)), key=scores.__getitem__)
        if scores[best] < settings.threshold:
            return None
        row = rows[best]
        return AnnotationHit(row["id"], row["question"], row["answer"], scores[best])

    async def record(
        self, app_id: str, hit: AnnotationHit, *, query: str, conversation_id: str, message_id: str
    ) -> None:
        """Log a hit."""
        await asyncio.to_thread(
            self._store().add_hit,
            app_id,
            hit.id,
            query=query,
            score=hit.score,
            conversation_id=conversation_id,
            message_id=message_id,
        )

    async def _embed(self, model: ModelRef, texts: Sequence[str], ports: Ports) -> list[list[float]]:
        """Vectors of texts; those of annotations are asked for once."""
        missing = [t for t in dict.fromkeys(texts) if (model, t) not in self._vectors]
        if missing:
            assert ports.embedder is not None
            for text, vector in zip(missing, await ports.embedder.embed(model, missing), strict=True):
                self._vectors[model, text] = vector
        found = [self._vectors[model, text] for text in texts]
        # What people ask is endless; what they annotated is not.
        self._vectors.pop((model, texts[0]), None)
        return found


def normal(text: str) -> str:
    """A question without what does not change it: case, width, spaces and signs at its ends and between words."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in folded)
    return " ".join(words.split()) or " ".join(folded.split())


def cosine(left: Sequence[float], right: Sequence[float]) -> float:
    """How near two vectors are: 1 for the same direction."""
    size = math.sqrt(sum(a * a for a in left)) * math.sqrt(sum(b * b for b in right))
    return sum(a * b for a, b in zip(left, right, strict=True)) / size if size else 0.0


def _key(app_id: str) -> str:
    return f"annotations.{app_id}"
