"""Statement 25 says “every setting in every panel”: each control of each form is used, taken back and done again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPlainTextEdit, QWidget

from editor.dialogs.tool_picker import ToolPicker
from editor.panels.forms.parts import Section
from editor.screenshot import wait_until
from editor.windows.page import WorkflowPage
from engine.nodes.registry import SPECS
from tests.helpers.controls import Key, accept, controls, usable, use
from tests.helpers.filled import FILLED, SUBJECT, WITHOUT_SETTINGS, chat_with_features
from tests.helpers.studio import Studio, opened_studio
from tests.helpers.whole import whole

CTRL = Qt.KeyboardModifier.ControlModifier
NO_EDIT: dict[str, str] = {
    "Close": "puts the panel away",
    "Run this step": "runs",
    "Stop": "stops what runs",
    "About this block": "opens the help",
    "More": "opens the menu of the node, whose edits are tested with the canvas",
    "Open large": "opens the same setting in a window of its own",
    "Copy the message": "copies to the clipboard",
    "Let a model write it…": "asks a model first; what it writes is tested with drafting",
    "From words…": "asks a model first; what it lays out is tested with drafting",
    "Format the JSON": "lays out the lines of the same value; that of a request's body is tested with it",
    "Preview of the form": "shows how the form looks",
    "Mail settings": "opens the settings of the workspace",
    "Set up a mail account": "opens the settings of the workspace",
    "Send a test to me": "sends an e-mail",
    "Show JSON": "shows the same fields as JSON",
    "Parameters": "shows the parameters",
    "Allowed values": "opens the line of allowed values",
    "Edit Headers as text": "shows the same lines as text",
    "Edit Parameters as text": "shows the same lines as text",
    "Add account": "belongs to the workspace, not to the workflow",
    "Map models…": "belongs to the workspace, not to the workflow",
    "Choose what it means here": "belongs to the workspace, not to the workflow",
}
"""Buttons that rightly change nothing of the workflow by themselves, each with the reason."""
WORKSPACE: dict[str, str] = {
    "Add an annotation": "annotations belong to the workspace",
    "Annotations": "opens the list of annotations, which belongs to the workspace",
    "Annotation reply": "annotations belong to the workspace",
}
"""Controls of the features that change the workspace and not the workflow, each with the reason."""
STRUCTURE = ("Go to ", "More for ", "Add next step")
"""The beginnings of the names of the next steps' buttons, which go about the graph and are tested with it."""
SAYS: dict[str, str] = {
    "Node title": "Title",
    "Node description": "Description",
    "Move by dragging": "Move ",
    "When this step fails": "Error handling",
    "Button id": "Id of a button",
    "Field name": "Name of a field",
    "Insert a field": "Insert the field",
    "Output name": "Rename",
    "Name": "Rename",
    "Add input": "Input",
    "Input ": "Inputs",
    **dict.fromkeys(("Images", "Documents", "Audio", "Video", "Other"), "File types"),
    "From ": "Where files come from",
    "Header": "Headers",
    "Value of Header": "Headers",
    "Parameter": "Parameters",
    "Value of Parameter": "Parameters",
    "Change to the present form": "Present form",
    "Several groups": "Groups",
    "Group name": "Rename the group",
    "Choose another tool": "Use the tool",
    "Begins with": "Change ",
}
"""What the history says instead of the name of a control."""


def unfold(page: WorkflowPage) -> None:
    """Open every folded section, and the parameters of a model."""
    for section in page.inspector.findChildren(Section):
        if section.is_folded() and section.isVisible():
            QTest.mouseClick(section.toggle, Qt.MouseButton.LeftButton)
    for key, widget in controls(page.inspector).items():
        if key.name == "Parameters" and widget.isCheckable() and not widget.isChecked():
            QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
    QApplication.processEvents()


def opened(studio: Studio, tmp_path: Path, name: str) -> WorkflowPage:
    """The filled workflow of a name, with its subject in the inspector and every section open."""
    studio.services.open_workspace()
    studio.window.studio.tools.load()
    assert wait_until(lambda: bool(studio.window.studio.tools.groups), 20)
    path = tmp_path / "filled.yml"
    path.write_text(FILLED[name].text(), encoding="utf-8")
    page = studio.open_file(path)
    page.canvas.select([SUBJECT])
    studio.settle()
    unfold(page)
    return page


def edits(key: Key, widget: QWidget) -> bool:
    """Whether a control is there to change the workflow."""
    if not usable(widget) or widget.property("kind") == "section-title" or key.name.startswith(STRUCTURE):
        return False
    # A line of allowed values is no button that opens it.
    return key.name not in NO_EDIT or key.kind != "QAbstractButton"


def _input(dialog: QDialog) -> None:
    name = dialog.findChild(QLineEdit, "Variable name")
    assert name is not None
    QTest.keyClick(name, Qt.Key.Key_End)
    QTest.keyClicks(name, "new")
    accept(dialog)


def _curl(dialog: QDialog) -> None:
    text = dialog.findChild(QPlainTextEdit, "cURL command")
    assert text is not None
    QTest.keyClicks(text, "curl -X PUT https://example.org/a?b=c")
    accept(dialog)


