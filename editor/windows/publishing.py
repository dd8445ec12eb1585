"""The menu beside Publish: what is published, and what can be done with it (editor spec, V1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from editor.i18n import tr
from editor.icons import icon
from editor.keymap import native
from editor.panels.parts import ago, local_time

if TYPE_CHECKING:
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage


def publish_menu(window: MainWindow, page: WorkflowPage, point: QPoint) -> QMenu:
    """Show the menu with its upper right corner at a point of the screen."""
    publication = page.session.publication
    menu = QMenu(window)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for words in _state(page):
        menu.addAction(words).setEnabled(False)
    menu.addSeparator()
    latest = publication.latest
    _row(menu, window, "publish", tr("Publish an update…") if latest is not None else tr("Publish…"))
    back = menu.addAction(icon("history", "text"), tr("Back to the latest version…"))
    back.triggered.connect(lambda: window.versioning.restore(page, latest.id) if latest is not None else None)
    back.setEnabled(publication.is_behind)
    _row(menu, window, "show_versions")
    _row(menu, window, "show_backups")
    menu.addSeparator()
    _row(menu, window, "batch")
    _row(menu, window, "export")
    if page.session.document.workflow.mode == "workflow":
        tool = menu.addAction(icon("tool", "text"), tr("Offer as a tool…"), lambda: _offer(window, page))
        tool.setEnabled(latest is not None)
        if latest is None:
            tool.setText(tr("Offer as a tool (publish it first)"))
    menu.popup(QPoint(point.x() - menu.sizeHint().width(), point.y()))
    return menu


def _state(page: WorkflowPage) -> list[str]:
    publication = page.session.publication
    latest = publication.latest
    lines = [publication.words or tr("Looking for versions…")]
    if latest is not None:
        name = latest.name or tr("Untitled version")
        lines.append(tr("Latest: {name}, {ago}", name=name, ago=ago(latest.version.replace(" ", "T"))))
    return lines


def _row(menu: QMenu, window: MainWindow, name: str, text: str = "") -> QAction:
    """A row of the action table with its keys."""
    from editor.actions import BY_ID

    row = BY_ID[name]
    keys = window.studio.keymap.keys(name)
    words = (text or tr(row.text)) + (f"\t{native(keys[0])}" if keys else "")
    then: Callable[[], Any] = lambda: window.do(name)  # noqa: E731
    action: QAction = menu.addAction(icon(row.icon, "text"), words, then)
    action.setEnabled(window.can(name))
    return action


def _offer(window: MainWindow, page: WorkflowPage) -> None:
    from editor.dialogs.tool_setups import WorkflowDialog

    studio, app_id = window.studio, page.session.app_id
    dialog = WorkflowDialog(studio, window, app_id=app_id)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def done() -> None:
        studio.tools.refresh()
        window.show_toast(tr("Offered as the tool {name}.", name=dialog.result_value.name))

    dialog.accepted.connect(done)
    dialog.open()


def published_words(page: WorkflowPage) -> str:
    """What the Publish button says of itself besides its name."""
    latest = page.session.publication.latest
    when = tr("Last published {time}", time=local_time(latest.version)) if latest is not None else ""
    return "\n".join(line for line in (page.session.publication.words, when) if line)
