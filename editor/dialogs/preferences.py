"""Settings of the window and of the workspace: look, language, models, network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QPlainTextEdit,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.models_page import ModelsPage
from editor.dialogs.tools_page import ToolsPage
from editor.i18n import language, set_language, tr
from editor.theme import set_theme

if TYPE_CHECKING:
    from editor.context import Studio


class PreferencesDialog(QDialog):
    """Changes are in force at once; there is nothing to confirm."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setWindowTitle(tr("Settings"))
        self.resize(860, 680)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        tabs = QTabWidget()
        tabs.addTab(self._look(), tr("Look"))
        self.models = ModelsPage(studio)
        tabs.addTab(self.models, tr("Models"))
        tabs.addTab(ToolsPage(studio), tr("Tools"))
        tabs.addTab(self._network(), tr("Network"))
        tabs.addTab(self._runs(), tr("Runs"))
        column.addWidget(tabs)
        buttons = QDialogButtonBox()
        close = buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        close.clicked.connect(self.accept)
        column.addWidget(buttons)

    def done(self, result: int) -> None:
        """Close; a test that runs is given up."""
        self.models.close_down()
        super().done(result)

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