def _sample(dialog: QDialog) -> None:
    text = dialog.findChild(QPlainTextEdit, "Sample")
    assert text is not None
    QApplication.clipboard().setText('{"town": "Bern"}')
    QTest.keyClick(text, Qt.Key.Key_V, CTRL)
    accept(dialog)


def _tool(dialog: QDialog) -> None:
    assert isinstance(dialog, ToolPicker)
    QTest.keyClicks(dialog.search, "weekday")
    assert wait_until(lambda: dialog.list.count() > 0, 20)
    QTest.keyClick(dialog.search, Qt.Key.Key_Return)


DIALOGS: dict[str, Callable[[QDialog], None]] = {
    "Input": _input,
    "Import from cURL": _curl,
    "From a sample": _sample,
    "Choose a tool": _tool,
}
"""How the dialogs are answered that settings are changed with, by title."""


def answer_dialogs() -> None:
    """Answer a dialog that a control opened."""
    for dialog in [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]:
        answer = DIALOGS.get(dialog.windowTitle())
        assert answer is not None, f"nobody knows how to answer “{dialog.windowTitle()}”"
        answer(dialog)
    QApplication.processEvents()


def wanted(place: QWidget) -> list[Key]:
    """The controls that are there to change the workflow."""
    return [key for key, widget in controls(place).items() if edits(key, widget)]


def used_once(place: QWidget, key: Key, tries: int) -> bool | None:
    """Whether the window has the keyboard after a control was used; None when it is gone.

    No test may hold on to what it found while forms are rebuilt: among it are widgets that Qt made for itself. Nobody
    learns that they went, and what is made next may stand where they stood.
    """
    widget = controls(place).get(key)
    return use(widget, tries) if widget is not None else None


def faults_of(studio: Studio, page: WorkflowPage, place: QWidget, key: Key) -> list[str]:
    """What is wrong with one control, which is used, taken back, done again and taken back."""
    document = page.session.document
    lost: list[str] = []
    before, steps = whole(document.workflow), document.position
    for tries in range(3):
        if whole(document.workflow) == before:
            studio.messages.answers[:] = [True]
            used = used_once(place, key, tries)
            if used is None:
                return [f"{key} is gone"]
            if not used and not studio.window.isActiveWindow():
                lost.append(f"{key} took the keyboard from the window")
            answer_dialogs()
            studio.activate()  # without a window manager nobody does after a popup
            page.canvas.setFocus()
            QApplication.processEvents()
    after, label = whole(document.workflow), document.undo_label
    if after == before:
        return [f"{key} changed nothing"]
    found = lost
    found += [] if document.position == steps + 1 else [f"{key} is {document.position - steps} steps"]
    words = {
        key.name.rstrip("…").removesuffix(", roughly"),
        *(words for name, words in SAYS.items() if key.name.startswith(name)),
    }
    if not any(word in label for word in words) and not (key.kind == "QAbstractButton" and "Days" in label):
        found.append(f"{key} is called “{label}”")
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    found += [f"{key} is not taken back"] if whole(document.workflow) != before else []
    QTest.keyClick(page.canvas, Qt.Key.Key_Y, CTRL)
    found += [f"{key} is not done again"] if whole(document.workflow) != after else []
    while document.position > steps:
        document.undo()
    QApplication.processEvents()
    # What forms let go of goes with the next turn of the loop, which a test does not come to by itself.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return found


@pytest.mark.spec("editor.25", "editor.28", "editor.41")
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", list(FILLED))
def test_each_setting_of_a_node_is_taken_back_and_done_again(studio: Studio, tmp_path: Path, name: str) -> None:
    page = opened(studio, tmp_path, name)
    faults = [f"{key} has no name" for key in controls(page.inspector) if not key.name]
    for key in wanted(page.inspector):
        faults += faults_of(studio, page, page.inspector, key)
        unfold(page)
    assert not faults, "\n".join(faults)


@pytest.mark.spec("editor.25", "editor.78")
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_each_setting_of_a_feature_is_taken_back_and_done_again(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "chat.yml"
    path.write_text(chat_with_features(), encoding="utf-8")
    page = studio.open_file(path)
    page.show_panel("features")
    studio.settle()
    panel = page.panels["features"]
    faults = [f"{key} has no name" for key in controls(panel) if not key.name]
    for key in [key for key in wanted(panel) if key.name not in WORKSPACE]:
        faults += faults_of(studio, page, panel, key)
    assert not faults, "\n".join(faults)


@pytest.mark.spec("editor.40")
@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_each_form_fits_the_panel_of_a_window_of_1100_pixels(tmp_path: Path, language: str) -> None:
    with opened_studio(tmp_path, size=(1100, 800), language=language) as studio:
        wide = []
        for name in FILLED:
            page = opened(studio, tmp_path, name)
            form = page.inspector.form
            assert form is not None
            room = form.parentWidget()
            assert room is not None
            if form.minimumSizeHint().width() > room.width():
                wide.append(f"{name}: {form.minimumSizeHint().width()} in {room.width()}")
            assert page.canvas.width() >= 400
            studio.window.close_page(studio.window.tab_bar.currentIndex())
        assert not wide, "\n".join(wide)


def test_every_type_with_settings_is_filled() -> None:
    # The form of the retrieval of knowledge has tests of its own.
    assert {filled.kind for filled in FILLED.values()} | WITHOUT_SETTINGS | {"knowledge-retrieval"} == set(SPECS)
