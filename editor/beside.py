"""Steps that change the workspace from within a workflow: what a model's or a tool's name in its file means here. They
stand between the edits of the document where they were made, so that undo takes back whatever was done last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.model.document import Delta, Document


@dataclass(frozen=True)
class Step:
    """One change: what takes it back and what does it again. `position` is the document's when it was made."""

    label: str
    position: int
    back: Callable[[], None]
    again: Callable[[], None]


class Beside:
    """Undo and redo of a document together with the steps beside it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._done: list[Step] = []
        self._undone: list[Step] = []
        document.subscribe(self._on_delta)

    def did(self, label: str, back: Callable[[], None], again: Callable[[], None]) -> None:
        """Something was done beside the document; what had been taken back cannot be done again now."""
        self._done.append(Step(label, self._document.position, back, again))
        self._undone.clear()

    def _on_delta(self, delta: Delta) -> None:
        if delta.origin == "apply" and delta.edit is not None and delta.edit.counts:
            self._undone.clear()

    def _last(self) -> Step | None:
        """The step that undo takes back before the document's."""
        step = self._done[-1] if self._done else None
        return step if step is not None and step.position >= self._document.position else None

    def _next(self) -> Step | None:
        step = self._undone[-1] if self._undone else None
        return step if step is not None and step.position <= self._document.position else None

    @property
    def can_undo(self) -> bool:
        return self._last() is not None or self._document.can_undo

    @property
    def can_redo(self) -> bool:
        return self._next() is not None or self._document.can_redo

    @property
    def undo_label(self) -> str:
        step = self._last()
        return step.label if step is not None else self._document.undo_label

    @property
    def redo_label(self) -> str:
        step = self._next()
        return step.label if step is not None else self._document.redo_label

    def undo(self) -> None:
        """Take the last step back, of the document or beside it."""
        step = self._last()
        if step is None:
            self._document.undo()
            return
        self._undone.append(self._done.pop())
        step.back()

    def redo(self) -> None:
        """Do the step again."""
        step = self._next()
        if step is None:
            self._document.redo()
            return
        self._done.append(self._undone.pop())
        step.again()
