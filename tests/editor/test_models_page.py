"""The models page and the mapping of names, with real clicks and keys, against servers on the loopback."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QInputDialog,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QWidget,
)

from editor.dialogs.model_mapping import MappingDialog
from editor.dialogs.models_page import ModelsPage
from editor.dialogs.preferences import PreferencesDialog
from editor.dialogs.provider_form import ProviderDialog
from editor.screenshot import wait_until
from engine.adapters.models import gguf
from engine.adapters.models.catalog import EMBEDDED_MODEL, EMBEDDED_PROVIDER
from engine.adapters.models.shelf import SHELF
from engine.model.edits import SetField
from engine.services.model_names import ModelRef
from engine.services.models import ModelService
from tests.engine.adapters.models.exchanges import openai_error, openai_says
from tests.helpers.gguf_file import tiny_gguf
from tests.helpers.model import dsl, node
from tests.helpers.models import Answer, ModelServer
from tests.helpers.studio import Studio, opened_studio

KEY = "sk-very-secret-key-3"
LIST = Answer(body={"data": [{"id": "gpt-4o"}, {"id": "gpt-4o-mini"}]})


@pytest.fixture
def studio(qapp: object, tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path) as opened:
        yield opened


class Page:
    """The models page in an open settings dialog."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        studio.window.preferences()
        self.dialog = studio.dialog(PreferencesDialog)
        assert isinstance(self.dialog, PreferencesDialog)
        tabs = self.dialog.findChild(QTabWidget)
        assert tabs is not None
        tabs.setCurrentWidget(self.dialog.models)
        self.page: ModelsPage = self.dialog.models
        assert wait_until(lambda: self.page.list.count() > 0, 10)

    def click(self, widget: QWidget) -> None:
        assert widget.isVisible()
        assert widget.isEnabled()
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
        QApplication.processEvents()

    def choose(self, label: str) -> None:
        """Click a provider in the list."""
        (item,) = self.page.list.findItems(label, Qt.MatchFlag.MatchExactly)
        where = self.page.list.visualItemRect(item).center()
        QTest.mouseClick(self.page.list.viewport(), Qt.MouseButton.LeftButton, pos=where)
        assert wait_until(lambda: self.page.detail.title.text() == label, 5)

    def names(self) -> list[str]:
        """The models that are shown."""
        tree = self.page.detail.models
        rows = [tree.topLevelItem(i) for i in range(tree.topLevelItemCount())]
        return [r.text(0) for r in rows if r is not None]

    def close(self) -> None:
        self.dialog.accept()


@pytest.fixture
def page(studio: Studio) -> Iterator[Page]:
    opened = Page(studio)
    yield opened
    opened.close()


def test_a_provider_is_added_tested_and_removed(page: Page) -> None:
    with ModelServer(LIST, openai_says("hello")) as server:
        page.click(page.page.add)
        form = page.page.findChild(ProviderDialog)
        assert form is not None
        form.kind.setCurrentIndex(form.kind.findData("openai"))
        form.kind.activated.emit(form.kind.currentIndex())
        QTest.keyClicks(form.base, server.url)
        QTest.keyClicks(form.key, KEY)
        assert form.key.echoMode() == QLineEdit.EchoMode.Password
        QTest.mouseClick(form.save, Qt.MouseButton.LeftButton)
        assert wait_until(lambda: page.page.detail.title.text() == "OpenAI", 10)
        assert "key kept" in page.page.detail.where.text()

        page.click(page.page.detail.test)
        assert wait_until(lambda: "Connected; 2 models." in page.page.detail.verdict.text(), 10)
        assert " s)" in page.page.detail.verdict.text(), "with its time"
        assert wait_until(lambda: page.names() == ["gpt-4o", "gpt-4o-mini"], 10)

        page.page.detail.models.setCurrentItem(page.page.detail.models.topLevelItem(1))
        server.answers[:] = [LIST, openai_says("hello")]
        page.click(page.page.detail.test)
        assert wait_until(lambda: "gpt-4o-mini answered: hello" in page.page.detail.verdict.text(), 10)
    shown = [w.text() for w in page.dialog.findChildren(QLineEdit)]
    assert KEY not in "".join(shown)

    page.studio.messages.answers.append(True)
    page.click(page.page.detail.remove)
    assert wait_until(lambda: page.page.list.count() == 1, 10)
    assert page.studio.services.secrets.names() == []


