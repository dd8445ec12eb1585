"""What stands in a layout, found without asking the layout for its items.

`QLayout.itemAt` gives a Python object for a thing that Qt deletes by itself when the widget goes, and Python is not
told. The object stays as long as the layout; once something else stands at its address, deleting that ends the program.
So nothing here or elsewhere calls `itemAt` of a layout.
"""

from __future__ import annotations

from PySide6.QtWidgets import QLayout, QWidget


def in_order(layout: QLayout) -> list[QWidget | QLayout]:
    """The widgets and inner layouts of a layout, in its order; spaces are left out."""
    parent = layout.parentWidget()
    found: list[QWidget | QLayout] = [inner for inner in layout.children() if isinstance(inner, QLayout)]
    found += [child for child in parent.children() if isinstance(child, QWidget)] if parent is not None else []
    placed = [(place, one) for one in found if (place := layout.indexOf(one)) >= 0]
    return [one for _, one in sorted(placed, key=lambda pair: pair[0])]


def widgets_of(layout: QLayout) -> list[QWidget]:
    """The widgets that stand in a layout itself, in its order."""
    return [one for one in in_order(layout) if isinstance(one, QWidget)]
