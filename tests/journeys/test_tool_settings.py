"""The settings page of tools: set up, changed, tried, read and signed in to, with real servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QListWidget, QMenu, QPlainTextEdit

from editor.dialogs.tool_detail import DATA
from editor.dialogs.tool_setups import AccountDialog, ApiDialog, ServerDialog, WorkflowDialog
from editor.dialogs.tool_try import ToolTry
from editor.dialogs.tools_page import ToolsPage
from editor.screenshot import wait_until
from engine.services.tool_accounts import MASK
from tests.engine.adapters.tools.test_mcp import stdio
from tests.engine.services.test_mcp_servers import Authorization, browser, guarded
from tests.engine.services.test_tools import SHOUT, end, start, tool
from tests.helpers.servers import Reply, Seen, Server, serving
from tests.helpers.studio import Studio, opened_studio
from tests.journeys.test_tools import choose, open_workflow

DOCUMENT = {
    "openapi": "3.0.0",
    "info": {"title": "Words"},
    "paths": {
        "/up": {
            "get": {
                "operationId": "up",
                "parameters": [{"name": "w", "in": "query", "required": True, "schema": {"type": "string"}}],
            }
        }
    },
}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path) as opened:
        opened.services.open_workspace()
        opened.window.studio.tools.load()
        assert wait_until(lambda: bool(opened.window.studio.tools.groups), 30)
        yield opened


@pytest.fixture
def page(studio: Studio) -> Iterator[ToolsPage]:
    made = ToolsPage(studio.window.studio)
    made.setParent(studio.window)
    made.resize(860, 600)
    made.show()
    yield made
    made.close_down()
    made.close()
    made.deleteLater()


def wanted(page: ToolsPage, words: str) -> None:
    """Choose from the menu of the button that adds."""
    menu = page.add.menu()
    assert isinstance(menu, QMenu)
    action = next(a for a in menu.actions() if a.text() == words)
    action.trigger()


def row(view: QListWidget, title: str) -> None:
    """Click the entry with a title."""
    item = next(
        view.item(i) for i in range(view.count()) if view.item(i).text().split("\n")[0].split("  ·")[0] == title
    )
    view.scrollToItem(item)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualItemRect(item).center())


def known(studio: Studio, kind: str) -> bool:
    return any(g.kind == kind for g in studio.window.studio.tools.groups)


def enter(studio: Studio, name: str, text: str, within: Any) -> None:
    """Fill a field in place of what it holds."""
    field = studio.field(name, QLineEdit, within)
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, text)


# -- APIs --------------------------------------------------------------------------------------------------------------


def test_an_api_is_imported(studio: Studio, page: ToolsPage) -> None:
    wanted(page, "Import OpenAPI")
    dialog = studio.dialog(ApiDialog)
    assert isinstance(dialog, ApiDialog)
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: "Give a file, an address or the text" in dialog.fault.text(), 30)
    studio.field("Or its text", QPlainTextEdit, dialog).insertPlainText(json.dumps(DOCUMENT))  # type: ignore[attr-defined]
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: "names no server" in dialog.fault.text(), 30)
    enter(studio, "Address", "https://example.com", dialog)
    box = studio.field("Key", QComboBox, dialog)
    QTest.keyClick(box, Qt.Key.Key_Down)
    enter(studio, "Secret", "sk-1", dialog)
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: known(studio, "api"), 30)
    assert studio.services.secrets.get("tools/api/words") == "sk-1"
    assert studio.services.tools.setup().apis[0].auth.kind == "bearer"


def api(studio: Studio, url: str) -> str:
    """An API with a key and a header."""
    more: dict[str, Any] = {"auth": "bearer", "secret": "sk-1", "headers": {"X-Team": "blue"}}
    api_id = studio.services.tools.import_openapi(json.dumps(DOCUMENT), server=url, **more).id
    studio.window.studio.tools.refresh()
    assert wait_until(lambda: known(studio, "api"), 30)
    return api_id


def test_an_api_is_changed_and_keeps_its_key(studio: Studio, page: ToolsPage) -> None:
    api_id = api(studio, "https://example.com")
    page.choose("api", api_id)
    studio.click("Change…", page)
    dialog = studio.dialog(ApiDialog)
    assert isinstance(dialog, ApiDialog)
    assert (dialog.secret.text(), dialog.secret.placeholderText()) == ("", "unchanged")
    assert dialog.headers.toPlainText() == f"X-Team={MASK}"
    enter(studio, "Name", "Letters", dialog)
    enter(studio, "Address", "https://example.org/v2", dialog)
    dialog.headers.appendPlainText("X-New=1")
    dialog.text.selectAll()
    dialog.text.insertPlainText(json.dumps(DOCUMENT).replace('"up"', '"upper"'))
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: page.detail.title.text() == "Letters", 30)
    (found,) = studio.services.tools.setup().apis
    assert (found.id, found.server, found.auth.secret) == (api_id, "https://example.org/v2", "sk-1")
    assert dict(found.headers) == {"X-Team": "blue", "X-New": "1"}
    assert page.detail.tools.item(0).text() == "upper"


def test_a_tool_is_tried_with_values_by_hand(studio: Studio, page: ToolsPage) -> None:
    def answer(request: Seen) -> Reply:
        assert request.header("Authorization") == "Bearer sk-1"
        assert request.header("X-Team") == "blue"
        return Reply(b'{"loud": "HI"}', type="application/json")

    with serving(answer) as server:
        studio.services.settings.set("network", {"allow_hosts": ["127.0.0.1"]})
        page.choose("api", api(studio, server.url))
        studio.click("Try it…", page)
        dialog = studio.dialog(ToolTry)
        assert isinstance(dialog, ToolTry)
        QTest.mouseClick(dialog.call, Qt.MouseButton.LeftButton)
        assert wait_until(lambda: "Missing required parameter w" in dialog.verdict.text(), 30)
        enter(studio, "w", "hi", dialog)
        QTest.mouseClick(dialog.call, Qt.MouseButton.LeftButton)
        assert wait_until(lambda: dialog.verdict.text() == "It answered.", 30)
        assert '"loud": "HI"' in dialog.answer.toPlainText()
        assert [r.pairs for r in server.requests] == [[("w", "hi")]]
        QTest.keyClick(dialog, Qt.Key.Key_Escape)


def test_a_call_that_takes_too_long_is_stopped(studio: Studio, page: ToolsPage) -> None:
    server_id = mine(studio)
    page.choose("mcp", server_id)
    row(page.detail.tools, "slow")
    studio.click("Try it…", page)
    dialog = studio.dialog(ToolTry)
    assert isinstance(dialog, ToolTry)
    enter(studio, "Seconds", "300", dialog)
    QTest.mouseClick(dialog.call, Qt.MouseButton.LeftButton)
    assert wait_until(dialog.stop.isEnabled, 30)
    QTest.mouseClick(dialog.stop, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: dialog.verdict.text() == "The call was stopped.", 30)
    assert dialog.call.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)


# -- MCP servers -------------------------------------------------------------------------------------------------------


def mine(studio: Studio) -> str:
    """The test server, asked for its tools."""
    setup = stdio()
    server_id = studio.services.tools.save_mcp(
        name="Mine", transport="stdio", command=setup.command, arguments=setup.arguments, folder=setup.folder,
        environment={"WORD": "kept"},
    )  # fmt: skip
    assert studio.services.tools.refresh_mcp(server_id).ok
    studio.window.studio.tools.refresh()
    assert wait_until(lambda: known(studio, "mcp"), 30)
    return server_id


def test_a_server_is_changed_and_asked_again(studio: Studio, page: ToolsPage) -> None:
    server_id = mine(studio)
    studio.services.tools.mcp.keep_listed(server_id, [{"name": "add"}])
    page.choose("mcp", server_id)
    studio.click("Change…", page)
    dialog = studio.dialog(ServerDialog)
    assert isinstance(dialog, ServerDialog)
    assert dialog.environment.toPlainText() == f"WORD={MASK}"
    enter(studio, "Name", "Renamed", dialog)
    enter(studio, "Longest call in seconds", "soon", dialog)
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: "cannot be read" in dialog.fault.text(), 30)
    enter(studio, "Longest call in seconds", "20", dialog)
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: "New: rows, numbers" in page.detail.verdict.text(), 60)
    assert wait_until(lambda: page.detail.title.text() == "Renamed", 30)
    (found,) = studio.services.tools.setup().servers
    assert (found.seconds, dict(found.environment)) == (20.0, {"WORD": "kept"})


def test_resources_and_prompts_are_read(studio: Studio, page: ToolsPage) -> None:
    page.choose("mcp", mine(studio))
    bar = page.detail.tabs.tabBar()
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(1).center())
    offers = page.detail.offers
    assert wait_until(lambda: offers.list.count() == 3, 60)
    row(offers.list, "today")
    assert wait_until(lambda: offers.text.toPlainText() == "Water the plants.", 60)
    row(offers.list, "picture")
    assert wait_until(lambda: offers.text.toPlainText() == "2 bytes that are no text", 60)
    assert offers.list.item(2).data(DATA)[0] == "prompt"


class Browser(QObject):
    """Stands where the system's browser is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[str] = []

    @Slot(QUrl)
    def show(self, url: QUrl) -> None:
        browser(self.pages)(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))


