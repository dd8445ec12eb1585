"""Charts: as pictures (`chart`), and as the blocks that chat windows draw (`echarts`)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from engine.adapters.tools import charts
from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    Run,
    ToolCall,
    ToolFailed,
    asked,
    made_file,
    said,
)

MOST_VALUES = 5000
Draw = Callable[[Sequence[float], Sequence[str], str], bytes]


def _numbers(call: ToolCall) -> list[float]:
    """The values, parted by semicolons. Raises ToolFailed."""
    parts = [p.strip() for p in re.split(r"[;；]", call.text("data")) if p.strip()]
    if len(parts) > MOST_VALUES:
        raise ToolFailed(f"A chart may have {MOST_VALUES} values, not {len(parts)}.")
    found: list[float] = []
    for part in parts:
        try:
            value = float(part.replace(",", ""))
        except ValueError as problem:
            raise ToolFailed(f"{part!r} is no number; numbers are parted by semicolons.") from problem
        if not math.isfinite(value):
            raise ToolFailed(f"{part!r} cannot be drawn.")
        found.append(int(value) if value.is_integer() and "." not in part else value)
    return found


def _labels(call: ToolCall, name: str, count: int) -> list[str]:
    """The names of the values; none when they are not as many."""
    found = [p.strip() for p in re.split(r"[;；]", call.text(name))] if call.text(name) else []
    return found if len(found) == count else []


def _picture(kind: str, draw: Draw, names: str) -> Run:
    async def run(call: ToolCall) -> Answer:
        values = _numbers(call)
        if not values:
            return "Please input data"
        picture = draw(values, _labels(call, names, len(values)), call.text("title"))
        return [said(f"the {kind} chart is saved as an image."), made_file(picture, f"{kind}.svg", "image/svg+xml")]

    return run


def _block(kind: str, names: str) -> Run:
    async def run(call: ToolCall) -> Answer:
        values = _numbers(call)
        if not values:
            return "Please input data"
        labels = _labels(call, names, len(values)) or [str(n) for n in range(1, len(values) + 1)]
        option: dict[str, Any] = {"title": {"left": "center", "text": call.text("title")}, "tooltip": {}}
        if kind == "pie":
            rows = [{"value": v, "name": n} for v, n in zip(values, labels, strict=True)]
            option |= {
                "tooltip": {"trigger": "item"},
                "legend": {"orient": "vertical", "left": "left"},
                "series": [{"type": "pie", "radius": "50%", "data": rows}],
            }
        else:
            option |= {
                "xAxis": {"type": "category", "data": labels},
                "yAxis": {"type": "value"},
                "series": [{"type": kind, "data": values}],
            }
        return f"\n```echarts\n{json.dumps(option, indent=4, ensure_ascii=False)}\n```"

    return run


_DATA = asked("data", "Data", 'numbers separated by ";", such as "1;2;3;4;5"', required=True)
_X = asked("x_axis", "X axis", 'texts separated by ";", such as "a;b;c", as many as there are numbers')
_NAMES = asked("categories", "Categories", 'texts separated by ";", as many as there are numbers', required=True)
_TITLE = asked("title", "Title", "chart title")

CHART = BuiltinProvider(
    "chart",
    "Chart pictures",
    "Draws charts as pictures.",
    "chart",
    (
        BuiltinTool(
            "bar_chart", "Bar chart", "generate a bar chart with input data", _picture("bar", charts.bar, "x_axis"),
            (_DATA, _X, _TITLE),
        ),
        BuiltinTool(
            "line_chart", "Line chart", "generate a linear chart with input data",
            _picture("line", charts.line, "x_axis"), (_DATA, _X, _TITLE),
        ),
        BuiltinTool(
            "pie_chart", "Pie chart", "generate a pie chart with input data",
            _picture("pie", charts.pie, "categories"), (_DATA, _NAMES, _TITLE),
        ),
    ),
)  # fmt: skip
ECHARTS = BuiltinProvider(
    "echarts",
    "Chart blocks",
    "Writes charts that the chat draws.",
    "chart",
    (
        BuiltinTool("bar_chart", "Bar chart", "generate a bar chart with input data", _block("bar", "x_axis"),
                    (_TITLE, _DATA, _X)),
        BuiltinTool("line_chart", "Line chart", "generate a line chart with input data", _block("line", "x_axis"),
                    (_TITLE, _DATA, _X)),
        BuiltinTool("pie_chart", "Pie chart", "generate a pie chart with input data", _block("pie", "categories"),
                    (_TITLE, _DATA, _NAMES)),
    ),
)  # fmt: skip
