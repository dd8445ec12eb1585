"""The result of a run, to read: formatted, plain on request, and harmless whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QTextCursor, QTextFormat

from editor.panels.result_text import MOST_FORMATTED, ResultText, is_markdown

PAGE = "# A title\n\n**For children:** water *falls*.\n\n- one\n- two\n"


@pytest.fixture
def view(qapp: object) -> Iterator[ResultText]:
    made = ResultText()
    made.resize(400, 200)
    yield made
    made.deleteLater()


def test_markdown_is_shown_formatted_and_as_it_came_on_request(view: ResultText) -> None:
    view.show_text(PAGE)
    assert view.can_format
    assert "**" not in view.toPlainText()
    assert "For children:" in view.toPlainText()
    view.set_formatted(False)
    assert view.toPlainText() == PAGE
    view.set_formatted(True)
    assert view.given == PAGE


def test_of_a_text_that_is_too_long_a_part_is_shown_and_the_whole_is_kept(view: ResultText) -> None:
    """Letters without a blank are worst: Qt seeks a place to break their line for minutes."""
    for text in ("letters" * 300_000 + "end", "many words " * 100_000 + "end"):
        view.show_text(text, more=True)
        assert view.toPlainText().endswith("end")
        view.show_text(text)
        assert view.is_cut
        assert view.toPlainText() == text[:20_000]
        assert view.given == text
        view.show_text("short")
        assert not view.is_cut
    view.show_text("a line of words\n" * 10_000)
    assert not view.is_cut, "what is quick to lay out is shown whole"


def test_headings_have_the_sizes_of_the_window(view: ResultText) -> None:
    view.show_text(PAGE)
    cursor = QTextCursor(view.document())
    cursor.movePosition(QTextCursor.MoveOperation.Right)
    assert cursor.charFormat().property(QTextFormat.Property.FontPixelSize) == 20


@pytest.mark.parametrize("text", ["Only words.", '{"a": "**b**"}', "2 * 3 * 4", "", "# x\n" * MOST_FORMATTED])
def test_what_is_no_markdown_stays_as_it_is(view: ResultText, text: str) -> None:
    assert not is_markdown(text)
    view.show_text(text)
    assert view.toPlainText() == text


def test_nothing_that_a_result_names_is_loaded_or_run(view: ResultText) -> None:
    view.show_text("# x\n![secret](file:///etc/hostname) <script>go()</script> <b>bold</b>")
    assert "<b>bold</b>" in view.toPlainText()
    assert not view.openLinks()


def test_a_growing_text_stays_at_its_end(view: ResultText) -> None:
    view.show()
    text = "- a line of text\n" * 60
    view.show_text(text)
    bar = view.verticalScrollBar()
    assert bar.value() == 0
    bar.setValue(bar.maximum())
    view.show_text(text + "- more\n" * 30)
    assert bar.value() == bar.maximum()
    view.hide()
