"""The snippets of the workspace as the windows know them: kept in memory, the same for all windows, changed in the
background; what is taken away can be had back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from editor.bridge.tasks import Tasks
from editor.canvas.blocks import snippet_block, snippet_of
from editor.canvas.inserting import Piece
from editor.i18n import ntr, tr
from engine.errors import PenstockError, UserError
from engine.services.context import Services

if TYPE_CHECKING:
    from editor.messages import Messages
    from engine.model.graph import Graph
    from engine.services.snippets import Snippet

MOST_READ = 200
Failed = Callable[[], Any]


class Snippets(QObject):
    """Answers at once from what is known; `changed` tells when more is."""

    changed = Signal()

    def __init__(
        self, services: Services, tasks: Tasks, messages: Callable[[], Messages], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._services, self._tasks, self._messages = services, tasks, messages
        self._known: tuple[Snippet, ...] = ()
        self._read: dict[tuple[str, str, str], Any] = {}
        self.loaded = False

    # -- what is known -----------------------------------------------------------------------------------------------

    def load(self, then: Callable[[], Any] | None = None) -> None:
        """Ask the workspace in the background."""

        def done(found: Sequence[Snippet]) -> None:
            self._loaded(found)
            if then is not None:
                then()

        self._tasks.run(lambda: self._services.snippets.all(), done=done, key="snippets")

    def _loaded(self, found: Sequence[Snippet]) -> None:
        same = self.loaded and tuple(found) == self._known
        self._known, self.loaded = tuple(found), True
        if not same:
            self.changed.emit()

    @property
    def all(self) -> tuple[Snippet, ...]:
        """Every snippet by name; none before they are known."""
        return self._known

    def find(self, snippet_id: str) -> Snippet | None:
        """One of them."""
        return next((s for s in self._known if s.id == snippet_id), None)

    def named(self, name: str) -> Snippet | None:
        """The one with a name, whatever its letters' case."""
        wanted = " ".join(name.split()).casefold()
        return next((s for s in self._known if s.name.casefold() == wanted), None)

    def piece(self, block: str, mode: str) -> Piece | None:
        """A snippet as the canvas takes it, for an app of a mode; None for one that is gone or damaged."""
        snippet = self.find(snippet_of(block))
        if snippet is None:
            return None
        key = (snippet.id, snippet.updated_at, mode)
        if key not in self._read:
            while len(self._read) >= MOST_READ:
                del self._read[next(iter(self._read))]
            try:
                self._read[key] = snippet.read(mode)
            except UserError:
                self._read[key] = None
        held = self._read[key]
        return Piece(snippet.name, held) if held is not None and held.graph.nodes else None

    def graph(self, snippet: Snippet) -> Graph | None:
        """What a snippet holds, for pictures."""
        piece = self.piece(snippet_block(snippet.id), "workflow")
        return piece.held.graph if piece is not None else None

    # -- changing ----------------------------------------------------------------------------------------------------

    def save(
        self, words: tuple[str, str], text: str, *, replacing: bool, then: Callable[[Snippet], Any], failed: Failed
    ) -> None:
        """Keep clipboard JSON under a name with a description; `failed` is called after the person was told why."""
        service = self._services.snippets
        self._run(lambda: service.save(*words, text, replacing=replacing), then, failed)

    def change(self, snippet_id: str, words: tuple[str, str], then: Callable[[Snippet], Any], failed: Failed) -> None:
        """Another name and description."""
        self._run(lambda: self._services.snippets.change(snippet_id, *words), then, failed)

    def delete(self, snippet: Snippet) -> None:
        """Forget a snippet, and say how to have it back."""

        def then(_: object) -> None:
            said = tr("Deleted the snippet “{name}”", name=snippet.name)
            self._messages().tell(said, tr("Undo"), lambda: self._restore(snippet))

        self._run(lambda: self._services.snippets.delete(snippet.id), then)

    def offer_undo(self, said: str, before: Snippet) -> None:
        """Say that a snippet was changed, and how to have it as it was before."""
        self._messages().tell(said, tr("Undo"), lambda: self._restore(before))

    def _restore(self, snippet: Snippet) -> None:
        def then(kept: Snippet) -> None:
            self._messages().tell(tr("The snippet “{name}” is back.", name=kept.name))

        self._run(lambda: self._services.snippets.restore(snippet), then)

    def import_files(self, paths: Sequence[Path]) -> None:
        """Keep the snippets of files; what cannot be read is named."""

        def then(found: tuple[list[Snippet], list[tuple[str, str]]]) -> None:
            kept, refused = found
            if kept:
                said = ntr("Imported the snippet “{name}”", "Imported {n} snippets", len(kept))
                said = said.replace("{name}", kept[0].name)
                self._messages().tell(said, tr("Undo"), lambda: self._forget([s.id for s in kept]))
            if refused:
                from editor.enginetexts import told

                lines = [f"{name}: {told(why)}" for name, why in refused]
                self._messages().error(tr("No snippet could be read"), "\n".join(lines[:4]), "\n".join(lines))

        self._run(lambda: self._services.snippets.import_files(paths), then)

    def _forget(self, ids: Sequence[str]) -> None:
        def work() -> None:
            for snippet_id in ids:
                self._services.snippets.delete(snippet_id)

        self._run(work, lambda _: None)

    def export(self, snippet: Snippet, target: Path) -> None:
        """Write a snippet into a file."""
        self._tasks.run(
            lambda: self._services.snippets.export_to(target, snippet.id),
            done=lambda _: self._messages().tell(tr("Written to {file}", file=str(target))),
            failed=lambda error: self._messages().error(tr("Not exported"), error),
        )

    def _run(self, work: Callable[[], Any], then: Callable[[Any], Any], failed: Failed | None = None) -> None:
        """Change something in the background, then know it, then go on."""

        def done(found: tuple[Any, list[Snippet]]) -> None:
            self._loaded(found[1])
            then(found[0])

        def tell(error: PenstockError) -> None:
            self._messages().error(tr("Not saved") if failed is not None else tr("This did not work"), error)
            self.load()
            if failed is not None:
                failed()

        self._tasks.run(lambda: (work(), self._services.snippets.all()), done=done, failed=tell)
