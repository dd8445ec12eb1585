"""Settings of the window and of the workspace: look, language, models, network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.tools_page import ToolsPage
from editor.i18n import language, set_language, tr
from editor.icons import icon
from editor.theme import set_theme

if TYPE_CHECKING:
    from editor.context import Studio


class PreferencesDialog(QDialog):
    """Changes are in force at once; there is nothing to confirm."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setWindowTitle(tr("Settings"))
        self.resize(620, 480)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        tabs = QTabWidget()
        tabs.addTab(self._look(), tr("Look"))
        tabs.addTab(self._models(), tr("Models"))
        tabs.addTab(ToolsPage(studio), tr("Tools"))
        tabs.addTab(self._network(), tr("Network"))
        tabs.addTab(self._runs(), tr("Runs"))
        column.addWidget(tabs)
        buttons = QDialogButtonBox()
        close = buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        close.clicked.connect(self.accept)
        column.addWidget(buttons)

    def _look(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(16, 16, 16, 16)
        form.setSpacing(12)
        preferences = self._studio.preferences
        theme_box = QComboBox()
        theme_box.setAccessibleName(tr("Theme"))
        for value, word in (("system", tr("Like the system")), ("dark", tr("Dark")), ("light", tr("Light"))):
            theme_box.addItem(word, value)
        theme_box.setCurrentIndex(max(0, theme_box.findData(preferences.get("theme"))))

        def theme_chosen(index: int) -> None:
            preferences.set("theme", theme_box.itemData(index))
            set_theme(theme_box.itemData(index))

        theme_box.activated.connect(theme_chosen)
        form.addRow(tr("Theme"), theme_box)
        words = QComboBox()
        words.setAccessibleName(tr("Language"))
        words.addItem("English", "en")
        words.addItem("简体中文", "zh_CN")
        words.setCurrentIndex(max(0, words.findData(language())))

        def language_chosen(index: int) -> None:
            preferences.set("language", words.itemData(index))
            set_language(words.itemData(index))

        words.activated.connect(language_chosen)
        form.addRow(tr("Language"), words)
        where = QLabel(str(self._studio.services.data_dir))
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        where.setWordWrap(True)
        form.addRow(tr("Workspace folder"), where)
        return page

    def _models(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        models = self._studio.services.models
        self.providers = QListWidget()
        self.providers.setAccessibleName(tr("Providers"))
        column.addWidget(self.providers)
        row = QHBoxLayout()
        add = QPushButton(tr("Add a provider"))
        add.setIcon(icon("plus", "text"))
        add.clicked.connect(self._add_provider)
        test = QPushButton(tr("Test"))
        test.clicked.connect(self._test_provider)
        remove = QPushButton(tr("Remove"))
        remove.clicked.connect(self._remove_provider)
        for button in (add, test, remove):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        column.addWidget(self.verdict)
        fallback = QCheckBox(tr("Answer with the default model where a file names one that is not set up"))
        fallback.setChecked(bool(models.fallback()))
        fallback.clicked.connect(self._fallback)
        column.addWidget(fallback)
        self._fill_providers()
        return page

    def _fill_providers(self) -> None:
        self.providers.clear()
        self._views = self._studio.services.models.providers()
        for view in self._views:
            self.providers.addItem(f"{view.label}   {view.base_url or view.note}".strip())

    def _changed(self) -> None:
        self._studio.load_models()
        self._studio.runs.host.reload()

    def _fallback(self, on: bool) -> None:
        self._studio.services.models.set_fallback(on)
        self._changed()

    def _add_provider(self) -> None:
        dialog = ProviderDialog(self._studio, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._fill_providers)
        dialog.accepted.connect(self._changed)
        dialog.open()

    def _selected(self) -> Any:
        row = self.providers.currentRow()
        return self._views[row] if 0 <= row < len(self._views) else None

    def _test_provider(self) -> None:
        view = self._selected()
        if view is None:
            return
        self.verdict.setText(tr("Testing…"))
        self._studio.tasks.run(
            self._studio.services.models.test,
            view.id,
            done=lambda result: self.verdict.setText(f"{result.message} {result.hint}".strip()),
            failed=lambda error: self.verdict.setText(str(error)),
            key="test provider",
        )

    def _remove_provider(self) -> None:
        view = self._selected()
        if view is not None and self._studio.messages.confirm(
            tr("Remove this provider?"), tr("Its key is forgotten."), tr("Remove"), danger=True
        ):
            self._studio.services.models.remove_provider(view.id)
            self._fill_providers()
            self._changed()

    def _network(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 16, 16, 16)
        column.addWidget(QLabel(tr("Hosts in private networks that workflows may reach, one a line:")))
        rules = self._studio.services.settings.get("network", {}) or {}
        hosts = QPlainTextEdit("\n".join(rules.get("allow_hosts", [])))
        hosts.setAccessibleName(tr("Allowed hosts"))
        hosts.setPlaceholderText("localhost:8080\n*.example.internal\n10.0.0.0/8")

        def changed() -> None:
            found = [line.strip() for line in hosts.toPlainText().splitlines() if line.strip()]
            self._studio.tasks.run(
                self._studio.services.settings.set,
                "network",
                {**rules, "allow_hosts": found},
                done=lambda _: self._studio.runs.host.reload(),
                key="network",
            )

        hosts.textChanged.connect(changed)
        column.addWidget(hosts)
        return page

    def _runs(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        settings = self._studio.services.settings
        strict = QCheckBox(tr("Strict upstream: behave as Dify where Penstock is better on purpose"))
        strict.setAccessibleName(tr("Strict upstream"))
        strict.setChecked(bool(settings.get("strict_upstream", False)))
        strict.clicked.connect(
            lambda on: self._studio.tasks.run(settings.set, "strict_upstream", on, key="strict_upstream")
        )
        column.addWidget(strict)
        words = QLabel(
            tr(
                "It covers texts such as 1e+5 that code returns, captions without a speaker, the dot of file "
                "extensions in list filters, and variables inside JSON texts of HTTP requests."
            )
        )
        words.setProperty("kind", "small")
        words.setWordWrap(True)
        column.addWidget(words)
        column.addStretch(1)
        return page


class ProviderDialog(QDialog):
    """One provider: its kind, address and key."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setWindowTitle(tr("Provider"))
        self.setMinimumWidth(420)
        column = QVBoxLayout(self)
        form = QFormLayout()
        form.setSpacing(12)
        self.kind = QComboBox()
        for kind in studio.services.models.kinds():
            self.kind.addItem(kind.label, kind.id)
        self.base = QLineEdit()
        self.base.setPlaceholderText("https://api.example.com/v1")
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        form.addRow(tr("Kind"), self.kind)
        form.addRow(tr("Address"), self.base)
        form.addRow(tr("Key"), self.key)
        column.addLayout(form)
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        column.addWidget(self.fault)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Save).setText(tr("Save"))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        buttons.accepted.connect(self._save)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def _save(self) -> None:
        from engine.errors import PenstockError

        try:
            self._studio.services.models.save_provider(
                kind=str(self.kind.currentData()), base_url=self.base.text().strip(), api_key=self.key.text().strip()
            )
        except PenstockError as error:
            self.fault.setText(str(error))
            return
        self.accept()
