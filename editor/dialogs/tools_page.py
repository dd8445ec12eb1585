"""The settings page of tools: APIs, MCP servers, workflows as tools, and what tools of files mean here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.parts import FieldColumn, dialog_column, side_by_side
from editor.i18n import tr
from editor.icons import icon
from editor.panels.parts import focus_first
from editor.tools import KINDS

if TYPE_CHECKING:
    from editor.context import Studio

ENTRY = int(Qt.ItemDataRole.UserRole)
AUTH = {
    "none": "No key",
    "bearer": "Bearer key",
    "api_key_header": "Key in a header",
    "api_key_query": "Key in the address",
    "basic": "User and password",
}
TRANSPORTS = {"stdio": "Program on this machine", "http": "Address (streamable HTTP)", "sse": "Address (SSE, older)"}


class ToolsPage(QWidget):
    """Changes are in force at once."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 16, 0, 0)
        column.setSpacing(8)
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setAccessibleName(tr("Tools"))
        self.tree.currentItemChanged.connect(lambda *_: self._chosen())
        column.addWidget(self.tree, 1)
        row = QHBoxLayout()
        for words, done in (
            (tr("Import OpenAPI"), self._import),
            (tr("Add MCP server"), self._add_server),
            (tr("Offer a workflow"), self._offer),
        ):
            button = QPushButton(words)
            button.setIcon(icon("plus", "text"))
            button.clicked.connect(done)
            row.addWidget(button)
        self.refresh = QPushButton(tr("Test"))
        self.refresh.clicked.connect(self._refresh)
        self.remove = QPushButton(tr("Remove"))
        self.remove.clicked.connect(self._remove)
        row.addWidget(self.refresh)
        row.addWidget(self.remove)
        row.addStretch(1)
        column.addLayout(row)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        column.addWidget(self.verdict)
        studio.tools.changed.connect(self._fill)
        self._fill()
        studio.tools.load()

    def _fill(self) -> None:
        self.tree.clear()
        for kind, word in KINDS.items():
            groups = [g for g in self._studio.tools.groups if g.kind == kind]
            if not groups:
                continue
            top = QTreeWidgetItem([tr(word)])
            self.tree.addTopLevelItem(top)
            for group in groups:
                note = f"   {tr(group.note)}" if group.note else ""
                item = QTreeWidgetItem([f"{tr(group.name)}{note}"])
                item.setIcon(0, icon(group.icon, "muted"))
                item.setToolTip(0, tr(group.description))
                item.setData(0, ENTRY, (kind, group.id))
                top.addChild(item)
                for tool in group.tools:
                    child = QTreeWidgetItem([f"{tr(tool.label)}   {tool.identity.tool_name}"])
                    child.setToolTip(0, tr(tool.description))
                    item.addChild(child)
            top.setExpanded(True)
        aliases = self._studio.tools.aliases
        if aliases:
            top = QTreeWidgetItem([tr("Tools of files that mean others")])
            self.tree.addTopLevelItem(top)
            for (provider, name), target in aliases.items():
                item = QTreeWidgetItem([f"{provider}/{name}  →  {target.provider_name}/{target.tool_name}"])
                item.setData(0, ENTRY, ("alias", f"{provider}/{name}"))
                top.addChild(item)
            top.setExpanded(True)
        self._chosen()

    def _entry(self) -> tuple[str, str]:
        item = self.tree.currentItem()
        found = item.data(0, ENTRY) if item is not None else None
        return (str(found[0]), str(found[1])) if found else ("", "")

    def _chosen(self) -> None:
        kind = self._entry()[0]
        self.remove.setEnabled(kind in ("api", "mcp", "workflow", "alias"))
        self.refresh.setEnabled(kind == "mcp")

    def _remove(self) -> None:
        kind, name = self._entry()
        tools = self._studio.services.tools
        if not self._studio.messages.confirm(
            tr("Remove {name}?", name=name), tr("Its key is forgotten."), tr("Remove"), danger=True
        ):
            return
        if kind == "alias":
            provider, _, tool = name.rpartition("/")
            self._do(lambda: tools.remove_alias(provider, tool))
        else:
            self._do(lambda: tools.remove(kind, name))

    def _do(self, work: Callable[[], Any]) -> None:
        self._studio.tasks.run(work, done=lambda _: self._studio.tools.refresh(), failed=self._failed, key="tool setup")

    def _failed(self, error: Exception) -> None:
        self.verdict.setText(str(error))

    def _refresh(self) -> None:
        self._test(self._entry()[1])

    def _test(self, server_id: str) -> None:
        """Ask a server for its tools; nothing waits for it."""
        self.verdict.setText(tr("Testing…"))

        def done(outcome: Any) -> None:
            self.verdict.setText(outcome.message)
            self._studio.tools.refresh()

        self._studio.tasks.run(
            lambda: self._studio.services.tools.refresh_mcp(server_id), done=done, failed=self._failed, key="test mcp"
        )

    def _import(self) -> None:
        dialog = ApiDialog(self._studio, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._studio.tools.refresh)
        dialog.open()

    def _add_server(self) -> None:
        dialog = ServerDialog(self._studio, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._test(dialog.server_id))
        dialog.open()

    def _offer(self) -> None:
        dialog = WorkflowDialog(self._studio, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._studio.tools.refresh)
        dialog.open()


