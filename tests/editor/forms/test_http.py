"""Headers and parameters of a request as a table and as one text."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from editor.panels.forms.template_edit import TemplateEdit
from tests.editor.forms.conftest import Open
from tests.helpers.model import made, node


def test_many_headers_are_pasted_as_one_text(desk: Open) -> None:
    request = node("h", "http-request", method="get", url="http://x", headers="A:1", params="", body={"type": "none"})
    here = desk(made([node("start", "start", variables=[]), request], [("start", "h")]), "h")
    here.click("Edit Headers as text")
    assert not here.all(TemplateEdit, "Header 1")
    text = here.one(TemplateEdit, "Headers as text")
    assert text.text() == "A:1"
    assert here.steps() == 1
    QTest.keyClick(text, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    for line in ("B:2", "C:x:y"):
        QTest.keyClick(text, Qt.Key.Key_Return)
        QTest.keyClicks(text, line)
    assert here.data["headers"] == "A:1\nB:2\nC:x:y"
    assert here.steps() == 2
    here.click("Edit Headers as text")
    assert here.one(TemplateEdit, "Header 3").text() == "C"
    assert here.one(TemplateEdit, "Value of Header 3").text() == "x:y"
    assert here.steps() == 2
