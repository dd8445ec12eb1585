"""The inputs of a run: every kind checks what is given, and says where it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QWidget

from editor.i18n import set_language
from editor.panels.file_pick import MB, FilePick, kind_of
from editor.panels.run_form import RunForm

Make = Callable[..., RunForm]


@pytest.fixture
def form(qapp: QApplication) -> Iterator[Make]:
    """A shown form of the given inputs."""
    set_language("en")
    made: list[RunForm] = []

    def make(*variables: dict[str, Any], chat: bool = False) -> RunForm:
        shown = RunForm([{"label": v["variable"], **v} for v in variables], chat=chat)
        shown.resize(380, 600)
        shown.show()
        made.append(shown)
        return shown

    yield make
    for each in made:
        each.close()
        each.deleteLater()


def field(form: RunForm, name: str) -> Any:
    """The editor of an input."""
    found = form.findChild(QWidget, f"input {name}")
    assert found is not None
    return found


def faults(form: RunForm) -> list[str]:
    """What is said to be wrong, from top to bottom."""
    return [w.text() for w in form.findChildren(QLabel) if w.property("kind") == "bad" and w.isVisible()]


@pytest.mark.spec("editor.56")
@pytest.mark.parametrize("kind", ["text-input", "paragraph", "number", "select", "file", "file-list", "json_object"])
def test_a_required_field_blocks_and_is_marked(form: Make, kind: str) -> None:
    here = form({"variable": "a", "type": kind, "required": True, "options": []})
    assert here.values() is None
    assert len(faults(here)) == 1
    assert field(here, "a").property("wrong") is True


@pytest.mark.spec("editor.56")
@pytest.mark.parametrize("kind", ["text-input", "paragraph", "number", "select", "file", "json_object"])
def test_what_is_not_required_may_stay_empty(form: Make, kind: str) -> None:
    here = form({"variable": "a", "type": kind, "required": False, "options": ["x"]})
    values = here.values()
    assert values is not None
    assert not values["a"]


@pytest.mark.spec("editor.56")
@pytest.mark.parametrize(("typed", "value"), [("12", 12), ("1.5", 1.5), ("-3", -3), ("1e3", 1000)])
def test_numbers_are_read(form: Make, typed: str, value: float) -> None:
    here = form({"variable": "n", "type": "number", "required": True})
    QTest.keyClicks(field(here, "n"), typed)
    assert here.values() == {"n": value}


@pytest.mark.spec("editor.56")
@pytest.mark.parametrize("typed", ["twelve", "1,2,3", "nan", "inf"])
def test_what_is_no_number_is_refused(form: Make, typed: str) -> None:
    here = form({"variable": "n", "type": "number", "required": False})
    QTest.keyClicks(field(here, "n"), typed)
    assert here.values() is None
    assert faults(here) == ["This is not a number."]


@pytest.mark.spec("editor.56")
def test_a_fault_goes_when_it_is_put_right(form: Make) -> None:
    here = form({"variable": "n", "type": "number", "required": True})
    assert here.values() is None
    QTest.keyClicks(field(here, "n"), "4")
    assert here.values() == {"n": 4}
    assert faults(here) == []
    assert field(here, "n").property("wrong") is False


@pytest.mark.spec("editor.56")
def test_texts_are_no_longer_than_allowed(form: Make) -> None:
    here = form(
        {"variable": "a", "type": "text-input", "max_length": 5},
        {"variable": "b", "type": "paragraph", "max_length": 5},
    )
    QTest.keyClicks(field(here, "a"), "1234567")
    field(here, "b").setPlainText("1234567")
    assert field(here, "a").text() == "12345"
    assert here.values() is None
    assert faults(here) == ["At most 5 characters."]


@pytest.mark.spec("editor.56")
def test_json_shows_where_it_is_wrong(form: Make) -> None:
    here = form({"variable": "j", "type": "json_object", "required": True})
    field(here, "j").setPlainText('{"a": 1,\n "b": }')
    assert here.values() is None
    assert faults(here) == ["Not valid JSON: a value is missing (line 2, column 7)"]
    field(here, "j").setPlainText('{"a": [1]}')
    assert here.values() == {"j": {"a": [1]}}


@pytest.mark.spec("editor.56")
def test_choices_and_check_boxes_give_their_values(form: Make) -> None:
    here = form(
        {"variable": "s", "type": "select", "required": False, "options": ["red", "green"], "default": "green"},
        {"variable": "c", "type": "checkbox", "required": False},
    )
    box, check = field(here, "s"), field(here, "c")
    assert isinstance(box, QComboBox)
    assert isinstance(check, QCheckBox)
    assert here.values() == {"s": "green", "c": False}
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Up)
    QTest.keyClick(check, Qt.Key.Key_Space)
    assert here.values() == {"s": "red", "c": True}


@pytest.mark.spec("editor.56")
def test_files_say_which_kinds_and_sizes_fit(form: Make, tmp_path: Path) -> None:
    here = form(
        {
            "variable": "f",
            "type": "file",
            "required": True,
            "allowed_file_types": ["image", "custom"],
            "allowed_file_extensions": [".dat"],
        }
    )
    pick = field(here, "f")
    assert pick.hint.text() == "Images up to 10 MB  ·  .dat up to 50 MB"
    (tmp_path / "a.mp3").write_bytes(b"x")
    pick.set_paths([tmp_path / "a.mp3"])
    assert here.values() is None
    assert faults(here) == ["a.mp3: files of this type are not taken."]
    with (tmp_path / "big.png").open("wb") as file:
        file.truncate(10 * MB + 1)
    pick.set_paths([tmp_path / "big.png"])
    assert here.values() is None
    assert faults(here) == ["big.png is larger than 10 MB."]
    (tmp_path / "x.dat").write_bytes(b"x")
    pick.set_paths([tmp_path / "x.dat"])
    values = here.values()
    assert values is not None
    assert values["f"]["filename"] == "x.dat"


@pytest.mark.spec("editor.56", "editor.79")
def test_files_can_be_dropped_up_to_a_number(form: Make, tmp_path: Path) -> None:
    here = form(
        {"variable": "f", "type": "file-list", "required": True, "max_length": 2, "allowed_file_types": ["document"]}
    )
    pick = field(here, "f")
    paths = [tmp_path / name for name in ("a.txt", "b.txt", "c.txt")]
    for path in paths:
        path.write_text("x")
    drop(pick, paths[:1])
    drop(pick, paths[1:2])
    values = here.values()
    assert values is not None
    assert [f["filename"] for f in values["f"]] == ["a.txt", "b.txt"]
    drop(pick, paths[2:])
    assert here.values() is None
    assert faults(here) == ["At most 2 files."]
    QTest.mouseClick(pick.clear, Qt.MouseButton.LeftButton)
    assert pick.paths == []


def drop(pick: FilePick, paths: list[Path]) -> None:
    """Let files fall on a field as the window system does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPointF(5, 5).toPoint(), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(pick, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(pick, QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, buttons, keys))


