"""From an empty library to a published workflow with a model's prompt, by keys alone: every key goes where the keyboard
is, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QTextEdit, QTreeView, QWidget

from editor.dialogs.goto import GoTo
from editor.dialogs.publish import PublishDialog
from editor.panels.palette import BlockSelector
from editor.panels.value_view import ValueView
from editor.panels.variable_picker import VariablePicker
from editor.screenshot import wait_until
from engine.services.models import ModelRef
from tests.helpers.models import ModelServer, openai_stream
from tests.helpers.studio import Studio
from tests.journeys.test_first_hour import popup

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def server(studio: Studio) -> Iterator[ModelServer]:
    """A model that the workspace knows and takes by itself."""
    with ModelServer(openai_stream("All ", "is well.", usage=(11, 4))) as found:
        models = studio.services.models
        provider = models.save_provider("openai_api_compatible", base_url=found.url)
        models.add_model(provider, "box-1")
        models.set_default(ModelRef(provider, "box-1"))
        studio.window.studio.load_models()
        assert wait_until(lambda: studio.window.studio.default_model is not None, 20)
        yield found


def keyboard() -> QWidget:
    found = QApplication.activePopupWidget() or QApplication.focusWidget()
    assert found is not None, "nothing has the keyboard"
    inner = found.focusWidget()
    return inner if inner is not None and found.isWindow() else found


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(keyboard(), key, modifiers)
    QApplication.processEvents()


def type_words(words: str) -> None:
    QTest.keyClicks(keyboard(), words)
    QApplication.processEvents()


def until_here(key: Qt.Key, there: Callable[[], bool], modifiers: Qt.KeyboardModifier = NONE) -> None:
    """Press a key until something is reached."""
    for _ in range(60):
        if there():
            return
        press(key, modifiers)
    pytest.fail(f"{key} never leads there; the keyboard is in {keyboard().accessibleName()!r}")


def add_block(studio: Studio, words: str) -> None:
    press(Qt.Key.Key_A)
    assert isinstance(popup(BlockSelector), BlockSelector)
    type_words(words)
    press(Qt.Key.Key_Return)
    studio.activate()  # which a window manager does
    assert wait_until(studio.page.canvas.hasFocus, 5)


def back_to_canvas(studio: Studio) -> None:
    """Escape closes what is open, then leaves the field."""
    for _ in range(3):
        press(Qt.Key.Key_Escape)
        studio.activate()
        if wait_until(studio.page.canvas.hasFocus, 1):
            return
    pytest.fail("Escape does not lead back to the canvas")


def is_text(name: str) -> bool:
    return isinstance(keyboard(), QPlainTextEdit | QTextEdit) and name in keyboard().accessibleName()


@pytest.mark.spec("editor.81")
def test_a_prompt_with_a_variable_is_written_run_traced_and_published_by_keys(
    studio: Studio, server: ModelServer
) -> None:
    studio.activate()
    press(Qt.Key.Key_N, CTRL)
    assert wait_until(lambda: studio.window.page is not None, 20)
    page = studio.page
    canvas, document = page.canvas, page.session.document
    studio.activate()
    assert wait_until(canvas.hasFocus, 10), "one can begin at once"
    press(Qt.Key.Key_Return)
    assert keyboard().accessibleName() == "Start", "the first of what a run can begin with"
    press(Qt.Key.Key_Return)
    assert wait_until(canvas.hasFocus, 5)
    for words in ("template", "llm", "output"):
        add_block(studio, words)
    kinds = {n.type: n.id for n in document.graph.nodes.values()}
    assert set(kinds) == {"start", "template-transform", "llm", "end"}

    def is_on(kind: str) -> bool:
        return canvas.selected_nodes() == [kinds[kind]]

    # Connect: from the start to the model, too.
    until_here(Qt.Key.Key_Backtab, lambda: is_on("start"), SHIFT)
    press(Qt.Key.Key_E)
    assert isinstance(popup(GoTo), GoTo)
    type_words("llm")
    press(Qt.Key.Key_Return)
    studio.activate()
    assert wait_until(canvas.hasFocus, 5)
    assert (kinds["start"], kinds["llm"]) in {(e.source, e.target) for e in document.graph.edges.values()}

    # The template says something, without an input.
    until_here(Qt.Key.Key_Tab, lambda: is_on("template-transform"))
    press(Qt.Key.Key_Return)
    until_here(Qt.Key.Key_Tab, lambda: keyboard().accessibleName() == "Remove")
    press(Qt.Key.Key_Space)
    until_here(Qt.Key.Key_Tab, lambda: is_text("Template"))
    press(Qt.Key.Key_A, CTRL)
    type_words("the report")
    back_to_canvas(studio)

    # The prompt, with a variable out of the picker.
    until_here(Qt.Key.Key_Tab, lambda: is_on("llm"))
    press(Qt.Key.Key_Return)
    assert page.inspector.isAncestorOf(keyboard())
    assert keyboard().accessibleName() == "Model", "the first setting, not the title above it"
    assert keyboard().property("kind") != "section-title"
    until_here(Qt.Key.Key_Tab, lambda: is_text("rompt"))
    type_words("Sum up {")
    picker = popup(VariablePicker)
    assert isinstance(picker, VariablePicker)
    type_words("output")
    press(Qt.Key.Key_Return)
    studio.activate()
    said = str(document.graph.node(kinds["llm"]).data["prompt_template"])
    assert "Sum up {{#" + kinds["template-transform"] + ".output#}}" in said
    back_to_canvas(studio)

    # The output is the model's text.
    until_here(Qt.Key.Key_Tab, lambda: is_on("end"))
    press(Qt.Key.Key_Return)
    if not document.graph.node(kinds["end"]).data["outputs"]:
        until_here(Qt.Key.Key_Tab, lambda: keyboard().accessibleName() == "Add output")
        press(Qt.Key.Key_Return)
    until_here(Qt.Key.Key_Tab, lambda: keyboard().accessibleName() == "Output value")
    press(Qt.Key.Key_Space)
    assert isinstance(popup(VariablePicker), VariablePicker)
    type_words("text")
    press(Qt.Key.Key_Return)
    studio.activate()
    assert document.graph.node(kinds["end"]).data["outputs"][-1]["value_selector"] == [kinds["llm"], "text"]
    back_to_canvas(studio)

    # Run.
    press(Qt.Key.Key_F5)
    assert wait_until(lambda: page.session.run_state is not None and page.session.run_state.is_over, 60)
    assert page.session.run_state is not None
    assert page.session.run_state.status == "succeeded", page.session.run_state.error
    assert "Sum up the report" in str(server.seen[-1].body["messages"])

    # Read the trace: from step to step, with what each was given and gave.
    press(Qt.Key.Key_T, CTRL)
    assert page.shown_tab == "trace"
    until_here(Qt.Key.Key_F6, lambda: page.drawer.isAncestorOf(keyboard()))
    until_here(Qt.Key.Key_Tab, lambda: isinstance(keyboard(), QTreeView))
    press(Qt.Key.Key_Home)

    def details() -> str:
        parts = [label.text() for label in page.trace.details.findChildren(QLabel)]
        parts += [str(view.value()) for view in page.trace.details.findChildren(ValueView)]
        return "\n".join(parts)

    until_here(Qt.Key.Key_Down, lambda: "15 tokens" in details())
    assert "All is well." in details()

    # Publish.
    press(Qt.Key.Key_P, CTRL | SHIFT)
    dialog = studio.dialog(PublishDialog)
    dialog.activateWindow()
    assert wait_until(dialog.isActiveWindow, 10)
    type_words("By keys")
    press(Qt.Key.Key_Return)
    published = lambda: [v.name for v in studio.services.versions.list(page.session.app_id)]  # noqa: E731
    assert wait_until(lambda: published() == ["By keys"], 20)
