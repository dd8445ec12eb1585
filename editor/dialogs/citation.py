"""What an answer cites: the passage, the document it stands in and how well it fitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from editor.dialogs.fitting import FittingDialog
from editor.i18n import tr


class CitationDialog(FittingDialog):
    """Shows one retriever resource of a message."""

    def __init__(self, resource: Mapping[str, Any], parent: QWidget) -> None:
        super().__init__(parent)
        name = str(resource.get("document_name") or resource.get("title") or tr("Document"))
        self.setWindowTitle(name)
        self.resize(560, 420)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 20)
        column.setSpacing(8)
        title = QLabel(name)
        title.setProperty("kind", "heading")
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setWordWrap(True)
        column.addWidget(title)
        facts = [str(resource.get("dataset_name") or "")]
        score = resource.get("score")
        if isinstance(score, int | float):
            facts.append(tr("score {score}", score=f"{score:.3f}"))
        if resource.get("segment_position"):
            facts.append(tr("passage {number}", number=resource["segment_position"]))
        about = QLabel("  ·  ".join(f for f in facts if f))
        about.setProperty("kind", "small")
        about.setTextFormat(Qt.TextFormat.PlainText)
        column.addWidget(about)
        about.setVisible(bool(about.text()))
        text = QPlainTextEdit(str(resource.get("content") or ""))
        text.setReadOnly(True)
        text.setAccessibleName(tr("Passage"))
        column.addWidget(text, 1)
