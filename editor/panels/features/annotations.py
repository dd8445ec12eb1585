"""Annotation reply: questions that a person answered once and for all; kept with the workspace, not in the file."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.forms.fields import calm, name_it
from editor.panels.forms.parts import labelled, small_button
from editor.panels.glyph import Glyph
from engine.services.chat.annotations import AnnotationSettings

if TYPE_CHECKING:
    from editor.session import WorkflowSession

ROW = int(Qt.ItemDataRole.UserRole)


class AnnotationCard(QFrame):
    """Switch, threshold, and the list with how often each was given."""

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._settings = AnnotationSettings()
        self.setProperty("kind", "row")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(Glyph("bookmark", "accent"))
        self.switch = QCheckBox(tr("Annotation reply"))
        name_it(self.switch, tr("Annotation reply"))
        self.switch.clicked.connect(self._changed)
        head.addWidget(self.switch, 1)
        column.addLayout(head)
        about = QLabel(
            tr("A question that you answered before gets that answer, and nothing runs. Kept in this workspace.")
        )
        about.setProperty("kind", "small")
        about.setWordWrap(True)
        column.addWidget(about)
        self.inside = QWidget()
        body = QVBoxLayout(self.inside)
        body.setContentsMargins(0, 4, 0, 0)
        body.setSpacing(8)
        self.threshold = QDoubleSpinBox()
        self.threshold.setRange(0.5, 1.0)
        self.threshold.setSingleStep(0.01)
        name_it(self.threshold, tr("Score threshold"))
        calm(self.threshold)
        self.threshold.editingFinished.connect(self._changed)
        body.addWidget(
            labelled(
                tr("Score threshold"),
                self.threshold,
                tr("How near a question must be. Without an embedding model only the same question matches; case, "
                   "spaces and signs do not count."),
            )
        )  # fmt: skip
        row = QHBoxLayout()
        self.count = QLabel()
        self.count.setProperty("kind", "section")
        row.addWidget(self.count, 1)
        row.addWidget(small_button("plus", tr("Add an annotation"), partial(self.edit, None)))
        self.remove_button = small_button("trash", tr("Delete the annotation"), self.remove)
        row.addWidget(self.remove_button)
        body.addLayout(row)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Annotations"))
        self.list.setFixedHeight(160)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemActivated.connect(lambda item: self.edit(item.data(ROW)))
        self.list.itemDoubleClicked.connect(lambda item: self.edit(item.data(ROW)))
        self.list.currentRowChanged.connect(lambda row: self.remove_button.setEnabled(row >= 0))
        body.addWidget(self.list)
        column.addWidget(self.inside)
        self._show(AnnotationSettings(), [])

    def refresh(self) -> None:
        """Ask the workspace for settings and annotations."""
        service, app_id = self._session.studio.services.annotations, self._session.app_id

        def work() -> tuple[AnnotationSettings, list[dict[str, Any]]]:
            return service.settings(app_id), service.all(app_id)

        def done(found: tuple[AnnotationSettings, list[dict[str, Any]]]) -> None:
            if not self._session.is_closed:
                self._show(*found)

        self._session.studio.tasks.run(work, done=done, key=f"annotations {id(self)}")

    def _show(self, settings: AnnotationSettings, rows: list[dict[str, Any]]) -> None:
        self._settings = settings
        self.switch.setChecked(settings.enabled)
        self.threshold.setValue(settings.threshold)
        self.inside.setVisible(settings.enabled or bool(rows))
        self.count.setText(ntr("{n} annotation", "{n} annotations", len(rows)))
        self.list.clear()
        for row in rows:
            hits = ntr("given once", "given {n} times", row["hit_count"]) if row["hit_count"] else tr("not given yet")
            item = QListWidgetItem(
                icon("bookmark", "muted"), f"{row['question'][:120]}\n{row['answer'][:120]}  ·  {hits}"
            )
            item.setData(ROW, row)
            item.setToolTip(row["answer"][:1000])
            self.list.addItem(item)
        self.remove_button.setEnabled(self.list.currentRow() >= 0)

    def _keep(self, work: Any, *arguments: Any) -> None:
        studio = self._session.studio
        studio.tasks.run(
            work,
            *arguments,
            done=lambda _: self.refresh(),
            failed=lambda error: studio.messages.error(tr("Not saved"), error),
        )

    def _changed(self) -> None:
        wanted = replace(self._settings, enabled=self.switch.isChecked(), threshold=round(self.threshold.value(), 2))
        if wanted != self._settings:
            self._settings = wanted
            self._keep(self._session.studio.services.annotations.set_settings, self._session.app_id, wanted)

    def edit(self, row: dict[str, Any] | None) -> None:
        """Ask for a new annotation, or change one."""
        from editor.dialogs.annotation import AnnotationDialog

        put = self._session.studio.services.annotations.put
        dialog = AnnotationDialog(row["question"] if row else "", row["answer"] if row else "", self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.kept.connect(lambda q, a: self._keep(put, self._session.app_id, q, a, row["id"] if row else ""))
        dialog.open()

    def remove(self) -> None:
        """Delete the chosen annotation, after asking."""
        if self.list.currentRow() < 0:
            return
        row = self.list.currentItem().data(ROW)
        asked = tr("The answer to “{question}” is forgotten.", question=row["question"][:120])
        if self._session.studio.messages.confirm(tr("Delete the annotation?"), asked, tr("Delete"), danger=True):
            self._keep(self._session.studio.services.annotations.remove, row["id"])