def test_what_is_wrong_with_a_provider_is_said_where_it_was_typed(page: Page) -> None:
    page.click(page.page.add)
    form = page.page.findChild(ProviderDialog)
    assert form is not None
    form.kind.setCurrentIndex(form.kind.findData("azure_openai"))
    form.kind.activated.emit(form.kind.currentIndex())
    QTest.keyClick(form.base, Qt.Key.Key_Return)
    assert wait_until(form.fault.isVisible, 5)
    assert "needs an address" in form.fault.text()
    form.kind.setCurrentIndex(form.kind.findData("gguf"))
    form.kind.activated.emit(form.kind.currentIndex())
    QTest.keyClicks(form.path, "/no/such/file.gguf")
    QTest.mouseClick(form.save, Qt.MouseButton.LeftButton)
    assert "no model file" in form.fault.text()
    QTest.keyClick(form, Qt.Key.Key_Escape)
    assert wait_until(lambda: not form.isVisible(), 5)


def added_file(page: Page, path: Path) -> ProviderDialog:
    """The form with a model file in it."""
    page.click(page.page.add)
    form = next(f for f in page.page.findChildren(ProviderDialog) if f.isVisible())
    form.kind.setCurrentIndex(form.kind.findData("gguf"))
    form.kind.activated.emit(form.kind.currentIndex())
    form.path.setFocus()
    QTest.keyClicks(form.path, str(path))
    QTest.keyClick(form.path, Qt.Key.Key_Tab)
    return form


@pytest.mark.timeout(180)
def test_a_model_file_is_looked_at_added_tried_and_used(page: Page, tmp_path: Path) -> None:
    models = page.studio.services.models
    first = tiny_gguf(tmp_path / "first.gguf", name="Little One")
    second = tiny_gguf(tmp_path / "second.gguf", name="Little Two", seed=2)
    form = added_file(page, first)
    assert wait_until(lambda: form.about.isVisible(), 30)
    assert "Little One  ·  llama  ·  20K" in form.about.text()
    assert "reads 512 tokens" in form.about.text()
    assert form.context.value() == 512
    QTest.mouseClick(form.save, Qt.MouseButton.LeftButton)
    detail = page.page.detail
    assert wait_until(lambda: detail.title.text() == "Little One", 30)
    assert wait_until(lambda: page.names() == ["first"], 30)

    page.click(detail.test)
    assert wait_until(lambda: "first answered" in detail.verdict.text() or "empty answer" in detail.verdict.text(), 60)
    assert not detail.reading.isVisible()
    assert SHELF.peek(first) is None, "what was only tried does not stay in the window's memory"
    page.click(detail.use)
    assert wait_until(lambda: models.default() == ModelRef("gguf", "first"), 30)
    assert wait_until(lambda: not detail.use.isEnabled(), 30)

    form = added_file(page, second)
    assert wait_until(lambda: "Little Two" in form.about.text(), 30)
    QTest.mouseClick(form.save, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: detail.title.text() == "Little Two", 30)
    assert wait_until(lambda: page.names() == ["second"], 30)
    page.click(detail.use)
    assert wait_until(lambda: models.default() == ModelRef("gguf-2", "second"), 30)


