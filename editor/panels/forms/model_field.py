"""The model picker with its parameters: any model of the workspace, and a model the file names that is not here."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QPushButton, QSlider, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import Field, JsonField, NumberField, SwitchField, calm, name_it
from editor.panels.forms.model_picker import ModelBox, ModelPicker
from editor.panels.forms.parts import Section, labelled

COMMON: tuple[tuple[str, str, float, float, float, int, float], ...] = (
    # key, label, lowest, highest, step, decimals, value when switched on
    ("temperature", "Temperature", 0, 2, 0.1, 2, 0.7),
    ("top_p", "Top P", 0, 1, 0.05, 2, 1),
    ("max_tokens", "Max tokens", 1, 1_000_000, 16, 0, 512),
    ("presence_penalty", "Presence penalty", -2, 2, 0.1, 2, 0),
    ("frequency_penalty", "Frequency penalty", -2, 2, 0.1, 2, 0),
)
PRESETS: tuple[tuple[str, dict[str, float]], ...] = (
    ("Creative", {"temperature": 0.8, "top_p": 0.9, "presence_penalty": 0.1, "frequency_penalty": 0.1}),
    ("Balanced", {"temperature": 0.5, "top_p": 0.85, "presence_penalty": 0.2, "frequency_penalty": 0.3}),
    ("Precise", {"temperature": 0.2, "top_p": 0.75, "presence_penalty": 0.5, "frequency_penalty": 0.5}),
)


class ModelField(Field):
    """The `model` block of a node: which model, then its parameters. Models come from the workspace's services."""

    def __init__(self, ctx: FormContext, path: Path = ("model",)) -> None:
        super().__init__(ctx, path)
        column = QVBoxLayout()
        column.setSpacing(8)
        self.box = ModelBox()
        self.box.listWanted.connect(self.open_picker)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(12)
        name_it(self.box, tr("Model"))
        calm(self.box)
        self.box.activated.connect(self._picked)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.box, 1)
        self.toggle = QPushButton()
        self.toggle.setIcon(icon("sliders", "muted"))
        self.toggle.setCheckable(True)
        self.toggle.setToolTip(tr("Parameters"))
        self.toggle.setProperty("kind", "icon")
        name_it(self.toggle, tr("Parameters"))
        head.addWidget(self.toggle)
        column.addLayout(head)
        self.note = QLabel()
        self.note.setProperty("kind", "warn")
        self.note.setWordWrap(True)
        self.note.hide()
        column.addWidget(self.note)
        self.map = QPushButton(tr("Map models…"))
        self.map.setToolTip(tr("Say which of your models it means here; the file stays as it is"))
        self.map.clicked.connect(self._map)
        self.map.hide()
        column.addWidget(self.map, 0, Qt.AlignmentFlag.AlignLeft)
        self.parameters = QWidget()
        inside = QVBoxLayout(self.parameters)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(8)
        self.presets = QPushButton(tr("Presets"))
        self.presets.setProperty("kind", "quiet")
        self.presets.setIcon(icon("sparkle", "muted"))
        name_it(self.presets, tr("Presets"))
        self.presets.clicked.connect(self._ask_preset)
        inside.addWidget(self.presets, 0, Qt.AlignmentFlag.AlignLeft)
        for key, label, lowest, highest, step, decimals, start in COMMON:
            inside.addWidget(
                _Parameter(ctx, (*path, "completion_params", key), tr(label), lowest, highest, step, decimals, start)
            )
        inside.addWidget(
            labelled(
                tr("All parameters"),
                JsonField(ctx, (*path, "completion_params"), tr("All parameters"), rows=4, default={}),
                tr("Anything the model knows; what it does not know is left out."),
            )
        )
        self.parameters.hide()
        self.toggle.toggled.connect(self.parameters.setVisible)
        column.addWidget(self.parameters)
        self.row.addLayout(column, 1)
        self.setFocusProxy(self.box)
        self._fill()

    def _fill(self) -> None:
        self.box.clear()
        for entry in self._known():
            self.box.addItem(entry["label"], (entry["provider"], entry["name"]))
        self.load()

    def _known(self) -> list[dict[str, Any]]:
        """The workspace's models as `{provider, name, label}`; asked of the session, which keeps them in memory."""
        return list(self.ctx.session.known_models())

    def load(self) -> None:
        model = self.ctx.get(self.path, {})
        provider, name = str(model.get("provider", "")), str(model.get("name", ""))
        index = next((i for i in range(self.box.count()) if self.box.itemData(i) == (provider, name)), -1)
        if index < 0 and name:
            label = f"{name}  ·  {provider.rsplit('/', 1)[-1]}"
            self.box.addItem(icon("warning", "warn"), label, (provider, name))
            index = self.box.count() - 1
        self.box.setCurrentIndex(index)
        self.box.setPlaceholderText(tr("Choose a model"))
        missing = self.ctx.session.model_problem(provider, name) if name else ""
        self.note.setText(missing)
        self.note.setVisible(bool(missing))
        self.map.setVisible(bool(missing))

    def _map(self) -> None:
        from editor.dialogs.model_mapping import map_models

        map_models(self.ctx.session, self.window())

    def open_picker(self) -> None:
        """Show the models that may be chosen."""
        model = self.ctx.get(self.path, {})
        present = (str(model.get("provider", "")), str(model.get("name", "")))
        picker = ModelPicker(self._known(), present, self)
        picker.picked.connect(self.choose)
        picker.popup(self.box.mapToGlobal(self.box.rect().bottomLeft()))

    def _ask_preset(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for word, values in PRESETS:
            menu.addAction(tr(word), partial(self.use_preset, values))
        menu.popup(self.presets.mapToGlobal(self.presets.rect().bottomLeft()))

    def use_preset(self, values: dict[str, float]) -> None:
        """Set several parameters in one step; the others stay."""
        path = (*self.path, "completion_params")
        self.ctx.set(path, {**self.ctx.get(path, {}), **values})

    def _picked(self, index: int) -> None:
        self.choose(*self.box.itemData(index))

    def choose(self, provider: str, name: str) -> None:
        """Take another model; its parameters stay."""
        model = dict(self.ctx.get(self.path, {}))
        model.update({"provider": provider, "name": name, "mode": model.get("mode") or "chat"})
        model.setdefault("completion_params", {})
        self.ctx.set(self.path, model)


class _Parameter(QWidget):
    """One parameter that is sent only while its box is ticked."""

    def __init__(
        self,
        ctx: FormContext,
        path: Path,
        label: str,
        lowest: float,
        highest: float,
        step: float,
        decimals: int,
        start: float,
    ) -> None:
        super().__init__()
        self.ctx, self.path, self._start = ctx, path, int(start) if not decimals else start
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.switch = SwitchField(ctx, path, label)
        self.switch.box.clicked.disconnect()
        self.switch.box.clicked.connect(self._switch)
        self.number = NumberField(ctx, path, label, lowest, highest, decimals=decimals, step=step, default=start)
        self.number.setFixedWidth(96)
        self.slider: QSlider | None = None
        row.addWidget(self.switch, 3)
        if decimals:
            self.slider = QSlider(Qt.Orientation.Horizontal)
            self.slider.setRange(round(lowest / step), round(highest / step))
            name_it(self.slider, tr("{what}, roughly", what=label))
            calm(self.slider)
            self.slider.valueChanged.connect(lambda at: self._slid(at * step))
            self.slider.sliderReleased.connect(ctx.end_typing)
            row.addWidget(self.slider, 2)
        self._step = step
        row.addWidget(self.number, 0, Qt.AlignmentFlag.AlignRight)
        ctx.changed.connect(self.load)
        self.load()

    def load(self) -> None:
        present = self.path[-1] in self.ctx.get(self.path[:-1], {})
        self.switch.box.setChecked(present)
        self.number.setEnabled(present)
        if self.slider is not None:
            self.slider.setEnabled(present)
            value = self.ctx.get(self.path, self._start)
            self.slider.blockSignals(True)
            self.slider.setValue(round(float(value if isinstance(value, int | float) else 0) / self._step))
            self.slider.blockSignals(False)

    def _slid(self, value: float) -> None:
        value = round(value, 4)
        self.ctx.set(self.path, int(value) if value.is_integer() else value, typing=True)

    def _switch(self, on: bool) -> None:
        parameters = dict(self.ctx.get(self.path[:-1], {}))
        if on:
            parameters[str(self.path[-1])] = self._start
        else:
            parameters.pop(str(self.path[-1]), None)
        self.ctx.set(self.path[:-1], parameters)


def add_model(section: Section, ctx: FormContext, path: Path = ("model",)) -> None:
    """The model line of a form."""
    section.add(ModelField(ctx, path))
