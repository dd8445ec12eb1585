"""Settings of the window and of the workspace: look, language, models, network, mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.association_row import AssociationRow
from editor.dialogs.code_page import CodePage
from editor.dialogs.fitting import FittingDialog
from editor.dialogs.mail_page import MailPage
from editor.dialogs.models_page import ModelsPage
from editor.dialogs.parts import FieldColumn, dialog_column, scrolling
from editor.dialogs.tools_page import ToolsPage
from editor.i18n import language, set_language, tr
from editor.theme import set_motion, set_theme, theme_choice

if TYPE_CHECKING:
    from editor.context import Studio

EDGES = (0, 16, 0, 0)
FIELDS_WIDTH = 480
TEXT_SCALES = (1.0, 1.1, 1.25, 1.5, 1.75, 2.0)


class PreferencesDialog(FittingDialog):
    """Changes are in force at once; there is nothing to confirm."""

    def __init__(self, studio: Studio, parent: QWidget, page: str = "") -> None:
        """`page` names the one to begin with: "mail", or the first."""
        super().__init__(parent)
        self._studio = studio
        self.resize(860, 700)
        column = dialog_column(self, tr("Settings"))
        tabs = QTabWidget()
        tabs.addTab(self._look(), tr("Look"))
        self.models = ModelsPage(studio)
        tabs.addTab(self.models, tr("Models"))
        self.tools = ToolsPage(studio)
        tabs.addTab(self.tools, tr("Tools"))
        tabs.addTab(self._network(), tr("Network"))
        self.code = CodePage(studio)
        tabs.addTab(self.code, tr("Code"))
        self.mail = MailPage(studio)
        tabs.addTab(self.mail, tr("Mail"))
        tabs.addTab(self._runs(), tr("Runs"))
        if page == "mail":
            tabs.setCurrentWidget(self.mail)
        column.addWidget(tabs)
        buttons = QDialogButtonBox()
        close = buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        close.clicked.connect(self.accept)
        column.addWidget(buttons)

    def done(self, result: int) -> None:
        """Close; a test that runs is given up."""
        self.models.close_down()
        self.tools.close_down()
        self.code.close_down()
        self.mail.close_down()
        super().done(result)

    def _look(self) -> QWidget:
        page, fields = _page()
        preferences = self._studio.preferences

        def keep(name: str, then: Callable[[Any], Any]) -> Callable[[Any], None]:
            def chosen(value: Any) -> None:
                preferences.set(name, value)
                then(value)

            return chosen

        themes = {"system": tr("Like the system"), "dark": tr("Dark"), "light": tr("Light")}
        fields.add(tr("Theme"), _choice(tr("Theme"), themes, preferences.get("theme"), keep("theme", set_theme)))
        words = {"en": "English", "zh_CN": "简体中文"}
        fields.add(tr("Language"), _choice(tr("Language"), words, language(), keep("language", set_language)))
        sizes = {scale: f"{scale:.0%}" for scale in TEXT_SCALES}
        fields.add(
            tr("Text size"),
            _choice(
                tr("Text size"),
                sizes,
                preferences.get("text_scale"),
                keep("text_scale", lambda scale: set_theme(theme_choice(), text_scale=scale)),
            ),
        )
        motions = {None: tr("Like the system"), True: tr("Things may move"), False: tr("Nothing moves by itself")}
        fields.add(tr("Motion"), _choice(tr("Motion"), motions, preferences.get("motion"), keep("motion", set_motion)))
        self.association = AssociationRow(self._studio)
        fields.add(
            tr("Open workflows from the file manager with Penstock"),
            self.association,
            AssociationRow.help_text(),
        )
        where = QLineEdit(str(self._studio.services.data_dir))
        where.setReadOnly(True)
        where.setCursorPosition(0)
        where.setAccessibleName(tr("Workspace folder"))
        fields.add(tr("Workspace folder"), where, tr("Workflows, runs, versions and settings are kept here."))
        return page

    def _network(self) -> QWidget:
        page, fields = _page(stretch=False)
        rules = self._studio.services.settings.get("network", {}) or {}
        hosts = QPlainTextEdit("\n".join(rules.get("allow_hosts", [])))
        hosts.setAccessibleName(tr("Allowed hosts"))
        hosts.setPlaceholderText("localhost:8080\n*.example.internal\n10.0.0.0/8")
        hosts.setTabChangesFocus(True)

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
        fields.add(tr("Allowed hosts"), hosts, tr("Hosts in private networks that workflows may reach, one a line."))
        return page

    def _runs(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(*EDGES)
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


def _page(*, stretch: bool = True) -> tuple[QWidget, FieldColumn]:
    """A page with fields on top, no wider than is easy to read; with large text they may need to scroll."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(*EDGES)
    fields = FieldColumn()
    if stretch:
        fields.setMaximumWidth(FIELDS_WIDTH)
        column.addWidget(scrolling(fields))
    else:
        column.addWidget(fields)
    return page, fields


def _choice(name: str, words: Mapping[Any, str], present: Any, chosen: Callable[[Any], None]) -> QComboBox:
    """A choice that is in force as soon as it is made."""
    box = QComboBox()
    box.setAccessibleName(name)
    values = list(words)
    for value in values:
        box.addItem(words[value])
    box.setCurrentIndex(values.index(present) if present in values else 0)
    box.activated.connect(lambda index: chosen(values[index]))
    return box
