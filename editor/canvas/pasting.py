"""Copying and pasting: nodes go over the system clipboard as JSON that other windows and the format's editor read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from editor.canvas.fitting import boxes_of, grown, way_in
from editor.canvas.index import union
from editor.canvas.restructure import MOST_NAMES
from editor.enginetexts import told
from editor.i18n import ntr, tr
from engine.errors import UserError
from engine.model.edits import Edit, Group

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView
    from engine.model.clipboard import Pasted


class Pasting:
    """Part of the canvas's actions."""

    view: CanvasView

    def copy(self) -> bool:
        """Puts the selected nodes with their inner edges on the system clipboard, as JSON that other windows read."""
        text = self.view.rules.clipboard_text(self.view.selection.nodes)
        if not text:
            if self.view.selection.nodes:
                self.view.say(tr("Where a workflow or a container begins cannot be copied."))
            return False
        # As text, which Qt keeps itself: data made here would outlive the interpreter and crash the program's end.
        QGuiApplication.clipboard().setText(text)
        return True

    def paste(self, at: tuple[float, float] | None = None) -> bool:
        """Pastes nodes with their top left corner at a scene place, the pointer, or the middle of the view."""
        return self.paste_text(QGuiApplication.clipboard().text(), at)

    def paste_text(self, text: str, at: tuple[float, float] | None = None) -> bool:
        """Pastes nodes from clipboard JSON; refusals are said, nothing half done remains.

        They go into the container that is selected, or under the place, unless some of them cannot stand there.
        """
        if self.view.read_only:
            return False
        place = at or self.view.pointer_in_scene()
        middle = place or self.view.view_centre()
        return self._paste_into(text, middle, self._paste_room(middle), centred=place is None)

    def duplicate(self) -> bool:
        """A copy of the selected nodes a little below and to the right, in the same container; the clipboard stays as
        it is."""
        view = self.view
        text = view.rules.clipboard_text(view.selection.nodes)
        bounds = view.scene.bounds_of(view.selection.nodes)
        if not text or bounds is None or view.read_only:
            return False
        parents = {view.graph.nodes[n].parent for n in view.selection.nodes}
        room = next(iter(parents)) if len(parents) == 1 else None
        return self._paste_into(text, (bounds.left + 40, bounds.top + 40), room)

    def _paste_room(self, place: tuple[float, float]) -> str | None:
        view = self.view
        if len(view.selection) == 1 and view.scene.items[view.selection.nodes[0]].kind == "room":
            return view.selection.nodes[0]
        return view.room_at(*place)

    def _paste_into(self, text: str, place: tuple[float, float], room: str | None, *, centred: bool = False) -> bool:
        """`centred` puts the middle of the nodes at the place, not their top left corner."""
        view = self.view
        place = (round(place[0]), round(place[1]))
        try:
            pasted = view.rules.paste(text, *place, container=room)
            if room is not None and pasted.refused:
                outside = view.rules.paste(text, *place, container=None)
                if outside.refused < pasted.refused:
                    pasted, room = outside, None
        except UserError as refusal:
            too_large = refusal.code == "clipboard.too_large"
            view.say(tr("The clipboard holds too many nodes.") if too_large else tr("The clipboard holds no nodes."))
            return False
        if not pasted.nodes:
            view.say(
                tr("None of these nodes can stand here.")
                if pasted.refused
                else tr("None of the nodes on the clipboard could be read.")
            )
            return False
        if centred and (around := union(boxes_of(view, pasted, room).values())) is not None:
            pasted = pasted.moved(round(-around.width / 2), round(-around.height / 2))
        return self._add(pasted, room)

    def _add(self, pasted: Pasted, room: str | None) -> bool:
        view = self.view
        edits: list[Edit] = []
        if room is not None:
            around = union(boxes_of(view, pasted, room).values())
            assert around is not None
            dx, dy = way_in(view.scene.items[room].box, around)
            pasted = pasted.moved(dx, dy)
            edits = grown(view, room, [around.moved(dx, dy)])
        before = view.rules.missing()
        label = ntr("Paste", "Paste {n} nodes", len(pasted.tops))
        if not view.commands.submit(Group(label, (pasted.edit(view.graph), *edits)), label):
            return False
        view.selection.set(pasted.tops)
        notice = paste_notice(pasted, {name for _, name in view.rules.missing() - before})
        if notice:
            view.say(told(notice))
        return True


def paste_notice(pasted: Pasted, missing: set[str]) -> str:
    """What is worth saying after pasting, empty when everything came as it was copied."""
    said = []
    if pasted.version:
        said.append(tr("Copied by another version ({version}); some settings may be missing.", version=pasted.version))
    if pasted.damaged:
        said.append(ntr("{n} damaged entry was left out.", "{n} damaged entries were left out.", pasted.damaged))
    if pasted.refused:
        said.append(
            ntr(
                "{n} node cannot stand here and was left out.",
                "{n} nodes cannot stand here and were left out.",
                pasted.refused,
            )
        )
    if pasted.mended:
        said.append(
            ntr("{n} setting was not usable and set anew.", "{n} settings were not usable and set anew.", pasted.mended)
        )
    if missing:
        names = sorted(missing)[:MOST_NAMES]
        words = ntr("{n} variable was left behind: {names}", "{n} variables were left behind: {names}", len(missing))
        said.append(words.replace("{names}", ", ".join(names)))
    return "\n".join(said)
