"""Notes: flat tinted paper with rich text, laid out once per width."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QAbstractTextDocumentLayout, QPalette, QTextDocument, QTextOption

from editor.canvas import lexical
from editor.canvas import metrics as m
from editor.canvas.paint.cards import paint_rings
from editor.canvas.paint.context import Canvas, Level
from editor.canvas.paint.reading import constant_lines, line_height, paint_lines
from editor.canvas.paint.rooms import paint_corner
from editor.canvas.scene import Item
from editor.theme import Theme, theme

LIST_INDENT = 16.0
_READABLE = 0.75
"""Below this zoom the formatted text is too small to read; then its words are shown in a size that stays."""
_MOST_LINES = 40


def note_tone(item: Item) -> str:
    """The paper's colour tone."""
    name = item.node.data.get("theme")
    return f"note_{name}" if name in lexical.NOTE_THEMES else "note_blue"


def note_author(item: Item) -> str:
    """The author to show, empty when the note does not want one."""
    author = item.node.data.get("author")
    return author if isinstance(author, str) and item.node.data.get("showAuthor") else ""


def document_css(current: Theme) -> str:
    """How note texts look."""
    return (
        f"p, li, blockquote, pre {{ margin: 0 0 4px 0; }} ul, ol {{ margin: 0 0 4px 0; }}"
        f" h1 {{ font-size: {current.pixels('large'):g}px; margin: 0 0 6px 0; }}"
        f" h2 {{ font-size: {current.pixels('heading'):g}px; margin: 0 0 4px 0; }}"
        f" h3, h4 {{ font-size: {current.pixels('base'):g}px; margin: 0 0 4px 0; }}"
        f" a {{ color: {current.color('accent').name()}; }}"
    )


def make_document(text: str, width: float) -> QTextDocument:
    """A note's text ready to draw at this inner width."""
    current = theme()
    document = QTextDocument()
    document.setDocumentMargin(0)
    document.setIndentWidth(LIST_INDENT)
    document.setDefaultFont(current.font("small"))
    document.setDefaultStyleSheet(document_css(current))
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    document.setDefaultTextOption(option)
    document.setHtml(lexical.to_html(text))
    document.setTextWidth(width)
    return document


def document_of(item: Item) -> QTextDocument:
    """The note's layout, kept with the item as long as width and theme stay."""
    current = theme()
    key = (item.box.width, current.name, current.text_scale)
    kept = item.drawing
    if not (isinstance(kept, tuple) and kept[0] == key):
        text = item.node.data.get("text")
        made = make_document(text if isinstance(text, str) else "", item.box.width - 2 * m.NOTE_PAD)
        kept = item.drawing = (key, made)
    document: QTextDocument = kept[1]
    return document


def paint_note(canvas: Canvas, item: Item) -> None:
    """Draws a note: paper, text, author, rings."""
    if item.id in canvas.view.hidden:
        return
    painter, current = canvas.painter, theme()
    rect = canvas.device_rect(item.box)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(current.color(note_tone(item)))
    radius = current.radius("tile") * canvas.scale
    painter.drawRoundedRect(rect, radius, radius)
    if item.id == canvas.view.editing:
        pass
    elif canvas.zoom >= _READABLE:
        _paint_text(canvas, item, rect)
    elif canvas.level >= Level.ICONS:
        _paint_lines(canvas, item, rect)
    paint_rings(canvas, item, rect)
    if item.id in canvas.view.selected and not canvas.view.plain and canvas.level >= Level.TITLES:
        paint_corner(canvas, rect)


def _paint_text(canvas: Canvas, item: Item, rect: QRectF) -> None:
    painter, current = canvas.painter, theme()
    author = note_author(item)
    inner_height = item.box.height - 2 * m.NOTE_PAD - (18 if author else 0)
    context = QAbstractTextDocumentLayout.PaintContext()
    context.palette.setColor(QPalette.ColorRole.Text, current.color("text"))
    painter.save()
    painter.translate(rect.left(), rect.top())
    painter.scale(canvas.scale, canvas.scale)
    painter.translate(m.NOTE_PAD, m.NOTE_PAD)
    visible = QRectF(QPointF(0, 0), QSizeF(item.box.width - 2 * m.NOTE_PAD, inner_height))
    painter.setClipRect(visible, Qt.ClipOperation.IntersectClip)
    context.clip = visible
    document_of(item).documentLayout().draw(painter, context)
    painter.restore()
    if author:
        canvas.to_card_space(rect.left(), rect.top())
        painter.setFont(current.font("tiny"))
        painter.setPen(current.color("muted"))
        painter.drawText(QPointF(m.NOTE_PAD, item.box.height - m.NOTE_PAD + 2), author)
        canvas.to_device_space()


def _paint_lines(canvas: Canvas, item: Item, rect: QRectF) -> None:
    """The first words of the note in a size that does not shrink.

    They take the place of the formatted text and no more: notes are often laid behind cards, as paper with its text
    where no card is.
    """
    text = item.node.data.get("text")
    plain = lexical.to_plain(text if isinstance(text, str) else "")
    pixel = canvas.pixel
    width, height = rect.width() / pixel - 12, rect.height() / pixel - 8
    taken = document_of(item).size().height() * canvas.zoom
    most = min(_MOST_LINES, int(height // line_height()), max(1, int(taken / line_height())))
    lines = constant_lines(plain[:4000], width, most, weight=400)
    paint_lines(canvas.painter, lines, rect.left() + 6 * pixel, rect.top() + 4 * pixel, pixel, weight=400, tone="muted")
