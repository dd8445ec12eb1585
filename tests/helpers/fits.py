"""What of a window is cut off, and what of it has no name for those who hear it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QFontMetrics
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSlider,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QTextEdit,
    QWidget,
)
from shiboken6 import isValid

SLACK = 1
RING = 4
CELL_SIDES = 16
NAMED = (
    QAbstractButton, QLineEdit, QComboBox, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QAbstractItemView, QSlider,
)  # fmt: skip


def cut_off(window: QWidget) -> list[str]:
    """The words of a window that do not fit their widgets. What is shortened on purpose has a tool tip."""
    found = []
    for widget in (window, *window.findChildren(QWidget)):
        if not widget.isVisible() or widget.toolTip() or not widget.width():
            continue
        fault = _fault(widget)
        if fault:
            found.append(f"{place(widget)}: {fault}")
    return found


def unnamed(window: QWidget) -> list[str]:
    """The controls of a window without an accessible name."""
    found = []
    for widget in (window, *window.findChildren(QWidget)):
        if not isinstance(widget, NAMED) or not widget.isVisible() or _is_part(widget):
            continue
        heard = QAccessible.queryAccessibleInterface(widget)
        if heard is not None and not heard.text(QAccessible.Text.Name).strip():
            found.append(place(widget))
    return found


def reachable(window: QWidget) -> list[QWidget]:
    """The controls that Tab comes to."""
    return [
        widget
        for widget in window.findChildren(QWidget)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
        and not widget.visibleRegion().isEmpty()
    ]


def shows_focus(control: QWidget) -> bool | None:
    """Whether a control looks different once the keyboard is in it; None when it cannot have it now."""
    QApplication.processEvents()  # a window that becomes active gives its last control the keyboard back
    had = QApplication.focusWidget()
    if had is not None:
        had.clearFocus()
    QApplication.processEvents()
    if not isValid(control) or not control.isVisible():
        return None
    around = control.parentWidget() or control
    area = control.geometry().adjusted(-RING, -RING, RING, RING)
    before = around.grab(area).toImage()
    control.setFocus(Qt.FocusReason.TabFocusReason)
    QApplication.processEvents()
    if QApplication.focusWidget() is not control:
        return None
    if isinstance(control, QLineEdit):
        control.deselect()  # chosen words would be a sign that an empty field does not have
    return bool(around.grab(area).toImage() != before)


def _is_part(widget: QWidget) -> bool:
    """Whether Qt made it as a part of another control."""
    parent = widget.parentWidget()
    return widget.objectName().startswith(("qt_", "Scroll")) or isinstance(
        parent, QAbstractSpinBox | QComboBox | QLineEdit | QTabBar | QAbstractItemView | QHeaderView
    )


def _fault(widget: QWidget) -> str:
    if isinstance(widget, QLabel):
        return _label(widget)
    if isinstance(widget, QPushButton | QCheckBox | QRadioButton):
        wanted = widget.sizeHint().width()
        return _said(widget.text(), wanted, widget.width()) if widget.text() else ""
    if isinstance(widget, QTabBar):
        return _tabs(widget)
    if isinstance(widget, QComboBox):
        return _box(widget)
    if isinstance(widget, QLineEdit) and not _is_part(widget) and not widget.text():
        room = widget.width() - 20 - 26 * sum(action.isVisible() for action in widget.actions())
        return _said(widget.placeholderText(), widget.fontMetrics().horizontalAdvance(widget.placeholderText()), room)
    if isinstance(widget, QHeaderView):
        return _head(widget)
    if isinstance(widget, QScrollArea) and widget.widgetResizable() and widget.widget() is not None:
        inside = widget.widget().minimumSizeHint().width()
        if inside > widget.viewport().width() + SLACK and not widget.horizontalScrollBar().isVisible():
            return f"holds {inside} in {widget.viewport().width()}"
    return ""


def _label(label: QLabel) -> str:
    if not label.text() or not label.pixmap().isNull():
        return ""
    outside = _outside(label)
    if outside:
        return f"{label.text()!r} {outside}"
    if label.wordWrap():
        wanted = label.heightForWidth(label.width())
        return (
            f"{label.text()!r} wants a height of {wanted}, has {label.height()}" if wanted > label.height() + 2 else ""
        )
    return _said(label.text(), label.sizeHint().width(), label.width())


def _outside(widget: QWidget) -> str:
    """Whether it stands beyond the edge of what holds it, without a way to scroll there."""
    parent = widget.parentWidget()
    if parent is None or isinstance(parent.parentWidget(), QAbstractScrollArea):
        return ""
    box, room = widget.geometry(), parent.rect()
    if box.right() > room.right() + SLACK or box.bottom() > room.bottom() + SLACK:
        return f"stands at {box.getRect()} in {room.width()}x{room.height()}"
    return ""


def _tabs(bar: QTabBar) -> str:
    for index in range(bar.count()):
        text, rect = bar.tabText(index), bar.tabRect(index)
        if not bar.isTabVisible(index) or bar.tabToolTip(index):
            continue
        wanted = bar.fontMetrics().horizontalAdvance(text) + (0 if bar.tabIcon(index).isNull() else 20)
        if wanted > rect.width() + SLACK:
            return _said(text, wanted, rect.width())
    return ""


def _box(box: QComboBox) -> str:
    if box.isEditable():
        return ""
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    room = box.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, box
    )
    icon = 0 if box.itemIcon(box.currentIndex()).isNull() else box.iconSize().width() + 4
    return _said(box.currentText(), box.fontMetrics().horizontalAdvance(box.currentText()) + icon, room.width())


def _head(head: QHeaderView) -> str:
    if head.isHidden():
        return ""
    metrics = QFontMetrics(head.font())
    for section in range(head.count()):
        text = str(head.model().headerData(section, head.orientation()) or "")
        wanted = metrics.horizontalAdvance(text) + CELL_SIDES
        if not head.isSectionHidden(section) and wanted > head.sectionSize(section) + SLACK:
            return _said(text, wanted, head.sectionSize(section))
    return ""


def _said(text: str, wanted: int, room: int) -> str:
    return f"{text!r} wants {wanted}, has {room}" if text and wanted > room + SLACK else ""


def place(widget: QWidget) -> str:
    """Where a widget is, from its window inwards."""
    names: list[str] = []
    step: QWidget | None = widget
    while step is not None and len(names) < 4:
        names.append(step.accessibleName() or step.objectName() or type(step).__name__)
        step = step.parentWidget()
    return f"{type(widget).__name__} in " + " > ".join(reversed(names))
