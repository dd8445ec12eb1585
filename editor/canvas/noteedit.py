"""Writing in a note: a text editor over the paper with a small bar for size, marks, list, link, colour and author.

What is typed goes to the document in pauses, as one undo step per session of typing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QColor,
    QDesktopServices,
    QFocusEvent,
    QFont,
    QIcon,
    QKeyEvent,
    QPainter,
    QPixmap,
    QTextCharFormat,
    QTextCursor,
    QTextList,
    QTextListFormat,
)
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QInputDialog, QMenu, QTextEdit, QToolButton, QWidget

from editor.canvas import lexical
from editor.canvas import metrics as m
from editor.canvas.paint.notes import LIST_INDENT, document_css, note_author, note_tone
from editor.canvas.richtext import to_lexical
from editor.i18n import tr
from editor.icons import icon
from editor.keymap import pressed, with_keys
from editor.theme import theme
from editor.wordsteps import WordSteps, word_step
from engine.model.edits import SetField

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView

_PAUSE_MS = 400
OPENED = ("http", "https", "mailto")
"""What a link may lead to; a note of a file from elsewhere must not start programs."""
_SIZES = {"small": 12, "medium": 14, "large": 16}


class _Paper(WordSteps, QTextEdit):
    """The text field; Esc and losing the focus end the editing."""

    def __init__(self, owner: NoteEditor) -> None:
        super().__init__(owner.view)
        self._owner = owner
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("kind", "bare")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabChangesFocus(True)
        self.setAccessibleName(tr("Note text"))

    def event(self, event: QEvent) -> bool:
        # These keys mean something else to the window.
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and pressed(event, "bold", "italic"):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._owner.close()
            return
        name = pressed(event, "bold", "italic")
        if name:
            (self._owner.bold if name == "bold" else self._owner.italic)()
            return
        with word_step(self, event.text()):
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self._owner.focus_left()


class NoteEditor(QObject):
    """Edits one note until it is closed. Follows the canvas when it is panned or zoomed."""

    def __init__(self, view: CanvasView, node_id: str) -> None:
        super().__init__(view)
        self.view = view
        self.node_id = node_id
        self._changed = False
        self._closed = False
        self._paper = _Paper(self)
        self._bar = self._make_bar()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._store)
        self._load()
        self._place()
        view.viewChanged.connect(self._place)
        self._paper.textChanged.connect(self._text_changed)
        self._paper.cursorPositionChanged.connect(self._at_link)
        self._at_link()
        self._paper.show()
        self._bar.show()
        self._paper.setFocus()
        self._paper.moveCursor(QTextCursor.MoveOperation.End)

    # -- text -------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        current = theme()
        node = self.view.graph.nodes[self.node_id]
        text = node.data.get("text")
        font = QFont(current.font("small"))
        document = self._paper.document()
        document.setDocumentMargin(0)
        document.setIndentWidth(LIST_INDENT)
        document.setDefaultFont(font)
        document.setDefaultStyleSheet(document_css(current))
        document.setHtml(lexical.to_html(text if isinstance(text, str) else ""))
        document.setModified(False)

    def _text_changed(self) -> None:
        self._changed = True
        self._pause.start()

    def _store(self) -> None:
        view = self.view
        if not self._changed or self.node_id not in view.graph.nodes:
            return
        self._changed = False
        text = to_lexical(self._paper.document(), round(theme().pixels("small")))
        if text != view.graph.nodes[self.node_id].data.get("text"):
            view.commands.submit(SetField(self.node_id, ("text",), text), tr("Edit note"), f"note:{self.node_id}")

    def close(self) -> None:
        """Stores the text and goes away."""
        if self._closed:
            return
        self._closed = True
        self._pause.stop()
        self._store()
        if self.view.document is not None:
            self.view.document.end_merge()
        self.view.viewChanged.disconnect(self._place)
        for widget in (self._paper, self._bar):
            widget.hide()
            widget.deleteLater()
        self.view.note_editor_closed(self)
        self.view.setFocus()
        self.deleteLater()

    def focus_left(self) -> None:
        """The text lost the focus: ends the editing unless it went to the bar."""
        focus = QApplication.focusWidget()
        if focus is None or focus is self._paper or self._bar.isAncestorOf(focus):
            return
        QTimer.singleShot(0, self, self.close)

    # -- place ------------------------------------------------------------------------------------------------

    def _place(self) -> None:
        view = self.view
        if self.node_id not in view.scene.items:
            QTimer.singleShot(0, self, self.close)
            return
        rect = view.node_rect(self.node_id)
        zoom = view.camera.zoom
        pad = m.NOTE_PAD * zoom
        item = view.scene.items[self.node_id]
        below = pad + (18 * zoom if note_author(item) else 0)
        self._paper.setGeometry(rect.adjusted(pad, pad, -pad, -below).toAlignedRect())
        size = max(8, round(theme().pixels("small") * min(zoom, 1.6)))
        paper = theme().color(note_tone(item)).name()
        sheet = f"QTextEdit {{ background: {paper}; padding: 0; border: none; font-size: {size}px; }}"
        if sheet != self._paper.styleSheet():
            self._paper.setStyleSheet(sheet)
        self._bar.adjustSize()
        top = max(4, round(rect.top()) - self._bar.height() - 8)
        left = min(max(4, round(rect.left())), max(4, view.width() - self._bar.width() - 4))
        self._bar.move(left, top)

    # -- the bar ----------------------------------------------------------------------------------------------

    def _make_bar(self) -> QFrame:
        bar = QFrame(self.view)
        bar.setProperty("kind", "raised")
        row = QHBoxLayout(bar)
        row.setContentsMargins(4, 4, 4, 4)
        row.setSpacing(2)
        row.addWidget(self._menu_button("type-string", tr("Text size"), self._size_menu(bar)))
        for name, tip, act in (
            ("bold", with_keys(tr("Bold"), "bold"), self.bold),
            ("italic", with_keys(tr("Italic"), "italic"), self.italic),
            ("strike", tr("Strikethrough"), self.strike),
            ("list", tr("Bullet list"), self.bullets),
            ("link", tr("Link"), self.link),
        ):
            row.addWidget(self._button(name, tip, act))
        self._open = self._button("external", tr("Open the link"), self.open_link)
        self._unlink = self._button("unlink", tr("Remove the link"), self.unlink)
        for button in (self._open, self._unlink):
            row.addWidget(button)
        row.addWidget(self._menu_button("circle", tr("Colour"), colour_menu(bar, self._colour)))
        row.addWidget(self._button("user", tr("Show author"), self.author))
        row.addWidget(self._button("copy", tr("Copy the note"), self.copy))
        row.addWidget(self._button("duplicate", tr("Duplicate the note"), self.duplicate))
        row.addWidget(self._button("trash", tr("Delete note"), self.delete))
        return bar

    def _button(self, name: str, tip: str, act: Callable[[], None]) -> QToolButton:
        button = QToolButton(self.view)
        button.setIcon(icon(name, "muted", active_token="text"))  # noqa: S106
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(act)
        return button

    def _menu_button(self, name: str, tip: str, menu: QMenu) -> QToolButton:
        button = self._button(name, tip, lambda: None)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def _size_menu(self, parent: QWidget) -> QMenu:
        menu = QMenu(parent)
        for name, words in (("small", tr("Small")), ("medium", tr("Medium")), ("large", tr("Large"))):
            menu.addAction(words).triggered.connect(partial(self._size, _SIZES[name]))
        return menu

    # -- what the bar does ------------------------------------------------------------------------------------

    def _merge(self, form: QTextCharFormat) -> None:
        cursor = self._paper.textCursor()
        if not cursor.hasSelection():
            cursor.select(QTextCursor.SelectionType.WordUnderCursor)
        cursor.mergeCharFormat(form)
        self._paper.mergeCurrentCharFormat(form)
        self._paper.setFocus()

    def bold(self) -> None:
        form = QTextCharFormat()
        heavy = self._paper.fontWeight() >= QFont.Weight.DemiBold
        form.setFontWeight(QFont.Weight.Normal if heavy else QFont.Weight.Bold)
        self._merge(form)

    def italic(self) -> None:
        form = QTextCharFormat()
        form.setFontItalic(not self._paper.fontItalic())
        self._merge(form)

    def strike(self) -> None:
        form = QTextCharFormat()
        form.setFontStrikeOut(not self._paper.currentCharFormat().fontStrikeOut())
        self._merge(form)

    def bullets(self) -> None:
        cursor = self._paper.textCursor()
        found: QTextList | None = cursor.currentList()
        if found is not None:
            found.remove(cursor.block())
            form = cursor.blockFormat()
            form.setIndent(0)
            cursor.setBlockFormat(form)
        else:
            cursor.createList(QTextListFormat.Style.ListDisc)
        self._paper.setFocus()

    def link(self) -> None:
        """Asks for an address and links the selected words to it; an empty address takes the link away."""
        present = self._paper.currentCharFormat().anchorHref()
        address, given = QInputDialog.getText(self._bar, tr("Link"), tr("Address"), text=present)
        if not given:
            return
        form = QTextCharFormat()
        form.setAnchor(bool(address.strip()))
        form.setAnchorHref(address.strip())
        form.setForeground(theme().color("accent") if address.strip() else theme().color("text"))
        self._merge(form)

    def _linked(self) -> str:
        """The address of the link that the caret is in, empty for none."""
        return str(self._paper.textCursor().charFormat().anchorHref())

    def _at_link(self) -> None:
        linked = bool(self._linked())
        for button in (self._open, self._unlink):
            button.setEnabled(linked)
        self._open.setToolTip(f"{tr('Open the link')}: {self._linked()}" if linked else tr("Open the link"))

    def open_link(self) -> None:
        """Opens the link at the caret with the system's program for it."""
        address = QUrl.fromUserInput(self._linked())
        if address.scheme() in OPENED:
            QDesktopServices.openUrl(address)
        else:
            self.view.say(tr("Only web and mail addresses are opened."))

    def unlink(self) -> None:
        """Takes the link at the caret away; its words stay."""
        cursor = self._paper.textCursor()
        block, address = cursor.block(), self._linked()
        fragments = block.begin()
        while not fragments.atEnd():
            fragment = fragments.fragment()
            if fragment.charFormat().anchorHref() == address and (
                fragment.position() <= cursor.position() <= fragment.position() + fragment.length()
            ):
                cursor.setPosition(fragment.position())
                cursor.setPosition(fragment.position() + fragment.length(), QTextCursor.MoveMode.KeepAnchor)
                form = QTextCharFormat()
                form.setAnchor(False)
                form.setAnchorHref("")
                form.setForeground(theme().color("text"))
                form.setFontUnderline(False)
                cursor.mergeCharFormat(form)
                break
            fragments += 1
        self._paper.setFocus()
        self._at_link()

    def _size(self, pixels: int, _checked: bool = False) -> None:
        form = QTextCharFormat()
        form.setProperty(QTextCharFormat.Property.FontPixelSize, pixels)
        self._merge(form)

    def _colour(self, name: str) -> None:
        self.view.edits.set_note_theme(self.node_id, name)
        self._place()
        self._paper.setFocus()

    def author(self) -> None:
        """Shows or hides the author's name."""
        self.view.edits.toggle_author(self.node_id)
        self._paper.setFocus()

    def copy(self) -> None:
        """Puts the note on the clipboard, as it is now."""
        self._store()
        self.view.selection.set([self.node_id])
        self.view.edits.copy()
        self._paper.setFocus()

    def duplicate(self) -> None:
        """Stores the text and makes a second note, which is selected then."""
        node_id, view = self.node_id, self.view
        self.close()
        view.selection.set([node_id])
        view.edits.duplicate()

    def delete(self) -> None:
        """Deletes the note."""
        self._changed = False
        node_id, view = self.node_id, self.view
        self.close()
        view.edits.delete([node_id])


def colour_menu(parent: QWidget, then: Callable[[str], object], present: str = "") -> QMenu:
    """The colours of notes; `then` gets the chosen one, `present` is ticked."""
    menu = QMenu(parent)
    words = {
        "blue": tr("Blue"),
        "cyan": tr("Cyan"),
        "green": tr("Green"),
        "yellow": tr("Yellow"),
        "pink": tr("Pink"),
        "violet": tr("Violet"),
    }
    for name in lexical.NOTE_THEMES:
        action = menu.addAction(_swatch(theme().color(f"note_{name}")), words[name])
        action.triggered.connect(lambda _=False, name=name: then(name))
        if present:
            action.setCheckable(True)
            action.setChecked(name == present)
    return menu


def _swatch(colour: QColor) -> QIcon:
    picture = QPixmap(32, 32)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme().color("line_strong"))
    painter.setBrush(colour)
    painter.drawEllipse(QRectF(4, 4, 24, 24))
    painter.end()
    return QIcon(picture)
