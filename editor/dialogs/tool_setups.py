"""The dialogs that set tools up: an API, an MCP server, an account at a provider, a workflow as a tool. Each adds, or
changes what is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import FieldColumn, dialog_column, side_by_side
from editor.enginetexts import told, told_with_hint
from editor.i18n import tr
from editor.panels.parts import Words, focus_first
from engine.services.tool_accounts import MASK

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.services.tool_snapshot import Account, ToolGroup
    from engine.services.tools import ApiView
    from engine.services.workflow_tools import WorkflowTool

AUTH = {
    "none": "No key",
    "bearer": "Bearer key",
    "api_key_header": "Key in a header",
    "api_key_query": "Key in the address",
    "basic": "User and password",
}
PREFIXES = {"custom": "As it is", "bearer": "Bearer", "basic": "Basic"}
TRANSPORTS = {"stdio": "Program on this machine", "http": "Address (streamable HTTP)", "sse": "Address (SSE, older)"}
KEPT = "unchanged"


def pairs_of(text: str) -> dict[str, str | None]:
    """NAME=VALUE lines; a masked value means the one that is kept."""
    lines = [line.partition("=") for line in text.splitlines() if "=" in line]
    return {n.strip(): None if v.strip() == MASK else v.strip() for n, _, v in lines if n.strip()}


class SetupDialog(FittingDialog):
    """Fields, a place for what is wrong, Save and Cancel; saving happens in the background."""

    def __init__(self, studio: Studio, parent: QWidget, title: str) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setMinimumWidth(520)
        column = dialog_column(self, title)
        self.form = FieldColumn()
        column.addWidget(self.form)
        self.fault = Words(kind="bad")
        column.addWidget(self.fault)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.save = buttons.button(QDialogButtonBox.StandardButton.Save)
        self.save.setText(tr("Save"))
        self.save.setProperty("kind", "primary")
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        buttons.accepted.connect(self._save)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def field(self, label: str, hint: str = "", *, secret: bool = False, help_text: str = "") -> QLineEdit:
        """A line with a label."""
        box = QLineEdit()
        box.setAccessibleName(label)
        box.setPlaceholderText(hint)
        box.setToolTip(hint)
        if secret:
            box.setEchoMode(QLineEdit.EchoMode.Password)
        self.form.add(label, box, help_text)
        return box

    def lines(self, label: str, hint: str, rows: int = 3) -> QPlainTextEdit:
        """Several lines with a label."""
        box = QPlainTextEdit()
        box.setAccessibleName(label)
        box.setPlaceholderText(hint)
        box.setTabChangesFocus(True)
        box.setFixedHeight(rows * box.fontMetrics().lineSpacing() + 20)
        self.form.add(label, box)
        return box

    def choice(self, label: str, words: dict[str, str]) -> QComboBox:
        """A choice with a label."""
        box = QComboBox()
        box.setAccessibleName(label)
        for value, text in words.items():
            box.addItem(tr(text), value)
        self.form.add(label, box)
        return box

    def showEvent(self, event: QShowEvent) -> None:
        """Begin with the first field."""
        super().showEvent(event)
        focus_first(self.form)

    def show_row(self, field: QWidget, shown: bool) -> None:
        """Show a field with its label, or not."""
        self.form.show_row(field, shown)

    def _save(self) -> None:
        self.save.setEnabled(False)
        self.fault.setText("")
        self._studio.tasks.run(self.work(), done=self._saved, failed=self._failed, key="tool setup")

    def work(self) -> Callable[[], Any]:
        """What saving does, with the values of now; runs in the background."""
        raise NotImplementedError

    def _saved(self, result: Any) -> None:
        self.result_value = result
        self.accept()

    def _failed(self, error: Exception) -> None:
        self.save.setEnabled(True)
        self.fault.setText(told_with_hint(error, "\n"))


class ApiDialog(SetupDialog):
    """An OpenAPI document from a file, an address or the clipboard; `view` is the one that is changed."""

    def __init__(self, studio: Studio, parent: QWidget, view: ApiView | None = None) -> None:
        super().__init__(studio, parent, tr("Change the API") if view else tr("Import OpenAPI"))
        self._view = view
        self.source = QLineEdit()
        self.source.setAccessibleName(tr("File or address"))
        self.source.setPlaceholderText("https://example.com/openapi.json")
        self.source.setToolTip(self.source.placeholderText())
        browse = QPushButton(tr("Browse…"))
        browse.clicked.connect(self._browse)
        parts: list[QWidget] = [self.source, browse]
        if view is not None and view.found_at:
            again = QPushButton(tr("Read again"))
            again.setToolTip(view.found_at)
            again.clicked.connect(lambda: self.source.setText(view.found_at))
            parts.append(again)
        self.form.add(tr("New file or address") if view else tr("File or address"), side_by_side(*parts))
        self.text = self.lines(tr("Its text") if view else tr("Or its text"), "", 7)
        self.name = self.field(tr("Name"), tr("The title of the document"))
        self.server = self.field(tr("Address"), tr("The address in the document"))
        self.auth = self.choice(tr("Key"), AUTH)
        self.auth_name = self.field(tr("Name of the header or of the parameter"), "X-Api-Key")
        self.prefix = self.choice(tr("Written as"), PREFIXES)
        self.secret = self.field(tr("Secret"), secret=True)
        self.headers = self.lines(tr("Headers of every call"), "NAME=VALUE", 2)
        self.auth.currentIndexChanged.connect(lambda _: self._auth_changed())
        if view is not None:
            self._show(view)
        self._auth_changed()

    def _show(self, view: ApiView) -> None:
        self.text.setPlainText(view.text)
        self.name.setText(view.name)
        self.server.setText(view.server)
        self.auth.setCurrentIndex(max(self.auth.findData(view.auth), 0))
        self.auth_name.setText(view.auth_name)
        self.prefix.setCurrentIndex(max(self.prefix.findData(view.auth_prefix), 0))
        self.headers.setPlainText("\n".join(f"{name}={MASK}" for name in view.headers))

    def _auth_changed(self) -> None:
        kind = str(self.auth.currentData())
        self.show_row(self.auth_name, kind in ("api_key_header", "api_key_query"))
        self.show_row(self.prefix, kind == "api_key_header")
        self.show_row(self.secret, kind != "none")
        kept = self._view is not None and self._view.has_secret and self._view.auth == kind
        self.secret.setPlaceholderText(tr(KEPT) if kept else tr("user:password") if kind == "basic" else "")

    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Import OpenAPI"), "", "OpenAPI (*.json *.yaml *.yml)")
        if path:
            self.source.setText(path)

    def work(self) -> Callable[[], Any]:
        tools, place, text = self._studio.services.tools, self.source.text().strip(), self.text.toPlainText()
        given: dict[str, Any] = {
            "name": self.name.text(),
            "auth": str(self.auth.currentData()),
            "auth_name": self.auth_name.text().strip(),
            "auth_prefix": str(self.prefix.currentData()),
            "secret": self.secret.text().strip(),
            "server": self.server.text().strip(),
            "headers": pairs_of(self.headers.toPlainText()),
            "api_id": self._view.id if self._view is not None else "",
        }
        first = place if self._view is not None else ""  # a new source wins over the text of before

        def save() -> Any:
            found_at = place if place.startswith(("http://", "https://")) else ""
            if text.strip() and not first:
                document = text
            elif found_at:
                document = tools.fetch_document(found_at)
            else:
                document = _file_text(place)
            return tools.import_openapi(document, found_at=found_at, **given)

        return save


def _file_text(place: str) -> str:
    """The text of a file. Raises UserError."""
    from engine.errors import UserError

    if not place:
        raise UserError(tr("Give a file, an address or the text of the document."), code="tools.no_document")
    try:
        return Path(place).read_text("utf-8-sig", "replace")
    except OSError as problem:
        words = tr("{file} cannot be read: {reason}", file=place, reason=told(problem.strerror or str(problem)))
        raise UserError(words, code="tools.no_document") from problem


class ServerDialog(SetupDialog):
    """An MCP server: a program of this machine, or an address; `row` is the one that is changed."""

    def __init__(self, studio: Studio, parent: QWidget, row: dict[str, Any] | None = None) -> None:
        super().__init__(studio, parent, tr("MCP server"))
        self._row = row
        self.name = self.field(tr("Name"))
        self.transport = self.choice(tr("Connection"), TRANSPORTS)
        self.command = self.field(tr("Command"), "npx -y @modelcontextprotocol/server-filesystem /folder")
        self.folder = self.field(tr("Folder"), tr("Where the program is started"))
        self.url = self.field(tr("Address"), "https://example.com/mcp")
        self.signs_in = QCheckBox(tr("The server asks to be signed in to (OAuth)"))
        self.signs_in.setAccessibleName(self.signs_in.text())
        self.form.add("", self.signs_in)
        self.headers = self.lines(tr("Headers"), "Authorization=Bearer …")
        self.environment = self.lines(tr("Environment"), "NAME=VALUE")
        self.seconds = self.field(tr("Longest call in seconds"), "60")
        if row is not None:
            self._show(row)
        self.transport.currentIndexChanged.connect(lambda _: self._transport_changed())
        self._transport_changed()

    def _show(self, row: dict[str, Any]) -> None:
        import shlex

        self.name.setText(row["name"])
        self.transport.setCurrentIndex(max(self.transport.findData(row["transport"]), 0))
        words = [word for word in (row.get("command"), *(row.get("arguments") or ())) if word]
        self.command.setText(shlex.join(words))
        self.folder.setText(row.get("folder") or "")
        self.url.setText(row.get("url") or "")
        self.signs_in.setChecked(bool(row.get("signs_in")))
        self.headers.setPlainText("\n".join(f"{n}={MASK}" for n in row.get("header_names") or ()))
        self.environment.setPlainText("\n".join(f"{n}={MASK}" for n in row.get("environment_names") or ()))
        self.seconds.setText(f"{float(row.get('seconds') or 60):g}")

    @property
    def server_id(self) -> str:
        """The id of the saved server."""
        return str(self.result_value)

    def _transport_changed(self) -> None:
        program = self.transport.currentData() == "stdio"
        of_program: tuple[QWidget, ...] = (self.command, self.folder, self.environment)
        of_address: tuple[QWidget, ...] = (self.url, self.signs_in, self.headers)
        for field in (*of_program, *of_address):
            self.show_row(field, program == (field in of_program))

    def work(self) -> Callable[[], Any]:
        import shlex

        from engine.errors import UserError

        program = self.transport.currentData() == "stdio"
        command, seconds = self.command.text(), self.seconds.text().strip() or "60"
        given: dict[str, Any] = {
            "name": self.name.text(),
            "transport": str(self.transport.currentData()),
            "url": "" if program else self.url.text().strip(),
            "folder": self.folder.text().strip() if program else "",
            "headers": {} if program else pairs_of(self.headers.toPlainText()),
            "environment": pairs_of(self.environment.toPlainText()) if program else {},
            "signs_in": self.signs_in.isChecked() and not program,
            "server_id": self._row["id"] if self._row is not None else "",
        }

        def save() -> Any:
            try:
                words = shlex.split(command) if program else []
                longest = float(seconds)
            except ValueError as problem:
                words_of_it = tr("The command or the time cannot be read: {reason}", reason=told(problem))
                raise UserError(words_of_it, code="tools.bad_command") from problem
            command_word = words[0] if words else ""
            return self._studio.services.tools.save_mcp(
                command=command_word, arguments=words[1:], seconds=longest, **given
            )

        return save


class AccountDialog(SetupDialog):
    """An account at a provider of built-in tools; `account` is the one that is changed."""

    def __init__(self, studio: Studio, parent: QWidget, group: ToolGroup, account: Account | None = None) -> None:
        super().__init__(studio, parent, tr("Account: {provider}", provider=tr(group.name)))
        self._group, self._account = group, account
        self.name = self.field(tr("Name"), tr("Such as Work"))
        self.name.setText(account.name if account is not None else "" if group.accounts else tr("Default"))
        self.boxes: dict[str, QLineEdit] = {}
        for given in group.fields:
            hidden = given.type == "secret-input"
            label = tr(given.label) + (" *" if given.required else "")
            words = tr(given.description) if given.description else ""
            box = self.field(label, str(given.default or ""), secret=hidden, help_text=words)
            stored = account.values.get(given.name) if account is not None else None
            if hidden and stored:
                box.setPlaceholderText(tr(KEPT))
            elif stored:
                box.setText(stored)
            self.boxes[given.name] = box

    def work(self) -> Callable[[], Any]:
        kept = {f.name for f in self._group.fields if f.type == "secret-input"} if self._account is not None else set()
        values: dict[str, str | None] = {
            name: None if name in kept and not box.text().strip() else box.text() for name, box in self.boxes.items()
        }
        accounts, group, name = self._studio.services.tools.accounts, self._group, self.name.text()
        account_id = self._account.id if self._account is not None else ""
        return lambda: accounts.save(group.id, name, values, account_id=account_id)


class WorkflowDialog(SetupDialog):
    """A published workflow as a tool of others."""

    def __init__(self, studio: Studio, parent: QWidget, *, app_id: str = "") -> None:
        """`app_id` names the workflow that is chosen at first."""
        super().__init__(studio, parent, tr("Offer a workflow"))
        self._app_id = app_id
        self._offered: dict[str, WorkflowTool] = {}
        self.workflow = self.choice(tr("Workflow"), {})
        self.name = self.field(tr("Name of the tool"), "summarize_text")
        self.label = self.field(tr("Name for people"), tr("The name of the workflow"))
        self.description = self.field(tr("Description"), tr("What it does; agents read this"))
        self.save.setEnabled(False)
        studio.tasks.run(
            lambda: (
                [(a.id, a.name) for a in studio.services.workflows.list(mode="workflow") if a.published],
                {row.app_id: row for row in studio.services.workflow_tools.list()},
            ),
            done=self._listed,
            key="workflows to offer",
        )
        self.workflow.currentIndexChanged.connect(self._show_offer)

    def _listed(self, answer: tuple[list[tuple[str, str]], dict[str, WorkflowTool]]) -> None:
        found, self._offered = answer
        for app_id, name in found:
            self.workflow.addItem(name, app_id)
        self.workflow.setCurrentIndex(max(0, self.workflow.findData(self._app_id) if self._app_id else 0))
        self.save.setEnabled(bool(found))
        if not found:
            self.fault.setText(tr("No workflow is published yet. Publish one first."))

    def _show_offer(self) -> None:
        """How the workflow is offered already, if it is; what was typed stays otherwise."""
        row = self._offered.get(str(self.workflow.currentData()))
        if row is not None:
            for box, text in ((self.name, row.name), (self.label, row.label), (self.description, row.description)):
                box.setText(text)

    def work(self) -> Callable[[], Any]:
        app_id = str(self.workflow.currentData())
        name, label, words = self.name.text().strip(), self.label.text().strip(), self.description.text().strip()
        return lambda: self._studio.services.workflow_tools.publish(app_id, name=name, label=label, description=words)
