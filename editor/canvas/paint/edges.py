"""Edges: smooth curves behind the cards, coloured by what they are and what the run did with them."""

from __future__ import annotations

from collections.abc import Iterable
from math import atan2, cos, sin

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPen

from editor.canvas import metrics as m
from editor.canvas.paint.context import DIFFERENCES, Canvas, DiffMark, Level
from editor.canvas.routes import Route
from editor.canvas.runview import TONES
from editor.canvas.scene import EdgeItem
from editor.theme import theme

_ARROW = 7.0
_DASHES = 2.0
"""So many times a dash takes the place of the one before while the arrow goes its way once."""


def path_of(edge: EdgeItem) -> QPainterPath:
    """The edge's curve in scene units, kept with the edge."""
    if edge.path is None:
        edge.path = curve(edge.route)
    path: QPainterPath = edge.path
    return path


def curve(route: Route) -> QPainterPath:
    """A route as a painter path."""
    path = QPainterPath(QPointF(route.x1, route.y1))
    for piece in route.pieces:
        path.cubicTo(*piece[2:])
    return path


def paint_edges(canvas: Canvas, edges: Iterable[EdgeItem]) -> None:
    """Draws edges of one depth. Flowing dashes are not drawn here: they move, so they belong to the overlay."""
    view = canvas.view
    plain: list[EdgeItem] = []
    special: list[EdgeItem] = []
    for edge in edges:
        if edge.id in view.hidden_edges:
            continue
        known = edge.id in view.edge_runs or edge.id in view.diff or edge.id == view.selected_edge or edge.fail
        dim = edge.source in view.dimmed or edge.target in view.dimmed
        (special if known or dim else plain).append(edge)
    if canvas.level is Level.SHAPES:
        _paint_hairlines(canvas, plain, special)
        return
    painter = canvas.painter
    canvas.to_scene_space()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_pen(canvas, theme().color("edge"), m.EDGE))
    for edge in plain:
        painter.drawPath(path_of(edge))
    for edge in special:
        _paint_special(canvas, edge)
    canvas.to_device_space()


def _pen(canvas: Canvas, colour: QColor, width: float) -> QPen:
    pen = QPen(colour, max(width, 1.0 / canvas.zoom))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen


def _paint_special(canvas: Canvas, edge: EdgeItem) -> None:
    painter, view, current = canvas.painter, canvas.view, theme()
    dim = edge.source in view.dimmed or edge.target in view.dimmed
    if dim:
        painter.setOpacity(0.25)
    if edge.id == view.selected_edge and not view.plain:
        painter.setPen(_pen(canvas, current.color("accent"), m.EDGE_ACTIVE))
        painter.drawPath(path_of(edge))
    elif edge.id in view.diff:
        painter.setPen(_difference_pen(canvas, view.diff[edge.id]))
        painter.drawPath(path_of(edge))
    else:
        state = view.edge_runs.get(edge.id)
        if state == "skipped":
            pen = _pen(canvas, current.color("faint"), m.EDGE)
            pen.setStyle(Qt.PenStyle.CustomDashLine)
            pen.setDashPattern([0.1, 3.0])
            painter.setPen(pen)
        elif state == "flowing":
            # Dash and arrow go over it: moving ones are the overlay's, at rest they are drawn here.
            painter.setPen(_pen(canvas, current.mix("accent", 0.45), m.EDGE + 0.25))
            if not canvas.moving:
                painter.drawPath(path_of(edge))
                paint_arrow(canvas, edge, 0.5)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(_flow_pen(canvas, 0.0))
        elif state is not None:
            painter.setPen(_taken_pen(canvas, edge))
        elif edge.fail:
            painter.setPen(_pen(canvas, current.mix("bad", 0.75), m.EDGE))
        else:
            painter.setPen(_pen(canvas, current.color("edge"), m.EDGE))
        painter.drawPath(path_of(edge))
    if dim:
        painter.setOpacity(1.0)


