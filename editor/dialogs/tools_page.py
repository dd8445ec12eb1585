"""The settings page of tools: APIs, MCP servers, workflows and built-in tools, and what tools of files mean here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from editor.dialogs.tool_detail import ToolDetail
from editor.dialogs.tool_setups import AccountDialog, ApiDialog, ServerDialog, WorkflowDialog
from editor.enginetexts import told, told_with_hint
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.parts import Words
from editor.tools import KINDS

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.services.tool_snapshot import Account, ToolDescription, ToolGroup

ENTRY = int(Qt.ItemDataRole.UserRole)
ORDER = ("api", "mcp", "workflow", "builtin")


class ToolsPage(QWidget):
    """Changes are in force at once. Everything that asks the outside runs on other threads."""

    _open_address = Signal(str)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._given_up = threading.Event()
        self._items: dict[tuple[str, str], QTreeWidgetItem] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 16, 0, 0)
        row.setSpacing(0)
        row.addLayout(self._left())
        self.pages = QStackedWidget()
        self.detail = ToolDetail()
        self.detail.wanted.connect(self._do_wish)
        self.detail.accountWanted.connect(self._account)
        self.detail.tryWanted.connect(self._try)
        self.detail.readWanted.connect(self._read)
        self.pages.addWidget(self.detail)
        self.meaning = _Meaning()
        self.meaning.forget.clicked.connect(self._forget)
        self.pages.addWidget(self.meaning)
        row.addWidget(self.pages, 1)
        self._open_address.connect(lambda url: QDesktopServices.openUrl(QUrl(url)))
        studio.tools.changed.connect(self._fill)
        self._fill()
        studio.tools.load()

    def _left(self) -> QVBoxLayout:
        left = QVBoxLayout()
        left.setSpacing(8)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search tools"))
        self.search.setAccessibleName(tr("Search tools"))
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self._fill())
        self.search.setFixedWidth(248)
        left.addWidget(self.search)
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setAccessibleName(tr("Tools"))
        self.tree.setFixedWidth(248)
        self.tree.setIconSize(QSize(16, 16))
        self.tree.setIndentation(12)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.currentItemChanged.connect(lambda *_: self._show_chosen())
        left.addWidget(self.tree, 1)
        self.nothing = Words(tr("No tool found."))
        left.addWidget(self.nothing)
        self.add = QPushButton(tr("Add…"))
        self.add.setIcon(icon("plus", "text"))
        menu = QMenu(self.add)
        for picture, words, done in (
            ("http-request", tr("Import OpenAPI"), lambda: self._open(ApiDialog(self._studio, self))),
            ("datasource", tr("Add MCP server"), self._add_server),
            ("llm", tr("Offer a workflow"), lambda: self._open(WorkflowDialog(self._studio, self))),
        ):
            menu.addAction(icon(picture, "text"), words, done)
        self.add.setMenu(menu)
        left.addWidget(self.add)
        return left

    # -- the list ------------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        chosen = self._entry()
        wanted = self.search.text().strip().lower()
        self.tree.blockSignals(True)
        self.tree.clear()
        items = self._items = {}
        for kind in ORDER:
            groups = [g for g in self._studio.tools.groups if g.kind == kind and _fits(g, wanted)]
            top = self._title(tr(KINDS[kind])) if groups else None
            for group in groups:
                item = QTreeWidgetItem([tr(group.name)])
                warned = bool(group.note) or group.needs_account
                item.setIcon(0, icon(group.icon, "warn" if warned else "muted"))
                item.setToolTip(0, tr(group.note) or tr(group.description))
                item.setData(0, ENTRY, (kind, group.id))
                items[kind, group.id] = item
                if top is not None:
                    top.addChild(item)
        aliases = {k: v for k, v in self._studio.tools.aliases.items() if not wanted or wanted in "/".join(k)}
        top = self._title(tr("Tools of files that mean others")) if aliases else None
        for provider, name in aliases:
            item = QTreeWidgetItem([f"{provider}/{name}"])
            item.setIcon(0, icon("link", "muted"))
            item.setData(0, ENTRY, ("alias", f"{provider}/{name}"))
            items["alias", f"{provider}/{name}"] = item
            if top is not None:
                top.addChild(item)
        self.nothing.setVisible(not items and bool(wanted))
        self.tree.expandAll()
        self.tree.blockSignals(False)
        self.tree.setCurrentItem(items.get(chosen) or next(iter(items.values()), None))  # type: ignore[arg-type]
        self._show_chosen()

    def _title(self, text: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem([text])
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.tree.addTopLevelItem(item)
        return item

    def _entry(self) -> tuple[str, str]:
        item = self.tree.currentItem()
        found = item.data(0, ENTRY) if item is not None else None
        return (str(found[0]), str(found[1])) if found else ("", "")

    def choose(self, kind: str, name: str) -> None:
        """Show one provider."""
        item = self._items.get((kind, name))
        if item is not None:
            self.tree.setCurrentItem(item)

    def _group(self) -> ToolGroup | None:
        kind, name = self._entry()
        return next((g for g in self._studio.tools.groups if (g.kind, g.id) == (kind, name)), None)

    def _show_chosen(self) -> None:
        kind, name = self._entry()
        group = self._group()
        self.pages.setVisible(bool(kind))
        if kind == "alias":
            self.meaning.show_one(name, self._studio)
            self.pages.setCurrentWidget(self.meaning)
        elif group is not None:
            tools = self._studio.services.tools
            row = next((r for r in tools.servers() if r["id"] == name), {}) if kind == "mcp" else {}
            signs_in = bool(row.get("signs_in"))
            self.detail.show_group(group, signs_in=signs_in, signed_in=signs_in and tools.mcp.is_signed_in(name))
            self.pages.setCurrentWidget(self.detail)

    # -- wishes --------------------------------------------------------------------------------------------------------

    def _do_wish(self, what: str) -> None:
        kind, name = self._entry()
        tools = self._studio.services.tools
        if what == "edit" and kind == "api":
            self._open(ApiDialog(self._studio, self, tools.api(name)))
        elif what == "edit":
            row = next(r for r in tools.servers() if r["id"] == name)
            dialog = ServerDialog(self._studio, self, row)
            self._open(dialog, lambda: self._test(name))
        elif what == "refresh":
            self._test(name)
        elif what == "sign in":
            self._sign_in(name)
        elif what == "sign out":
            self._do(lambda: tools.mcp.forget_tokens(name))
        elif what == "stop":
            self._given_up.set()
        elif what == "remove":
            self._remove(kind, name)
        elif what == "offers":
            self._ask_offers(name)

    def _remove(self, kind: str, name: str) -> None:
        group = self._group()
        label = tr(group.name) if group is not None else name
        words = tr("Workflows that use it will not find it any more. Its key is forgotten.")
        if self._studio.messages.confirm(tr("Remove {name}?", name=label), words, tr("Remove"), danger=True):
            self._do(lambda: self._studio.services.tools.remove(kind, name))

    def _forget(self) -> None:
        provider, _, tool = self._entry()[1].rpartition("/")
        self._do(lambda: self._studio.services.tools.remove_alias(provider, tool))

    def _do(self, work: Callable[[], Any]) -> None:
        self._studio.tasks.run(work, done=lambda _: self._studio.tools.refresh(), failed=self._failed, key="tool setup")

    def _failed(self, error: Exception) -> None:
        if isValid(self):
            self.detail.busy(False)
            self.detail.say(told_with_hint(error, "\n"), "bad")

    def _add_server(self) -> None:
        dialog = ServerDialog(self._studio, self)
        self._open(dialog, lambda: self._test(dialog.server_id))

    def _open(self, dialog: QDialog, then: Callable[[], Any] | None = None) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(then or self._studio.tools.refresh)
        dialog.open()

    # -- servers -------------------------------------------------------------------------------------------------------

    def _test(self, server_id: str) -> None:
        """Ask a server for its tools; nothing waits for it."""
        self._ask(lambda: self._studio.services.tools.refresh_mcp(server_id), server_id, tr("Testing…"))

    def _sign_in(self, server_id: str) -> None:
        self._given_up = given_up = threading.Event()
        tools, show = self._studio.services.tools, self._open_address.emit
        words = tr("Sign in in the browser window that opens.")
        self._ask(lambda: tools.sign_in(server_id, show, given_up.is_set), server_id, words, stoppable=True)

    def _ask(self, work: Callable[[], Any], server_id: str, words: str, *, stoppable: bool = False) -> None:
        self.detail.busy(True, stoppable=stoppable)
        self.detail.say(words)

        def done(outcome: Any) -> None:
            if not isValid(self):
                return
            self.detail.busy(False)
            self._studio.tools.refresh()
            self.choose("mcp", server_id)
            self.detail.say(told(outcome.message), "good" if outcome.ok else "bad")
            self.detail.offers.clear()

        self._studio.tasks.run(work, done=done, failed=self._failed, key="test mcp")

    def _ask_offers(self, server_id: str) -> None:
        offers = self.detail.offers

        def done(found: Any) -> None:
            if isValid(self) and self._entry() == ("mcp", server_id):
                offers.show_all(*found)

        def failed(error: Exception) -> None:
            if isValid(self):
                offers.say(told_with_hint(error, "\n"), "bad")

        tools = self._studio.services.tools
        self._studio.tasks.run(lambda: tools.mcp_offers(server_id), done=done, failed=failed, key="mcp offers")

    def _read(self, kind: str, row: dict[str, Any]) -> None:
        tools, server_id, offers = self._studio.services.tools, self._entry()[1], self.detail.offers
        values: dict[str, str] = {}
        for argument in row.get("arguments") or () if kind == "prompt" else ():
            name = str(argument.get("name"))
            text, given = QInputDialog.getText(self, str(row.get("name")), str(argument.get("description") or name))
            if not given:
                return
            if text:
                values[name] = text

        def work() -> str:
            if kind == "prompt":
                return tools.mcp_prompt(server_id, str(row.get("name")), values)
            return "\n\n".join(
                str(m.value) if m.kind == "text" else tr("{n} bytes that are no text", n=len(m.value))
                for m in tools.read_mcp(server_id, str(row.get("uri")))
            )

        def failed(error: Exception) -> None:
            if isValid(self):
                offers.say(told(error), "bad")

        def done(text: str) -> None:
            if isValid(self):
                offers.say("")
                offers.show_text(text)

        self._studio.tasks.run(work, done=done, failed=failed, key="mcp read")

    # -- accounts and trials -------------------------------------------------------------------------------------------

    def _account(self, what: str, account: Account | None) -> None:
        group, accounts = self._group(), self._studio.services.tools.accounts
        if group is None:
            return
        if what == "add":
            self._open(AccountDialog(self._studio, self, group))
        elif account is not None and what == "edit":
            self._open(AccountDialog(self._studio, self, group, account))
        elif account is not None and what == "default":
            self._do(lambda: accounts.save(group.id, account.name, {}, account_id=account.id, default=True))
        elif account is not None:
            words = tr("Nodes that use it will use the default account. Its key is forgotten.")
            title = tr("Remove {name}?", name=account.name)
            if self._studio.messages.confirm(title, words, tr("Remove"), danger=True):
                self._do(lambda: accounts.remove(account.id))

    def _try(self, tool: ToolDescription) -> None:
        from editor.dialogs.tool_try import ToolTry

        group = self._group()
        dialog = ToolTry(self._studio, self, tool, group.accounts if group is not None else ())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def close_down(self) -> None:
        """The settings close: a sign-in that waits is given up."""
        self._given_up.set()


class _Meaning(QWidget):
    """A tool of files that means another one here."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 0, 0, 0)
        column.setSpacing(8)
        self.title = Words(kind="heading")
        self.words = Words()
        self.forget = QPushButton(tr("Forget this name"))
        self.forget.setToolTip(tr("The name means again what the file says"))
        column.addWidget(self.title)
        column.addWidget(self.words)
        row = QHBoxLayout()
        row.addWidget(self.forget)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)

    def show_one(self, name: str, studio: Studio) -> None:
        """Show what a name means."""
        provider, _, tool = name.rpartition("/")
        target = studio.tools.aliases.get((provider, tool))
        if target is None:
            return
        self.title.setText(name)
        means = f"{target.provider_name or target.provider_id}/{target.tool_name}"
        lines = [tr("Means {target} in this workspace.", target=means)]
        names = studio.tools.names_of((provider, tool))
        if names:
            lines.append(ntr("{n} parameter is called otherwise:", "{n} parameters are called otherwise:", len(names)))
            lines += [f"    {old}  →  {new}" for old, new in names.items()]
        self.words.setText("\n".join(lines))


def _fits(group: ToolGroup, wanted: str) -> bool:
    """Does a provider, or one of its tools, hold the words?"""
    texts = [group.id, group.name, tr(group.name)]
    for tool in group.tools:
        texts += [tool.identity.tool_name, tool.label, tr(tool.label)]
    return not wanted or any(wanted in text.lower() for text in texts)
