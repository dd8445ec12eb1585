"""Adding a provider of models, or changing one: kind, address, key, headers, patience. A stored key is never shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.models_desk import ModelsDesk
from editor.dialogs.parts import FieldColumn, dialog_column, side_by_side
from editor.enginetexts import told
from editor.i18n import tr
from editor.theme import restyle

if TYPE_CHECKING:
    from engine.services.models import GgufFacts, ProviderView

PATIENCE = 180
CONTEXT = 8192


class ProviderDialog(FittingDialog):
    """Accepted once the provider is stored; `saved` is its id."""

    def __init__(self, desk: ModelsDesk, parent: QWidget, view: ProviderView | None = None) -> None:
        super().__init__(parent)
        self._desk, self._view = desk, view
        self.saved = ""
        self._looked_at = self._file_name = ""
        self.setMinimumWidth(480)
        column = dialog_column(self, tr("Provider") if view else tr("Add a provider"))
        self.form = FieldColumn()
        column.addWidget(self.form)
        self._fields()
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        self.fault.hide()
        column.addWidget(self.fault)
        self.buttons = QDialogButtonBox()
        self.save = self.buttons.addButton(tr("Save"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.save.setProperty("kind", "primary")
        self.buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.accepted.connect(self._save)
        self.buttons.rejected.connect(self.reject)
        column.addWidget(self.buttons)
        self._kind_changed()

    def _fields(self) -> None:
        view, options = self._view, dict(self._view.options) if self._view else {}
        self.kind = QComboBox()
        for kind in self._desk.service.kinds():
            if kind.id != "embedded" or (view and view.kind == "embedded"):
                self.kind.addItem(tr(kind.label), kind.id)
        if view:
            self.kind.setCurrentIndex(self.kind.findData(view.kind))
            self.kind.setEnabled(False)
        self.kind.activated.connect(lambda _: self._kind_changed())
        self.label = QLineEdit(view.label if view else "")
        self.base = QLineEdit(view.base_url if view else "")
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        if view and view.has_key:
            self.key.setPlaceholderText(tr("A key is kept; type to replace it"))
        self.headers = QPlainTextEdit()
        self.headers.setFixedHeight(64)
        self.headers.setTabChangesFocus(True)
        shown = ", ".join(view.headers) if view else ""
        self.headers.setPlaceholderText(tr("Kept: {names}", names=shown) if shown else "X-Team: blue")
        self.version = QLineEdit(str(options.get("api_version") or ""))
        self.version.setPlaceholderText("2024-10-21")
        self.path = QLineEdit(str(options.get("path") or ""))
        choose = QPushButton(tr("Choose…"))
        choose.clicked.connect(self._choose)
        self.file_row = side_by_side(self.path, choose)
        self.path.editingFinished.connect(self._look_at_file)
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setAccessibleName(tr("About the model file"))
        self.context = QSpinBox()
        self.context.setRange(512, 1_000_000)
        self.context.setSingleStep(1024)
        self.context.setValue(int(options.get("context_size") or 8192))
        self.patience = QSpinBox()
        self.patience.setRange(5, 3600)
        self.patience.setSuffix(" s")
        self.patience.setValue(int(float(options.get("read_seconds") or PATIENCE)))
        for text, widget, named in (
            (tr("Kind"), self.kind, self.kind),
            (tr("Name"), self.label, self.label),
            (tr("Address"), self.base, self.base),
            (tr("Key"), self.key, self.key),
            (tr("Model file"), self.file_row, self.path),
            ("", self.about, self.about),
            (tr("Context size"), self.context, self.context),
            (tr("API version"), self.version, self.version),
            (tr("Headers"), self.headers, self.headers),
            (tr("Longest wait"), self.patience, self.patience),
        ):
            if text:
                named.setAccessibleName(text)
            self.form.add(text, widget)
        self.help = QLabel()
        self.help.setOpenExternalLinks(True)
        self.form.add("", self.help)

    def _kind_changed(self) -> None:
        """Show what this kind needs."""
        kind = next(k for k in self._desk.service.kinds() if k.id == self.kind.currentData())
        inside = kind.protocol in ("embedded", "gguf")
        for widget, shown in (
            (self.base, not inside),
            (self.key, not inside),
            (self.headers, not inside),
            (self.patience, not inside),
            (self.file_row, kind.protocol == "gguf"),
            (self.about, kind.protocol == "gguf" and bool(self.about.text())),
            (self.context, inside),
            (self.version, kind.protocol == "azure"),
        ):
            self.form.show_row(widget, shown)
        self.label.setPlaceholderText(tr(kind.label))
        self.base.setPlaceholderText(
            kind.base_url
            or ("https://NAME.openai.azure.com" if kind.protocol == "azure" else "https://api.example.com/v1")
        )
        self.help.setText(f'<a href="{kind.help_url}">{tr("Get a key")}</a>' if kind.help_url else "")
        self.form.show_row(self.help, bool(kind.help_url))
        self.adjustSize()

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("Model file"), self.path.text(), "GGUF (*.gguf)")
        if name:
            self.path.setText(name)
            self._look_at_file()

    def _look_at_file(self) -> None:
        """Say what the file holds, and propose its name and how much it reads."""
        text = self.path.text().strip()
        if not text or text == self._looked_at:
            return
        self._looked_at = text

        def done(facts: GgufFacts) -> None:
            if self.path.text().strip() != text:
                return
            about = [facts.name, facts.architecture, facts.size_label, f"{facts.size / 1e6:,.0f} MB"]
            if facts.context:
                about.append(tr("reads {count} tokens", count=f"{facts.context:,}"))
                self.context.setMaximum(facts.context)
                if self._view is None:
                    self.context.setValue(min(facts.context, CONTEXT))
            if not facts.has_template:
                about.append(tr("has no chat template"))
            self._say_about("  ·  ".join(word for word in about if word), "small")
            self.label.setPlaceholderText(facts.name)
            self._file_name = facts.name

        self._desk.run(
            lambda: self._desk.service.describe_file(Path(text).expanduser()),
            done,
            lambda words: self._say_about(words, "bad"),
        )

    def _say_about(self, words: str, kind: str) -> None:
        restyle(self.about, kind=kind)
        self.about.setText(words)
        self.form.show_row(self.about, True)
        self.adjustSize()

    # -- saving ------------------------------------------------------------------------------------------------------

    def _save(self) -> None:
        try:
            work = self._work()
        except ValueError as problem:
            self._tell(told(problem))
            return
        self.save.setEnabled(False)

        def done(provider_id: str) -> None:
            self.saved = provider_id
            self.accept()

        self._desk.run(work, done, self._tell)

    def _tell(self, text: str) -> None:
        self.save.setEnabled(True)
        self.fault.setText(text)
        self.fault.show()

    def _work(self) -> Callable[[], str]:
        """What stores the fields, with everything read from the widgets now. Raises ValueError."""
        view, kind = self._view, str(self.kind.currentData())
        options: dict[str, Any] = dict(view.options) if view else {}
        if kind == "gguf":
            path = Path(self.path.text().strip()).expanduser()
            if not path.is_file():
                raise ValueError(tr("There is no model file at {path}.", path=path))
            options["path"] = str(path)
        if kind in ("gguf", "embedded"):
            options["context_size"] = self.context.value()
        elif self.patience.value() != PATIENCE or "read_seconds" in options:
            options["read_seconds"] = self.patience.value()
        if self.version.text().strip() or "api_version" in options:
            options["api_version"] = self.version.text().strip()
        key = self.key.text().strip()
        headers = self._headers()
        label = self.label.text().strip()
        if kind == "gguf" and not label:
            label = self._file_name or Path(options["path"]).stem
        base = self.base.text().strip()
        service = self._desk.service
        return lambda: service.save_provider(
            kind,
            provider_id=view.id if view else "",
            label=label,
            base_url=base,
            api_key=key or None,
            headers=headers,
            options=options,
            enabled=view.enabled if view else True,
        )

    def _headers(self) -> dict[str, str] | None:
        found = {}
        for line in self.headers.toPlainText().splitlines():
            if not line.strip():
                continue
            name, sign, value = line.partition(":")
            if not sign or not name.strip():
                raise ValueError(tr("A header must have the form Name: value."))
            found[name.strip()] = value.strip()
        return found or None
