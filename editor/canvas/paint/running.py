"""What a run adds to a card: its error's first line, the tail of streamed text, the footer, and the sweeping ring."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QConicalGradient, QPainter, QPainterPath, QPen

from editor.canvas import metrics as m
from editor.canvas.paint.context import Canvas
from editor.canvas.paint.drawing import elided, font_metrics, paint_icons
from editor.canvas.runview import Extra, NodeRun, count_text, duration_text, tail_lines
from editor.canvas.scene import Item
from editor.i18n import tr
from editor.theme import FontRole, theme

_STREAM_CHARS = 36


def paint_run_parts(canvas: Canvas, item: Item, run: NodeRun, rect: QRectF) -> None:
    """Error line, streamed text and footer below the body of a card. The painter is in device space."""
    if item.extra <= 0:
        return
    top = item.content.height
    painter = canvas.painter
    canvas.to_card_space(rect.left(), rect.top())
    if item.shown.error:
        _line(painter, run.error, m.PAD, top + m.ROW_TEXT / 2 - 4, m.CARD_WIDTH - 2 * m.PAD, "bad")
        top += m.ROW_TEXT
    if item.shown.lines:
        top = _paint_stream(painter, run, top, item.shown)
    canvas.to_device_space()
    if item.shown.footer:
        _paint_footer(canvas, item, run, rect)


def _line(
    painter: QPainter, text: str, x: float, centre: float, width: float, tone: str, role: FontRole = "small"
) -> float:
    metrics = font_metrics(role)
    shown = elided(text, metrics, width)
    painter.setFont(theme().font(role))
    painter.setPen(theme().color(tone))
    painter.drawText(QPointF(x, centre - metrics.height() / 2 + metrics.ascent()), shown)
    return metrics.horizontalAdvance(shown)


def _paint_stream(painter: QPainter, run: NodeRun, top: float, shown: Extra) -> float:
    current = theme()
    height = shown.stream_height
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(current.mix("accent", 0.08) if run.active else current.color("field"))
    if not current.is_dark and not run.active:
        painter.setBrush(current.color("canvas"))
    box = QRectF(m.PAD - 4, top - 4, m.CARD_WIDTH - 2 * m.PAD + 8, height)
    painter.drawRoundedRect(box, current.radius("chip"), current.radius("chip"))
    lines = tail_lines(run.text, _STREAM_CHARS, shown.lines)
    for position, line in enumerate(lines):
        centre = top + m.STREAM_LINE * (position + 0.5)
        used = _line(painter, line, m.PAD + 2, centre, m.CARD_WIDTH - 2 * m.PAD - 4, "text")
        if run.active and position == len(lines) - 1:
            painter.fillRect(QRectF(m.PAD + 4 + used, centre - 6, 2, 12), current.color("accent"))
    return top + height


def _paint_footer(canvas: Canvas, item: Item, run: NodeRun, rect: QRectF) -> None:
    painter, current = canvas.painter, theme()
    base = item.box.height - m.FOOTER
    canvas.to_card_space(rect.left(), rect.top())
    painter.fillRect(QRectF(1, base, m.CARD_WIDTH - 2, 1.0 / canvas.zoom), current.color("line"))
    centre = base + m.FOOTER / 2
    x = m.PAD
    marks = []
    mark = canvas.view.marks.get(item.id)
    stale = mark is not None and mark.stale
    for icon, text, tone in _footer_words(run):
        marks.append((x, centre - 6, 12.0, icon, current.color(tone).name()))
        x += 16
        used = _line(painter, text, x, centre, m.CARD_WIDTH - x - m.PAD, tone, "tiny")
        if stale and icon == "clock":
            painter.setPen(QPen(current.color("warn"), 1.0, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, centre + 8), QPointF(x + used, centre + 8))
        x += used + 12
    canvas.to_device_space()
    paint_icons(painter, marks, canvas.scale, rect.left(), rect.top())


def _footer_words(run: NodeRun) -> list[tuple[str, str, str]]:
    words = []
    if run.elapsed is not None:
        words.append(("clock", duration_text(run.elapsed), "muted"))
    elif run.active:
        words.append(("clock", tr("running"), "muted"))
    if run.tokens:
        words.append(("tokens", tr("{n} tokens", n=count_text(run.tokens)), "muted"))
    if run.attempt:
        text = f"{run.attempt} / {run.attempts}" if run.attempts else str(run.attempt)
        words.append(("retry", text, "warn"))
    return words


def paint_sweeps(canvas: Canvas, items: Iterable[Item], angle: float) -> None:
    """The accent ring that goes round running cards; `angle` in degrees, clockwise."""
    painter, current = canvas.painter, theme()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    width = 2.5 * canvas.pixel
    for item in items:
        rect = canvas.device_rect(item.box).adjusted(-width / 2, -width / 2, width / 2, width / 2)
        radius = current.radius("room" if item.kind == "room" else "card") * canvas.scale
        gradient = QConicalGradient(rect.center(), -angle)
        accent = current.color("accent")
        clear = QColor(accent)
        clear.setAlpha(0)
        soft = QColor(accent)
        soft.setAlpha(70)
        gradient.setColorAt(0.0, clear)
        gradient.setColorAt(0.04, accent)
        gradient.setColorAt(0.22, soft)
        gradient.setColorAt(0.45, clear)
        gradient.setColorAt(1.0, clear)
        pen = QPen(accent, width)
        pen.setBrush(gradient)
        painter.setPen(pen)
        painter.drawRoundedRect(rect, radius, radius)


def paint_fading(canvas: Canvas, item: Item, strength: float) -> None:
    """The ring of a node that has just succeeded, fading (`strength` 1 to 0)."""
    painter, current = canvas.painter, theme()
    width = 2.0 * canvas.pixel
    rect = canvas.device_rect(item.box).adjusted(-width, -width, width, width)
    radius = current.radius("card") * canvas.scale + width
    path = QPainterPath()
    path.addRoundedRect(rect, radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(current.mix("good", max(0.0, min(1.0, strength))), width))
    painter.drawPath(path)
