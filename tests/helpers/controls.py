"""Finds the controls of a panel and uses each as a person does, with keys and clicks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QScrollBar,
    QTextEdit,
    QTimeEdit,
    QWidget,
)

from editor.panels.forms.json_edit import JsonEdit
from editor.panels.forms.parts import Grip, RowList
from editor.panels.variable_picker import VariablePicker

KINDS = (QLineEdit, QPlainTextEdit, QTextEdit, QComboBox, QAbstractSpinBox, QAbstractSlider, QAbstractButton)
Use = Callable[[QWidget], None]


@dataclass(frozen=True)
class Key:
    """Which control: what it is, its accessible name, and which of that name."""

    kind: str
    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind} “{self.name}” {self.number}"


def is_control(widget: QWidget) -> bool:
    """Whether a widget is a control of its own, and no part of another one."""
    if not isinstance(widget, KINDS) or isinstance(widget, QScrollBar) or not widget.isVisible():
        return False
    parent = widget.parentWidget()
    return not isinstance(parent, QAbstractSpinBox | QComboBox | QLineEdit | QScrollBar)


def controls(place: QWidget) -> dict[Key, QWidget]:
    """All controls that are seen in a panel, in the order of the screen."""
    found = [w for w in place.findChildren(QWidget) if is_control(w)]
    found.sort(key=lambda w: (w.mapTo(place, QPoint()).y(), w.mapTo(place, QPoint()).x()))
    seen: Counter[tuple[str, str]] = Counter()
    answer: dict[Key, QWidget] = {}
    for widget in found:
        kind = next(k.__name__ for k in KINDS if isinstance(widget, k))
        # What a screen reader says of a button without a name of its own is its text.
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        what = (kind, widget.accessibleName() or text)
        answer[Key(*what, seen[what])] = widget
        seen[what] += 1
    return answer


def usable(widget: QWidget) -> bool:
    """Whether it can be used now, and is there to be written in."""
    reads = isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit) and widget.isReadOnly()
    return widget.isEnabled() and not reads


def popup(kind: type[QWidget]) -> QWidget | None:
    """What popped up, if it is of a kind."""
    QApplication.processEvents()
    return next((w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()), None)


def use(widget: QWidget, other: int = 0) -> bool:
    """Change what a control holds; `other` takes another entry of what opens, for where the first is held already.
    Whether something popped up, or a dialog opened."""
    popped = False
    widget.setFocus()
    QApplication.processEvents()
    if isinstance(widget, QComboBox):
        popped = _choose(widget)
    elif isinstance(widget, QTimeEdit | QAbstractSpinBox):
        _step(widget)
    elif isinstance(widget, QAbstractSlider):
        QTest.keyClick(widget, Qt.Key.Key_Right if widget.value() < widget.maximum() else Qt.Key.Key_Left)
    elif isinstance(widget, JsonEdit):
        _write_json(widget)
    elif isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit):
        QTest.keyClick(widget, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(widget, "x")
        if isinstance(widget, QLineEdit):
            QTest.keyClick(widget, Qt.Key.Key_Return)
    elif isinstance(widget, Grip):
        QTest.keyClick(widget, Qt.Key.Key_Up if _is_last(widget) else Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    elif isinstance(widget, QCheckBox):
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(10, widget.height() // 2))
    else:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
        popped = _answer_popup(other)
    QApplication.processEvents()
    return popped


def _is_last(grip: Grip) -> bool:
    """Whether the row that a grip moves is the last of its list."""
    rows: QWidget | None = grip
    while rows is not None and not isinstance(rows, RowList):
        rows = rows.parentWidget()
    assert isinstance(rows, RowList)
    return rows.isAncestorOf(grip) and [g for g in rows.findChildren(Grip) if g.isVisible()][-1] is grip


def _choose(box: QComboBox) -> bool:
    if (picker := _opens_list(box)) is not None:
        QTest.keyClick(picker, Qt.Key.Key_Down)
        QTest.keyClick(picker, Qt.Key.Key_Return)
        return True
    QTest.keyClick(box, Qt.Key.Key_Down if box.currentIndex() < box.count() - 1 else Qt.Key.Key_Up)
    return False


def _opens_list(box: QComboBox) -> QWidget | None:
    """The search field of the list of models, which opens in place of a plain list."""
    from editor.panels.forms.model_picker import ModelBox, ModelPicker

    if not isinstance(box, ModelBox):
        return None
    QTest.keyClick(box, Qt.Key.Key_Space)
    picker = popup(ModelPicker)
    return picker.findChild(QLineEdit) if picker is not None else None


def _step(box: QAbstractSpinBox) -> None:
    up = bool(box.stepEnabled() & QAbstractSpinBox.StepEnabledFlag.StepUpEnabled)
    QTest.keyClick(box, Qt.Key.Key_Up if up else Qt.Key.Key_Down)


def _write_json(edit: JsonEdit) -> None:
    """Another value of the same kind."""
    value = json.loads(edit.toPlainText() or "{}")
    new = {**value, "zz": 1} if isinstance(value, dict) else [*value, 1] if isinstance(value, list) else [value]
    if isinstance(value, dict) and "properties" in value:
        new = {**value, "properties": {**value["properties"], "zz": {"type": "string"}}}
    QTest.keyClick(edit, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QApplication.clipboard().setText(json.dumps(new))
    QTest.keyClick(edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def _answer_popup(other: int) -> bool:
    """Take something else in what a click opened."""
    QApplication.processEvents()
    picker = popup(VariablePicker)
    if isinstance(picker, VariablePicker):
        for _ in range(2 - other):
            QTest.keyClick(picker.search, Qt.Key.Key_Down)
        QTest.keyClick(picker.search, Qt.Key.Key_Return)
        return True
    menu = popup(QMenu)
    if menu is not None:
        for _ in range(other):
            QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Return)
    return menu is not None or popup(QDialog) is not None


def accept(dialog: QDialog) -> None:
    """Press the button of a dialog that agrees."""
    box = dialog.findChild(QDialogButtonBox)
    assert box is not None
    QTest.mouseClick(box.button(QDialogButtonBox.StandardButton.Ok), Qt.MouseButton.LeftButton)
    QApplication.processEvents()
