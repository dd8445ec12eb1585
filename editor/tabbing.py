"""Tab goes from control to control as they are seen, from left to right and from top to bottom.

Qt walks in the order in which controls were made: what a form builds anew would come last, after everything else of the
window. Here the order is read off the layouts at each step.
"""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLayout,
    QLineEdit,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QTabWidget,
    QWidget,
)

from editor.layouts import in_order

WHOLE = (QComboBox, QAbstractSpinBox, QLineEdit, QTabBar)
"""Controls whose parts are no stops of their own."""


def tab_order(root: QWidget) -> list[QWidget]:
    """The controls below `root` that Tab stops at, in order."""
    return [widget for widget in _walk(root, set()) if _is_stop(widget)]


def first_stop(root: QWidget) -> QWidget | None:
    """The control at which Tab stops first in something that is seen; None when there is none."""
    return next((widget for widget in _walk(root, set()) if _is_stop(widget)), None)


def step(root: QWidget, *, forward: bool) -> bool:
    """Give the keyboard to the control after the one that has it, or before it; False when there is none."""
    order = tab_order(root)
    here = _place(order, QApplication.focusWidget())
    if not order:
        return False
    if here is None:
        wanted = order[0 if forward else -1]
    else:
        wanted = order[(here + (1 if forward else -1)) % len(order)]
    reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
    wanted.setFocus(reason)
    bring_into_view(wanted)
    return True


def _place(order: list[QWidget], focused: QWidget | None) -> int | None:
    """Where the keyboard is: at a stop, or in something that belongs to one."""
    while focused is not None:
        if focused in order:
            return order.index(focused)
        focused = focused.parentWidget()
    return None


def _is_stop(widget: QWidget) -> bool:
    return (
        bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        and widget.isVisible()
        and widget.isEnabled()
        and widget.focusProxy() is None
        and not _is_other_choice(widget)
    )


def _is_other_choice(widget: QWidget) -> bool:
    """Whether arrows lead here: of buttons of which one is chosen, Tab stops at that one."""
    group = widget.group() if isinstance(widget, QAbstractButton) else None
    if group is None:
        return False
    buttons = group.buttons()
    return widget is not next((one for one in buttons if one.isChecked()), buttons[0])


def _walk(widget: QWidget, seen: set[QWidget]) -> Iterator[QWidget]:
    """A widget, what its layout holds, then what stands freely in it. What was seen is not walked again: the content
    of a scroll area is also a child of its viewport."""
    if widget in seen:
        return
    seen.add(widget)
    yield widget
    if isinstance(widget, WHOLE):
        return
    free = [child for child in widget.children() if isinstance(child, QWidget) and not child.isWindow()]
    for child in (*_laid_out(widget), *sorted(free, key=lambda one: (one.y(), one.x()))):
        if child.isVisible():
            yield from _walk(child, seen)


def _laid_out(widget: QWidget) -> Iterator[QWidget]:
    if isinstance(widget, QSplitter):
        yield from _there(*(widget.widget(n) for n in range(widget.count())))
    elif isinstance(widget, QTabWidget):
        yield from _there(widget.tabBar(), widget.cornerWidget(), widget.currentWidget())
    elif isinstance(widget, QStackedWidget):
        yield from _there(widget.currentWidget())
    elif isinstance(widget, QScrollArea):
        yield from _there(widget.widget())
    elif isinstance(widget, QAbstractItemView):
        inner = [child for child in widget.viewport().children() if isinstance(child, QWidget)]
        yield from sorted(inner, key=lambda child: (child.y(), child.x()))
    elif (layout := widget.layout()) is not None:
        yield from _of_layout(layout)


def _there(*widgets: QWidget | None) -> Iterator[QWidget]:
    yield from (widget for widget in widgets if widget is not None)


def _of_layout(layout: QLayout) -> Iterator[QWidget]:
    for entry in in_order(layout):
        if isinstance(entry, QWidget):
            yield entry
        else:
            yield from _of_layout(entry)


def bring_into_view(widget: QWidget) -> None:
    """Scroll until a control can be seen."""
    area: QWidget | None = widget.parentWidget()
    while area is not None:
        content = area.widget() if isinstance(area, QScrollArea) else None
        if isinstance(area, QScrollArea) and content is not None and content.isAncestorOf(widget):
            area.ensureWidgetVisible(widget)
        area = area.parentWidget()
