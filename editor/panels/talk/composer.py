"""The message box: what is said, the files that go with it (chosen, dropped, pasted, by address), send and stop."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import tr
from editor.icons import icon
from editor.panels.file_pick import ENDINGS, FileRules, file_at, local_file
from editor.panels.parts import tool_button
from editor.panels.talk.flow import Flow

LOWEST: Final = 40
HIGHEST: Final = 180


class MessageEdit(QPlainTextEdit):
    """A text that grows with its lines; files that are pasted or dropped go to the owner."""

    filesGiven = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.takes_files = False
        self.setPlaceholderText(tr("Say something"))
        self.setAccessibleName(tr("Message"))
        self.setTabChangesFocus(True)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def _fit(self) -> None:
        lines = max(1, int(self.document().size().height()))
        wanted = lines * self.fontMetrics().lineSpacing() + 22
        self.setFixedHeight(max(LOWEST, min(HIGHEST, wanted)))

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasUrls() or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        paths = paths_of(source)
        if paths and self.takes_files:
            self.filesGiven.emit(paths)
            return
        super().insertFromMimeData(source)


def paths_of(data: QMimeData) -> list[Path]:
    """The files of this machine in a drop or on the clipboard."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


class Composer(QWidget):
    """`sendWanted` comes with the text and the files' mappings; the box is emptied by `clear` when it was taken."""

    sendWanted = Signal(str, list)
    stopWanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._rules = FileRules()
        self._running = False
        self.files: list[dict[str, Any]] = []
        self._earlier: list[str] = []
        self._back = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.chips = Flow()
        self.chips.hide()
        column.addWidget(self.chips)
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        self.fault.hide()
        column.addWidget(self.fault)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.attach = tool_button("attachment", tr("Add files"), self._attach)
        row.addWidget(self.attach, 0, Qt.AlignmentFlag.AlignBottom)
        self.edit = MessageEdit()
        self.edit.installEventFilter(self)
        self.edit.filesGiven.connect(self.add_paths)
        row.addWidget(self.edit, 1)
        self.button = QPushButton()
        self.button.setProperty("kind", "primary")
        self.button.setMinimumWidth(84)
        self.button.setFixedHeight(LOWEST)
        self.button.clicked.connect(self._clicked)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(row)
        self.set_running(running=False)

    # -- state -------------------------------------------------------------------------------------------------------

    def set_upload(self, upload: Mapping[str, Any]) -> None:
        """What the app takes with a message; effective settings of the feature."""
        enabled = bool(upload.get("enabled"))
        self._rules = FileRules.of({**upload, "max_length": upload.get("number_limits")}, several=True)
        self.attach.setVisible(enabled)
        self.attach.setToolTip(self._rules.hint() if enabled else "")
        self.edit.takes_files = enabled and self._rules.takes("local_file")
        if not enabled and self.files:
            self.files = []
            self._show_files()

    @property
    def takes_files(self) -> bool:
        """Whether files may be dropped here."""
        return self.edit.takes_files

    def set_running(self, *, running: bool) -> None:
        """Send becomes stop while an answer is made."""
        self._running = running
        self.button.setText(tr("Stop") if running else tr("Send"))
        self.button.setIcon(icon("stop" if running else "send", "on_accent"))
        self.button.setAccessibleName(self.button.text())

    def clear(self) -> None:
        """The message is on its way."""
        words = self.edit.toPlainText().strip()
        if words:
            self._earlier.append(words)
        self._back = 0
        self.edit.clear()
        self.files = []
        self._show_files()

    # -- files -------------------------------------------------------------------------------------------------------

    def _attach(self) -> None:
        local, remote = self._rules.takes("local_file"), self._rules.takes("remote_url")
        if local and not remote:
            self._choose()
        elif remote and not local:
            self._ask_address()
        else:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction(icon("file", "text"), tr("Files of this machine…"), self._choose)
            menu.addAction(icon("link", "text"), tr("A file at an address…"), self._ask_address)
            menu.popup(self.attach.mapToGlobal(self.attach.rect().topLeft()))

    def _choose(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, tr("Choose files"), "", self._filter())
        self.add_paths([Path(name) for name in names])

    def _filter(self) -> str:
        endings = [e for kind in self._rules.types for e in ENDINGS.get(kind, "").split()] + sorted(self._rules.endings)
        if not endings:
            return ""
        return f"{tr('Files that fit')} ({' '.join(f'*.{e}' for e in endings)});;{tr('All files')} (*)"

    def _ask_address(self) -> None:
        address, given = QInputDialog.getText(self, tr("A file at an address"), tr("Address"))
        if given:
            self.add_address(address.strip())

    def add_paths(self, paths: list[Path]) -> None:
        """Take files of this machine; what does not fit is said and left out."""
        known = [Path(item["path"]) for item in self.files if "path" in item]
        fault = ""
        for path in paths:
            if path in known:
                continue
            wrong = self._rules.fault([path])
            if not wrong and len(self.files) >= self._rules.most:
                wrong = tr("At most {count} files.", count=self._rules.most)
            if wrong:
                fault = wrong
                continue
            known.append(path)
            self.files.append(local_file(path))
        self._show_files(fault)

    def set_files(self, files: list[dict[str, Any]]) -> list[str]:
        """Take files that went with an earlier message, which stand in the workspace or at an address already; answers
        the names of those that the app takes no more."""
        enabled = not self.attach.isHidden()
        self.files = [dict(item) for item in files][: self._rules.most if enabled else 0]
        self._show_files()
        return [_named(item) for item in files[len(self.files) :]]

    def add_address(self, address: str) -> None:
        """Take a file at a web address."""
        if urlsplit(address).scheme not in ("http", "https"):
            self._show_files(tr("The address must start with http:// or https://."))
        elif len(self.files) >= self._rules.most:
            self._show_files(tr("At most {count} files.", count=self._rules.most))
        else:
            self.files.append(file_at(address))
            self._show_files()

    def _show_files(self, fault: str = "") -> None:
        self.chips.clear()
        for item in self.files:
            name = _named(item)
            chip = QPushButton(name if len(name) < 36 else name[:20] + "…" + name[-14:])
            chip.setIcon(icon("close", "muted"))
            chip.setToolTip(tr("Remove {name}", name=name))
            chip.setAccessibleName(tr("Remove {name}", name=name))
            chip.clicked.connect(partial(self._remove, item))
            self.chips.add(chip)
        self.chips.setVisible(bool(self.files))
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))

    def _remove(self, item: dict[str, Any]) -> None:
        self.files.remove(item)
        self._show_files()

    # -- sending -----------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.edit and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            plain = not event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
                if not self._running:
                    self._send()
                return True
            if event.key() == Qt.Key.Key_Escape and self._running:
                self.stopWanted.emit()
                return True
            if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._recall(event.key()):
                return True
        return super().eventFilter(watched, event)

    def _recall(self, key: int) -> bool:
        """Up in an empty box brings back what was said before, as terminals do."""
        words = self.edit.toPlainText()
        at = self._back + (1 if key == Qt.Key.Key_Up else -1)
        shown = self._earlier[-self._back] if self._back else ""
        if words != shown or not 0 <= at <= len(self._earlier):
            return False
        self._back = at
        self.edit.setPlainText(self._earlier[-at] if at else "")
        self.edit.moveCursor(self.edit.textCursor().MoveOperation.End)
        return True

    def _clicked(self) -> None:
        if self._running:
            self.stopWanted.emit()
        else:
            self._send()

    def _send(self) -> None:
        words = self.edit.toPlainText().strip()
        if words:
            self.sendWanted.emit(words, list(self.files))


def _named(item: Mapping[str, Any]) -> str:
    """What a file is called."""
    return str(item.get("filename") or item.get("url") or item.get("remote_url") or "?")
