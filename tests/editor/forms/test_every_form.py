"""Every node type has a form that opens, changes nothing, fits the panel and follows what happens elsewhere."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget

from editor.i18n import set_language
from editor.panels.forms.code_edit import CodeEdit
from editor.panels.palette import BlockSelector
from engine.nodes.registry import SPECS
from tests.editor.forms.conftest import Open
from tests.helpers.model import made, node

PANEL = 380


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("kind", sorted(SPECS))
def test_the_form_of_a_fresh_node_opens_and_fits(desk: Open, kind: str, language: str) -> None:
    data = {k: v for k, v in SPECS[kind].default_data("workflow").items() if k not in ("type", "title", "desc")}
    workflow = made([node("n", kind, **data)])
    set_language(language)
    try:
        here = desk(workflow, "n")
        assert here.document.workflow == workflow
        assert here.inspector.form is not None
        assert here.inspector.form.minimumSizeHint().width() <= PANEL
        assert here.inspector.minimumSizeHint().width() <= PANEL
        for button in here.all(QWidget):
            if button.accessibleName() == "":
                continue
            assert button.width() > 0
    finally:
        set_language("en")


@pytest.mark.spec("editor.15")
def test_the_block_selector_is_filtered_and_used_by_keys(desk: Open) -> None:
    here = desk(made([node("n", "code", code="", variables=[], outputs={})]), "n")
    chosen: list[str] = []
    selector = BlockSelector("workflow", None, here.inspector, here.session.studio.habits, here.session.studio.snippets)
    selector.chosen.connect(chosen.append)
    here.inspector.title.setFocus()
    selector.popup(here.inspector.mapToGlobal(here.inspector.rect().center()))
    search = here.one(QLineEdit, "Search blocks", selector)
    QTest.keyClicks(search, "templ")
    QTest.keyClick(search, Qt.Key.Key_Return)
    assert chosen == ["template-transform"]
    QApplication.processEvents()


@pytest.mark.spec("editor.15")
def test_escape_closes_the_selector_and_gives_the_keyboard_back(desk: Open) -> None:
    here = desk(made([node("n", "code", code="", variables=[], outputs={})]), "n")
    selector = BlockSelector("workflow", None, here.inspector, here.session.studio.habits, here.session.studio.snippets)
    here.inspector.title.setFocus()
    selector.popup(here.inspector.mapToGlobal(here.inspector.rect().center()))
    search = here.one(QLineEdit, "Search blocks", selector)
    QTest.keyClicks(search, "co")
    QTest.keyClick(search, Qt.Key.Key_Escape)
    QApplication.processEvents()
    assert not here.all(BlockSelector)
    assert here.inspector.focusWidget() is here.inspector.title


def test_a_node_without_settings_says_so_and_one_with_unforeseen_ones_shows_them(desk: Open) -> None:
    def said(**data: object) -> str:
        here = desk(made([node("n", "loop-end", **data)]), "n")
        texts = [w.toPlainText() for w in here.all(CodeEdit, "Settings as JSON")]
        return "\n".join([*texts, *(w.text() for w in here.all(QLabel))])

    assert "Nothing to set." in said(isInLoop=True, loop_id="l")
    assert '"speed": 3' in said(speed=3)
