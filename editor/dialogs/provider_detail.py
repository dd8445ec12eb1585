"""The right side of the models page: one provider with its test, its models and what they can do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from editor.dialogs.models_desk import CAPABILITY, ModelsDesk, capabilities, tokens
from editor.enginetexts import told
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.theme import restyle
from engine.services.model_names import ModelInfo, ModelRef
from engine.services.model_probe import Attempt
from engine.services.model_setup import EmbeddedSetup
from engine.services.models import ProviderView, TestResult

NAME = int(Qt.ItemDataRole.UserRole)


class ProviderDetail(QWidget):
    """`editWanted` and `removeWanted` for the page, which owns dialogs and questions."""

    editWanted = Signal()
    removeWanted = Signal()
    _progressed = Signal(float)
    _read = Signal(float)

    def __init__(self, desk: ModelsDesk) -> None:
        super().__init__()
        self._desk = desk
        self.view: ProviderView | None = None
        self._attempt: Attempt | None = None
        self._setup: EmbeddedSetup | None = None
        self._filling = False
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 0, 0, 0)
        column.setSpacing(8)
        self._head(column)
        self._embedded(column)
        self._models(column)
        self._progressed.connect(lambda share: self.bar.setValue(round(share * 100)))
        self._read.connect(self._read_so_far)

    def _head(self, column: QVBoxLayout) -> None:
        first = QHBoxLayout()
        self.title = QLabel()
        self.title.setProperty("kind", "heading")
        first.addWidget(self.title, 1)
        self.on = QCheckBox(tr("In use"))
        self.on.setAccessibleName(tr("In use"))
        self.on.clicked.connect(self._enable)
        first.addWidget(self.on)
        column.addLayout(first)
        self.where = QLabel()
        self.where.setProperty("kind", "muted")
        self.where.setWordWrap(True)
        self.where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.where)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.test = QPushButton(tr("Test"))
        self.test.setToolTip(tr("Ask for its models, and let the chosen one say a word"))
        self.test.clicked.connect(self._test)
        self.edit = QPushButton(tr("Change…"))
        self.edit.clicked.connect(self.editWanted)
        self.remove = QPushButton(tr("Remove…"))
        self.remove.clicked.connect(self.removeWanted)
        self.use = QPushButton(tr("Use for new nodes"))
        self.use.setToolTip(tr("New nodes get the chosen model"))
        self.use.clicked.connect(self._use)
        for button in (self.test, self.use, self.edit, self.remove):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setAccessibleName(tr("Result of the test"))
        self.verdict.hide()
        column.addWidget(self.verdict)
        self.reading = QProgressBar()
        self.reading.setRange(0, 100)
        self.reading.setAccessibleName(tr("The model file is read"))
        self.reading.hide()
        column.addWidget(self.reading)

    def _embedded(self, column: QVBoxLayout) -> None:
        self.embedded = QWidget()
        row = QHBoxLayout(self.embedded)
        row.setContentsMargins(0, 0, 0, 0)
        self.set_up = QPushButton(tr("Set up the embedded model"))
        self.set_up.setProperty("kind", "primary")
        self.set_up.setToolTip(tr("Downloads about 90 MB"))
        self.set_up.clicked.connect(self._set_up)
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setAccessibleName(tr("Progress"))
        self.bar.hide()
        self.stop_set_up = QPushButton(tr("Cancel"))
        self.stop_set_up.clicked.connect(self._stop_set_up)
        self.stop_set_up.hide()
        row.addWidget(self.set_up)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop_set_up)
        row.addStretch(0)
        column.addWidget(self.embedded)

    def retell(self) -> None:
        """The words of the list, which another language may not tell apart."""
        self.models.setAccessibleName(tr("Models"))
        self.models.setHeaderLabels([tr("Model"), tr("Reads"), tr("Can do")])

    def _models(self, column: QVBoxLayout) -> None:
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(tr("Find a model"))
        self.filter.setAccessibleName(tr("Find a model"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._narrow)
        column.addWidget(self.filter)
        self.models = QTreeWidget()
        self.retell()
        self.models.setRootIsDecorated(False)
        self.models.setUniformRowHeights(True)
        header = self.models.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.models.itemChanged.connect(self._ticked)
        self.models.currentItemChanged.connect(lambda *_: self._offer_use())
        column.addWidget(self.models, 1)
        self.empty = QLabel(tr("No models are known yet: test the provider, or add one by its name."))
        self.empty.setProperty("kind", "muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        column.addWidget(self.empty, 1)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.add_model = QPushButton(tr("Add a model…"))
        self.add_model.setIcon(icon("plus", "text"))
        self.add_model.clicked.connect(self._add_model)
        self.all_on = QPushButton(tr("Offer all"))
        self.all_on.clicked.connect(lambda: self._all(on=True))
        self.all_off = QPushButton(tr("Offer none"))
        self.all_off.clicked.connect(lambda: self._all(on=False))
        for button in (self.add_model, self.all_on, self.all_off):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)

    # -- showing -----------------------------------------------------------------------------------------------------

    def show_provider(self, view: ProviderView) -> None:
        """Show a provider with what the snapshot knows of it."""
        other = self.view is None or self.view.id != view.id
        self.view = view
        if other:
            self.stop()
            self.verdict.hide()
            self.filter.clear()
        is_embedded = view.kind == "embedded"
        self.title.setText(tr(view.label))
        self.on.setChecked(view.enabled)
        self.where.setText(tr(view.note) if view.note else "  ·  ".join(self._facts(view)))
        self.edit.setEnabled(not is_embedded)
        self.remove.setEnabled(not is_embedded)
        missing = is_embedded and not self._desk.snapshot.has_embedded
        self.embedded.setVisible(missing or self._setup is not None)
        self.test.setEnabled(not missing)
        self.add_model.setEnabled(view.kind not in ("embedded", "gguf"))
        self._fill(self._desk.snapshot.models.get(view.id, []))

    def _facts(self, view: ProviderView) -> list[str]:
        found = [view.base_url] if view.base_url else []
        if view.kind == "gguf":
            found.append(str(view.options.get("path") or ""))
        elif view.has_key:
            found.append(tr("key kept"))
        elif view.needs_key:
            found.append(tr("no key yet"))
        if view.headers:
            found.append(tr("headers: {names}", names=", ".join(view.headers)))
        return found

    def _fill(self, rows: list[tuple[ModelInfo, bool]]) -> None:
        chosen = self.chosen()
        self._filling = True
        self.models.clear()
        for info, on in rows:
            words = ", ".join(tr(CAPABILITY[key]) for key in capabilities(info)) or tr("Text")
            item = QTreeWidgetItem([info.ref.name, tokens(info.context_size), words])
            item.setData(0, NAME, info.ref.name)
            item.setCheckState(0, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            item.setToolTip(0, tr("Offered in pickers") if on else tr("Not offered in pickers"))
            self.models.addTopLevelItem(item)
            if info.ref.name == chosen:
                self.models.setCurrentItem(item)
        self._filling = False
        only = self.models.topLevelItem(0) if len(rows) == 1 else None
        if only is not None and self.view is not None and self.view.local:
            self.models.setCurrentItem(only)
        self._offer_use()
        self._narrow()
        self.models.setVisible(bool(rows))
        self.filter.setVisible(len(rows) > 8)
        self.empty.setVisible(not rows)
        self.all_on.setVisible(len(rows) > 1)
        self.all_off.setVisible(len(rows) > 1)

    def chosen(self) -> str:
        """The chosen model's name."""
        item = self.models.currentItem()
        return str(item.data(0, NAME)) if item is not None else ""

    def _narrow(self) -> None:
        wanted = self.filter.text().strip().lower()
        for index in range(self.models.topLevelItemCount()):
            item = self.models.topLevelItem(index)
            if item is not None:
                item.setHidden(wanted not in item.text(0).lower())

    # -- doing -------------------------------------------------------------------------------------------------------

    def _id(self) -> str:
        assert self.view is not None
        return self.view.id

    def _ref(self) -> ModelRef | None:
        """The chosen model."""
        return ModelRef(self._id(), self.chosen()) if self.view is not None and self.chosen() else None

    def _offer_use(self) -> None:
        ref, present = self._ref(), self._desk.snapshot.default
        same = ref is not None and present is not None and (ref.provider, ref.name) == (present.provider, present.name)
        self.use.setEnabled(ref is not None and not same)

    def _use(self) -> None:
        ref, service = self._ref(), self._desk.service
        if ref is not None:
            self._desk.change(lambda: service.set_default(ref))

    def _enable(self, on: bool) -> None:
        provider, service = self._id(), self._desk.service
        self._desk.change(lambda: service.enable_provider(provider, on=on))

    def _ticked(self, item: QTreeWidgetItem, column: int) -> None:
        if self._filling or column:
            return
        name, on = str(item.data(0, NAME)), item.checkState(0) == Qt.CheckState.Checked
        provider, service = self._id(), self._desk.service
        self._desk.change(lambda: service.enable_models(provider, [name], on=on))

    def _all(self, *, on: bool) -> None:
        rows = [self.models.topLevelItem(i) for i in range(self.models.topLevelItemCount())]
        names = [str(r.data(0, NAME)) for r in rows if r is not None and not r.isHidden()]
        provider, service = self._id(), self._desk.service
        self._desk.change(lambda: service.enable_models(provider, names, on=on))

    def _add_model(self) -> None:
        provider, service = self._id(), self._desk.service

        def ask(names: tuple[str, ...]) -> None:
            known = {info.ref.name for info, _ in self._desk.snapshot.models.get(provider, [])}
            dialog = QInputDialog(self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.setWindowTitle(tr("Add a model"))
            dialog.setLabelText(tr("Its name, as the provider spells it:"))
            dialog.setOkButtonText(tr("Add"))
            dialog.setCancelButtonText(tr("Cancel"))
            dialog.setComboBoxItems([n for n in names if n not in known] or [""])
            dialog.setComboBoxEditable(True)
            dialog.setTextValue("")
            dialog.textValueSelected.connect(
                lambda name: self._desk.change(lambda: service.add_model(provider, name)) if name.strip() else None
            )
            dialog.open()

        self._desk.run(lambda: service.suggested_models(provider), ask, self._tell_bad)

    def _test(self) -> None:
        if self._attempt is not None:
            self._attempt.stop()
            self.test.setEnabled(False)
            return
        provider, service = self._id(), self._desk.service
        attempt = self._attempt = Attempt()
        model = self.chosen()
        self.test.setText(tr("Stop"))
        self._say(tr("Testing…"), "muted")
        is_file = self.view is not None and self.view.kind == "gguf"
        self.reading.setRange(0, 100)
        self.reading.setValue(0)
        self.reading.setVisible(is_file)

        def progressed(share: float) -> None:
            if isValid(self) and attempt is self._attempt:
                self._read.emit(share)

        self._desk.change(
            lambda: service.test(provider, model, attempt, progressed), lambda result: self._tested(attempt, result)
        )

    def _read_so_far(self, share: float) -> None:
        self.reading.setValue(round(share * 100))
        if share >= 1.0 and self._attempt is not None:
            self.reading.setRange(0, 0)  # what is left has no measure: the model is set up in memory, and speaks
            self._say(tr("Loading the model…"), "muted")

    def _tested(self, attempt: Attempt, result: TestResult) -> None:
        if attempt is not self._attempt:
            return
        self._idle()
        seconds = tr("{seconds} s", seconds=f"{result.seconds:.1f}")
        if result.ok and not self.chosen():
            text = ntr("Connected; {n} model.", "Connected; {n} models.", len(result.models))
        else:
            text = told(result.message)
        self._say(f"{text} ({seconds}) {told(result.hint)}".strip(), "good" if result.ok else "bad")

    def _idle(self) -> None:
        self._attempt = None
        self.reading.hide()
        self.test.setText(tr("Test"))
        self.test.setEnabled(True)

    def _say(self, text: str, kind: str) -> None:
        self.verdict.setText(text)
        restyle(self.verdict, kind=kind)
        self.verdict.show()

    def _tell_bad(self, text: str) -> None:
        self._say(text, "bad")

    def _set_up(self) -> None:
        setup = self._setup = EmbeddedSetup()
        service = self._desk.service
        self.set_up.hide()
        self.bar.setValue(0)
        self.bar.show()
        self.stop_set_up.setEnabled(True)
        self.stop_set_up.show()

        def progressed(share: float) -> None:
            if isValid(self):
                self._progressed.emit(share)

        def done(finished: bool) -> None:
            self._end_set_up()
            self._say(
                tr("The embedded model is ready.") if finished else tr("Stopped."), "good" if finished else "muted"
            )
            self._desk.load()
            self._desk.studio.load_models()
            self._desk.studio.runs.host.reload()

        def failed(text: str) -> None:
            self._end_set_up()
            self._tell_bad(text)

        self._desk.run(lambda: service.set_up_embedded(setup, progressed), done, failed)

    def _end_set_up(self) -> None:
        self._setup = None
        self.bar.hide()
        self.stop_set_up.hide()
        self.set_up.show()

    def _stop_set_up(self) -> None:
        if self._setup is not None:
            self.stop_set_up.setEnabled(False)
            self._setup.stop()

    def stop(self) -> None:
        """Give up a test that runs; another provider is shown, or the page closes."""
        if self._attempt is not None:
            self._attempt.stop()
            self._idle()

    def close_down(self) -> None:
        """Give up everything that runs."""
        self.stop()
        if self._setup is not None:
            self._setup.stop()