def test_a_person_signs_in_at_a_server_and_out_again(studio: Studio, page: ToolsPage) -> None:
    handler = Browser()
    QDesktopServices.setUrlHandler("http", handler, "show")
    try:
        with guarded(studio.services, Authorization()) as server_id:
            studio.window.studio.tools.refresh()
            assert wait_until(lambda: known(studio, "mcp"), 30)
            page.choose("mcp", server_id)
            studio.click("Test", page)
            assert wait_until(lambda: "asks to be signed in to" in page.detail.verdict.text(), 60)
            studio.click("Sign in", page)
            assert wait_until(lambda: page.detail.verdict.text().startswith("Connected; "), 60)
            assert wait_until(lambda: page.detail.buttons["sign out"].isVisible(), 30)
            assert page.detail.tools.count() == 9
            studio.click("Sign out", page)
            assert wait_until(lambda: page.detail.buttons["sign in"].isVisible(), 30)
            assert wait_until(lambda: bool(handler.pages), 30)
    finally:
        QDesktopServices.unsetUrlHandler("http")


# -- accounts ----------------------------------------------------------------------------------------------------------


def searcher(server: Server) -> dict[str, Any]:
    return {"serperapi_api_key": "key", "base_url": server.url}


def shown(page: ToolsPage) -> list[str]:
    """The accounts as the page shows them."""
    return [page.detail.accounts.item(i).text() for i in range(page.detail.accounts.count())]


