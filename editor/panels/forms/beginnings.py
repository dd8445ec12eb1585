"""What a workflow begins with: the panel of its “Workflow start”, and the part of a start's or trigger's panel that
makes it another one (editor spec C33)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QVBoxLayout

from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.common import Form
from editor.panels.forms.context import FormContext
from editor.panels.forms.fields import name_it
from editor.panels.forms.parts import labelled
from editor.panels.glyph import Glyph
from editor.panels.parts import fill_card
from editor.theme import theme
from engine.model.containers import may_stand

if TYPE_CHECKING:
    from engine.nodes.spec import NodeSpec

STARTS = ("start", "trigger-webhook", "trigger-schedule")
"""What a workflow can begin with here; a chat flow has the first alone."""
TILE = 32


def beginnings(mode: str) -> Iterator[NodeSpec]:
    """What an app of a mode can begin with, in the order of the lists that offer it."""
    from engine.nodes.registry import SPECS

    return (SPECS[name] for name in STARTS if mode in SPECS[name].modes)


class BeginningButton(QPushButton):
    """One way to begin: its tile, its name, and what it does."""

    def __init__(self, entry: NodeSpec) -> None:
        super().__init__()
        self.setProperty("kind", "sample")
        self.setFixedHeight(theme().grown(64))
        self.setToolTip(tr(entry.description))
        name_it(self, tr(entry.title))
        self.setAccessibleDescription(tr(entry.description))
        tile = Glyph(size=TILE)
        tile.show_tile(entry.icon, entry.family)
        fill_card(self, tile, tr(entry.title), tr(entry.description))


class PlaceholderForm(Form):
    """The panel of the place for a start: one button for each way to begin, which takes its place."""

    def build(self) -> None:
        ctx = self.ctx
        section = QVBoxLayout()  # nothing that folds: Enter on the canvas leads to the first button
        section.setSpacing(8)
        self.column.addLayout(section)
        sentence = tr("Choose what starts a run. It takes this place; it can be made another one later.")
        for text, kind in ((tr("Where the workflow begins"), "title"), (sentence, "small")):
            words = QLabel(text)
            words.setProperty("kind", kind)
            words.setWordWrap(True)
            section.addWidget(words)
        self.buttons: dict[str, QPushButton] = {}
        for entry in beginnings(ctx.session.document.workflow.mode):
            button = BeginningButton(entry)
            button.clicked.connect(partial(ctx.beginWanted.emit, entry.type))
            button.setEnabled(not ctx.read_only)
            self.buttons[entry.type] = button
            section.addWidget(button)


def add_beginnings(form: Form) -> None:
    """The part of a start's or trigger's panel that makes it another one; nothing where there is no choice."""
    ctx = form.ctx
    mode = ctx.session.document.workflow.mode
    entries = list(beginnings(mode))
    if len(entries) < 2:
        return
    from engine.nodes.registry import SPECS

    here = SPECS[ctx.node.type]
    button = QPushButton(tr(here.title))
    button.setIcon(icon(here.icon, "accent"))
    button.setProperty("kind", "field")
    name_it(button, tr("Begins with"))
    button.setEnabled(not ctx.read_only)
    button.clicked.connect(lambda: _offer(ctx, button, entries, mode))
    form.section(tr("Begins with"), folded=True).add(
        labelled(tr("Begins with"), button, tr("Another beginning takes this place; what follows stays connected."))
    )


def _offer(ctx: FormContext, button: QPushButton, entries: list[NodeSpec], mode: str) -> None:
    menu = QMenu(button)
    menu.setToolTipsVisible(True)
    menu.aboutToHide.connect(menu.deleteLater)
    graph = ctx.session.document.graph.without([ctx.node_id])
    for entry in entries:
        action = menu.addAction(icon(entry.icon, "text"), tr(entry.title), partial(ctx.beginWanted.emit, entry.type))
        refusal = may_stand(graph, mode, entry.type, None)
        is_here = entry.type == ctx.node.type
        action.setCheckable(is_here)
        action.setChecked(is_here)
        action.setEnabled(is_here or not refusal)
        action.setToolTip(tr(refusal) if refusal else tr(entry.description))
    menu.popup(button.mapToGlobal(QPoint(0, button.height() + 2)))
