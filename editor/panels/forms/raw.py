"""The form of a node type that has none of its own: everything the file says, readable, with nothing lost."""

from __future__ import annotations

import json
from typing import Final

from PySide6.QtWidgets import QLabel

from editor.i18n import tr
from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.common import Form, add_outputs
from editor.panels.forms.fields import name_it

STRUCTURE: Final = frozenset(
    {"type", "title", "desc", "selected", "isInIteration", "isInLoop", "iteration_id", "loop_id"}
)
"""What says which node this is and where it stands, and sets nothing."""


class RawForm(Form):
    """The settings as JSON, to read and copy."""

    def build(self) -> None:
        from engine.nodes.registry import spec

        section = self.section(tr("Settings"))
        known = spec(self.ctx.node.type)
        if known is not None and not set(self.ctx.data) - STRUCTURE:
            words = QLabel(f"{tr(known.description)}\n{tr('Nothing to set.')}".strip())
            words.setProperty("kind", "small")
            words.setWordWrap(True)
            section.add(words)
            add_outputs(self)
            return
        if known is None:
            note = QLabel(
                tr(
                    "Penstock does not know the node type “{type}”. It is kept as it is, can be moved and connected, "
                    "and stops only the runs that reach it.",
                    type=self.ctx.node.type,
                )
            )
            note.setProperty("kind", "warn")
            note.setWordWrap(True)
            section.add(note)
        self._text = CodeEdit("json")
        self._text.setReadOnly(True)
        self._text.setFixedHeight(360)
        name_it(self._text, tr("Settings as JSON"))
        section.add(self._text)
        self.ctx.changed.connect(self._show)
        self._show()
        add_outputs(self)

    def _show(self) -> None:
        data = {k: v for k, v in self.ctx.data.items() if k not in ("title", "desc", "selected")}
        self._text.load(json.dumps(data, ensure_ascii=False, indent=2, default=str))
