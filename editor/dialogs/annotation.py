"""Asks for an annotation: a question and the answer that it gets from now on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QPlainTextEdit, QWidget

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import dialog_column
from editor.i18n import tr
from editor.panels.forms.parts import labelled


class AnnotationDialog(FittingDialog):
    """`kept` comes with question and answer, both not empty."""

    kept = Signal(str, str)

    def __init__(self, question: str, answer: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.resize(520, 420)
        column = dialog_column(self, tr("Annotation"))
        self.question, self.answer = QPlainTextEdit(question), QPlainTextEdit(answer)
        self.question.setFixedHeight(72)
        for word, edit in ((tr("Question"), self.question), (tr("Answer"), self.answer)):
            edit.setAccessibleName(word)
            edit.setTabChangesFocus(True)
            edit.textChanged.connect(self._check)
            column.addWidget(labelled(word, edit))
        column.setStretch(2, 1)
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
