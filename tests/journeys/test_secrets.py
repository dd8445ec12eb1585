"""A secret that comes back in errors, talks, rounds, single steps and batches is masked wherever it would be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QTextEdit, QToolButton, QWidget

from editor.canvas.tips import node_description
from editor.panels.value_view import ValueView
from editor.screenshot import wait_until
from editor.windows.logs_compare import CompareRuns
from engine.model.workflow import Workflow
from tests.helpers.flows import inside, template
from tests.helpers.model import made, node
from tests.helpers.models import Answer, ModelServer
from tests.helpers.studio import Studio
from tests.journeys.test_chat import answered, say
from tests.journeys.test_values import words_of

LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
SECRETS = ("sk-very-secret-0123456789", '密钥"引号\\与\n换行-42')
CODE = {"code_language": "python3", "outputs": {"r": {"type": "string", "children": None}}}


def until(condition: Any, seconds: float = 60) -> None:
    assert wait_until(condition, seconds)


def variables(secret: str) -> list[dict[str, Any]]:
    return [{"id": "e1", "name": "KEY", "value_type": "secret", "value": secret}]


def rounds(secret: str) -> Workflow:
    """An iteration whose steps write the key, and one that fails with it in its words."""
    reads = [{"variable": "k", "value_selector": ["env", "KEY"]}]
    nodes = [
        node("s", "start", variables=[{"variable": "t", "type": "paragraph", "label": "t", "required": True}]),
        node(
            "list", "code", title="Split", code="def main(t):\n    return {'r': t.split()}\n", code_language="python3",
            variables=[{"variable": "t", "value_selector": ["s", "t"]}],
            outputs={"r": {"type": "array[string]", "children": None}},
        ),
        node(
            "each", "iteration", title="Each", iterator_selector=["list", "r"], output_selector=["in", "output"],
            start_node_id="eachstart", is_parallel=False, error_handle_mode="terminated", output_type="array[string]",
        ),
        inside(node("eachstart", "iteration-start"), "each", "iteration"),
        inside(template("in", "{{ t }} has {{ k }}", t="each.item", k="env.KEY"), "each", "iteration"),
        node(
            "bad", "code", title="Fails", code="def main(k):\n    raise ValueError('no entry with ' + k)\n",
            variables=reads, **CODE,
        ),
        node("e", "end", outputs=[{"variable": "o", "value_selector": ["each", "output"]}]),
    ]  # fmt: skip
    edges = [("s", "list"), ("list", "each"), ("eachstart", "in"), ("each", "bad"), ("bad", "e")]
    return made(nodes, edges, environment_variables=variables(secret))


def all_words(widget: QWidget) -> str:
    """Also texts that are formatted, and values as trees hold them."""
    said = [words_of(widget)]
    said += [edit.toPlainText() for edit in widget.findChildren(QTextEdit)]
    said += [f"{view.value()}{json.dumps(view.value(), ensure_ascii=False)}" for view in widget.findChildren(ValueView)]
    return "\n".join(said)


def pieces(secret: str) -> Iterator[str]:
    """The secret as it stands in texts, in JSON and in Python's quotes."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]


def nowhere(secret: str, *places: QWidget) -> None:
    for place in places:
        said = all_words(place)
        for piece in pieces(secret):
            assert piece not in said, type(place).__name__
    for button in [b for p in places for b in p.findChildren(QAbstractButton) if b.isVisible() and b.isEnabled()]:
        if button.accessibleName().startswith("Copy"):
            QGuiApplication.clipboard().clear()
            QTest.mouseClick(button, LEFT)
            for piece in pieces(secret):
                assert piece not in QGuiApplication.clipboard().text(), button.accessibleName()


