"""What many forms share: inputs and outputs tables, retry, error handling, the model section, memory and vision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import (
    ChoiceField,
    JsonField,
    MultilineField,
    NumberField,
    SelectorField,
    SwitchField,
    TemplateField,
    TextField,
)
from editor.panels.forms.parts import RowList, Section, labelled
from editor.theme import theme
from engine.model.types import MISSING

Rename = Callable[[str, str], None]


class Form(QWidget):
    """A column of sections; node forms fill it."""

    def __init__(self, ctx: FormContext) -> None:
        super().__init__()
        self.ctx = ctx
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 12, 16, 24)
        self.column.setSpacing(24)
        self.build()
        self.column.addStretch(1)

    def build(self) -> None:
        """Add the sections."""
        raise NotImplementedError

    def section(self, title: str, *, folded: bool = False) -> Section:
        """A new section at the end."""
        section = Section(title, folded=folded)
        self.column.addWidget(section)
        return section


class SwitchedPart(QWidget):
    """A switch and the fields that only matter while it is on."""

    def __init__(self, switch: SwitchField, inside: QWidget) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(switch)
        column.addWidget(inside)
        self._switch, self._inside = switch, inside
        switch.ctx.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self._inside.setVisible(self._switch.box.isChecked())


def column(*widgets: QWidget, spacing: int = 12) -> QWidget:
    """Widgets below each other."""
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for widget in widgets:
        layout.addWidget(widget)
    return box


def line(*widgets: QWidget, stretch: tuple[int, ...] = ()) -> QWidget:
    """Widgets beside each other."""
    box = QWidget()
    layout = QHBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    for index, widget in enumerate(widgets):
        layout.addWidget(widget, stretch[index] if index < len(stretch) else 1)
    return box


def input_table(ctx: FormContext, path: Path = ("variables",)) -> RowList:
    """Named inputs, each from a variable: `{variable, value_selector}`."""

    def row(index: int) -> QWidget:
        return line(
            TextField(ctx, (*path, index, "variable"), tr("Input name"), tr("name")),
            SelectorField(ctx, (*path, index, "value_selector"), tr("Input value")),
            stretch=(2, 3),
        )

    def fresh() -> dict[str, Any]:
        taken = {item.get("variable") for item in ctx.get(path, []) if isinstance(item, Mapping)}
        number = next(n for n in range(1, 1000) if f"arg{n}" not in taken)
        return {"value_selector": [], "variable": f"arg{number}"}

    return RowList(ctx, path, row, fresh, tr("Add input"), empty=tr("No inputs yet."), movable=False)


def output_list(section: Section, ctx: FormContext) -> None:
    """What the node gives, with types; read from its description."""
    from engine.nodes.registry import spec

    found = spec(ctx.node.type)
    grid = QWidget()
    layout = QGridLayout(grid)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setHorizontalSpacing(12)
    layout.setVerticalSpacing(6)
    section.add(grid)

    def fill() -> None:
        while (entry := layout.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        outputs = found.outputs(ctx.data) if found else ()
        for row, output in enumerate(outputs):
            name = QLabel()
            name.setProperty("kind", "code")
            name.setFont(theme().font("code"))
            name.setText(name.fontMetrics().elidedText(output.name, Qt.TextElideMode.ElideMiddle, 136))
            name.setToolTip(output.name)
            kind = QLabel(output.type)
            kind.setProperty("kind", "chip")
            words = QLabel(tr(output.description) if output.description else "")
            words.setProperty("kind", "small")
            words.setWordWrap(True)
            layout.addWidget(name, row, 0)
            layout.addWidget(kind, row, 1, Qt.AlignmentFlag.AlignLeft)
            layout.addWidget(words, row, 2)
        layout.setColumnStretch(2, 1)

    ctx.changed.connect(fill)
    fill()


def add_retry(form: Form) -> None:
    """Retry on failure (nodes-logic spec 1.6)."""
    ctx = form.ctx
    section = form.section(tr("Retry on failure"), folded=not ctx.get(("retry_config", "retry_enabled"), False))
    section.add(
        SwitchedPart(
            SwitchField(ctx, ("retry_config", "retry_enabled"), tr("Try again when this step fails")),
            line(
                labelled(
                    tr("Times"),
                    NumberField(ctx, ("retry_config", "max_retries"), tr("Times"), 1, 10, default=3),
                ),
                labelled(
                    tr("Wait"),
                    NumberField(
                        ctx,
                        ("retry_config", "retry_interval"),
                        tr("Wait"),
                        100,
                        5000,
                        step=100,
                        default=1000,
                        unit="ms",
                    ),
                ),
            ),
        )
    )


class ErrorPart(QWidget):
    """What happens when the node fails: stop, go on with default values, or take the fail branch."""

    def __init__(self, ctx: FormContext) -> None:
        super().__init__()
        self.ctx = ctx
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self.choice = ChoiceField(
            ctx,
            ("error_strategy",),
            tr("When this step fails"),
            [
                ("none", tr("Stop the run")),
                ("default-value", tr("Go on with default values")),
                ("fail-branch", tr("Take the fail branch")),
            ],
            default="none",
        )
        # The edit is one step: strategy, defaults and the edges of a branch that goes away belong together.
        self.choice.box.activated.disconnect()
        self.choice.box.activated.connect(lambda index: self._choose(self.choice.box.itemData(index)))
        self._layout.addWidget(self.choice)
        self._help = QLabel()
        self._help.setProperty("kind", "small")
        self._help.setWordWrap(True)
        self._layout.addWidget(self._help)
        self._defaults = QWidget()
        self._defaults_layout = QVBoxLayout(self._defaults)
        self._defaults_layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self._defaults)
        self._shape: Any = None
        ctx.changed.connect(self.load)
        self.load()

    def load(self) -> None:
        strategy = self.ctx.get(("error_strategy",), "none")
        words = {
            "fail-branch": tr("A red socket appears on the card. The branch can read error_message and error_type."),
            "default-value": tr("These outputs are given instead; error_message and error_type are added."),
        }
        self._help.setText(words.get(str(strategy), tr("The error ends the run and is shown on the card.")))
        defaults = self.ctx.get(("default_value",), []) if strategy == "default-value" else []
        shape = [item.get("key") for item in defaults if isinstance(item, Mapping)]
        if shape == self._shape:
            return
        self._shape = shape
        while (entry := self._defaults_layout.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        for index, item in enumerate(defaults):
            path: Path = ("default_value", index, "value")
            editor: QWidget
            if item.get("type") == "number":
                editor = NumberField(self.ctx, path, str(item.get("key")), -1e12, 1e12, decimals=3)
            elif item.get("type") == "string":
                editor = MultilineField(self.ctx, path, str(item.get("key")), rows=2)
            else:
                editor = JsonField(self.ctx, path, str(item.get("key")), rows=3)
            self._defaults_layout.addWidget(labelled(f"{item.get('key')}  ·  {item.get('type')}", editor))

    def _choose(self, strategy: str) -> None:
        from engine.model.edits import RemoveEdge

        # Dify cannot read the word "none": stopping is the absence of a strategy.
        values: dict[str, Any] = {"error_strategy": MISSING if strategy == "none" else strategy}
        if strategy == "default-value" and not self.ctx.get(("default_value",), []):
            values["default_value"] = default_values(self.ctx)
        gone = []
        if strategy != "fail-branch":
            edges = self.ctx.session.document.graph.out_edges(self.ctx.node_id)
            gone = [RemoveEdge(edge.id) for edge in edges if edge.source_handle == "fail-branch"]
        self.ctx.set_many(values, tr("Error handling of {title}", title=self.ctx.node.title), gone)


def default_values(ctx: FormContext, more: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """One default an output of the node, with the zero value of its type; `more` are settings that are about to be."""
    from engine.nodes.registry import spec

    found = spec(ctx.node.type)
    zero: dict[str, Any] = {"string": "", "number": 0, "object": "{}", "boolean": False}
    outputs = found.outputs({**ctx.data, **(more or {}), "error_strategy": None}) if found else ()
    return [
        {"key": o.name, "type": o.type, "value": zero.get(o.type, "[]" if o.type.startswith("array") else "")}
        for o in outputs
        if o.name not in ("error_message", "error_type", "files", "usage", "structured_output")
    ]


def add_error_handling(form: Form) -> None:
    """The error section."""
    strategy = form.ctx.get(("error_strategy",), "none")
    section = form.section(tr("Error handling"), folded=strategy in ("none", "", None))
    section.add(ErrorPart(form.ctx))


def add_outputs(form: Form) -> None:
    """The outputs section."""
    from engine.nodes.registry import spec

    found = spec(form.ctx.node.type)
    section = form.section(tr("Outputs"))
    output_list(section, form.ctx)

    def show() -> None:
        section.setVisible(bool(found and found.outputs(form.ctx.data)))

    form.ctx.changed.connect(show)
    show()


def add_tail(form: Form) -> None:
    """Outputs, and retry and error handling where the node type has them."""
    from engine.nodes.registry import spec

    found = spec(form.ctx.node.type)
    add_outputs(form)
    if found and found.supports_retry:
        add_retry(form)
    if found and found.supports_error_strategy:
        add_error_handling(form)


# -- models ------------------------------------------------------------------------------------------------------------


def add_memory(form: Form, *, with_query: bool = True) -> None:
    """How much of the conversation the model is given; chat apps only."""
    ctx = form.ctx
    if ctx.session.document.workflow.mode != "advanced-chat":
        return
    section = form.section(tr("Memory"), folded=not ctx.get(("memory",)))
    switch = _MemorySwitch(ctx)
    inside: list[QWidget] = [
        SwitchedPart(
            SwitchField(ctx, ("memory", "window", "enabled"), tr("Keep only the last turns")),
            labelled(
                tr("Turns"),
                NumberField(ctx, ("memory", "window", "size"), tr("Turns"), 1, 100, default=10),
                tr("The message being answered counts as one."),
            ),
        )
    ]
    if with_query:
        inside.append(
            labelled(tr("User message"), TemplateField(ctx, ("memory", "query_prompt_template"), tr("User message")))
        )
    section.add(SwitchedPart(switch, column(*inside)))


class _MemorySwitch(SwitchField):
    """On writes a memory block, off takes it away; the block's last setting comes back with undo."""

    def __init__(self, ctx: FormContext) -> None:
        super().__init__(ctx, ("memory",), tr("Give the model the conversation so far"))
        self.box.clicked.disconnect()
        self.box.clicked.connect(self._switch)

    def _switch(self, on: bool) -> None:
        fresh = {"query_prompt_template": "{{#sys.query#}}", "window": {"enabled": False, "size": 10}}
        self.put(fresh if on else None)

    def load(self) -> None:
        self.box.setChecked(bool(self.ctx.get(("memory",))))


def add_vision(form: Form) -> None:
    """Whether files go to the model."""
    ctx = form.ctx
    section = form.section(tr("Vision"), folded=not ctx.get(("vision", "enabled"), False))
    section.add(
        SwitchedPart(
            SwitchField(ctx, ("vision", "enabled"), tr("Send images to the model")),
            column(
                labelled(
                    tr("Files"),
                    SelectorField(
                        ctx,
                        ("vision", "configs", "variable_selector"),
                        tr("Files"),
                        lambda kind: kind in ("file", "array[file]"),
                    ),
                ),
                labelled(
                    tr("Resolution"),
                    ChoiceField(
                        ctx,
                        ("vision", "configs", "detail"),
                        tr("Resolution"),
                        [("high", tr("High")), ("low", tr("Low"))],
                    ),
                ),
            ),
        )
    )
