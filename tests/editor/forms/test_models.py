"""The model field: its picker with search and capabilities, presets and sliders of parameters."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QSlider

from editor.panels.forms.model_field import ModelField
from editor.panels.forms.model_parameters import PRESETS, Parameter
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
    field(here).parameters.use_preset(words["Precise"])
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


KINDS = {
    "float": {"name": "temperature", "label": "Temperature", "type": "float", "min": 0, "max": 1, "default": 0.7},
    "int": {"name": "num_ctx", "label": "Context", "type": "int", "min": 512, "max": 9000, "default": 8192},
    "boolean": {"name": "think", "label": "Thinking", "type": "boolean", "default": True},
    "choice": {
        "name": "reasoning_effort", "label": "Reasoning effort", "type": "string", "options": ["low", "high"],
        "default": "low",
    },
    "text": {"name": "keep_alive", "label": "Keep loaded", "type": "string", "default": "5m"},
    "list": {"name": "stop", "label": "Stop words", "type": "list", "default": []},
}  # fmt: skip


def parameter(here: Desk, label: str) -> Parameter:
    found = [p for p in field(here).parameters.findChildren(Parameter) if p.switch.box.text() == label]
    return found[-1]  # the earlier ones are those of another model, on their way out


def test_every_kind_of_parameter_is_sent_only_while_it_is_ticked(here: Desk) -> None:
    here.session.model_rules = lambda *_: tuple(KINDS.values())  # type: ignore[method-assign]
    field(here).load()
    QTest.mouseClick(field(here).toggle, Qt.MouseButton.LeftButton)
    QApplication.processEvents()

    def given() -> Any:
        return here.data["model"]["completion_params"]

    assert given() == {"temperature": 1}
    for label in ("Context", "Thinking", "Reasoning effort", "Keep loaded", "Stop words"):
        assert not parameter(here, label).value.isEnabled()
        QTest.mouseClick(parameter(here, label).switch.box, Qt.MouseButton.LeftButton)
    assert given() == {
        "temperature": 1, "num_ctx": 8192, "think": True, "reasoning_effort": "low", "keep_alive": "5m", "stop": [],
    }  # fmt: skip

    words = parameter(here, "Stop words").value.edit  # type: ignore[attr-defined]
    words.setFocus()
    QTest.keyClicks(words, "END, ###")
    thinking = parameter(here, "Thinking").value.box  # type: ignore[attr-defined]
    thinking.setFocus()
    QTest.keyClick(thinking, Qt.Key.Key_Down)
    size = parameter(here, "Context").value.edit  # type: ignore[attr-defined]
    size.selectAll()
    QTest.keyClicks(size, "99999")
    QTest.keyClick(size, Qt.Key.Key_Tab)
    assert given()["stop"] == ["END", "###"]
    assert given()["think"] is False
    assert given()["num_ctx"] <= 9000, "inside the range of the model"

    QTest.mouseClick(parameter(here, "Thinking").switch.box, Qt.MouseButton.LeftButton)
    assert "think" not in given()
    here.document.undo()
    assert given()["think"] is False


def test_the_parameters_are_those_of_the_model_that_is_chosen(here: Desk) -> None:
    named = {"gpt-small": [KINDS["float"]], "qwen-max": [KINDS["boolean"], KINDS["float"]]}
    here.session.model_rules = lambda _, name: tuple(named.get(name, ()))  # type: ignore[method-assign]
    field(here).load()
    labels = [p.switch.box.text() for p in field(here).parameters.findChildren(Parameter) if not p.isHidden()]
    assert labels == ["Temperature"]
    assert not field(here).parameters.others.text().endswith("temperature")

    field(here).choose("x/y/qwen", "qwen-max")
    labels = [p.switch.box.text() for p in field(here).parameters.findChildren(Parameter) if not p.isHidden()]
    assert labels == ["Thinking", "Temperature"]
    field(here).choose("openai", "other")
    assert field(here).parameters.others.text().endswith("temperature")
    assert not field(here).parameters.others.isHidden()
    assert field(here).parameters.presets.isHidden(), "a preset of nothing is not offered"


def test_a_preset_stays_inside_the_ranges_of_the_model(here: Desk) -> None:
    low = {**KINDS["float"], "max": 0.4}
    here.session.model_rules = lambda *_: (low,)  # type: ignore[method-assign]
    field(here).load()
    field(here).parameters.use_preset(dict(PRESETS)["Creative"])
    assert here.data["model"]["completion_params"] == {"temperature": 0.4}
