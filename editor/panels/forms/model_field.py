"""The model picker with its parameters: any model of the workspace, and a model the file names that is not here."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import Field, calm, name_it
from editor.panels.forms.model_parameters import ModelParameters
from editor.panels.forms.model_picker import ModelBox, ModelPicker
from editor.panels.forms.parts import Section


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
        name_it(self.map, tr("Map models…"))
        self.map.clicked.connect(self._map)
        self.map.hide()
        column.addWidget(self.map, 0, Qt.AlignmentFlag.AlignLeft)
        self.parameters = ModelParameters(ctx, (*path, "completion_params"))
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
        self.box.setToolTip(f"{name}\n{provider}" if name else "")
        missing = self.ctx.session.model_problem(provider, name) if name else ""
        self.note.setText(missing)
        self.note.setVisible(bool(missing))
        self.map.setVisible(bool(missing))
        self.parameters.show_rules(self.ctx.session.model_rules(provider, name))

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

    def _picked(self, index: int) -> None:
        self.choose(*self.box.itemData(index))

    def choose(self, provider: str, name: str) -> None:
        """Take another model; its parameters stay."""
        model = dict(self.ctx.get(self.path, {}))
        model.update({"provider": provider, "name": name, "mode": model.get("mode") or "chat"})
        model.setdefault("completion_params", {})
        self.put(model)


def add_model(section: Section, ctx: FormContext, path: Path = ("model",)) -> None:
    """The model line of a form."""
    section.add(ModelField(ctx, path))
