"""Publishing: problems first, then a name and a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QWidget,
)

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import dialog_column
from editor.enginetexts import told
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.entries import EntryDelegate
from editor.panels.forms.parts import labelled

if TYPE_CHECKING:
    from editor.session import WorkflowSession


PLACE = int(Qt.ItemDataRole.UserRole)


class PublishDialog(FittingDialog):
    """Accepted with a name and a note; with errors it can only be closed. `goTo` carries node id and field of the
    problem that was chosen; the dialog is gone by then."""

    goTo = Signal(str, str)

    def __init__(self, session: WorkflowSession, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMinimumWidth(480)
        column = dialog_column(self, tr("Publish “{name}”", name=session.name))
        errors = [p for p in session.problems if p.severity == "error"]
        warnings = len(session.problems) - len(errors)
        if errors:
            count = ntr("{n} error must be put right first:", "{n} errors must be put right first:", len(errors))
            words = QLabel(count)
            words.setProperty("kind", "bad")
            column.addWidget(words)
            self.problems = found = QListWidget()
            found.itemClicked.connect(self._go)
            found.itemActivated.connect(self._go)
            found.setToolTip(tr("Click a problem to go to its setting."))
            found.setAccessibleName(count)
            EntryDelegate.serve(found)
            found.setFixedHeight(min(220, 56 * len(errors)))
            graph = session.document.graph
            for problem in errors:
                node = graph.nodes.get(problem.node_id or "")
                said = f"{(node.title if node else tr('Workflow'))}\n{told(problem.message)}"
                item = QListWidgetItem(icon("status-failed", "bad"), said)
                item.setData(PLACE, (problem.node_id or "", problem.field))
                found.addItem(item)
            column.addWidget(found)
        elif warnings:
            note = QLabel(
                ntr("{n} warning; publishing is possible.", "{n} warnings; publishing is possible.", warnings)
            )
            note.setProperty("kind", "warn")
            column.addWidget(note)
        self.name = QLineEdit()
        self.name.setAccessibleName(tr("Name of this version"))
        self.name.setPlaceholderText(tr("Optional"))
        self.comment = QPlainTextEdit()
        self.comment.setAccessibleName(tr("What changed"))
        self.comment.setFixedHeight(84)
        self.comment.setPlaceholderText(tr("Optional"))
        self.comment.setTabChangesFocus(True)
        column.addWidget(labelled(tr("Name of this version"), self.name))
        column.addWidget(labelled(tr("What changed"), self.comment))
        buttons = QDialogButtonBox()
        self.publish = buttons.addButton(tr("Publish"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.publish.setProperty("kind", "primary")
        self.publish.setEnabled(not errors)
        buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        if errors:
            self.problems.setCurrentRow(0)
            self.problems.setFocus()
        else:
            self.name.setFocus()

    def _go(self, item: QListWidgetItem) -> None:
        node_id, field = item.data(PLACE)
        self.reject()
        self.goTo.emit(node_id, field)
