"""Asks for an annotation: a question and the answer that it gets from now on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from editor.i18n import tr


class AnnotationDialog(QDialog):
    """`kept` comes with question and answer, both not empty."""

    kept = Signal(str, str)

    def __init__(self, question: str, answer: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Annotation"))
        self.resize(520, 380)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 20)
        column.setSpacing(8)
        self.question, self.answer = QPlainTextEdit(question), QPlainTextEdit(answer)
        self.question.setFixedHeight(72)
        for word, edit in ((tr("Question"), self.question), (tr("Answer"), self.answer)):
            label = QLabel(word)
            label.setProperty("kind", "small")
            label.setBuddy(edit)
            edit.setAccessibleName(word)
            edit.setTabChangesFocus(True)
            edit.textChanged.connect(self._check)
            column.addWidget(label)
            column.addWidget(edit)
        column.setStretch(3, 1)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.save = self.buttons.button(QDialogButtonBox.StandardButton.Save)
        self.save.setText(tr("Save"))
        self.save.setProperty("kind", "primary")
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self.buttons.accepted.connect(self._save)
        self.buttons.rejected.connect(self.reject)
        column.addWidget(self.buttons)
        self._check()

    def _texts(self) -> tuple[str, str]:
        return self.question.toPlainText().strip(), self.answer.toPlainText().strip()

    def _check(self) -> None:
        self.save.setEnabled(all(self._texts()))

    def _save(self) -> None:
        self.kept.emit(*self._texts())
        self.accept()
