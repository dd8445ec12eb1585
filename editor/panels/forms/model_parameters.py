"""The parameters of a model: each that its provider knows with its range, sent only while its box is ticked; presets
that set several; and everything a file says as JSON, also what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSlider, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import ChoiceField, Field, JsonField, NumberField, SwitchField, TextField, calm, name_it
from editor.panels.forms.parts import labelled

Rule = Mapping[str, Any]
PRESETS: Final[tuple[tuple[str, dict[str, float]], ...]] = (
    ("Creative", {"temperature": 0.8, "top_p": 0.9, "presence_penalty": 0.1, "frequency_penalty": 0.1}),
    ("Balanced", {"temperature": 0.5, "top_p": 0.85, "presence_penalty": 0.2, "frequency_penalty": 0.3}),
    ("Precise", {"temperature": 0.2, "top_p": 0.75, "presence_penalty": 0.5, "frequency_penalty": 0.5}),
)
NUMBER_WIDTH: Final = 96


class ModelParameters(QWidget):
    """`path` is that of the parameters in the node; `show_rules` says which the model knows."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        super().__init__()
        self.ctx, self.path = ctx, path
        self._rules: tuple[Rule, ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.presets = QPushButton(tr("Presets"))
        self.presets.setProperty("kind", "quiet")
        self.presets.setIcon(icon("sparkle", "muted"))
        name_it(self.presets, tr("Presets"))
        self.presets.clicked.connect(self._ask_preset)
        column.addWidget(self.presets, 0, Qt.AlignmentFlag.AlignLeft)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        column.addLayout(self._rows)
        self.others = QLabel()
        self.others.setProperty("kind", "small")
        self.others.setWordWrap(True)
        column.addWidget(self.others)
        self.whole = JsonField(ctx, path, tr("All parameters"), rows=4, default={})
        help_text = tr("Anything the model knows; what it does not know is left out.")
        column.addWidget(labelled(tr("All parameters"), self.whole, help_text))
        ctx.changed.connect(self._tell_others)

    def show_rules(self, rules: Sequence[Rule]) -> None:
        """Offer these parameters; nothing happens when they are offered already."""
        if tuple(rules) == self._rules:
            return
        self._rules = tuple(rules)
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for rule in self._rules:
            self._rows.addWidget(Parameter(self.ctx, (*self.path, str(rule["name"])), rule))
        self.presets.setVisible(bool(self._usable(PRESETS[0][1])))
        self._tell_others()

    def _tell_others(self) -> None:
        """Name what the file sets and this model's provider is not known to take."""
        known = {str(rule["name"]) for rule in self._rules}
        given = self.ctx.get(self.path, {})
        found = [name for name in given if name not in known] if isinstance(given, Mapping) else []
        self.others.setText(tr("Also set, and not known of this model: {names}", names=", ".join(found)))
        self.others.setVisible(bool(found))

    # -- presets -----------------------------------------------------------------------------------------------------

    def _usable(self, values: Mapping[str, float]) -> dict[str, float]:
        """What of a preset the model takes, inside its ranges."""
        ranges = {str(r["name"]): (r["min"], r["max"]) for r in self._rules if r["type"] in ("float", "int")}
        return {k: min(max(v, ranges[k][0]), ranges[k][1]) for k, v in values.items() if k in ranges}

    def _ask_preset(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for word, values in PRESETS:
            menu.addAction(tr(word), partial(self.use_preset, values))
        menu.popup(self.presets.mapToGlobal(self.presets.rect().bottomLeft()))

    def use_preset(self, values: Mapping[str, float]) -> None:
        """Set several parameters in one step; the others stay."""
        self.ctx.set(self.path, {**self.ctx.get(self.path, {}), **self._usable(values)}, name=tr("Presets"))


class WordsField(TextField):
    """A list of words with commas between them."""

    def __init__(self, ctx: FormContext, path: Path, name: str) -> None:
        super().__init__(ctx, path, name, tr("Separated by commas"))
        self.edit.textEdited.disconnect()
        self.edit.textEdited.connect(self._edited)

    def _edited(self, text: str) -> None:
        self.put([word.strip() for word in text.split(",") if word.strip()], typing=True)

    def load(self) -> None:
        value = self.ctx.get(self.path, [])
        words = [str(w) for w in value] if isinstance(value, list) else [str(value)]
        typed = [word.strip() for word in self.edit.text().split(",") if word.strip()]
        if words != typed:
            self.edit.setText(", ".join(words))


class Parameter(QWidget):
    """One parameter: a box that says whether it is sent, and its value."""

    def __init__(self, ctx: FormContext, path: Path, rule: Rule) -> None:
        super().__init__()
        self.ctx, self.path, self.rule = ctx, path, rule
        label = tr(str(rule["label"]))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.switch = SwitchField(ctx, path, label)
        self.switch.box.clicked.disconnect()
        self.switch.box.clicked.connect(self._switch)
        if rule.get("help"):
            self.switch.box.setToolTip(tr(str(rule["help"])))
        row.addWidget(self.switch, 3)
        self.slider: QSlider | None = None
        self.value = self._make_value(label)
        if rule["type"] == "float":
            self._step = 0.05 if rule["max"] - rule["min"] <= 1 else 0.1
            self.slider = self._make_slider(label)
            row.addWidget(self.slider, 2)
        if rule["type"] in ("float", "int"):
            self.value.setFixedWidth(NUMBER_WIDTH)
            row.addWidget(self.value, 0, Qt.AlignmentFlag.AlignRight)
        else:
            row.addWidget(self.value, 3)
        ctx.changed.connect(self.load)
        self.load()

    def _make_value(self, label: str) -> Field:
        rule, ctx, path = self.rule, self.ctx, self.path
        kind = rule["type"]
        if kind == "float":
            step = 0.05 if rule["max"] - rule["min"] <= 1 else 0.1
            return NumberField(
                ctx, path, label, rule["min"], rule["max"], decimals=2, step=step, default=rule["default"]
            )
        if kind == "int":
            step = 16 if rule["max"] > 1000 else 1
            return NumberField(ctx, path, label, rule["min"], rule["max"], step=step, default=rule["default"])
        if kind == "boolean":
            return ChoiceField(ctx, path, label, [(True, tr("on")), (False, tr("off"))], default=rule["default"])
        if kind == "list":
            return WordsField(ctx, path, label)
        if rule.get("options"):
            return ChoiceField(ctx, path, label, [(o, str(o)) for o in rule["options"]], default=rule["default"])
        return TextField(ctx, path, label, default=str(rule.get("default") or ""))

    def _make_slider(self, label: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(round(self.rule["min"] / self._step), round(self.rule["max"] / self._step))
        name_it(slider, tr("{what}, roughly", what=label))
        calm(slider)
        slider.valueChanged.connect(lambda at: self._slid(at * self._step))
        slider.sliderReleased.connect(self.ctx.end_typing)
        return slider

    def load(self) -> None:
        given = self.ctx.get(self.path[:-1], {})
        present = isinstance(given, Mapping) and self.path[-1] in given
        self.switch.box.setChecked(present)
        self.value.setEnabled(present and not self.ctx.read_only)
        if self.slider is not None:
            self.slider.setEnabled(present and not self.ctx.read_only)
            value = self.ctx.get(self.path, self.rule["default"])
            self.slider.blockSignals(True)
            self.slider.setValue(round(float(value if isinstance(value, int | float) else 0) / self._step))
            self.slider.blockSignals(False)

    def _slid(self, value: float) -> None:
        value = round(value, 4)
        number = int(value) if value.is_integer() else value
        self.ctx.set(self.path, number, typing=True, name=tr(str(self.rule["label"])))

    def _switch(self, on: bool) -> None:
        parameters = dict(self.ctx.get(self.path[:-1], {}))
        if on:
            parameters[str(self.path[-1])] = self.rule["default"]
        else:
            parameters.pop(str(self.path[-1]), None)
        self.ctx.set(self.path[:-1], parameters, name=tr(str(self.rule["label"])))
