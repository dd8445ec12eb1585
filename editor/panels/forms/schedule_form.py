"""The form of a schedule: how often, when, where, and the next times it fires."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QLocale, Qt, QTime
from PySide6.QtWidgets import QCheckBox, QComboBox, QCompleter, QGridLayout, QLabel, QTimeEdit, QWidget

from editor.enginetexts import told
from editor.i18n import tr
from editor.panels.forms.beginnings import add_beginnings
from editor.panels.forms.common import Form, add_outputs
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import ChoiceField, Field, NumberField, TextField, calm, name_it
from editor.panels.forms.parts import labelled
from editor.theme import restyle
from engine.errors import UserError

WEEKDAYS = (
    ("mon", "Mon"),
    ("tue", "Tue"),
    ("wed", "Wed"),
    ("thu", "Thu"),
    ("fri", "Fri"),
    ("sat", "Sat"),
    ("sun", "Sun"),
)
FREQUENCIES = (
    ("hourly", "Every hour"),
    ("daily", "Every day"),
    ("weekly", "Every week"),
    ("monthly", "Every month"),
)


class ScheduleForm(Form):
    """What matters for the mode and frequency that are chosen, and nothing else."""

    def build(self) -> None:
        ctx = self.ctx
        section = self.section(tr("Schedule"))
        modes = [("visual", tr("Simple")), ("cron", tr("Cron expression"))]
        section.add(labelled(tr("Mode"), ChoiceField(ctx, ("mode",), tr("Mode"), modes)))
        choices = [(value, tr(word)) for value, word in FREQUENCIES]
        self._often = section.add(
            labelled(tr("How often"), ChoiceField(ctx, ("frequency",), tr("How often"), choices, default="daily"))
        )
        minute: Path = ("visual_config", "on_minute")
        self._minute = section.add(labelled(tr("Minute"), NumberField(ctx, minute, tr("Minute"), 0, 59)))
        self._weekdays = section.add(
            labelled(
                tr("Days of the week"),
                DaysField(ctx, ("visual_config", "weekdays"), [(v, tr(w)) for v, w in WEEKDAYS], columns=4),
            )
        )
        days: list[tuple[Any, str]] = [*((day, str(day)) for day in range(1, 32)), ("last", tr("Last"))]
        self._days = section.add(
            labelled(
                tr("Days of the month"),
                DaysField(ctx, ("visual_config", "monthly_days"), days, columns=5),
                tr("A day that a month does not have is left out."),
            )
        )
        self._time = section.add(labelled(tr("Time"), TimeField(ctx, ("visual_config", "time"), tr("Time"))))
        self._cron = section.add(
            labelled(
                tr("Cron expression"),
                TextField(ctx, ("cron_expression",), tr("Cron expression"), "0 9 * * 1-5"),
                tr("Minute, hour, day, month, weekday."),
            )
        )
        section.add(labelled(tr("Time zone"), ZoneField(ctx, ("timezone",))))
        self.section(tr("Next times")).add(NextTimes(ctx))
        ctx.changed.connect(self._show)
        self._show()
        add_outputs(self)
        add_beginnings(self)

    def _show(self) -> None:
        cron = self.ctx.get(("mode",), "visual") == "cron"
        often = self.ctx.get(("frequency",), "daily")
        self._often.setVisible(not cron)
        self._minute.setVisible(not cron and often == "hourly")
        self._weekdays.setVisible(not cron and often == "weekly")
        self._days.setVisible(not cron and often == "monthly")
        self._time.setVisible(not cron and often != "hourly")
        self._cron.setVisible(cron)


class DaysField(Field):
    """Several of some days, each with a check box; at least one stays."""

    def __init__(self, ctx: FormContext, path: Path, days: Sequence[tuple[Any, str]], columns: int) -> None:
        super().__init__(ctx, path)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        self.boxes: dict[Any, QCheckBox] = {}
        for index, (value, word) in enumerate(days):
            box = QCheckBox(word)
            name_it(box, word)
            box.clicked.connect(self._picked)
            # The last one, which may be a word, does not make its column wide.
            span = columns + 1 - index % columns if index == len(days) - 1 else 1
            grid.addWidget(box, index // columns, index % columns, 1, span, Qt.AlignmentFlag.AlignLeft)
            self.boxes[value] = box
        grid.setColumnStretch(columns, 1)
        self.row.addLayout(grid, 1)
        self.load()

    def _picked(self) -> None:
        chosen = [value for value, box in self.boxes.items() if box.isChecked()]
        if chosen:
            self.ctx.set(self.path, chosen, name=tr("Days"))
        else:
            self.load()

    def load(self) -> None:
        value = self.ctx.get(self.path, [])
        chosen = value if isinstance(value, list) else []
        for day, box in self.boxes.items():
            box.setChecked(day in chosen)


class TimeField(Field):
    """A time of day, kept as Dify writes it: `9:05 PM`."""

    def __init__(self, ctx: FormContext, path: Path, name: str) -> None:
        super().__init__(ctx, path)
        self.edit = QTimeEdit()
        # The blanks in front are the field's padding: style sheets do not reach the text of such fields.
        self.edit.setDisplayFormat("  HH:mm")
        name_it(self.edit, name)
        self.edit.timeChanged.connect(self._changed)
        self.edit.editingFinished.connect(ctx.end_typing)
        self.row.addWidget(self.edit)
        self.row.addStretch(1)
        self.setFocusProxy(self.edit)
        self._loading = False
        self.load()

    def _changed(self, time: QTime) -> None:
        if not self._loading:
            self.put(QLocale.c().toString(time, "h:mm AP"), typing=True)

    def load(self) -> None:
        time = QLocale.c().toTime(str(self.ctx.get(self.path, "12:00 AM")).strip().upper(), "h:mm AP")
        self._loading = True
        self.edit.setTime(time if time.isValid() else QTime(0, 0))
        self._loading = False


class ZoneField(Field):
    """A time zone by its name, found by typing a part of it."""

    def __init__(self, ctx: FormContext, path: Path) -> None:
        from engine.services.schedules import time_zones

        super().__init__(ctx, path)
        self.box = QComboBox()
        self.box.setEditable(True)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.addItems(time_zones())
        name_it(self.box, tr("Time zone"))
        calm(self.box)
        completer = QCompleter(self.box.model(), self.box)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.box.setCompleter(completer)
        self.box.activated.connect(self._picked)
        line = self.box.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._picked)
        self.row.addWidget(self.box)
        self.setFocusProxy(self.box)
        self.load()

    def _picked(self) -> None:
        name = self.box.currentText().strip()
        if self.box.findText(name, Qt.MatchFlag.MatchFixedString) >= 0:
            self.put(name)
        else:
            self.load()

    def load(self) -> None:
        self.box.setCurrentText(str(self.ctx.get(self.path, "UTC")))


class NextTimes(QWidget):
    """The next five times, or what is wrong with the settings."""

    def __init__(self, ctx: FormContext) -> None:
        super().__init__()
        self.ctx = ctx
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        self.words = QLabel()
        self.words.setWordWrap(True)
        name_it(self.words, tr("Next times"))
        grid.addWidget(self.words)
        ctx.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        from engine.services.schedules import upcoming

        try:
            times = upcoming(self.ctx.data, datetime.now(UTC))
        except UserError as problem:
            self._say(told(problem.message), "bad")
            return
        if not times:
            self._say(tr("The schedule never fires."), "bad")
            return
        days = {number: tr(word) for number, (_, word) in enumerate(WEEKDAYS)}
        self._say("\n".join(f"{t:%Y-%m-%d %H:%M}  {days[t.weekday()]}" for t in times), "code")

    def _say(self, text: str, kind: str) -> None:
        self.words.setText(text)
        restyle(self.words, kind=kind)
