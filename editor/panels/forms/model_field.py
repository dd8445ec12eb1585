"""The model picker with its parameters: any model of the workspace, and a model the file names that is not here."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import Field, JsonField, NumberField, SwitchField, calm, name_it
from editor.panels.forms.parts import Section, labelled

COMMON: tuple[tuple[str, str, float, float, float, int, float], ...] = (
    # key, label, lowest, highest, step, decimals, value when switched on
    ("temperature", "Temperature", 0, 2, 0.1, 2, 0.7),
    ("top_p", "Top P", 0, 1, 0.05, 2, 1),
    ("max_tokens", "Max tokens", 1, 1_000_000, 16, 0, 512),
    ("presence_penalty", "Presence penalty", -2, 2, 0.1, 2, 0),
    ("frequency_penalty", "Frequency penalty", -2, 2, 0.1, 2, 0),
)


class ModelField(Field):
    """The `model` block of a node: which model, then its parameters. Models come from the workspace's services."""

    def __init__(self, ctx: FormContext, path: Path = ("model",)) -> None:
        super().__init__(ctx, path)
        column = QVBoxLayout()
        column.setSpacing(8)
        self.box = QComboBox()
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
        self.parameters = QWidget()
        inside = QVBoxLayout(self.parameters)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(8)
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

    def _picked(self, index: int) -> None:
        provider, name = self.box.itemData(index)
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
        self.number.setFixedWidth(110)
        row.addWidget(self.switch, 1)
        row.addWidget(self.number, 0, Qt.AlignmentFlag.AlignRight)
        ctx.changed.connect(self.load)
        self.load()

    def load(self) -> None:
        present = self.path[-1] in self.ctx.get(self.path[:-1], {})
        self.switch.box.setChecked(present)
        self.number.setEnabled(present)

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