def _difference_pen(canvas: Canvas, difference: DiffMark) -> QPen:
    """What a comparison says of a connection: by its colour, and one that is gone is dashed."""
    pen = _pen(canvas, theme().color(DIFFERENCES[difference][0]), m.EDGE_ACTIVE)
    if difference == "removed":
        pen.setStyle(Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([2.0, 3.0])
    return pen


def _taken_pen(canvas: Canvas, edge: EdgeItem) -> QPen:
    """From the accent at the source to the colour of what became of the target."""
    current, route = theme(), edge.route
    run = canvas.view.runs.get(edge.target)
    end = TONES.get(run.status, "accent") if run is not None else "accent"
    if end == "faint":
        end = "accent"
    gradient = QLinearGradient(route.x1, route.y1, route.x2, route.y2)
    gradient.setColorAt(0.0, current.color("accent"))
    gradient.setColorAt(1.0, current.color(end))
    pen = _pen(canvas, current.color("accent"), m.EDGE + 0.25)
    pen.setBrush(gradient)
    return pen


def _paint_hairlines(canvas: Canvas, plain: list[EdgeItem], special: list[EdgeItem]) -> None:
    painter, current = canvas.painter, theme()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(current.mix("edge", 0.6), 0))
    painter.drawLines(_lines(canvas, plain))
    groups: dict[str, list[EdgeItem]] = {}
    for edge in special:
        groups.setdefault(_hairline_tone(canvas, edge), []).append(edge)
    for tone, edges in groups.items():
        painter.setPen(QPen(current.color(tone), 0))
        painter.drawLines(_lines(canvas, edges))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


def _hairline_tone(canvas: Canvas, edge: EdgeItem) -> str:
    if edge.id == canvas.view.selected_edge:
        return "accent"
    if edge.id in canvas.view.diff:
        return DIFFERENCES[canvas.view.diff[edge.id]][0]
    state = canvas.view.edge_runs.get(edge.id)
    if state is not None:
        return {"taken": "good", "flowing": "accent", "skipped": "line"}[state]
    return "bad" if edge.fail else "edge"


def _lines(canvas: Canvas, edges: list[EdgeItem]) -> list[QLineF]:
    scale, x, y = canvas.scale, canvas.x, canvas.y
    ends = ((edge.route.pieces[0], edge.route.pieces[-1]) for edge in edges)
    return [
        QLineF(first[0] * scale + x, first[1] * scale + y, last[6] * scale + x, last[7] * scale + y)
        for first, last in ends
    ]


def _flow_pen(canvas: Canvas, phase: float) -> QPen:
    pen = _pen(canvas, theme().color("accent"), m.EDGE_ACTIVE)
    pen.setStyle(Qt.PenStyle.CustomDashLine)
    pen.setDashPattern([2.0, 4.0])
    pen.setDashOffset(-6.0 * phase)
    return pen


def paint_arrow(canvas: Canvas, edge: EdgeItem, place: float) -> None:
    """A small arrow head on the edge that tells which way things go; `place` is 0 at the source, 1 at the target.

    The painter is in scene space.
    """
    path = path_of(edge)
    spot = path.pointAtPercent(place)
    ahead, behind = path.pointAtPercent(min(1.0, place + 0.01)), path.pointAtPercent(max(0.0, place - 0.01))
    angle = atan2(ahead.y() - behind.y(), ahead.x() - behind.x())
    size = max(_ARROW, _ARROW * 0.7 / canvas.zoom)
    painter = canvas.painter
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().color("accent"))
    painter.drawPolygon(
        [
            QPointF(spot.x() + size * cos(angle + turn), spot.y() + size * sin(angle + turn))
            for turn in (0.0, 2.35, -2.35)
        ]
    )


def paint_flow(canvas: Canvas, edges: Iterable[EdgeItem], phase: float) -> None:
    """The moving dash on edges whose target waits or runs, with an arrow head that goes along; `phase` (0 to 1) is
    where they stand."""
    painter = canvas.painter
    canvas.to_scene_space()
    shown = list(edges)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_flow_pen(canvas, phase * _DASHES % 1.0))
    for edge in shown:
        painter.drawPath(path_of(edge))
    for edge in shown:
        paint_arrow(canvas, edge, 0.08 + 0.84 * phase)
    canvas.to_device_space()
