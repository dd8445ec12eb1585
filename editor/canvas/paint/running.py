"""What a run adds to a card: its error's first line, its streamed text, the footer, and the sweeping ring."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QConicalGradient, QFontMetricsF, QPainter, QPainterPath, QPen

from editor.amounts import token_count
from editor.canvas import metrics as m
from editor.canvas.paint.context import Canvas
from editor.canvas.paint.drawing import paint_icons
from editor.canvas.paint.reading import elided, enlarged, font_metrics, glyph_size, reading_step
from editor.canvas.runview import (
    ICONS,
    TAKEN,
    TONES,
    Extra,
    NodeRun,
    head_lines,
    tail_lines,
)
from editor.canvas.scene import Item
from editor.enginetexts import told
from editor.i18n import tr
from editor.theme import FontRole, theme

_STREAM_CHARS = 36
_FOOTER_GAP = 12.0


def paint_run_parts(canvas: Canvas, item: Item, run: NodeRun, rect: QRectF) -> None:
    """Error line, streamed text and footer below the body of a card. The painter is in device space."""
    if item.extra <= 0:
        return
    top = item.content.height
    painter = canvas.painter
    step = reading_step(canvas.zoom)
    canvas.to_card_space(rect.left(), rect.top())
    if item.shown.error:
        _line(painter, told(run.error), m.PAD, top + m.ROW_TEXT / 2 - 4, m.CARD_WIDTH - 2 * m.PAD, "bad", step=step)
        top += m.ROW_TEXT
    if item.shown.lines:
        top = _paint_stream(painter, run, top, item.shown, step)
    canvas.to_device_space()
    if item.shown.footer:
        _paint_footer(canvas, item, run, rect)


def _line(
    painter: QPainter,
    text: str,
    x: float,
    centre: float,
    width: float,
    tone: str,
    role: FontRole = "small",
    *,
    step: float = 1.0,
) -> float:
    metrics = font_metrics(role, None, enlarged(role, step))
    shown = elided(text, metrics, width)
    painter.setFont(theme().font(role, None, enlarged(role, step)))
    painter.setPen(theme().color(tone))
    painter.drawText(QPointF(x, centre - metrics.height() / 2 + metrics.ascent()), shown)
    return metrics.horizontalAdvance(shown)


def _paint_stream(painter: QPainter, run: NodeRun, top: float, shown: Extra, step: float) -> float:
    """The end of what is being said, the beginning of what has been said; fewer lines where they are enlarged, so that
    they keep within the same box."""
    current = theme()
    height = shown.stream_height
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(current.mix("accent", 0.08) if run.active else current.color("field"))
    if not current.is_dark and not run.active:
        painter.setBrush(current.color("canvas"))
    box = QRectF(m.PAD - 4, top - 4, m.CARD_WIDTH - 2 * m.PAD + 8, height)
    painter.drawRoundedRect(box, current.radius("chip"), current.radius("chip"))
    grow = enlarged("small", step)
    fit = max(1, int((height - 4) // (m.STREAM_LINE * grow * 0.92))) if grow > 1.0 else shown.lines
    show = tail_lines if run.active or run.resting else head_lines
    lines = show(run.text, int(_STREAM_CHARS / grow), min(fit, shown.lines))
    pitch = (height - 8.0) / max(1, len(lines)) if grow > 1.0 else m.STREAM_LINE
    for position, line in enumerate(lines):
        centre = top + pitch * (position + 0.5)
        used = _line(painter, line, m.PAD + 2, centre, m.CARD_WIDTH - 2 * m.PAD - 4, "text", step=step)
        if run.active and position == len(lines) - 1:
            half = 6 * grow
            painter.fillRect(QRectF(m.PAD + 4 + used, centre - half, 2, 2 * half), current.color("accent"))
    return top + height


def _paint_footer(canvas: Canvas, item: Item, run: NodeRun, rect: QRectF) -> None:
    painter, current = canvas.painter, theme()
    step = reading_step(canvas.zoom)
    metrics = font_metrics("tiny", None, enlarged("tiny", step))
    base = item.box.height - m.FOOTER
    canvas.to_card_space(rect.left(), rect.top())
    painter.fillRect(QRectF(1, base, m.CARD_WIDTH - 2, 1.0 / canvas.zoom), current.color("line"))
    centre = base + m.FOOTER / 2
    x, side = m.PAD, glyph_size(12.0, step)
    marks = []
    mark = canvas.view.marks.get(item.id)
    stale = mark is not None and mark.stale
    for icon, text, tone in _fitting(_footer_words(run), metrics, side):
        marks.append((x, centre - side / 2, side, icon, current.color(tone).name()))
        x += side + 4
        used = _line(painter, text, x, centre, m.CARD_WIDTH - m.PAD - x, tone, "tiny", step=step)
        if stale and icon == "clock":
            painter.setPen(QPen(current.color("warn"), 1.0 / canvas.zoom, Qt.PenStyle.DotLine))
            low = centre + metrics.height() / 2
            painter.drawLine(QPointF(x, low), QPointF(x + used, low))
        x += used + _FOOTER_GAP
    canvas.to_device_space()
    paint_icons(painter, marks, canvas.scale, rect.left(), rect.top())


def _fitting(words: list[tuple[str, str, str]], metrics: QFontMetricsF, side: float) -> list[tuple[str, str, str]]:
    """As many words as the footer has room for whole; half a number tells nothing. The state stays without its time
    where both are too long."""
    found: list[tuple[str, str, str]] = []
    room = m.CARD_WIDTH - 2 * m.PAD
    for icon, text, tone in words:
        shown = text
        if metrics.horizontalAdvance(text) > room - side - 4:
            if found:
                break
            shown = text.partition(" · ")[0]
        found.append((icon, shown, tone))
        room -= side + 4 + metrics.horizontalAdvance(shown) + _FOOTER_GAP
    return found


def _footer_words(run: NodeRun) -> list[tuple[str, str, str]]:
    if run.taken:
        icon = TAKEN[run.taken][0]
    elif run.loading is not None:
        icon = "cpu"
    else:
        icon = ICONS[run.status] if run.resting or (run.elapsed is None and not run.active) else "clock"
    words = [(icon, run.state_words, TONES[run.status] if run.resting else "muted")]
    if run.tokens:
        words.append(("tokens", tr("{n} tokens", n=token_count(run.tokens)), "muted"))
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
