"""The model field: its picker with search and capabilities, presets and sliders of parameters."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QSlider

from editor.panels.forms.model_field import PRESETS, ModelField
from editor.panels.forms.model_picker import ModelPicker, about
from tests.editor.forms.conftest import Desk, Open
from tests.helpers.model import made, node

MODELS = [
    {"provider": "openai", "name": "gpt-4o", "label": "GPT-4o", "features": ["tool-call", "vision"],
     "context_size": 128000},
    {"provider": "openai", "name": "gpt-small", "label": "gpt-small", "features": [], "context_size": None},
    {"provider": "x/y/qwen", "name": "qwen-max", "label": "qwen-max", "features": ["tool-call"], "context_size": 32000},
]  # fmt: skip


@pytest.fixture
def here(desk: Open) -> Desk:
    model = {"provider": "openai", "name": "gpt-small", "mode": "chat", "completion_params": {"temperature": 1}}
    llm = node("llm", "llm", model=model, prompt_template=[{"id": "1", "role": "user", "text": "Hi"}])
    found = desk(made([node("s", "start", variables=[]), llm], [("s", "llm")]), "llm")
    found.session.known_models = lambda: list(MODELS)  # type: ignore[method-assign]
    return found


def field(here: Desk) -> ModelField:
    return here.inspector.findChildren(ModelField)[0]


def picker(here: Desk) -> ModelPicker:
    QTest.mouseClick(field(here).box, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    return next(w for w in here.inspector.findChildren(ModelPicker) if w.isVisible())


def rows(found: ModelPicker) -> list[str]:
    return [found.tree.topLevelItem(n).text(0) for n in range(found.tree.topLevelItemCount())]


def test_models_are_searched_by_name_provider_and_capability(here: Desk) -> None:
    found = picker(here)
    assert rows(found) == [
        "openai",
        "GPT-4o\nimages  ·  tools  ·  128K",
        "gpt-small",
        "qwen",
        "qwen-max\ntools  ·  32K",
    ]
    assert found.tree.currentItem().text(0) == "gpt-small"
    QTest.keyClicks(found.search, "images")
    assert rows(found) == ["openai", "GPT-4o\nimages  ·  tools  ·  128K"]
    found.search.setText("zzz")
    assert "zzz" in found.nothing.text()
    found.search.setText("tools")
    QTest.keyClick(found.search, Qt.Key.Key_Down)
    QTest.keyClick(found.search, Qt.Key.Key_Return)
    QApplication.processEvents()
    model = here.data["model"]
    assert (model["provider"], model["name"]) == ("x/y/qwen", "qwen-max")
    assert model["completion_params"] == {"temperature": 1}  # the parameters stay


def test_a_preset_is_one_step_and_a_slider_writes_numbers(here: Desk) -> None:
    field(here).toggle.click()
    steps = here.steps()
    words: dict[str, Any] = dict(PRESETS)
    assert here.one(QPushButton, "Presets").isVisible()
    field(here).use_preset(words["Precise"])
    assert here.data["model"]["completion_params"] == words["Precise"]
    assert here.steps() == steps + 1
    slider = here.one(QSlider, "Temperature, roughly")
    assert slider.value() == 2
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert here.data["model"]["completion_params"]["temperature"] == 0.3
    here.document.undo()
    assert slider.value() == 2


def test_what_nobody_knows_is_not_said() -> None:
    assert about({"features": None, "context_size": None}) == ""
