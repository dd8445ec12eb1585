"""After a connection to an aggregator: which value of the source it shall take (editor-ux spec, C10)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from editor.i18n import tr
from editor.panels.variable_picker import VariablePicker
from engine.model.aggregator import VariableList, add_variable, lists_of
from engine.model.refs import node_variables, variable_type

if TYPE_CHECKING:
    from editor.windows.page import WorkflowPage

AGGREGATORS = ("variable-aggregator", "variable-assigner")
BRANCHING = ("if-else", "question-classifier")
"""Nodes whose branches lead to what an aggregator gathers; which branch it was is seldom the value that is meant."""


def offer_values(page: WorkflowPage, source: str, target: str) -> None:
    """Offer what the source gives and the aggregator takes; nothing where it reads the source already. Esc leaves the
    connection as it is."""
    graph = page.session.document.graph
    if target not in graph.nodes or graph.nodes[target].type not in AGGREGATORS:
        return
    if graph.nodes[source].type in BRANCHING:
        return
    node = graph.nodes[target]
    lists = lists_of(node)
    if any(selector[0] == source for one in lists for selector in one.variables):
        return
    given = node_variables(page.session.document.workflow, source).variables
    if not any(one.takes(variable.type) for one in lists for variable in given):
        return
    picker = VariablePicker(
        page.session, target, lambda kind: any(one.takes(kind) for one in lists), page, sources=[source]
    )
    picker.search.setPlaceholderText(tr("Which value does {title} take?", title=node.title or node.type))
    picker.picked.connect(partial(_picked, page, target))
    picker.popup_at_point(_place(page, target))


def _place(page: WorkflowPage, target: str) -> QPoint:
    """Below the card, so that it stays in view."""
    canvas = page.canvas
    return canvas.mapToGlobal(canvas.node_rect(target).bottomLeft().toPoint() + QPoint(0, 8))


def _picked(page: WorkflowPage, target: str, selector: list[str]) -> None:
    workflow = page.session.document.workflow
    if target not in workflow.graph.nodes:
        return
    kind = variable_type(workflow, tuple(selector)) or "any"
    fitting = [one for one in lists_of(workflow.graph.nodes[target]) if one.takes(kind)]
    if len(fitting) == 1:
        _add(page, target, fitting[0], selector, kind)
    elif fitting:
        menu = QMenu(page)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(tr("Group"))
        for one in fitting:
            menu.addAction(one.name or tr("Group"), partial(_add, page, target, one, selector, kind))
        menu.popup(_place(page, target))
        menu.setActiveAction(menu.actions()[0])


def _add(page: WorkflowPage, target: str, wanted: VariableList, selector: list[str], kind: str) -> None:
    node = page.session.document.graph.nodes[target]
    edit = add_variable(node, wanted, selector, kind)
    page.session.submit(edit, tr("Add variable to {title}", title=node.title or node.type))
    page.canvas.setFocus()
