"""A model designs a workflow from words: drafts one after the other, looked at as a graph, changed by more words, one
taken (editor-ux spec, C35). Nothing of any workflow changes before a draft is taken; closing stops a model that writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from editor.canvas.preview import GraphPreview, card_sizes
from editor.dialogs.asking import AskBar, ModelChoice, Question
from editor.dialogs.draft_notes import DraftNotes, change_marks, problem_counts
from editor.dialogs.fitting import FittingDialog, limit_smallest
from editor.dialogs.parts import FieldColumn, dialog_column
from editor.enginetexts import told, told_with_hint
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.keymap import LocalKeys
from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.fields import calm
from editor.panels.glyph import Glyph
from editor.panels.parts import Words
from editor.theme import restyle, theme
from engine.errors import PenstockError
from engine.services.generating.asking import MODEL_NODE, Generation, Wish, WorkflowDraft, parameters_for
from engine.services.generating.plan import progress
from engine.services.model_names import ModelRef, with_default
from engine.services.runs import StartRun

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.model.workflow import Workflow

NOTHING, PRESENT = -2, -1
SAMPLES: Final = {
    "workflow": (
        "Sum up a long text in three points and translate the summary into English.",
        "Sort a customer's mail into complaint, question or praise, and write a fitting reply to each.",
        "Take a list of topics, write one paragraph on each, and join them into one report.",
    ),
    "advanced-chat": (
        "A tutor that explains a term, then asks one question to check that it was understood.",
        "A help desk: tells questions about orders from all others and answers each in its own way.",
        "A chat that remembers the person's name and greets with it.",
    ),
}


class Target(Protocol):
    """The open workflow that a draft can go into."""

    @property
    def workflow(self) -> Workflow:
        """What is there now."""
        ...

    def take(self, draft: WorkflowDraft, *, from_here: bool) -> bool:
        """Put a draft into it; `from_here`: it was made of what is there. False when people thought better of it."""
        ...


@dataclass(frozen=True)
class Kept:
    """A draft of this dialog. `from_here`: its first ancestor is the open workflow."""

    draft: WorkflowDraft
    from_here: bool
    seconds: float = 0.0
    tokens: int = 0


class Chip(QPushButton):
    """Words to begin with, in as many lines as they need."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setProperty("kind", "chip")
        self.setAccessibleName(text)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        self.words = Words(text, "")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        column.addWidget(self.words)
        self.setMinimumWidth(theme().grown(120))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedHeight(max(0, self.words.heightForWidth(self.width() - 24)) + 16)