def test_a_vanished_file_is_told(form: Make, tmp_path: Path) -> None:
    here = form({"variable": "f", "type": "file", "required": True})
    field(here, "f").set_paths([tmp_path / "gone.txt"])
    assert here.values() is None
    assert faults(here) == ["gone.txt cannot be read."]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.PNG", "image"), ("b.pdf", "document"), ("c.mp4", "video"), ("d.wav", "audio"), ("e", "custom")],
)
def test_the_kind_of_a_file(name: str, kind: str) -> None:
    assert kind_of(Path(name)) == kind


def test_hidden_inputs_are_not_asked_for(form: Make) -> None:
    here = form(
        {"variable": "a", "type": "text-input", "hide": True, "required": True}, {"variable": "b", "type": "text-input"}
    )
    assert here.values() == {"b": ""}


def test_what_was_typed_moves_to_another_form_even_when_it_is_wrong(form: Make) -> None:
    here = form({"variable": "n", "type": "number"}, {"variable": "j", "type": "json_object", "required": True})
    QTest.keyClicks(field(here, "n"), "1x")
    field(here, "j").setPlainText("{")
    after = form({"variable": "n", "type": "number"}, {"variable": "j", "type": "json_object"})
    after.load(here.typed())
    assert field(after, "n").text() == "1x"
    assert field(after, "j").toPlainText() == "{"


def test_the_last_values_are_offered_again(form: Make) -> None:
    here = form({"variable": "n", "type": "number"}, {"variable": "j", "type": "json_object"})
    here.load({"n": 3, "j": {"a": 1}})
    assert here.values() == {"n": 3, "j": {"a": 1}}
