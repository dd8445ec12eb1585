"""What the canvas needs from whoever owns the document: one door for changes, and the requests it hands out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.errors import UserError

if TYPE_CHECKING:
    from engine.model.document import Document
    from engine.model.edits import Edit


class CanvasCommands(Protocol):
    """The session's door: applies an edit, journals it, tells the person when it does not fit."""

    def submit(self, edit: Edit, label: str, merge_key: str | None = None) -> bool:
        """Applies the edit as (part of) one undo step; False when it was refused and nothing changed."""
        ...


class DocumentCommands:
    """The plain door: straight to a document. For previews, tests and tools without a session."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.refusals: list[UserError] = []

    def submit(self, edit: Edit, label: str, merge_key: str | None = None) -> bool:
        """Applies the edit; a refusal is kept in `refusals`."""
        try:
            self.document.apply(edit, label=label, merge_key=merge_key)
        except UserError as refusal:
            self.refusals.append(refusal)
            return False
        return True


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """The wish to choose a block: where it should stand and what it should be connected to.

    `source_node` with `source_handle`: add after that socket. `target_node`: add before that node. `edge_id`: insert
    into that edge. `container_id`: the container that the place lies in. `exact` says the place was chosen by hand
    (a dropped connection), not to be computed. `scene_x`, `scene_y` are scene units, `global_x`, `global_y` the
    screen's.
    """

    scene_x: float
    scene_y: float
    global_x: int
    global_y: int
    source_node: str | None = None
    source_handle: str | None = None
    target_node: str | None = None
    edge_id: str | None = None
    container_id: str | None = None
    exact: bool = False
