"""The settings of one breakpoint: when it holds, how often, and whether only a failure counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout

from editor.debugging import BreakpointMark
from editor.dialogs.fitting import FittingDialog
from editor.i18n import tr
from editor.panels.forms.context import FormContext
from editor.panels.forms.fields import name_it
from editor.panels.forms.parts import small_button
from editor.panels.forms.template_edit import TemplateEdit
from engine.model.breakpoints import Breakpoint

if TYPE_CHECKING:
    from editor.windows.page import WorkflowPage

HIT_MODES = (
    ("", "Every time"),
    ("at", "Only the time with this number"),
    ("from", "From this time on"),
    ("every", "Every time that divides by"),
)
EXAMPLE = "{{#start.total#}} > 100"


class BreakpointEditor(FittingDialog):
    """Changes take effect with Done; Esc leaves everything as it was."""

    def __init__(self, page: WorkflowPage, node_id: str) -> None:
        super().__init__(page)
        self._page, self._node_id = page, node_id
        self._debugging = page.session.debugging
        node = page.session.document.graph.nodes[node_id]
        known = self._debugging.breakpoints.get(node_id)
        self._mark = known or BreakpointMark(Breakpoint(node_id))
        self.setWindowTitle(tr("Breakpoint at “{title}”", title=node.title or node.type))
        self.setMinimumWidth(460)
        self._ctx = FormContext(page.session, node_id, self)
        self.finished.connect(lambda _: self._ctx.close())
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(8)
        self.enabled = QCheckBox(tr("Switched on"))
        self.enabled.setChecked(self._mark.enabled)
        column.addWidget(self.enabled)
        self.failure = QCheckBox(tr("Only when the step has failed for good"))
        self.failure.setToolTip(tr("The run is held after the failure; the step can be run again with other values."))
        self.failure.setChecked(self._mark.point.on_failure)
        column.addWidget(self.failure)
        column.addSpacing(8)
        self._make_condition(column)
        column.addSpacing(8)
        self._make_hits(column)
        column.addSpacing(12)
        self._make_buttons(column, exists=known is not None)
        self._check()
        self.condition.setFocus()

    # -- parts -------------------------------------------------------------------------------------------------------

    def _make_condition(self, column: QVBoxLayout) -> None:
        row = QHBoxLayout()
        label = QLabel(tr("Only if this is true"))
        label.setProperty("kind", "section")
        row.addWidget(label)
        row.addStretch(1)
        row.addWidget(small_button("variables", tr("Insert a variable"), self._pick))
        column.addLayout(row)
        self.condition = TemplateEdit(self._ctx.describe)
        self.condition.setFixedHeight(64)
        self.condition.set_placeholder(tr("Always. Type / or { for a variable, then for example > 100"))
        name_it(self.condition, tr("Condition"))
        self.condition.load(self._mark.point.condition)
        self.condition.edited.connect(lambda _: self._check())
        self.condition.pickRequested.connect(lambda: self._pick(by_sign=self.condition.called_by_sign))
        column.addWidget(self.condition)
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        column.addWidget(self.fault)
        words = QLabel(
            tr("Operators: == != < > <= >= and or not in, filters such as |length. In rounds, round is 0, 1, 2…")
        )
        words.setProperty("kind", "small")
        words.setWordWrap(True)
        column.addWidget(words)

    def _make_hits(self, column: QVBoxLayout) -> None:
        label = QLabel(tr("How often"))
        label.setProperty("kind", "section")
        column.addWidget(label)
        row = QHBoxLayout()
        self.mode = QComboBox()
        for value, word in HIT_MODES:
            self.mode.addItem(tr(word), value)
        point = self._mark.point
        self.mode.setCurrentIndex(self.mode.findData(point.hit_mode if point.hits else ""))
        name_it(self.mode, tr("How often"))
        self.hits = QSpinBox()
        self.hits.setRange(1, 1_000_000)
        self.hits.setValue(point.hits or 2)
        name_it(self.hits, tr("Number"))
        row.addWidget(self.mode, 1)
        row.addWidget(self.hits)
        column.addLayout(row)
        self.mode.currentIndexChanged.connect(lambda _: self.hits.setEnabled(bool(self.mode.currentData())))
        self.hits.setEnabled(bool(self.mode.currentData()))

    def _make_buttons(self, column: QVBoxLayout, *, exists: bool) -> None:
        row = QHBoxLayout()
        if exists:
            remove = QPushButton(tr("Remove"))
            remove.setAutoDefault(False)
            remove.clicked.connect(self._remove)
            row.addWidget(remove)
        row.addStretch(1)
        cancel = QPushButton(tr("Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        row.addWidget(cancel)
        self.done_button = QPushButton(tr("Done"))
        self.done_button.setProperty("kind", "primary")
        self.done_button.setDefault(True)
        self.done_button.clicked.connect(self._accept)
        row.addWidget(self.done_button)
        column.addLayout(row)

    # -- doing -------------------------------------------------------------------------------------------------------

    def _pick(self, *, by_sign: bool = False) -> None:
        from editor.panels.variable_picker import VariablePicker

        picker = VariablePicker(self._page.session, self._node_id, None, self)
        if by_sign:
            picker.serve(self.condition)
        picker.picked.connect(self._insert)
        picker.popup_at_point(self.condition.viewport().mapToGlobal(self.condition.cursorRect().bottomLeft()))

    def _insert(self, selector: list[str]) -> None:
        self.condition.insert_reference(".".join(selector))
        self.condition.setFocus()
        self._check()

    def _check(self) -> None:
        """Say at once when the condition cannot be read."""
        from engine.services.debugging import condition_problem

        text = self.condition.text().strip()
        problem = condition_problem(text) if text else ""
        if problem:
            problem = tr("This cannot be read: {what}", what=problem)
        self.fault.setText(problem)
        self.fault.setVisible(bool(problem))
        self.done_button.setEnabled(not problem)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        confirm = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if confirm and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._accept()
        else:
            super().keyPressEvent(event)

    def mark(self) -> BreakpointMark:
        """The breakpoint as the fields say."""
        mode: Any = self.mode.currentData()
        point = replace(
            self._mark.point,
            condition=self.condition.text().strip(),
            hits=self.hits.value() if mode else 0,
            hit_mode=mode or "from",
            on_failure=self.failure.isChecked(),
        )
        return BreakpointMark(point, self.enabled.isChecked())

    def _accept(self) -> None:
        if self.done_button.isEnabled():
            self._debugging.set_breakpoint(self.mark())
            self.accept()

    def _remove(self) -> None:
        self._debugging.remove_breakpoint(self._node_id)
        self.reject()


def edit_breakpoint(page: WorkflowPage, node_id: str) -> BreakpointEditor:
    """Show the editor beside the card of a node."""
    page.canvas.ensure_visible(node_id)
    dialog = BreakpointEditor(page, node_id)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.adjustSize()
    card = page.canvas.node_rect(node_id)
    place = page.canvas.mapToGlobal(card.topRight().toPoint() + QPoint(12, 0))
    room = page.screen().availableGeometry()
    x = min(place.x(), room.right() - dialog.width() - 8)
    y = min(place.y(), room.bottom() - dialog.height() - 40)
    dialog.move(max(room.left(), x), max(room.top(), y))
    dialog.open()
    return dialog


def words_of(mark: BreakpointMark, spell: Any = str) -> str:
    """When a breakpoint holds, in words; `spell` writes a condition for people."""
    point = mark.point
    parts = [] if mark.enabled else [tr("Switched off")]
    if point.on_failure:
        parts.append(tr("when the step has failed"))
    if point.condition:
        parts.append(tr("if {condition}", condition=spell(point.condition)))
    if point.hits:
        words = {
            "at": tr("only the time number {n}", n=point.hits),
            "from": tr("from time number {n} on", n=point.hits),
            "every": tr("every {n} times", n=point.hits),
        }
        parts.append(words[point.hit_mode])
    return " · ".join(parts) or tr("Always")
