"""Names of models in files and what they mean here: the table of the workspace, and the dialog that maps all unknown
names of a workflow at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.models_desk import ModelsDesk, Ref
from editor.dialogs.parts import dialog_column
from editor.i18n import ntr, tr
from editor.panels.forms.parts import labelled
from editor.panels.parts import Words
from engine.services.model_names import ModelInfo, ModelRef, UnknownModel, by_name

if TYPE_CHECKING:
    from editor.session import WorkflowSession

ROW = int(Qt.ItemDataRole.UserRole)


def model_box(desk: ModelsDesk, chosen: ModelRef | None, first: str = "") -> QComboBox:
    """A picker of the workspace's models; `first` is a choice that means none."""
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(18)
    fill_models(box, desk, desk.snapshot.known, chosen, first)
    return box


def fill_models(
    box: QComboBox, desk: ModelsDesk, known: tuple[ModelInfo, ...], chosen: ModelRef | None, first: str = ""
) -> None:
    """Put models into a picker and choose one, also one that is not here any more."""
    box.clear()
    if first:
        box.addItem(first, None)
    for info in known:
        box.addItem(desk.snapshot.title(info.ref), (info.ref.provider, info.ref.name))
    if chosen is None:
        box.setCurrentIndex(0 if first else -1)
        return
    index = find_model(box, chosen)
    if index < 0:
        box.addItem(desk.snapshot.title(chosen), (chosen.provider, chosen.name))
        index = box.count() - 1
    box.setCurrentIndex(index)


def find_model(box: QComboBox, ref: ModelRef) -> int:
    """Where a model stands in a picker, -1 for nowhere."""
    return next((i for i in range(box.count()) if box.itemData(i) == (ref.provider, ref.name)), -1)


def table(*titles: str) -> QTableWidget:
    """A plain table of whole rows."""
    made = QTableWidget(0, len(titles))
    made.setHorizontalHeaderLabels(list(titles))
    made.verticalHeader().hide()
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setShowGrid(False)
    made.setTabKeyNavigation(False)
    made.setWordWrap(False)
    header = made.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    made.verticalHeader().setDefaultSectionSize(36)
    return made


class AliasTable(QWidget):
    """The mapping of the workspace: what a name means can be changed in its row, or forgotten."""

    def __init__(self, desk: ModelsDesk) -> None:
        super().__init__()
        self._desk = desk
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.table = table(tr("A file says"), tr("Here it means"))
        self.table.setAccessibleName(tr("Names of models in files"))
        self.table.setMinimumHeight(120)
        column.addWidget(self.table, 1)
        self.empty = Words(
            tr("Nothing is mapped yet. The checklist of a workflow offers it for models that are not here.")
        )
        column.addWidget(self.empty)
        row = QHBoxLayout()
        self.forget = QPushButton(tr("Forget this name"))
        self.forget.setToolTip(tr("The name means again what the file says"))
        self.forget.clicked.connect(self._forget)
        row.addWidget(self.forget)
        row.addStretch(1)
        column.addLayout(row)
        self.table.itemSelectionChanged.connect(self._selected)
        desk.changed.connect(self.show_all)
        self.show_all()

    def show_all(self) -> None:
        """Show the present table."""
        aliases = self._desk.snapshot.aliases
        self.table.setRowCount(0)
        for (provider, name), target in sorted(aliases.items()):
            row = self.table.rowCount()
            self.table.insertRow(row)
            item = QTableWidgetItem(f"{name if name != '*' else tr('every model')}  ·  {provider}")
            item.setData(ROW, (provider, name))
            self.table.setItem(row, 0, item)
            box = model_box(self._desk, target)
            box.setAccessibleName(tr("What {name} means", name=name))
            box.activated.connect(lambda _, b=box, source=(provider, name): self._change(source, b.currentData()))
            self.table.setCellWidget(row, 1, box)
        self.table.setVisible(bool(aliases))
        self.forget.setVisible(bool(aliases))
        self.empty.setVisible(not aliases)
        self._selected()

    def _selected(self) -> None:
        self.forget.setEnabled(bool(self.table.selectedItems()))

    def _change(self, source: Ref, target: Ref) -> None:
        service = self._desk.service
        self._desk.change(lambda: service.set_alias(*source, ModelRef(*target)))

    def _forget(self) -> None:
        item = self.table.item(self.table.currentRow(), 0)
        if item is not None:
            provider, name = item.data(ROW)
            service = self._desk.service
            self._desk.change(lambda: service.remove_alias(provider, name))


