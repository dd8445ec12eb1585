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
    here = form({"variable": "a", "type": kind, "required": True, "options": ["x", "y"]})
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
@pytest.mark.parametrize(
    ("typed", "value"),
    [("12", 12), ("1.5", 1.5), ("-3", -3), ("1e3", 1000), ("12345678901234567891", 12345678901234567891)],
)
def test_numbers_are_read(form: Make, typed: str, value: float) -> None:
    here = form({"variable": "n", "type": "number", "required": True})
    QTest.keyClicks(field(here, "n"), typed)
    assert here.values() == {"n": value}


@pytest.mark.spec("editor.56")
@pytest.mark.parametrize("typed", ["twelve", "1,2,3", "nan", "inf", "1_000"])
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
    field(here, "j").setPlainText("[1]")
    assert here.values() is None
    assert faults(here) == ['This must be an object in braces: {"name": "value"}']
    field(here, "j").setPlainText('{"a": [1]}')
    assert here.values() == {"j": {"a": [1]}}


@pytest.mark.spec("editor.56")
def test_what_the_step_would_refuse_is_refused_in_the_form(form: Make) -> None:
    schema = {"type": "object", "properties": {"age": {"type": "number"}}, "required": ["age"]}
    here = form(
        {"variable": "j", "type": "json_object", "required": False, "json_schema": schema, "default": {"age": "old"}},
        {"variable": "u", "type": "url", "required": False},
    )
    assert field(here, "j").toPlainText() == '{"age": "old"}'
    QTest.keyClicks(field(here, "u"), "example.com")
    assert here.values() is None
    assert ["age" in words or "'old' is not of type" in words for words in faults(here)] == [True, False]
    assert "valid url" in faults(here)[1]
    field(here, "j").setPlainText('{"age": 3}')
    field(here, "u").setText("https://example.com")
    assert here.values() == {"j": {"age": 3}, "u": "https://example.com"}


@pytest.mark.spec("editor.56")
@pytest.mark.parametrize(("required", "default", "begins"), [(True, "", None), (True, "y", "y"), (False, "", None)])
def test_nothing_is_chosen_for_a_person(form: Make, required: bool, default: str, begins: str | None) -> None:
    here = form({"variable": "s", "type": "select", "required": required, "options": ["x", "y"], "default": default})
    assert field(here, "s").currentData() == begins
    here.load({"s": "gone"})
    assert field(here, "s").currentData() is None
    field(here, "s").setFocus()
    QTest.keyClick(field(here, "s"), Qt.Key.Key_Down)
    assert here.values() == {"s": "x"}


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


@pytest.mark.spec("editor.56")
def test_a_file_may_stand_at_an_address(form: Make, tmp_path: Path) -> None:
    here = form(
        {"variable": "f", "type": "file-list", "required": True, "max_length": 2, "allowed_file_types": ["image"]},
        {"variable": "g", "type": "file", "allowed_file_upload_methods": ["local_file"]},
        {"variable": "h", "type": "file", "allowed_file_upload_methods": ["remote_url"]},
    )
    pick, local, remote = field(here, "f"), field(here, "g"), field(here, "h")
    assert [p.address.isVisible() for p in (pick, local, remote)] == [True, False, True]
    assert [p.button.isVisible() for p in (pick, local, remote)] == [True, True, False]
    refused = {
        "ftp://x/a.png": "The address must start with http:// or https://.",
        "https://x/a.mp3": "a.mp3: files of this type are not taken.",
    }
    for address, words in refused.items():
        QTest.keyClicks(pick.address, address)
        assert here.values() is None
        assert faults(here) == [words]
        assert pick.address.property("wrong") is True
        pick.address.clear()
    QTest.keyClicks(pick.address, "https://x/a.png")
    QTest.keyClick(pick.address, Qt.Key.Key_Return)
    QTest.keyClicks(pick.address, "https://x/b.png")
    values = here.values()
    assert values is not None
    assert [f["url"] for f in values["f"]] == ["https://x/a.png", "https://x/b.png"]
    (tmp_path / "c.png").write_bytes(b"x")
    drop(pick, [tmp_path / "c.png"])
    assert here.values() is None
    assert faults(here) == ["At most 2 files."]
    QTest.mouseClick(pick.clear, Qt.MouseButton.LeftButton)
    assert here.values() is None
    assert faults(here) == ["Choose a file."]


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
    after.take_over(here)
    assert field(after, "n").text() == "1x"
    assert field(after, "j").toPlainText() == "{"


def test_the_last_values_are_offered_again(form: Make) -> None:
    here = form({"variable": "n", "type": "number"}, {"variable": "j", "type": "json_object"})
    here.load({"n": 3, "j": {"a": 1}})
    assert here.values() == {"n": 3, "j": {"a": 1}}
