"""The models page of the settings: providers and their models, the model of new nodes, what names of files mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.model_mapping import AliasTable, fill_models, model_box
from editor.dialogs.models_desk import ModelsDesk, server_word
from editor.dialogs.provider_detail import ProviderDetail
from editor.dialogs.provider_form import ProviderDialog
from editor.i18n import tr
from editor.icons import icon
from engine.services.model_names import ModelRef
from engine.services.model_probe import FoundServer
from engine.services.models import ProviderView

if TYPE_CHECKING:
    from editor.context import Studio

ID = int(Qt.ItemDataRole.UserRole)


class ModelsPage(QWidget):
    """Everything is read and changed on other threads; the page shows the last snapshot."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.desk = ModelsDesk(studio, self)
        self._wanted = ""
        self._lines: list[QWidget] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 16, 0, 0)
        column.setSpacing(12)
        column.addLayout(self._default())
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self._providers())
        parts.addWidget(self._names())
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 1)
        column.addWidget(parts, 1)
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        self.fault.hide()
        column.addWidget(self.fault)
        self.desk.changed.connect(self._show)
        self.desk.found.connect(self._show_found)
        self.desk.failed.connect(self._tell)
        self.desk.load()
        self.desk.look()

    def _default(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        label = QLabel(tr("Model of new nodes"))
        self.default = model_box(self.desk, None, tr("none"))
        self.default.setAccessibleName(tr("Model of new nodes"))
        label.setBuddy(self.default)
        self.default.activated.connect(self._choose_default)
        row.addWidget(label)
        row.addWidget(self.default, 1)
        return row

    def _providers(self) -> QWidget:
        part = QWidget()
        row = QHBoxLayout(part)
        row.setContentsMargins(0, 0, 0, 12)
        row.setSpacing(0)
        left = QVBoxLayout()
        left.setSpacing(8)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Providers"))
        self.list.setFixedWidth(232)
        self.list.setIconSize(QSize(16, 16))
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(lambda *_: self._show_chosen())
        left.addWidget(self.list, 1)
        self.found = QVBoxLayout()
        self.found.setSpacing(4)
        left.addLayout(self.found)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        self.add = QPushButton(tr("Add a provider…"))
        self.add.setIcon(icon("plus", "text"))
        self.add.clicked.connect(lambda: self._open_form(None))
        self.look = QPushButton()
        self.look.setIcon(icon("search", "muted"))
        self.look.setProperty("kind", "icon")
        self.look.setToolTip(tr("Look for model servers on this machine"))
        self.look.setAccessibleName(self.look.toolTip())
        self.look.clicked.connect(self.desk.look)
        buttons.addWidget(self.add, 1)
        buttons.addWidget(self.look)
        left.addLayout(buttons)
        row.addLayout(left)
        self.detail = ProviderDetail(self.desk)
        self.detail.editWanted.connect(lambda: self._open_form(self.detail.view))
        self.detail.removeWanted.connect(self._remove)
        row.addWidget(self.detail, 1)
        return part

    def _names(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(8)
        title = QLabel(tr("Names of models in files"))
        title.setProperty("kind", "heading")
        column.addWidget(title)
        self.fallback = QCheckBox(tr("Answer with the model of new nodes where a file names one that is not set up"))
        self.fallback.clicked.connect(self._choose_fallback)
        column.addWidget(self.fallback)
        self.aliases = AliasTable(self.desk)
        column.addWidget(self.aliases, 1)
        return part

    # -- showing -----------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        snapshot = self.desk.snapshot
        self.fault.hide()
        fill_models(self.default, self.desk, snapshot.known, snapshot.default, tr("none"))
        self.fallback.setChecked(snapshot.fallback)
        chosen = self._wanted or self._chosen_id()
        self._wanted = ""
        self.list.blockSignals(True)
        self.list.clear()
        for view in snapshot.providers:
            item = QListWidgetItem(tr(view.label))
            name, colour, words = self._state(view)
            item.setIcon(icon(name, colour))
            item.setToolTip(f"{tr(view.label)}: {words}")
            item.setData(ID, view.id)
            self.list.addItem(item)
            if view.id == chosen:
                self.list.setCurrentItem(item)
        if self.list.currentRow() < 0 and self.list.count():
            self.list.setCurrentRow(0)
        self.list.blockSignals(False)
        self._show_chosen()

    def _state(self, view: ProviderView) -> tuple[str, str, str]:
        if not view.enabled:
            return "disabled", "faint", tr("not in use")
        if view.needs_key and not view.has_key:
            return "key", "warn", tr("no key yet")
        if view.kind == "embedded" and not self.desk.snapshot.has_embedded:
            return "warning", "warn", tr("not set up")
        return ("cpu", "muted", tr("on this machine")) if view.local else ("globe", "muted", tr("over the network"))

    def _chosen_id(self) -> str:
        return str(self.list.currentItem().data(ID)) if self.list.currentRow() >= 0 else ""

    def _show_chosen(self) -> None:
        view = self.desk.snapshot.provider(self._chosen_id())
        self.detail.setVisible(view is not None)
        if view is not None:
            self.detail.show_provider(view)

    def _show_found(self, servers: list[FoundServer]) -> None:
        for line in self._lines:
            line.hide()
            line.deleteLater()
        self._lines = []
        for server in servers:
            line = QWidget()
            row = QHBoxLayout(line)
            row.setContentsMargins(0, 0, 0, 0)
            words = QLabel(tr("Running: {server}", server=server_word(server)))
            words.setWordWrap(True)
            words.setProperty("kind", "muted")
            add = QPushButton(tr("Add"))
            add.setAccessibleName(tr("Add {server}", server=server_word(server)))
            add.clicked.connect(lambda _=False, s=server: self._add_found(s))
            row.addWidget(words, 1)
            row.addWidget(add)
            self.found.addWidget(line)
            self._lines.append(line)

    def _tell(self, text: str) -> None:
        self.fault.setText(text)
        self.fault.show()

    # -- doing -------------------------------------------------------------------------------------------------------

    def _choose_default(self, index: int) -> None:
        data, service = self.default.itemData(index), self.desk.service
        self.desk.change(lambda: service.set_default(ModelRef(*data) if data else None))

    def _choose_fallback(self, on: bool) -> None:
        service = self.desk.service
        self.desk.change(lambda: service.set_fallback(on))

    def _add_found(self, server: FoundServer) -> None:
        service = self.desk.service

        def work() -> str:
            provider = service.save_provider(server.kind, base_url=server.base_url)
            service.list_models(provider, refresh=True)
            return provider

        def then(provider: str) -> None:
            self._wanted = provider
            self.desk.look()

        self.desk.change(work, then)

    def _open_form(self, view: ProviderView | None) -> None:
        dialog = ProviderDialog(self.desk, self, view)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def saved() -> None:
            self._wanted = dialog.saved
            self.desk.change(lambda: None)

        dialog.accepted.connect(saved)
        dialog.open()

    def _remove(self) -> None:
        view, service = self.detail.view, self.desk.service
        if view is not None and self._studio.messages.confirm(
            tr("Remove {name}?", name=tr(view.label)), tr("Its key is forgotten."), tr("Remove"), danger=True
        ):
            self.desk.change(lambda: service.remove_provider(view.id))

    def close_down(self) -> None:
        """Give up what still runs; the settings are closing."""
        self.detail.close_down()
