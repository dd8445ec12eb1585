"""The right side of the tools page: one provider with its accounts, its tools, and what else it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.entries import EntryDelegate
from editor.panels.parts import Words
from editor.tools import KINDS

if TYPE_CHECKING:
    from engine.services.tool_snapshot import Account, ToolDescription, ToolGroup

DATA = int(Qt.ItemDataRole.UserRole) + 11


def entries(name: str) -> QListWidget:
    """A list of entries with a title and words below it."""
    box = QListWidget()
    box.setAccessibleName(name)
    EntryDelegate.serve(box)
    return box


def entry(box: QListWidget, picture: str, title: str, words: str, data: Any, *, tint: str = "muted") -> None:
    """Append one."""
    item = QListWidgetItem(f"{title}\n{words}" if words else title)
    item.setIcon(icon(picture, tint))
    item.setToolTip(words or title)
    item.setData(DATA, data)
    box.addItem(item)


class ToolDetail(QWidget):
    """Says what is wanted; the page owns dialogs, questions and work."""

    wanted = Signal(str)
    """edit, refresh, sign in, sign out, remove, add account, offers"""
    accountWanted = Signal(str, object)
    tryWanted = Signal(object)
    readWanted = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.group: ToolGroup | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 0, 0, 0)
        column.setSpacing(8)
        self.title = Words(kind="heading")
        column.addWidget(self.title)
        self.words = Words()
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.words)
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout()
        row.setSpacing(8)
        for name, text in (
            ("refresh", tr("Test")),
            ("sign in", tr("Sign in")),
            ("sign out", tr("Sign out")),
            ("stop", tr("Stop")),
            ("edit", tr("Change…")),
            ("remove", tr("Remove…")),
        ):
            button = QPushButton(text)
            button.clicked.connect(lambda _=False, what=name: self.wanted.emit(what))
            self.buttons[name] = button
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        self.verdict = Words()
        self.verdict.setAccessibleName(tr("Result of the test"))
        column.addWidget(self.verdict)
        column.addWidget(self._accounts())
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tools = entries(tr("Tools"))
        self.tabs.addTab(self._tools(), tr("Tools"))
        self.offers = _Offers()
        self.offers.readWanted.connect(self.readWanted)
        self.tabs.addTab(self.offers, tr("Resources and prompts"))
        self.tabs.currentChanged.connect(self._tab_changed)
        column.addWidget(self.tabs, 1)

    def _accounts(self) -> QWidget:
        self.account_part = QWidget()
        column = QVBoxLayout(self.account_part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.account_words = Words()
        column.addWidget(self.account_words)
        self.accounts = entries(tr("Accounts"))
        self.accounts.setFixedHeight(112)
        self.accounts.currentItemChanged.connect(lambda *_: self._account_chosen())
        self.accounts.itemActivated.connect(lambda _: self._want_account("edit"))
        column.addWidget(self.accounts)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.account_buttons: dict[str, QPushButton] = {}
        for name, text in (
            ("add", tr("Add account")),
            ("edit", tr("Change…")),
            ("default", tr("Make default")),
            ("remove", tr("Remove…")),
        ):
            button = QPushButton(text)
            button.setAccessibleName(text if name in ("add", "default") else f"{text} ({tr('Account')})")
            button.clicked.connect(lambda _=False, what=name: self._want_account(what))
            self.account_buttons[name] = button
            row.addWidget(button)
        self.account_buttons["add"].setIcon(icon("plus", "text"))
        row.addStretch(1)
        column.addLayout(row)
        return self.account_part

    def _tools(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        self.tools.itemActivated.connect(lambda _: self._try())
        self.tools.currentItemChanged.connect(lambda *_: self._tool_chosen())
        column.addWidget(self.tools, 1)
        row = QHBoxLayout()
        self.trial = QPushButton(tr("Try it…"))
        self.trial.setIcon(icon("play", "text"))
        self.trial.clicked.connect(self._try)
        row.addWidget(self.trial)
        row.addStretch(1)
        column.addLayout(row)
        return part

    # -- showing -------------------------------------------------------------------------------------------------------

    def show_group(self, group: ToolGroup, *, signs_in: bool, signed_in: bool) -> None:
        """Show a provider; what is shown of the same one already stays where it is."""
        same = self.group is not None and (self.group.kind, self.group.id) == (group.kind, group.id)
        self.group = group
        self.title.setText(tr(group.name))
        lines = [tr(KINDS.get(group.kind, group.kind)), tr(group.description), tr(group.note)]
        self.words.setText("\n".join(line for line in lines if line))
        own = group.kind in ("api", "mcp", "workflow")
        shown = {
            "refresh": group.kind == "mcp",
            "sign in": signs_in and not signed_in,
            "sign out": signs_in and signed_in,
            "stop": False,
            "edit": group.kind in ("api", "mcp"),
            "remove": own,
        }
        for name, button in self.buttons.items():
            button.setVisible(shown[name])
        self._show_accounts(group)
        self._show_tools(group, self.tools.currentRow() if same else 0)
        self.tabs.setTabVisible(1, group.kind == "mcp")
        self.tabs.tabBar().setVisible(group.kind == "mcp")
        if not same:
            self.say("")
            self.offers.clear()
            self.tabs.setCurrentIndex(0)

    def _show_tools(self, group: ToolGroup, row: int) -> None:
        self.tools.clear()
        for tool in group.tools:
            words = tr(tool.description) if tool.description else ""
            title = tr(tool.label)
            name = tool.identity.tool_name
            entry(self.tools, group.icon, title if title == name else f"{title}  ·  {name}", words, tool)
        self.tools.setCurrentRow(min(max(row, 0), self.tools.count() - 1))
        self._tool_chosen()

    def _show_accounts(self, group: ToolGroup) -> None:
        self.account_part.setVisible(bool(group.fields))
        if not group.fields:
            return
        before = self.accounts.currentRow()
        self.accounts.clear()
        for account in group.accounts:
            open_fields = [f for f in group.fields if f.type != "secret-input" and account.values.get(f.name)]
            parts = [tr("Default")] if account.is_default else []
            parts += [f"{tr(f.label)}: {account.values[f.name]}" for f in open_fields]
            parts += [
                f"{tr(f.label)}: {account.values[f.name]}"
                for f in group.fields
                if f.type == "secret-input" and account.values.get(f.name)
            ]
            entry(self.accounts, "key", account.name, "  ·  ".join(parts), account)
        self.accounts.setVisible(bool(group.accounts))
        self.accounts.setCurrentRow(min(max(before, 0), self.accounts.count() - 1))
        needed = group.needs_account
        if group.accounts:
            words = ntr("{n} account", "{n} accounts", len(group.accounts))
        else:
            words = tr("It needs an account before it can be used.") if needed else tr("It works without an account.")
        self.account_words.setText(words)
        self.account_words.setProperty("kind", "warn" if needed else "muted")
        self.account_words.style().polish(self.account_words)
        self._account_chosen()

    def say(self, text: str, kind: str = "muted") -> None:
        """Say how something went."""
        self.verdict.setText(text)
        self.verdict.setVisible(bool(text))
        self.verdict.setProperty("kind", kind)
        self.verdict.style().polish(self.verdict)

    def busy(self, on: bool, *, stoppable: bool = False) -> None:
        """Work is under way, or over."""
        for name in ("refresh", "sign in", "edit", "remove"):
            self.buttons[name].setEnabled(not on)
        self.buttons["stop"].setVisible(on and stoppable)

    # -- wishes --------------------------------------------------------------------------------------------------------

    def _account_chosen(self) -> None:
        account = self._account()
        for name in ("edit", "default", "remove"):
            self.account_buttons[name].setVisible(account is not None)
        self.account_buttons["default"].setEnabled(account is not None and not account.is_default)

    def _account(self) -> Account | None:
        item = self.accounts.currentItem() if self.accounts.count() else None
        found: Account | None = item.data(DATA) if item is not None else None
        return found

    def _want_account(self, what: str) -> None:
        account = self._account()
        if what == "add" or account is not None:
            self.accountWanted.emit(what, account)

    def _tool_chosen(self) -> None:
        self.trial.setVisible(self.group is not None and self.group.kind != "workflow")
        self.trial.setEnabled(self._tool() is not None)

    def _tool(self) -> ToolDescription | None:
        item = self.tools.currentItem() if self.tools.count() else None
        found: ToolDescription | None = item.data(DATA) if item is not None else None
        return found

    def _try(self) -> None:
        tool = self._tool()
        if tool is not None and self.trial.isVisible():
            self.tryWanted.emit(tool)

    def _tab_changed(self, index: int) -> None:
        if index == 1 and not self.offers.asked:
            self.wanted.emit("offers")


class _Offers(QWidget):
    """What a server can be read: its resources, and its prompts with their arguments."""

    readWanted = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.asked = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        self.state = Words()
        column.addWidget(self.state)
        self.list = entries(tr("Resources and prompts"))
        self.list.itemClicked.connect(lambda _: self._read())
        self.list.itemActivated.connect(lambda _: self._read())
        column.addWidget(self.list, 1)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Content"))
        self.text.hide()
        column.addWidget(self.text, 1)

    def clear(self) -> None:
        """Nothing is known of this server yet."""
        self.asked = False
        self.list.clear()
        self.text.clear()
        self.text.hide()
        self.say(tr("Asking the server…"))

    def say(self, text: str, kind: str = "muted") -> None:
        """Say how it went."""
        self.state.setText(text)
        self.state.setVisible(bool(text))
        self.state.setProperty("kind", kind)
        self.state.style().polish(self.state)

    def show_all(self, resources: list[dict[str, Any]], prompts: list[dict[str, Any]]) -> None:
        """Show what there is."""
        self.asked = True
        self.list.clear()
        for row in resources:
            words = "  ·  ".join(str(p) for p in (row.get("description"), row.get("uri"), row.get("mimeType")) if p)
            entry(self.list, "file-text", str(row.get("title") or row.get("name")), words, ("resource", row))
        for row in prompts:
            given = ", ".join(str(a.get("name")) for a in row.get("arguments") or ())
            words = "  ·  ".join(str(p) for p in (row.get("description"), given) if p)
            entry(self.list, "chat", str(row.get("title") or row.get("name")), words, ("prompt", row))
        none = not resources and not prompts
        self.say(tr("The server offers no resources and no prompts.") if none else "")

    def show_text(self, text: str) -> None:
        """Show what was read."""
        self.text.setPlainText(text)
        self.text.show()

    def _read(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            kind, row = item.data(DATA)
            self.readWanted.emit(kind, row)