@pytest.mark.parametrize("secret", SECRETS, ids=["plain", "quotes"])
@pytest.mark.spec("editor.66")
def test_in_rounds_errors_and_their_exports(
    studio: Studio, tmp_path: Path, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = studio.open_app(studio.services.workflows.create("workflow", "Rounds", workflow=rounds(secret)))
    assert studio.run({"t": "one two"})["status"] == "failed"
    assert studio.run({"t": "three"})["status"] == "failed"
    assert page.session.run_state is not None
    assert "no entry with" in page.session.run_state.error
    for tab in ("run", "values", "trace"):
        page.show_drawer(tab)
        studio.settle()
    for index in range(3):
        page.run_panel.tabs.setCurrentIndex(index)
        studio.settle()
        nowhere(secret, studio.window)
    tree = page.trace.tree
    tree.expandAll()
    seen = 0
    index = tree.model().index(0, 0)
    while index.isValid():
        tree.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        studio.settle()
        nowhere(secret, page.trace)
        seen += 1
        index = tree.indexBelow(index)
    assert seen >= 6, "the rounds were looked at too"
    for node_id in ("in", "bad", "each"):
        page.canvas.select([node_id])
        page.inspector.tabs.setCurrentIndex(1)
        studio.settle()
        nowhere(secret, page.inspector)
        item = page.canvas.scene.items[node_id]
        assert not any(piece in node_description(page.canvas, item) for piece in pieces(secret))

    target = tmp_path / "value.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    for button in page.trace.findChildren(QToolButton):
        if "xport" in button.accessibleName() and button.isVisible():
            QTest.mouseClick(button, LEFT)
            if target.exists():
                assert not any(piece in target.read_text("utf-8") for piece in pieces(secret))
                target.unlink()

    QTest.keyClick(studio.window, Qt.Key.Key_R, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    log = studio.window.past.logs
    assert log is not None
    until(lambda: log.model.total == 2 and len(log.model.runs) == 2 and not log.model._loading)
    for row, keys in ((0, Qt.KeyboardModifier.NoModifier), (1, CONTROL)):
        QTest.mouseClick(log.table.viewport(), LEFT, keys, log.table.visualRect(log.model.index(row, 0)).center())
    nowhere(secret, log)
    QTest.mouseClick(log.buttons["compare"], LEFT)
    assert wait_until(lambda: log.findChild(CompareRuns) is not None, 20), (log.chosen(), studio.messages.__dict__)
    dialog = log.findChild(CompareRuns)
    for row in range(dialog.tree.topLevelItemCount()):
        dialog.tree.setCurrentItem(dialog.tree.topLevelItem(row))
        nowhere(secret, dialog)
    dialog.close()
    studio.services.workflows.export_to(tmp_path / "flow.yml", page.session.app_id)
    text = (tmp_path / "flow.yml").read_text("utf-8")
    assert not any(piece in text for piece in pieces(secret))


@pytest.mark.parametrize("secret", SECRETS, ids=["plain", "quotes"])
@pytest.mark.spec("editor.66")
def test_in_a_talk_while_it_streams_and_afterwards(studio: Studio, secret: str) -> None:
    flow = made(
        [node("1", "start", variables=[]), node("2", "answer", answer="The key: {{#env.KEY#}}.", variables=[])],
        [("1", "2")],
        mode="advanced-chat",
        features={},
        environment_variables=variables(secret),
    )
    page = studio.open_app(studio.services.workflows.create("advanced-chat", "Talk", workflow=flow))
    QTest.mouseClick(studio.window.top.run, LEFT)
    chat = page.chat
    assert chat is not None
    say(chat, "Which?")
    shown: list[str] = []

    def over() -> bool:
        shown.append(all_words(chat))
        return bool(chat.turns) and chat.turns[-1].answers[-1].over

    until(over)
    answered(chat, 1)
    assert "The key:" in chat.turns[0].text.text()
    assert not any(piece in "\n".join(shown) for piece in pieces(secret))
    nowhere(secret, studio.window)
    conversations = json.dumps(studio.services.runs.get(studio.services.runs.list().runs[0].id), default=str)
    assert not any(piece in conversations for piece in pieces(secret))


@pytest.mark.spec("editor.66")
def test_in_a_batch_and_its_results(studio: Studio, tmp_path: Path) -> None:
    secret = SECRETS[0]
    page = studio.open_app(studio.services.workflows.create("workflow", "Rounds", workflow=rounds(secret)))
    window = studio.window.past.show_batch(page)
    table = tmp_path / "rows.csv"
    table.write_text("t\none\ntwo\n", "utf-8")
    window.load(table)
    until(lambda: window.batch is not None)
    QTest.mouseClick(window.start, LEFT)
    until(lambda: window.batch is not None and window.batch.is_over and not window._live, 90)
    nowhere(secret, window)
    window.export_to(tmp_path / "out.csv")
    text = (tmp_path / "out.csv").read_text("utf-8-sig")
    assert "no entry with" in text
    assert secret not in text


@pytest.mark.spec("editor.66")
def test_the_key_of_a_provider_that_is_repeated_in_a_refusal(studio: Studio, tmp_path: Path) -> None:
    """Services often repeat the key that they refuse: it is a secret like those of the workflow, also in settings."""
    key = "sk-provider-of-models-4711"
    words = {"error": {"message": f"Incorrect API key provided: {key}.", "code": "invalid_api_key"}}
    with ModelServer(Answer(status=401, body=words)) as server:
        models = studio.services.models
        provider = models.save_provider("openai_api_compatible", base_url=server.url, api_key=key)
        models.add_model(provider, "box-1")
        model = {"provider": provider, "name": "box-1", "mode": "chat", "completion_params": {}}
        code = "def main(k):\n    return {'r': k}\n"
        reads = [{"variable": "k", "value_selector": ["s", "t"]}]
        flow = made(
            [
                node("s", "start", variables=[{"variable": "t", "type": "paragraph", "label": "t"}]),
                node("c", "code", code=code, variables=reads, **CODE),
                node("m", "llm", title="Ask", model=model, prompt_template=[{"role": "user", "text": "?"}],
                     context={"enabled": False}),
                node("e", "end", outputs=[{"variable": "o", "value_selector": ["m", "text"]}]),
            ],
            [("s", "c"), ("c", "m"), ("m", "e")],
        )  # fmt: skip
        page = studio.open_app(studio.services.workflows.create("workflow", "Asks", workflow=flow))
        assert "Incorrect API key provided: " in studio.run({"t": f"typed {key}"})["error"]
        tried = models.test(provider)
    assert "Incorrect API key provided: ****" in tried.message
    assert key not in str(tried)
    page.show_drawer("trace")
    for node_id in ("c", "m"):
        page.trace.select_node(node_id)
        page.canvas.select([node_id])
        page.inspector.tabs.setCurrentIndex(1)
        studio.settle()
        nowhere(key, studio.window)
        assert key not in node_description(page.canvas, page.canvas.scene.items[node_id])
    studio.services.logs.export([studio.services.runs.list().runs[0].id], tmp_path / "runs.jsonl", "jsonl")
    kept = [tmp_path / "runs.jsonl", *tmp_path.glob("penstock.db*")]
    assert not [file.name for file in kept if key.encode() in file.read_bytes()]