def test_accounts_are_added_and_made_the_default(studio: Studio, page: ToolsPage) -> None:
    page.choose("builtin", "serper")
    assert page.detail.account_words.text() == "It needs an account before it can be used."
    for name in ("Work", "Home"):
        studio.click("Add account", page)
        dialog = studio.dialog(AccountDialog)
        assert isinstance(dialog, AccountDialog)
        enter(studio, "Name", name, dialog)
        if name == "Work":
            QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
            assert wait_until(lambda d=dialog: "Key is missing" in d.fault.text(), 30)
        enter(studio, "Key *", f"key-{name}", dialog)
        QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
        assert wait_until(lambda n=name: n in [a.name for a in studio.services.tools.accounts.list()], 30)
        assert wait_until(lambda n=name: any(text.startswith(n) for text in shown(page)), 30)
    assert "key-" not in "".join(shown(page))
    row(page.detail.accounts, "Home")
    studio.click("Make default", page)
    assert wait_until(lambda: shown(page)[:1] == [f"Home\nDefault  ·  Key: {MASK}"], 30)
    assert [a.name for a in studio.services.tools.accounts.list("serper")] == ["Home", "Work"]


@pytest.mark.spec("editor.36")
def test_a_node_chooses_its_account(studio: Studio) -> None:
    with serving(lambda _: Reply(b'{"organic": []}', type="application/json")) as server:
        open_workflow(studio, start(), {**tool("builtin", "serper", "serper", query="x"), "title": "Find"}, end())
        session = studio.page.session
        session.check()
        assert "Serper needs an account. Add one in the settings under Tools." in [p.message for p in session.problems]
        said = [[part.text for part in row.parts] for row in studio.page.canvas.scene.items["1"].content.rows]
        assert ["No account here"] in said
        accounts = studio.services.tools.accounts
        accounts.save("serper", "Work", {**searcher(server), "serperapi_api_key": "key-work"})
        home = accounts.save("serper", "Home", {**searcher(server), "serperapi_api_key": "key-home"})
        studio.window.studio.tools.refresh()
        assert wait_until(lambda: "tool.no_account" not in [p.code for p in session.problems], 30)
        studio.page.reveal("1", "")
        studio.settle()
        box = studio.field("Account", QComboBox)
        assert isinstance(box, QComboBox)
        assert [box.itemText(i) for i in range(box.count())] == ["Default (Work)", "Work", "Home"]
        choose(box, home)
        assert session.document.graph.node("1").data["credential_id"] == home
        summary = studio.run()
        assert summary["status"] == "succeeded", summary
        assert [r.header("X-API-KEY") for r in server.requests] == ["key-home"]


# -- workflows ---------------------------------------------------------------------------------------------------------


def test_a_workflow_is_offered(studio: Studio, page: ToolsPage) -> None:
    app_id = studio.services.workflows.create("workflow", "Shout", workflow=SHOUT)
    studio.services.versions.publish(app_id, force=True)
    wanted(page, "Offer a workflow")
    dialog = studio.dialog(WorkflowDialog)
    assert isinstance(dialog, WorkflowDialog)
    assert wait_until(dialog.save.isEnabled, 30)
    QTest.keyClicks(dialog.name, "not a name")
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: "cannot be the name" in dialog.fault.text(), 30)
    enter(studio, "Name of the tool", "shout", dialog)
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: known(studio, "workflow"), 30)
    assert [t.name for t in studio.services.workflow_tools.list()] == ["shout"]


# -- the list ----------------------------------------------------------------------------------------------------------


def test_the_list_is_searched_by_the_names_of_tools(studio: Studio, page: ToolsPage) -> None:
    QTest.keyClicks(page.search, "weekday")
    assert list(page._items) == [("builtin", "time")]
    assert page.detail.title.text() == "Time"
    QTest.keyClicks(page.search, " nothing is called so")
    assert not page._items
    assert not page.pages.isVisible()
    assert page.nothing.isVisible()
    page.search.clear()
    assert not page.nothing.isVisible()
    assert page.detail.isVisible()
