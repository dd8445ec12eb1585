"""Values to look at: trees, Markdown, pictures; nothing of a stranger is fetched or read from the disk."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QPoint, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QWidget
from shiboken6 import isValid

from editor.panels.forms.code_edit import CodeEdit
from editor.panels.result_text import ResultText
from editor.panels.result_values import ResultValues, is_one_text
from editor.panels.talk.markdown import MarkdownView
from editor.panels.value_view import ValueView
from editor.panels.viewers import pictures
from editor.panels.viewers.enlarge import PictureWindow
from editor.panels.viewers.pictures import NoPicture, decoded, pictures_in
from editor.panels.viewers.tree import DataTree, Line
from editor.panels.viewers.viewing import Viewing, stored_in, use
from editor.settings import Preferences

RED = "#ff0000"
LEFT = Qt.MouseButton.LeftButton
OPEN: list[QWidget] = []
"""Windows of a test; its fixture closes them."""
PAGE = "# A title\n\n**Bold** words.\n\n- one\n- two\n"


def png(width: int = 60, height: int = 40, kind: str = "PNG") -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(RED))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, kind)
    return bytes(buffer.data().data())


def data_url(content: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def red_in(widget: QWidget) -> int:
    picture = widget.grab().toImage()
    places = ((x, y) for x in range(0, picture.width(), 3) for y in range(0, picture.height(), 3))
    return sum(picture.pixelColor(x, y).name() == RED for x, y in places)


@pytest.fixture
def files(tmp_path: Path, qapp: object) -> Iterator[Path]:
    """The folder of the stored files of a workspace that viewers look into."""
    folder = tmp_path / "files"
    use(Viewing(lambda reference: stored_in(folder, reference), Preferences(tmp_path / "preferences.json")))
    yield folder
    use(Viewing())
    for widget in OPEN:
        if isValid(widget):
            widget.close()
            widget.deleteLater()
    OPEN.clear()


def stored(folder: Path, content: bytes) -> dict[str, Any]:
    """A picture of the workspace as a run hands it on."""
    from engine.adapters.files import FolderFiles

    reference = FolderFiles(folder).put(content, "red.png", "image/png")
    return {
        "dify_model_identity": "__dify__file__", "type": "image", "transfer_method": "local_file",
        "reference": reference, "filename": "red.png", "extension": ".png", "mime_type": "image/png",
        "size": len(content), "remote_url": None, "url": (folder / reference[:2] / reference).as_uri(),
    }  # fmt: skip


def shown(widget: QWidget, size: QSize | None = None) -> QWidget:
    widget.resize(size or QSize(480, 420))
    widget.show()
    OPEN.append(widget)
    QGuiApplication.processEvents()
    return widget


# -- what strangers write --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelled", ["file://{}", "{}", "file:{}", "FILE://{}"])
@pytest.mark.parametrize("kind", ["result", "chat", "value"])
def test_a_picture_of_the_disk_is_not_read(files: Path, tmp_path: Path, kind: str, spelled: str) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes(png())
    text = f"# Look\n\n![mine]({spelled.format(outside)})\n"
    view: QWidget
    if kind == "result":
        view = ResultText()
        view.show_text(text)
    elif kind == "chat":
        view = MarkdownView(files)
        view.set_text(text)
    else:
        view = ValueView("text", text)
    assert red_in(shown(view)) == 0
    view.close()


def test_a_picture_beside_the_program_is_not_read_by_a_relative_name(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "near.png").write_bytes(png())
    monkeypatch.chdir(tmp_path)
    view = ResultText()
    view.show_text("# x\n\n![a](near.png) ![b](./near.png) ![c](files/../near.png)")
    assert red_in(shown(view)) == 0


def test_nothing_is_fetched(files: Path) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(png())

        def log_message(self, *_: object) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/a.png"
        view = ResultText()
        view.show_text(f"# x\n\n![a]({address})")
        assert red_in(shown(view)) == 0
        web = {"type": "image", "transfer_method": "remote_url", "remote_url": address, "filename": "a.png"}
        value = ValueView("file", {"picture": web})
        shown(value)
        assert value.thumbnails is not None
        (small,) = value.thumbnails.pictures
        assert not small.isEnabled()
        assert "On the web: not loaded." in small.toolTip()
        assert address in small.toolTip()
        assert red_in(value) == 0
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == []


def test_a_stored_file_and_a_data_address_are_shown_in_markdown(files: Path) -> None:
    file = stored(files, png())
    for address in (file["url"], data_url(png())):
        view = ResultText()
        view.show_text(f"# x\n\n![a]({address})")
        assert red_in(shown(view)) > 50
    escape = Path(file["url"].removeprefix("file://")).parent.parent.parent / "outside.png"
    escape.write_bytes(png())
    view = ResultText()
    view.show_text(f"# x\n\n![a]({escape.as_uri()})")
    assert red_in(shown(view)) == 0


def test_a_picture_in_a_text_is_enlarged_by_a_click(files: Path) -> None:
    view = ResultText()
    view.show_text(f"![a]({data_url(png(300, 200))})\n\n![b](file:///etc/hostname)\n\n# x")
    shown(view)
    QTest.mouseClick(view.viewport(), LEFT, pos=QPoint(30, 30))
    dialog = next(d for d in view.findChildren(PictureWindow) if d.isVisible())
    assert "300 × 200" in dialog.facts.text()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    for place in (QPoint(20, 195), QPoint(200, 250)):
        QTest.mouseClick(view.viewport(), LEFT, pos=place)
    assert not any(d.isVisible() for d in view.findChildren(PictureWindow))


def test_a_long_text_begins_at_its_beginning(files: Path) -> None:
    view = ValueView("out", PAGE * 60)
    shown(view)
    assert isinstance(view.view, ResultText)
    assert view.view.verticalScrollBar().value() == 0
    assert view.view.verticalScrollBar().maximum() > 0


def test_a_style_sheet_that_a_text_names_is_not_read(files: Path) -> None:
    view = ResultText()
    kind = QTextDocument.ResourceType.StyleSheetResource.value
    assert view.document().loadResource(kind, "file:///etc/hostname") == ""


# -- pictures --------------------------------------------------------------------------------------------------------


def test_pictures_of_a_value_are_small_and_one_click_makes_one_large(files: Path) -> None:
    value = ValueView("out", {"photo": stored(files, png(600, 400)), "more": [data_url(png(20, 20))]})
    shown(value, QSize(320, 600))
    assert value.thumbnails is not None
    first, second = value.thumbnails.pictures
    assert "600 × 400" in first.toolTip()
    assert "20 × 20" in second.toolTip()
    assert red_in(value.thumbnails) > 50
    assert second.geometry().right() <= value.width()

    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Space)

    large = next(w for w in QGuiApplication.topLevelWindows() if w.title() == "red.png")
    dialog = next(d for d in value.window().findChildren(PictureWindow) if d.isVisible())
    assert large.isVisible()
    assert "600 × 400" in dialog.facts.text()
    QTest.mouseClick(dialog.whole, LEFT)
    assert dialog.view.width() == 600
    QTest.mouseClick(dialog.whole, LEFT)
    QGuiApplication.processEvents()
    assert dialog.view.width() <= dialog.width()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_large_picture_is_saved_as_it_is(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = png()
    target = tmp_path / "saved.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    (picture,) = pictures_in(stored(files, content), lambda r: stored_in(files, r))
    dialog = PictureWindow(picture, Viewing(), None)
    shown(dialog)
    QTest.mouseClick(dialog.save, LEFT)
    assert target.read_bytes() == content
    dialog.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no picture at all", "not a picture that can be shown"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>', "not a picture that can be shown"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "picture"),
        (b"", "picture"),
    ],
)
def test_what_cannot_be_shown_says_why(qapp: object, content: bytes, words: str) -> None:
    with pytest.raises(NoPicture, match=words):
        decoded(content)


def test_limits_of_bytes_and_pixels(qapp: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES", 5000)
    big = tmp_path / "big.png"
    big.write_bytes(b"\0" * 5001)
    with pytest.raises(NoPicture, match="Larger than"):
        pictures.Picture("big", path=big).content()
    with pytest.raises(NoPicture, match="Larger than"):
        pictures.data_bytes(data_url(b"\0" * 9000), 5000)
    with pytest.raises(NoPicture, match="Larger than"):
        decoded(png(100, 100), most_pixels=9_999)
    assert decoded(png(100, 50), QSize(20, 20))[0].size() == QSize(20, 10)


def test_a_value_names_no_file_but_stored_ones(files: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes(png())
    evil = stored(files, png()) | {"reference": f"../../{outside.name}", "url": outside.as_uri()}
    (found,) = pictures_in([evil], lambda r: stored_in(files, r))
    assert found.path is None
    value = ValueView("evil", [evil])
    assert red_in(shown(value)) == 0


def test_a_dozen_pictures_are_enough(qapp: object) -> None:
    assert len(pictures_in([data_url(png(4, 4))] * 100, lambda _: None)) == pictures.MOST_FOUND


# -- data ------------------------------------------------------------------------------------------------------------


def line(tree: DataTree, *path: int) -> Line:
    item: Any = tree.topLevelItem(path[0])
    for place in path[1:]:
        item = item.child(place)
    assert isinstance(item, Line)
    return item


def test_data_is_a_tree_in_its_own_order_and_json_on_request_which_is_remembered(files: Path, tmp_path: Path) -> None:
    data = {"z": 1, "a": [{"b": None}, "text"], "n": 10**30}
    view = ValueView("out", data)
    shown(view)
    tree = view.view
    assert isinstance(tree, DataTree)
    assert [tree.topLevelItem(i).text(0) for i in range(3)] == ["z", "a", "n"]
    assert tree.topLevelItem(2).text(1) == str(10**30)
    assert line(tree, 1, 0, 0).text(1) == "null"
    tree.setCurrentItem(line(tree, 1, 0))
    QTest.keyClick(tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert json.loads(QGuiApplication.clipboard().text()) == {"b": None}
    assert tree.path_of(line(tree, 1, 0, 0)) == "a[0].b"

    QTest.mouseClick(view.switch, LEFT)

    raw = view.view
    assert isinstance(raw, CodeEdit)
    assert json.loads(raw.toPlainText()) == data
    assert isinstance(ValueView("other", [1]).view, CodeEdit)
    assert Preferences(tmp_path / "preferences.json").get("raw_data") is True
    QTest.mouseClick(view.switch, LEFT)
    assert isinstance(view.view, DataTree)


def test_a_large_list_opens_at_once_and_counts_the_rest(files: Path) -> None:
    tree = DataTree({"items": [{"id": n} for n in range(1200)]})
    items = line(tree, 0)
    assert not items.isExpanded()
    assert items.childCount() == 0, "made when it is opened"
    shown(tree)
    tree.setCurrentItem(items)
    QTest.keyClick(tree, Qt.Key.Key_Right)
    assert items.childCount() == 501
    assert items.child(500).text(1) == "700 more: click to see"
    tree.scrollToItem(items.child(500))
    QTest.mouseClick(tree.viewport(), LEFT, pos=tree.visualItemRect(items.child(500)).center())
    assert items.childCount() == 1001
    assert tree.path_of(items.child(999)) == "items[999]"
    low = tree.height()
    tree.setCurrentItem(items)
    QTest.keyClick(tree, Qt.Key.Key_Left)
    assert tree.height() < low


def test_json_in_a_text_is_data_too(files: Path) -> None:
    assert isinstance(ValueView("out", '{"a": [1, 2]}').view, DataTree)
    assert isinstance(ValueView("out", '{"a": [1, 2').view, CodeEdit)
    assert not ValueView("out", "words").switch.isChecked()


def test_markdown_is_formatted_or_as_it_came_which_is_remembered(files: Path, tmp_path: Path) -> None:
    view = ValueView("out", PAGE)
    shown(view)
    assert isinstance(view.view, ResultText)
    assert "**" not in view.view.toPlainText()
    QTest.mouseClick(view.switch, LEFT)
    assert isinstance(view.view, CodeEdit)
    assert view.view.toPlainText() == PAGE
    assert Preferences(tmp_path / "preferences.json").get("raw_text") is True
    assert isinstance(ValueView("again", PAGE).view, CodeEdit)
    assert isinstance(ValueView("data", {"a": 1}).view, DataTree), "another kind is another choice"


def test_outputs_of_a_run_are_one_text_or_parts(files: Path) -> None:
    assert is_one_text({"text": PAGE})
    assert is_one_text({"answer": "x", "other": 1})
    assert not is_one_text({"picture": data_url(png())})
    assert not is_one_text({"a": 1, "b": 2})
    values = ResultValues()
    values.show_outputs("r", {"page": PAGE, "n": 1})
    assert len(values.widget().findChildren(ValueView)) == 2
    values.show_outputs("r2", {"a": "short", "n": 1})
    (one,) = values.widget().findChildren(ValueView)
    assert isinstance(one.view, DataTree)


def test_a_click_beside_the_lines_of_a_tree_opens_no_menu(files: Path) -> None:
    tree = DataTree({"a": 1})
    shown(tree, QSize(300, 200))
    tree.customContextMenuRequested.emit(QPoint(10, 190))
    assert not any(w.isVisible() for w in tree.findChildren(QWidget) if w.isWindow())