def test_a_large_model_file_is_read_with_a_bar_and_can_be_stopped(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tiny_gguf(tmp_path / "large.gguf")
    page.studio.services.models.save_provider("gguf", label="Large", options={"path": str(file)})
    page.page.desk.load()
    assert wait_until(lambda: page.page.list.count() == 2, 30)
    page.choose("Large")
    going, seen = threading.Event(), []

    def slow(_path: Path, progress: Any, stopped: threading.Event) -> bool:
        for share in range(1, 10):
            progress(share / 20)
            seen.append(share)
            going.set()
            if stopped.wait(30 if share == 9 else 0):
                return False
        return True

    monkeypatch.setattr(gguf, "read_ahead", slow)
    detail = page.page.detail
    page.click(detail.test)
    assert going.wait(30)
    assert wait_until(lambda: detail.reading.isVisible() and detail.reading.value() == 45, 30)
    page.click(detail.test)
    assert wait_until(lambda: "stopped" in detail.verdict.text(), 30)
    assert not detail.reading.isVisible()


def test_a_model_file_that_was_read_is_still_loaded_and_that_can_be_stopped(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tiny_gguf(tmp_path / "slow.gguf")
    page.studio.services.models.save_provider("gguf", label="Slow", options={"path": str(file)})
    page.page.desk.load()
    assert wait_until(lambda: page.page.list.count() == 2, 30)
    page.choose("Slow")

    async def never(_self: Any, _ref: ModelRef) -> str:
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(ModelService, "_one_word", never)
    detail = page.page.detail
    page.click(detail.test)
    assert wait_until(lambda: detail.verdict.text() == "Loading the model…", 30)
    assert detail.reading.isVisible()
    assert detail.reading.maximum() == 0, "how long it takes is not known"
    page.click(detail.test)
    assert wait_until(lambda: "stopped" in detail.verdict.text(), 30)
    assert not detail.reading.isVisible()


def test_files_that_are_no_chat_models_are_refused_with_the_reason(page: Page, tmp_path: Path) -> None:
    eyes = tiny_gguf(tmp_path / "mmproj.gguf", architecture="clip")
    form = added_file(page, eyes)
    assert wait_until(lambda: "only the eyes of a model" in form.about.text(), 30)
    assert form.about.property("kind") == "bad"
    QTest.mouseClick(form.save, Qt.MouseButton.LeftButton)
    assert wait_until(form.fault.isVisible, 30)
    assert "only the eyes of a model" in form.fault.text()
    form.reject()
    assert page.page.list.count() == 1


def test_a_failed_test_says_why_and_what_to_do(page: Page) -> None:
    with ModelServer(openai_error(401, "Incorrect API key provided")) as server:
        page.studio.services.models.save_provider("openai", base_url=server.url, api_key="wrong")
        page.page.desk.load()
        assert wait_until(lambda: page.page.list.count() == 2, 10)
        page.choose("OpenAI")
        page.click(page.page.detail.test)
        assert wait_until(lambda: "401" in page.page.detail.verdict.text(), 10)
    assert "Check the key" in page.page.detail.verdict.text()
    assert page.page.detail.verdict.property("kind") == "bad"


def test_a_test_can_be_stopped_and_never_blocks(page: Page) -> None:
    release = threading.Event()
    with ModelServer(Answer(events=[], hold=release)) as server:
        page.studio.services.models.save_provider("openai", base_url=server.url, api_key=KEY)
        page.page.desk.load()
        assert wait_until(lambda: page.page.list.count() == 2, 10)
        page.choose("OpenAI")
        page.click(page.page.detail.test)
        assert page.page.detail.test.text() == "Stop"
        assert wait_until(lambda: bool(server.seen), 10), "the window goes on meanwhile"
        page.click(page.page.detail.test)
        assert wait_until(lambda: "stopped" in page.page.detail.verdict.text(), 10)
        assert page.page.detail.test.text() == "Test"
        release.set()


def test_models_are_offered_or_not(page: Page) -> None:
    models = page.studio.services.models
    provider = models.save_provider("openai", api_key=KEY)
    for name in ("a", "b"):
        models.add_model(provider, name)
    page.page.desk.load()
    assert wait_until(lambda: page.page.list.count() == 2, 10)
    page.choose("OpenAI")
    tree = page.page.detail.models
    tree.setFocus()
    tree.setCurrentItem(tree.topLevelItem(0))
    QTest.keyClick(tree, Qt.Key.Key_Space)
    assert wait_until(lambda: [m.ref.name for m in models.known_models()] == [EMBEDDED_MODEL, "b"], 10)
    assert wait_until(
        lambda: [m["name"] for m in page.studio.window.studio.known_models()] == [EMBEDDED_MODEL, "b"], 10
    )

    page.click(page.page.detail.add_model)
    assert wait_until(lambda: page.page.detail.findChild(QInputDialog) is not None, 10)
    asked = page.page.detail.findChild(QInputDialog)
    assert asked is not None
    asked.setTextValue("my-own")
    QTest.keyClick(asked, Qt.Key.Key_Return)
    assert wait_until(lambda: "my-own" in page.names(), 10)
    page.click(page.page.detail.all_off)
    assert wait_until(lambda: len(models.known_models()) == 1, 10)
    page.click(page.page.detail.on)
    assert wait_until(lambda: not models.provider(provider).enabled, 10)


def test_a_running_server_is_found_and_added_with_its_models(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer(Answer(body={"models": [{"name": "qwen3:latest"}]})) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        monkeypatch.delenv("PENSTOCK_NO_DISCOVERY")
        page.click(page.page.look)

        def offers() -> list[QPushButton]:
            where = server.url.removeprefix("http://")
            return [b for b in page.page.findChildren(QPushButton) if where in b.accessibleName() and b.isVisible()]

        assert wait_until(lambda: len(offers()) == 1, 10)
        page.click(offers()[0])
        assert wait_until(lambda: page.page.detail.title.text() == "Ollama", 10)
        assert wait_until(lambda: page.names() == ["qwen3:latest"], 10)
        assert wait_until(lambda: not offers(), 10), "it is no longer new"


def test_the_model_of_new_nodes_and_the_names_of_files(page: Page) -> None:
    models = page.studio.services.models
    provider = models.save_provider("openai", api_key=KEY)
    models.add_model(provider, "gpt-4o")
    models.set_alias("tongyi", "qwen-max", ModelRef(EMBEDDED_PROVIDER, EMBEDDED_MODEL))
    page.page.desk.load()
    assert wait_until(lambda: page.page.default.count() == 3, 10)

    page.page.default.setCurrentIndex(page.page.default.findText("gpt-4o  ·  OpenAI"))
    page.page.default.activated.emit(page.page.default.currentIndex())
    assert wait_until(lambda: models.default() == ModelRef("openai", "gpt-4o"), 10)

    table = page.page.aliases.table
    assert table.item(0, 0).text() == "qwen-max  ·  tongyi"
    box = table.cellWidget(0, 1)
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findText("gpt-4o  ·  OpenAI"))
    box.activated.emit(box.currentIndex())
    assert wait_until(lambda: models.aliases()["tongyi", "qwen-max"].name == "gpt-4o", 10)
    assert wait_until(lambda: page.page.desk.snapshot.aliases["tongyi", "qwen-max"].name == "gpt-4o", 10)
    table.selectRow(0)
    page.click(page.page.aliases.forget)
    assert wait_until(lambda: models.aliases() == {}, 10)
    assert wait_until(page.page.aliases.empty.isVisible, 10)
    page.click(page.page.fallback)
    assert wait_until(models.fallback, 10)


def test_the_embedded_model_is_honest_and_everything_has_a_name(page: Page) -> None:
    detail = page.page.detail
    assert "makes things up" in detail.where.text()
    assert not detail.embedded.isVisible(), "it is set up"
    named: tuple[type[Any], ...] = (QAbstractButton, QComboBox, QLineEdit)
    nameless = [
        w
        for kind in named
        for w in page.page.findChildren(kind)
        if w.isVisible() and not (w.accessibleName() or (isinstance(w, QAbstractButton) and w.text()))
    ]
    assert [type(w).__name__ for w in nameless] == []


# -- names of a workflow -----------------------------------------------------------------------------------------------


def asking(tmp_path: Path) -> Path:
    def model(provider: str, name: str) -> dict[str, Any]:
        return {"provider": provider, "name": name, "mode": "chat", "completion_params": {}}

    prompt = [{"role": "user", "text": "Hi"}]
    nodes = [
        node("1", "start", variables=[]),
        node("2", "llm", title="Ask", model=model("langgenius/openai/openai", "gpt-4o"), prompt_template=prompt),
        node("3", "llm", title="Again", model=model("tongyi", "qwen-max"), prompt_template=prompt),
        node("4", "end", outputs=[{"variable": "o", "value_selector": ["3", "text"]}]),
    ]
    file = tmp_path / "asking.yml"
    file.write_text(dsl(nodes, [("1", "2"), ("2", "3"), ("3", "4")]), "utf-8")
    return file


@pytest.mark.spec("ai.58")
def test_all_models_of_a_workflow_are_mapped_with_one_click(studio: Studio, tmp_path: Path) -> None:
    page = studio.open_file(asking(tmp_path))
    studio.window.studio.load_models()
    assert wait_until(lambda: sum(p.code == "model.unknown" for p in page.session.problems) == 2, 20)
    texts = [str(p.message) for p in page.session.problems if p.code == "model.unknown"]
    assert texts[0] == "Configure a model: gpt-4o of openai is not set up here."
    page.show_panel("problems")
    studio.click("Map models…", page)
    dialog = studio.dialog(MappingDialog)
    assert isinstance(dialog, MappingDialog)
    assert wait_until(lambda: len(dialog.boxes) == 2, 10)
    assert {box.currentData() for box in dialog.boxes.values()} == {(EMBEDDED_PROVIDER, EMBEDDED_MODEL)}
    QTest.mouseClick(dialog.map, Qt.MouseButton.LeftButton)

    assert wait_until(lambda: not any(p.code == "model.unknown" for p in page.session.problems), 20)
    assert set(studio.services.models.aliases()) == {("openai", "gpt-4o"), ("tongyi", "qwen-max")}
    assert page.session.document.graph.nodes["2"].data["model"]["name"] == "gpt-4o", "the file stays as it is"

    top = studio.window.top
    assert wait_until(lambda: "Map 2 models" in top.undo.toolTip(), 10)
    page.session.submit(SetField("2", ("title",), "Asked"), "Rename")
    studio.activate()
    for _ in range(2):
        QTest.keyClick(page.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert page.session.document.graph.nodes["2"].data["title"] == "Ask"
    assert wait_until(lambda: sum(p.code == "model.unknown" for p in page.session.problems) == 2, 20)
    assert studio.services.models.aliases() == {}
    assert wait_until(lambda: "Map 2 models" in top.redo.toolTip(), 10)
    QTest.keyClick(page.canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert wait_until(lambda: not any(p.code == "model.unknown" for p in page.session.problems), 20)
    assert set(studio.services.models.aliases()) == {("openai", "gpt-4o"), ("tongyi", "qwen-max")}
    assert page.session.document.graph.nodes["2"].data["title"] == "Ask"


def test_the_mapping_can_be_left(studio: Studio, tmp_path: Path) -> None:
    page = studio.open_file(asking(tmp_path))
    studio.window.studio.load_models()
    assert wait_until(lambda: any(p.code == "model.unknown" for p in page.session.problems), 20)
    page.show_panel("problems")
    studio.click("Map models…", page)
    dialog = studio.dialog(MappingDialog)
    assert isinstance(dialog, MappingDialog)
    assert wait_until(lambda: len(dialog.boxes) == 2, 10)
    first = next(iter(dialog.boxes.values()))
    first.setCurrentIndex(0)
    QTest.mouseClick(dialog.map, Qt.MouseButton.LeftButton)
    assert wait_until(lambda: len(studio.services.models.aliases()) == 1, 10)


def test_a_new_node_has_the_workspaces_model(studio: Studio, tmp_path: Path) -> None:
    page = studio.open_file(asking(tmp_path))
    studio.window.studio.load_models()
    assert wait_until(lambda: studio.window.studio.default_model is not None, 10)
    (made,) = page.canvas.rules.new_nodes("llm", 0, 0, None)
    assert (made.data["model"]["provider"], made.data["model"]["name"]) == (EMBEDDED_PROVIDER, EMBEDDED_MODEL)
    (agent,) = page.canvas.rules.new_nodes("agent", 0, 0, None)
    assert agent.data["agent_parameters"]["model"]["value"]["model"] == EMBEDDED_MODEL