class SetupDialog(QDialog):
    """Fields, a place for what is wrong, Save and Cancel; saving happens in the background."""

    def __init__(self, studio: Studio, parent: QWidget, title: str) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setMinimumWidth(480)
        column = dialog_column(self, title)
        self.form = FieldColumn()
        column.addWidget(self.form)
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        column.addWidget(self.fault)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.save = buttons.button(QDialogButtonBox.StandardButton.Save)
        self.save.setText(tr("Save"))
        self.save.setProperty("kind", "primary")
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        buttons.accepted.connect(self._save)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def field(self, label: str, hint: str = "", *, secret: bool = False) -> QLineEdit:
        """A line with a label."""
        box = QLineEdit()
        box.setAccessibleName(label)
        box.setPlaceholderText(hint)
        box.setToolTip(hint)
        if secret:
            box.setEchoMode(QLineEdit.EchoMode.Password)
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
        hint = getattr(error, "hint", "")
        self.fault.setText(f"{error}\n{hint}".strip())


class ApiDialog(SetupDialog):
    """An OpenAPI document from a file, an address or the clipboard."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(studio, parent, tr("Import OpenAPI"))
        self.source = QLineEdit()
        self.source.setAccessibleName(tr("File or address"))
        self.source.setPlaceholderText("https://example.com/openapi.json")
        self.source.setToolTip(self.source.placeholderText())
        browse = QPushButton(tr("Browse…"))
        browse.clicked.connect(self._browse)
        self.form.add(tr("File or address"), side_by_side(self.source, browse))
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(tr("Or its text"))
        self.text.setMaximumHeight(120)
        self.text.setTabChangesFocus(True)
        self.form.add(tr("Or its text"), self.text)
        self.name = self.field(tr("Name"), tr("The title of the document"))
        self.server = self.field(tr("Address"), tr("The address in the document"))
        self.auth = self.choice(tr("Key"), AUTH)
        self.auth_name = self.field(tr("Name of the header or of the parameter"), "X-Api-Key")
        self.secret = self.field(tr("Secret"), secret=True)
        self.auth.currentIndexChanged.connect(lambda _: self._auth_changed())
        self._auth_changed()

    def _auth_changed(self) -> None:
        kind = str(self.auth.currentData())
        self.show_row(self.auth_name, kind in ("api_key_header", "api_key_query"))
        self.show_row(self.secret, kind != "none")
        self.secret.setPlaceholderText(tr("user:password") if kind == "basic" else "")

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
            "secret": self.secret.text().strip(),
            "server": self.server.text().strip(),
        }

        def save() -> Any:
            found_at = place if place.startswith(("http://", "https://")) else ""
            if text.strip():
                document = text
            elif found_at:
                document = tools.fetch_document(found_at)
            else:
                document = Path(place).read_text("utf-8-sig", "replace")
            return tools.import_openapi(document, found_at=found_at, **given)

        return save


class ServerDialog(SetupDialog):
    """An MCP server: a program of this machine, or an address."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(studio, parent, tr("MCP server"))
        self.name = self.field(tr("Name"))
        self.transport = self.choice(tr("Connection"), TRANSPORTS)
        self.command = self.field(tr("Command"), "npx -y @modelcontextprotocol/server-filesystem /folder")
        self.url = self.field(tr("Address"), "https://example.com/mcp")
        self.pairs = QPlainTextEdit()
        self.pairs.setAccessibleName(tr("Environment or headers"))
        self.pairs.setPlaceholderText("NAME=VALUE")
        self.pairs.setMaximumHeight(80)
        self.pairs.setTabChangesFocus(True)
        self.form.add(tr("Environment or headers"), self.pairs)
        self.transport.currentIndexChanged.connect(lambda _: self._transport_changed())
        self._transport_changed()

    @property
    def server_id(self) -> str:
        """The id of the saved server."""
        return str(self.result_value)

    def _transport_changed(self) -> None:
        program = self.transport.currentData() == "stdio"
        self.show_row(self.command, program)
        self.show_row(self.url, not program)

    def work(self) -> Callable[[], Any]:
        import shlex

        program = self.transport.currentData() == "stdio"
        lines = [line.partition("=") for line in self.pairs.toPlainText().splitlines() if "=" in line]
        pairs = {name.strip(): value.strip() for name, _, value in lines}
        try:
            words = shlex.split(self.command.text()) if program else []
        except ValueError:
            words = self.command.text().split()
        return lambda: self._studio.services.tools.save_mcp(
            name=self.name.text(),
            transport=str(self.transport.currentData()),
            url=self.url.text().strip(),
            headers={} if program else pairs,
            command=words[0] if words else "",
            arguments=words[1:],
            environment=pairs if program else {},
        )


class WorkflowDialog(SetupDialog):
    """A published workflow as a tool of others."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(studio, parent, tr("Offer a workflow"))
        self.workflow = self.choice(tr("Workflow"), {})
        self.name = self.field(tr("Name of the tool"), "summarize_text")
        self.label = self.field(tr("Name for people"), tr("The name of the workflow"))
        self.description = self.field(tr("Description"), tr("What it does; agents read this"))
        self.save.setEnabled(False)
        studio.tasks.run(
            lambda: [(a.id, a.name) for a in studio.services.workflows.list(mode="workflow") if a.published],
            done=self._listed,
            key="workflows to offer",
        )

    def _listed(self, found: list[tuple[str, str]]) -> None:
        for app_id, name in found:
            self.workflow.addItem(name, app_id)
        self.save.setEnabled(bool(found))
        if not found:
            self.fault.setText(tr("No workflow is published yet. Publish one first."))

    def work(self) -> Callable[[], Any]:
        app_id = str(self.workflow.currentData())
        name, label, words = self.name.text().strip(), self.label.text().strip(), self.description.text().strip()
        return lambda: self._studio.services.workflow_tools.publish(app_id, name=name, label=label, description=words)