class Generating(FittingDialog):
    """`create` makes a new workflow of a draft; `target` is the open one, if there is one that a draft can go into."""

    def __init__(
        self,
        studio: Studio,
        parent: QWidget,
        create: Callable[[WorkflowDraft], Any],
        target: Target | None = None,
        words: str = "",
    ) -> None:
        super().__init__(parent.window())
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._studio, self._create, self._target = studio, create, target
        self._question = Question(studio, MODEL_NODE, self)
        self._question.wrote.connect(self._wrote)
        self._question.answered.connect(self._answered)
        self._question.failed.connect(self._failed)
        self._generation: Generation | None = None
        self._basis = NOTHING
        self._answer = ""
        self._refused = False
        """Whether the last answer held no plan; it is what is shown then as the model's answer."""
        self._spent = (0.0, 0)
        self._taken = False
        self.drafts: list[Kept] = []
        limit_smallest(self, 720, 440)
        self.resize(1080, 660)
        column = dialog_column(self, tr("Workflow from words"))
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self._left())
        parts.addWidget(self._right())
        parts.setStretchFactor(0, 0)
        parts.setStretchFactor(1, 1)
        left = min(theme().grown(360), 460)
        parts.setSizes([left, max(320, 1040 - left)])
        column.addWidget(parts, 1)
        column.addWidget(self._buttons())
        LocalKeys(self, "confirm", self.generate)
        self.words.setPlainText(words)
        self.verdict.setText(
            tr("The model is told what you write and, to refine, the graph with its prompts, code and addresses.")
        )
        self._busy()
        self._show_draft()
        self.words.setFocus()

    # -- what is seen ------------------------------------------------------------------------------------------------

    def _left(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(12)
        form = FieldColumn()
        self.words = QPlainTextEdit()
        self.words.setAccessibleName(tr("What the workflow should do"))
        self.words.setPlaceholderText(tr("Describe it: what comes in, what is done, what comes out."))
        self.words.setTabChangesFocus(True)
        self.words.setFixedHeight(min(theme().grown(96), 120))
        form.add(tr("What the workflow should do"), self.words)
        self.mode = QComboBox()
        self.mode.setAccessibleName(tr("Kind"))
        calm(self.mode)
        self.mode.addItem(icon("blocks", "text"), tr("Workflow"), "workflow")
        self.mode.addItem(icon("chat", "text"), tr("Chat flow"), "advanced-chat")
        self.mode.currentIndexChanged.connect(lambda _: self._offer_samples())
        self.basis = QComboBox()
        self.basis.setAccessibleName(tr("Begin with"))
        calm(self.basis)
        self.basis.addItem(tr("Nothing"), NOTHING)
        if self._target is not None:
            present = self._target.workflow
            self.mode.setCurrentIndex(self.mode.findData(present.mode))
            self.basis.addItem(tr("The open workflow"), PRESENT)
            if len(present.graph.nodes) > 1:
                self.basis.setCurrentIndex(1)
        self.basis.currentIndexChanged.connect(lambda _: self._busy())
        form.add(tr("Begin with"), self.basis)
        form.add(tr("Kind"), self.mode)
        self._form = form
        self.model = ModelChoice(self._studio)
        self.model.filled.connect(self._busy)
        form.add(tr("Model"), self.model)
        column.addWidget(form)
        column.addLayout(self._actions())
        self.verdict = Words()
        self.verdict.setAccessibleName(tr("What the model does"))
        column.addWidget(self.verdict)
        self.notes = DraftNotes()
        self.notes.nodeWanted.connect(self._look_at)
        column.addWidget(self.notes, 1)
        # The notes take what room there is; only where there is too little for the rest is it scrolled.
        scroll = QScrollArea()
        scroll.setWidget(box)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(min(theme().grown(280), 420))
        self._scroll = scroll
        return scroll

    def _actions(self) -> QHBoxLayout:
        bar = AskBar(tr("Generate"), self.generate, self._stop)
        self.write, self.stop, self.busy = bar.write, bar.stop, bar.busy
        return bar

    def _right(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(12, 0, 0, 0)
        column.setSpacing(8)
        head = QHBoxLayout()
        self.version = QComboBox()
        self.version.setAccessibleName(tr("Draft"))
        calm(self.version)
        self.version.currentIndexChanged.connect(self._turn_to)
        self.raw = QCheckBox(tr("Show the model's answer"))
        self.raw.toggled.connect(self._show_draft)
        self.whole = QPushButton()
        self.whole.setIcon(icon("fit", "muted"))
        self.whole.setProperty("kind", "icon")
        self.whole.setToolTip(tr("Zoom to fit"))
        self.whole.setAccessibleName(tr("Zoom to fit"))
        head.addWidget(self.version)
        head.addStretch(1)
        head.addWidget(self.raw)
        head.addWidget(self.whole)
        column.addLayout(head)
        self.stack = QStackedWidget()
        self.empty = QScrollArea()
        self.empty.setWidgetResizable(True)
        self.empty.setFrameShape(QFrame.Shape.NoFrame)
        self.empty.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        self.empty.setWidget(inside)
        self._empty_box = QVBoxLayout(inside)
        self._empty_box.setContentsMargins(0, 0, 0, 24)
        self.samples = QWidget()
        self._empty_box.addWidget(self.samples)
        self._empty_box.addStretch(1)
        self.preview = GraphPreview()
        self.whole.clicked.connect(lambda: self.preview.fit())
        self.text = CodeEdit("json")
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("The model's answer"))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        for page in (self.empty, self.preview, self.text):
            self.stack.addWidget(page)
        column.addWidget(self.stack, 1)
        self._offer_samples()
        return box

    def _offer_samples(self) -> None:
        """Three things that one could ask for; a click puts one into the field."""
        self.samples.deleteLater()
        self.samples = QWidget()
        self._empty_box.insertWidget(0, self.samples)
        column = QVBoxLayout(self.samples)
        column.setContentsMargins(24, 40, 24, 0)
        column.setSpacing(8)
        glyph = Glyph("sparkle", "faint", 28)
        glyph.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(glyph)
        words = Words(tr("The workflow appears here. Say in words what it should do, or begin with one:"))
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(words)
        column.addSpacing(8)
        for sample in SAMPLES[str(self.mode.currentData())]:
            chip = Chip(tr(sample))
            chip.clicked.connect(lambda _=False, sample=sample: self._begin_with(tr(sample)))
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(chip, 8)
            row.addStretch(1)
            column.addLayout(row)

    def _begin_with(self, words: str) -> None:
        self.words.setPlainText(words)
        self.words.setFocus()
        self.words.selectAll()

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        self.use = buttons.addButton(tr("Put into the open workflow"), QDialogButtonBox.ButtonRole.ActionRole)
        self.use.clicked.connect(self._use)
        self.use.setVisible(self._target is not None)
        self.fresh = buttons.addButton(tr("Make a new workflow"), QDialogButtonBox.ButtonRole.ActionRole)
        self.fresh.clicked.connect(self._make)
        buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole).clicked.connect(self.reject)
        return buttons

    def _say(self, text: str, kind: str) -> None:
        self.verdict.setText(text)
        restyle(self.verdict, kind=kind)
        # With large text it may be below what is in view; it is as high as its words only after the layout.
        QTimer.singleShot(0, self, lambda: self._scroll.ensureWidgetVisible(self.verdict, 0, 8))

    def _busy(self) -> None:
        """What can be done now."""
        on = self._question.is_running
        kept = self.chosen()
        self.busy.setVisible(on)
        self.write.setEnabled(not on and self.model.count() > 0)
        self.write.setText(tr("Generate") if self.basis.currentData() == NOTHING else tr("Refine"))
        self.stop.setEnabled(on and not self._question.is_stopping)
        fixed = self._target is not None or self.basis.currentData() != NOTHING
        self._form.show_row(self.mode, not fixed)
        self._form.show_row(self.basis, self.basis.count() > 1)
        for widget in (self.version, self.whole):
            widget.setVisible(bool(self.drafts))
        self.raw.setVisible(bool(self.drafts) or bool(self._answer))
        ready = kept is not None and not on
        self.use.setEnabled(ready)
        self.fresh.setEnabled(ready)
        first = self.use if self._target is not None else self.fresh
        restyle(first, kind="primary" if ready else "")

    # -- writing -----------------------------------------------------------------------------------------------------

    def generate(self) -> None:
        """Let the model design one more draft."""
        if self._question.is_running or not self.write.isEnabled():
            return
        self._basis = int(self.basis.currentData())
        base = self._base(self._basis)
        mode = base.mode if base is not None else str(self.mode.currentData())
        if self._target is not None:
            mode = self._target.workflow.mode
        provider, name = self.model.chosen
        usual = self._studio.default_model or ModelRef(provider, name)
        try:
            self._generation = Generation(
                Wish(self.words.toPlainText(), mode, base),
                ModelRef(provider, name),
                parameters=self._parameters(provider, name),
                fill=lambda data: with_default(data, usual),
                sizes=card_sizes,
            )
        except PenstockError as problem:
            self._say(told(problem), "bad")
            self.words.setFocus()
            return
        self._answer, self._spent, self._refused = "", (0.0, 0), False
        self._load("")
        self.notes.forget()
        self.stack.setCurrentWidget(self.text)
        self._ask(self._generation.start())
        self._say(tr("The model reads…"), "muted")

    def _base(self, basis: int) -> Workflow | None:
        if basis == PRESENT and self._target is not None:
            return self._target.workflow
        return self.drafts[basis].draft.workflow if basis >= 0 else None

    def _parameters(self, provider: str, name: str) -> Mapping[str, Any]:
        known = self._studio.known_models()
        entry = next((e for e in known if (e["provider"], e["name"]) == (provider, name)), {})
        declared = self._studio.model_rules(provider, name)
        return parameters_for(provider, declared, int(entry.get("context_size") or 0))

    def _ask(self, run: StartRun) -> None:
        self._question.ask(run)
        self._busy()

    def _wrote(self, text: str) -> None:
        words, nodes = progress(text)
        pattern = (
            tr("The model mends its plan… {count} words, {total} nodes", count=words, total=nodes)
            if self._generation is not None and self._generation.is_mending
            else tr("The model writes… {count} words, {total} nodes", count=words, total=nodes)
        )
        self._say(pattern, "muted")
        bar = self.text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        self._load(text)
        if at_end:
            bar.setValue(bar.maximum())

    def _answered(self, summary: dict[str, Any]) -> None:
        assert self._generation is not None
        seconds, tokens = self._spent
        seconds += float(summary.get("elapsed_time") or 0)
        self._spent = (seconds, tokens + int(summary.get("total_tokens") or 0))
        outputs = summary.get("outputs") or {}
        self._answer = str(outputs.get("text") or "")
        try:
            made = self._generation.take(outputs)
        except PenstockError as problem:
            self._answer = str(problem.details.get("answer") or self._answer)
            self._no_plan(told_with_hint(problem))
            return
        if isinstance(made, StartRun):
            self._say(tr("The plan has faults: the model is asked to mend it…"), "muted")
            self._ask(made)
            return
        self._add(made)

    def _failed(self, why: str) -> None:
        first = self._generation.give_up() if self._generation is not None else None
        if first is not None:
            # The second question failed: the first answer is still a draft.
            self._add(first)
            return
        self._over(told(why) if why else tr("Stopped."), "bad" if why else "muted")

    def _no_plan(self, words: str) -> None:
        self._refused = True
        self.raw.blockSignals(True)
        self.raw.setChecked(True)
        self.raw.blockSignals(False)
        self._over(words, "bad")

    def _add(self, draft: WorkflowDraft) -> None:
        before = self.drafts[self._basis].from_here if self._basis >= 0 else self._basis == PRESENT
        seconds, tokens = self._spent
        self.drafts.append(Kept(draft, before, seconds, tokens))
        number = len(self.drafts)
        name = tr("Draft {number}", number=number)
        self.basis.addItem(name, number - 1)
        self.basis.setCurrentIndex(self.basis.count() - 1)
        self.raw.setChecked(False)
        self.version.blockSignals(True)
        self.version.addItem(name)
        self.version.setCurrentIndex(number - 1)
        self.version.blockSignals(False)
        # With large text Qt asks for some pixels less than the words take.
        self.version.setMinimumWidth(self.version.sizeHint().width() + theme().grown(4))
        self.words.setPlaceholderText(tr("What should be different?"))
        self.words.selectAll()
        words = tr("Written in {seconds} s with {tokens} tokens.", seconds=f"{seconds:.1f}", tokens=tokens)
        if draft.faults:
            self._over(f"{words} {tr('Something is not right yet; a larger model may do better.')}", "warn")
        else:
            self._over(words, "good")

    def _over(self, text: str, kind: str) -> None:
        self._busy()
        self._say(text, kind)
        self._show_draft()

    def _stop(self) -> None:
        self._question.stop()
        self._busy()

    # -- drafts ------------------------------------------------------------------------------------------------------

    def chosen(self) -> Kept | None:
        """The draft that is shown."""
        number = self.version.currentIndex()
        return self.drafts[number] if 0 <= number < len(self.drafts) else None

    def _turn_to(self, *_: Any) -> None:
        """Another draft was chosen."""
        self._refused = False
        self._show_draft()

    def _load(self, answer: str) -> None:
        self.text.load(answer)
        # After the text: it is coloured at once then. What is no plan is mostly prose.
        self.text.set_language("markdown" if self._refused else "json")

    def _show_draft(self, *_: Any) -> None:
        if self._question.is_running:
            return
        kept = self.chosen()
        if self.raw.isChecked() and (self._refused or kept is None):
            self.notes.forget()
            self._load(self._answer)
            self.stack.setCurrentWidget(self.text)
            return
        if kept is None:
            self.stack.setCurrentWidget(self.empty)
            return
        self.notes.tell(kept.draft)
        if self.raw.isChecked():
            self._load(kept.draft.answer)
            self.stack.setCurrentWidget(self.text)
            return
        self.stack.setCurrentWidget(self.preview)
        self.preview.set_diff({})
        self.preview.show_whole(kept.draft.workflow.graph)
        self.preview.set_problems(problem_counts(kept.draft))
        if kept.draft.changes.changed or kept.draft.changes.removed:
            self.preview.set_diff(change_marks(kept.draft))

    def _look_at(self, node_id: str) -> None:
        self.raw.setChecked(False)
        self.preview.center_on(node_id)

    def _use(self) -> None:
        kept = self.chosen()
        if kept is not None and self._target is not None and self._target.take(kept.draft, from_here=kept.from_here):
            self._taken = True
            self.accept()

    def _make(self) -> None:
        kept = self.chosen()
        if kept is not None:
            self._taken = True
            self._create(kept.draft)
            self.accept()

    def reject(self) -> None:
        """Close; drafts that nobody took are gone then, which is asked about."""
        if self.drafts and not self._taken:
            question = ntr("{n} draft was not used.", "{n} drafts were not used.", len(self.drafts))
            if not self._studio.messages.confirm(tr("Throw the drafts away?"), question, tr("Throw away"), danger=True):
                return
        super().reject()

    def done(self, result: int) -> None:
        """Close; a model that writes is stopped."""
        self._question.give_up()
        super().done(result)