class MappingDialog(FittingDialog):
    """All names of a workflow that mean nothing here, each with a proposal; one click maps them."""

    def __init__(self, session: WorkflowSession, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = ModelsDesk(session.studio, self)
        self._session = session
        self._config: Any = session.document.graph.to_config()
        self.boxes: dict[Ref, QComboBox] = {}
        self.resize(760, 440)
        column = dialog_column(self, tr("Map models"))
        self.words = QLabel(tr("Looking at the workflow…"))
        self.words.setWordWrap(True)
        column.addWidget(self.words)
        self.every = QComboBox()
        self.every.setAccessibleName(tr("One model for all"))
        self.every.activated.connect(self._choose_for_all)
        self._all = labelled(tr("One model for all"), self.every)
        column.addWidget(self._all)
        self.table = table(tr("The file says"), tr("Used by"), tr("Here it means"))
        self.table.setAccessibleName(tr("Models that are not set up here"))
        head = self.table.horizontalHeader()
        head.setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
        head.resizeSection(2, 280)
        column.addWidget(self.table, 1)
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        self.fault.hide()
        column.addWidget(self.fault)
        buttons = QDialogButtonBox()
        self.map = buttons.addButton(tr("Map"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.map.setProperty("kind", "primary")
        self.map.setEnabled(False)
        self._cancel = buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._map)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self._desk.changed.connect(self._ask)
        self._desk.failed.connect(self._tell)
        self._desk.load()

    def _ask(self) -> None:
        self._desk.changed.disconnect(self._ask)
        service, config = self._desk.service, self._config
        self._desk.run(lambda: by_name(service.unknown_models(config)), self._show, self._tell)

    def _tell(self, text: str) -> None:
        self.fault.setText(text)
        self.fault.show()

    def _show(self, groups: dict[Ref, list[UnknownModel]]) -> None:
        count = len(groups)
        self.words.setText(
            ntr(
                "{n} model of this workflow is not set up here. Choose what it means; the file stays as it is.",
                "{n} models of this workflow are not set up here. Choose what they mean; the file stays as it is.",
                count,
            )
            if count
            else tr("All models of this workflow are set up.")
        )
        fill_models(self.every, self._desk, self._desk.snapshot.known, None, tr("as chosen below"))
        for (provider, name), items in groups.items():
            row = self.table.rowCount()
            self.table.insertRow(row)
            said = QTableWidgetItem(f"{name}  ·  {provider}")
            said.setToolTip(f"{items[0].provider}\n{name}")
            self.table.setItem(row, 0, said)
            titles = ", ".join(dict.fromkeys(item.node_title or item.node_id for item in items))
            used = QTableWidgetItem(titles)
            used.setToolTip(titles)
            self.table.setItem(row, 1, used)
            box = model_box(self._desk, items[0].suggestion, tr("leave it"))
            box.setAccessibleName(tr("What {name} means", name=name))
            self.boxes[provider, name] = box
            self.table.setCellWidget(row, 2, box)
        self.map.setEnabled(bool(groups))
        for part in (self._all, self.table, self.map):
            part.setVisible(bool(groups))
        if groups:
            self.map.setFocus()
        else:
            self._cancel.setText(tr("Close"))
            self.resize(self.width(), self.minimumSizeHint().height())

    def _choose_for_all(self, index: int) -> None:
        if index:
            for box in self.boxes.values():
                box.setCurrentIndex(find_model(box, ModelRef(*self.every.itemData(index))))

    def _map(self) -> None:
        chosen = {source: ModelRef(*box.currentData()) for source, box in self.boxes.items() if box.currentData()}
        self.map.setEnabled(False)
        before = {key: target for key, target in self._desk.snapshot.aliases.items() if key in chosen}

        def done(_: object) -> None:
            meaning(self._session, chosen, before)
            self.accept()

        self._desk.change(lambda: self._desk.service.set_aliases(chosen), done)


def meaning(session: WorkflowSession, new: Mapping[Ref, ModelRef], old: Mapping[Ref, ModelRef]) -> None:
    """Names that were given a meaning are a step of the workflow that it was done from, to be taken back from there."""
    studio = session.studio

    def mean(mapping: Mapping[Ref, ModelRef], gone: Iterable[Ref]) -> None:
        def work() -> None:
            for provider, name in gone:
                studio.services.models.remove_alias(provider, name)
            studio.services.models.set_aliases(mapping)

        def done(_: None) -> None:
            studio.load_models()
            studio.runs.host.reload()

        studio.tasks.run(work, done=done)

    label = ntr("Map {n} model", "Map {n} models", len(new))
    session.steps.did(label, lambda: mean(old, [k for k in new if k not in old]), lambda: mean(new, ()))


def map_models(session: WorkflowSession, parent: QWidget) -> MappingDialog:
    """Open the dialog over a window."""
    dialog = MappingDialog(session, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog
