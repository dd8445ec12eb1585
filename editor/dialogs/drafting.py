"""A model writes a prompt, code or the shape of an answer from words: drafts one after the other, compared, one taken.

Nothing of the workflow changes before a draft is taken, which is one step of undo. Closing stops a model that writes.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from editor.dialogs.asking import AskBar, ModelChoice, Question
from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import FieldColumn, dialog_column
from editor.enginetexts import told
from editor.i18n import tr
from editor.keymap import LocalKeys
from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.fields import calm
from editor.panels.parts import Words
from editor.theme import restyle
from engine.errors import PenstockError
from engine.services.drafting import MODEL_NODE, Draft, Wish, draft_of, run_for
from engine.services.model_names import ModelRef

if TYPE_CHECKING:
    from editor.context import Studio

TITLES: Final = {"prompt": "Write a prompt", "code": "Write code", "schema": "Shape of the answer"}
EXAMPLES: Final = {
    "prompt": "For example: Sums up a customer's mail in three points and says how urgent it is.",
    "code": "For example: Splits the text into sentences and counts the words of each.",
    "schema": "For example: Name, date of birth and a list of jobs, each with employer and years.",
}
NOTHING, PRESENT = -2, -1


class Drafting(FittingDialog):
    """`take` gets the draft that is chosen. Esc and closing give up what is under way."""

    def __init__(
        self,
        studio: Studio,
        parent: QWidget,
        wish: Wish,
        take: Callable[[Draft], Any],
        model: tuple[str, str] = ("", ""),
    ) -> None:
        super().__init__(parent.window())
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._studio, self._wish, self._take = studio, wish, take
        self._asking = Question(studio, MODEL_NODE, self)
        self._asking.wrote.connect(self._wrote)
        self._asking.answered.connect(self._answered)
        self._asking.failed.connect(self._failed)
        self._asked = wish
        self.drafts: list[Draft] = []
        self.setMinimumWidth(560)
        self.resize(720, 720)
        column = dialog_column(self, tr(TITLES[wish.kind]))
        column.addWidget(self._question(model))
        column.addLayout(self._actions())
        self.verdict = Words()
        self.verdict.setAccessibleName(tr("What the model does"))
        column.addWidget(self.verdict)
        column.addWidget(self._answer(), 1)
        self.buttons = QDialogButtonBox()
        self.use = self.buttons.addButton(tr("Use this"), QDialogButtonBox.ButtonRole.ActionRole)
        self.use.clicked.connect(self._use)
        self.buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole).clicked.connect(self.reject)
        column.addWidget(self.buttons)
        LocalKeys(self, "confirm", self.write_it)
        self._busy()
        self._say(tr("The model is told what stands here and what you write; nothing else of the workflow."), "muted")
        self.words.setFocus()

    # -- what is seen ------------------------------------------------------------------------------------------------

    def _question(self, model: tuple[str, str]) -> QWidget:
        form = FieldColumn()
        self.words = QPlainTextEdit()
        self.words.setPlaceholderText(tr(EXAMPLES[self._wish.kind]))
        self.words.setAccessibleName(tr("What it should do"))
        self.words.setTabChangesFocus(True)
        self.words.setFixedHeight(84)
        form.add(tr("What it should do"), self.words)
        self.model = ModelChoice(self._studio, model)
        self.model.filled.connect(self._busy)
        self.basis = QComboBox()
        self.basis.setAccessibleName(tr("Begin with"))
        calm(self.basis)
        self.basis.addItem(tr("Nothing"), NOTHING)
        if self._wish.current.strip():
            self.basis.addItem(tr("What is there now"), PRESENT)
        self.basis.setCurrentIndex(self.basis.count() - 1)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        for label, field in ((tr("Model"), self.model), (tr("Begin with"), self.basis)):
            part = FieldColumn()
            part.add(label, field)
            row.addWidget(part, 1)
        form.add("", both)
        self.along = QCheckBox(tr("Tell it about the last run of this step"))
        self.along.setToolTip(tr("Its inputs, outputs and error; secrets are masked"))
        form.add("", self.along)
        self.along.setVisible(bool(self._wish.last_run))
        return form

    def _actions(self) -> QHBoxLayout:
        bar = AskBar(tr("Write it"), self.write_it, self._stop)
        self.write, self.stop, self.busy = bar.write, bar.stop, bar.busy
        return bar

    def _answer(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        head = QHBoxLayout()
        self.version = QComboBox()
        self.version.setAccessibleName(tr("Draft"))
        calm(self.version)
        self.version.currentIndexChanged.connect(self._show_draft)
        self.changes = QCheckBox(tr("Show what changes"))
        self.changes.setToolTip(tr("Compare the draft with what is there now"))
        self.changes.toggled.connect(self._show_draft)
        head.addWidget(self.version)
        head.addStretch(1)
        head.addWidget(self.changes)
        column.addLayout(head)
        language = {"prompt": "markdown", "code": self._wish.language, "schema": "json"}[self._wish.kind]
        self._language = language
        self.text = CodeEdit(language)
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Draft"))
        if self._wish.kind == "prompt":
            self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        column.addWidget(self.text, 1)
        self.doubts = Words("", "warn")
        self.doubts.hide()
        column.addWidget(self.doubts)
        return box

    def _say(self, text: str, kind: str) -> None:
        self.verdict.setText(text)
        restyle(self.verdict, kind=kind)

    def _busy(self) -> None:
        """What can be done now."""
        on = self._asking.is_running
        self.busy.setVisible(on)
        self.write.setEnabled(not on and self.model.count() > 0)
        self.stop.setEnabled(on and not self._asking.is_stopping)
        self.version.setVisible(bool(self.drafts))
        self.changes.setVisible(bool(self.drafts) and bool(self._wish.current.strip()))
        self.use.setEnabled(bool(self.drafts) and not on)
        restyle(self.use, kind="primary" if self.drafts and not on else "")

    # -- writing -----------------------------------------------------------------------------------------------------

    def write_it(self) -> None:
        """Let the model write one more draft."""
        if self._asking.is_running or not self.write.isEnabled():
            return
        basis = int(self.basis.currentData())
        current = self._wish.current if basis == PRESENT else self.drafts[basis].text if basis >= 0 else ""
        last_run = self._wish.last_run if self.along.isChecked() else ""
        self._asked = replace(self._wish, words=self.words.toPlainText(), current=current, last_run=last_run)
        provider, name = self.model.chosen
        try:
            run = run_for(self._asked, ModelRef(provider, name))
        except PenstockError as problem:
            self._say(tr(problem.message), "bad")
            self.words.setFocus()
            return
        self._asking.ask(run)
        self.doubts.hide()
        self.text.load("")
        self._busy()
        self._say(tr("The model reads…"), "muted")

    def _wrote(self, text: str) -> None:
        self._say(tr("The model writes…"), "muted")
        if self._wish.kind != "schema":
            bar = self.text.verticalScrollBar()
            at_end = bar.value() >= bar.maximum() - 4
            self._load(text, self._language)
            if at_end:
                bar.setValue(bar.maximum())

    def _failed(self, why: str) -> None:
        self._over(told(why) if why else tr("Stopped."), "bad" if why else "muted")

    def _answered(self, summary: dict[str, Any]) -> None:
        try:
            draft = draft_of(self._asked, summary.get("outputs") or {})
        except PenstockError as problem:
            self._over(f"{tr(problem.message)} {tr(problem.hint)}".strip(), "bad")
            return
        self._add(draft)
        tokens = summary.get("total_tokens") or 0
        seconds = f"{float(summary.get('elapsed_time') or 0):.1f}"
        self._over(tr("Written in {seconds} s with {tokens} tokens.", seconds=seconds, tokens=tokens), "good")

    def _add(self, draft: Draft) -> None:
        self.drafts.append(draft)
        number = len(self.drafts)
        name = tr("Draft {number}", number=number)
        self.basis.addItem(name, number - 1)
        self.basis.setCurrentIndex(self.basis.count() - 1)
        self.version.addItem(name)
        self.version.setCurrentIndex(number - 1)
        self.words.setPlaceholderText(tr("What should be different?"))
        self.words.selectAll()

    def _over(self, text: str, kind: str) -> None:
        self._busy()
        self._say(text, kind)
        self._show_draft()

    def _stop(self) -> None:
        self._asking.stop()
        self._busy()

    # -- drafts ------------------------------------------------------------------------------------------------------

    def chosen(self) -> Draft | None:
        """The draft that is shown."""
        number = self.version.currentIndex()
        return self.drafts[number] if 0 <= number < len(self.drafts) else None

    def _show_draft(self, *_: Any) -> None:
        draft = self.chosen()
        if draft is None or self._asking.is_running:
            return
        if self.changes.isChecked() and self.changes.isVisibleTo(self):
            # Only lines that end are coloured.
            self._load(changed_lines(self._wish.current, draft.text) + "\n", "diff")
        else:
            self._load(draft.text, self._language)
        self._doubt(draft.doubts)

    def _load(self, text: str, language: str) -> None:
        self.text.load(text)
        self.text.set_language(language)  # after the text: it is coloured at once then

    def _doubt(self, doubts: Sequence[str]) -> None:
        self.doubts.setText("\n".join(tr(doubt) for doubt in doubts))
        self.doubts.setVisible(bool(doubts))

    def _use(self) -> None:
        draft = self.chosen()
        if draft is not None:
            self._take(draft)
            self.accept()

    def done(self, result: int) -> None:
        """Close; a model that writes is stopped."""
        self._asking.give_up()
        super().done(result)


def changed_lines(before: str, after: str) -> str:
    """What a draft changes, line by line: `+` for new lines, `-` for those that go."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return "\n".join(line for line in lines if not line.startswith("?"))


def open_drafting(
    studio: Studio, parent: QWidget, wish: Wish, take: Callable[[Draft], Any], model: tuple[str, str] = ("", "")
) -> Drafting:
    """Show the dialog; it goes by itself. What it takes reaches a form only while that form is there."""
    dialog = Drafting(studio, parent, wish, lambda draft: take(draft) if isValid(parent) else None, model)
    dialog.open()
    return dialog
