"""What a run gave, where it is not one text: data as a tree, texts and pictures each by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.result_text import is_markdown
from editor.panels.value_view import ValueView
from editor.panels.viewers.pictures import pictures_in
from editor.panels.viewers.viewing import viewing


class ResultValues(QScrollArea):
    """Shows outputs; builds them anew only when they are others."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(tr("Result"))
        self._shown: object = None

    def show_outputs(self, run_id: str, outputs: Mapping[str, Any]) -> None:
        """Show the outputs of a run."""
        if self._shown == (run_id, outputs):
            return
        self._shown = (run_id, dict(outputs))
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(12)
        if len(outputs) == 1 or any(_stands_alone(value) for value in outputs.values()):
            for name, value in outputs.items():
                column.addWidget(ValueView(name, value))
        else:
            column.addWidget(ValueView(tr("Output"), dict(outputs)))
        column.addStretch(1)
        self.setWidget(box)


def is_one_text(outputs: Mapping[str, Any]) -> bool:
    """Whether outputs are best read as one text: an answer, or a single text that is no picture."""
    values = list(outputs.values())
    if "answer" in outputs or not values:
        return True
    return len(values) == 1 and isinstance(values[0], str) and not pictures_in(values[0], viewing().find)


def _stands_alone(value: Any) -> bool:
    return isinstance(value, str) and (is_markdown(value) or "\n" in value or len(value) > 120)
