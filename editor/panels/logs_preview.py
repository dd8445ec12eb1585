"""What one run of the log was given, gave and cost, beside the list; read when the line is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from editor.amounts import duration, price_text, tokens_in_full
from editor.enginetexts import told
from editor.i18n import tr
from editor.icons import icon
from editor.panels.logs_model import trigger_word
from editor.panels.parts import EmptyState, local_time, status_glyph, status_word
from editor.panels.value_view import ValueView

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.services.runs import RunSummary


class RunPreview(QScrollArea):
    """`openWanted` and `testWanted` name the run."""

    openWanted = Signal(str)
    testWanted = Signal(str)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._run_id = ""
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("Details of the run"))
        self.show_run(None)

    def show_run(self, run: RunSummary | None, count: int = 0) -> None:
        """Show a run; None says how many are chosen."""
        self._run_id = run.id if run is not None else ""
        if run is None:
            words = tr("{count} runs are chosen.", count=count) if count else tr("Choose a run to see what it gave.")
            self.setWidget(EmptyState("history", words))
            return
        runs = self._studio.services.runs
        self._studio.tasks.run(
            lambda: (runs.get(run.id, whole=True), list(runs.nodes(run.id))),
            done=lambda found: self._show(*found),
            failed=lambda error: self.setWidget(EmptyState("warning", told(error))),
            key=f"run preview {id(self)}",
        )

    def _show(self, record: Mapping[str, Any], steps: list[Mapping[str, Any]]) -> None:
        if record["id"] != self._run_id:
            return
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(12)
        head = QHBoxLayout()
        status = self._studio.runs.status_of(record["id"], record["status"])
        head.addWidget(status_glyph(status))
        word = QLabel(status_word(status))
        word.setProperty("kind", "heading")
        head.addWidget(word)
        head.addStretch(1)
        column.addLayout(head)
        row = QHBoxLayout()
        for text, picture, signal in (
            (tr("Open the run"), "trace", self.openWanted),
            (tr("Test with params"), "play", self.testWanted),
        ):
            button = QPushButton(text)
            button.setIcon(icon(picture, "text"))
            button.clicked.connect(lambda _=False, s=signal: s.emit(self._run_id))
            button.setAccessibleName(text)
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self._facts(record, len(steps)))
        if record["error"]:
            error = QLabel(told(record["error"]))
            error.setTextFormat(Qt.TextFormat.PlainText)
            error.setProperty("kind", "bad")
            error.setWordWrap(True)
            error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(error)
        if record["query"]:
            column.addWidget(ValueView(tr("Message"), record["query"]))
        for title, value in ((tr("Input"), record["inputs"]), (tr("Output"), record["outputs"])):
            if value:
                column.addWidget(ValueView(title, value))
        column.addStretch(1)
        self.setWidget(box)

    @staticmethod
    def _facts(record: Mapping[str, Any], steps: int) -> QWidget:
        rows = [
            (tr("Started"), local_time(record["created_at"])),
            (tr("Run time"), duration(record["elapsed_time"]) if record["finished_at"] else ""),
            (tr("Tokens"), tokens_in_full(record["total_tokens"]) if record["total_tokens"] else ""),
            (tr("Price"), price_text(str(record["total_price"]))),
            (tr("Steps"), str(steps)),
            (tr("Started by"), trigger_word(record["triggered_from"])),
            (tr("Version"), tr("draft") if record["version"] == "draft" else local_time(record["version"])),
            (tr("Run"), record["id"]),
        ]
        text = QLabel("\n".join(f"{name}: {value}" for name, value in rows if value))
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setProperty("kind", "small")
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return text
