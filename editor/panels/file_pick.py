"""Files for a run: chosen or dropped, checked against the kinds, sizes and number the input takes, removable."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon

MB: Final = 1024 * 1024
LARGEST_MB: Final = {"image": 10, "document": 15, "audio": 50, "video": 100, "custom": 50}
"""Megabytes a file of a kind may have, as the format's own studio allows them."""
ENDINGS: Final = {
    "image": "jpg jpeg png webp gif svg",
    "document": "txt markdown md mdx pdf html htm xlsx xls vtt properties doc docx csv eml msg ppt pptx xml epub odt",
    "audio": "mp3 m4a wav amr mpga",
    "video": "mp4 mov mpeg webm",
}
KINDS: Final = {"image": "Images", "document": "Documents", "audio": "Audio", "video": "Video"}


def kind_of(path: PurePath) -> str:
    """The kind of a file by its ending: image, document, audio, video or custom."""
    ending = path.suffix.lower().lstrip(".")
    return next((kind for kind, endings in ENDINGS.items() if ending in endings.split()), "custom")


def local_file(path: Path) -> dict[str, Any]:
    """The mapping of a file of this machine; `path` is exchanged for a stored reference by whoever starts the run."""
    return {
        "transfer_method": "local_file",
        "type": "",
        "path": str(path),
        "filename": path.name,
        "extension": path.suffix,
        "mime_type": mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        "size": path.stat().st_size if path.exists() else -1,
    }


@dataclass(frozen=True)
class FileRules:
    """Which files an input or a message takes; no types and no endings = all."""

    types: tuple[str, ...] = ()
    endings: frozenset[str] = frozenset()
    most: int = 10
    several: bool = True
    methods: tuple[str, ...] = ()

    @classmethod
    def of(cls, rules: Mapping[str, Any], *, several: bool) -> FileRules:
        """The rules as a start variable spells them."""
        types = tuple(str(kind) for kind in rules.get("allowed_file_types") or ())
        # Endings speak only where the kind "custom" is allowed; the format fills them in everywhere.
        listed = rules.get("allowed_file_extensions") or () if not types or "custom" in types else ()
        endings = frozenset(str(e).lower().lstrip(".") for e in listed)
        methods = tuple(str(method) for method in rules.get("allowed_file_upload_methods") or ())
        return cls(types, endings, int(rules.get("max_length") or 10) if several else 1, several, methods)

    def takes(self, method: str) -> bool:
        """Whether files may come from this machine (local_file) or from an address (remote_url); no methods = both."""
        return not self.methods or method in self.methods

    def hint(self) -> str:
        """What fits, in words."""
        words = [
            tr("{kind} up to {size} MB", kind=tr(KINDS[kind]), size=LARGEST_MB[kind])
            for kind in self.types or KINDS
            if kind in KINDS
        ]
        if self.endings:
            listed = " ".join(f".{ending}" for ending in sorted(self.endings))
            words.append(tr("{kind} up to {size} MB", kind=listed, size=LARGEST_MB["custom"]))
        if self.several:
            words.append(tr("at most {count} files", count=self.most))
        return "  ·  ".join(words)

    def fault(self, paths: Sequence[Path], addresses: Sequence[str] = (), others: int = 0) -> str:
        """What is wrong with files and `others` that are known already, in words, or an empty text."""
        if len(paths) + len(addresses) + others > self.most:
            return tr("At most {count} files.", count=self.most)
        for address in addresses:
            if urlsplit(address).scheme.lower() not in ("http", "https") or not urlsplit(address).netloc:
                return tr("The address must start with http:// or https://.")
            name = PurePosixPath(urlsplit(address).path)
            if not self._fits(name):
                return tr("{name}: files of this type are not taken.", name=name.name or address)
        for path in paths:
            kind = kind_of(path)
            if not self._fits(path):
                return tr("{name}: files of this type are not taken.", name=path.name)
            try:
                size = path.stat().st_size
            except OSError:
                return tr("{name} cannot be read.", name=path.name)
            if size > LARGEST_MB[kind] * MB:
                return tr("{name} is larger than {size} MB.", name=path.name, size=LARGEST_MB[kind])
        return ""

    def _fits(self, name: PurePath) -> bool:
        listed = "custom" in self.types and name.suffix.lower().lstrip(".") in self.endings
        return not self.types or kind_of(name) in self.types or listed


def file_at(address: str) -> dict[str, Any]:
    """The mapping of a file at a web address; its kind is found out when it is fetched."""
    name = PurePosixPath(urlsplit(address).path).name or address
    return {"transfer_method": "remote_url", "type": "", "url": address, "filename": name}


class FilePick(QWidget):
    """Files of this machine, which are copied into the workspace when the run starts, and files at web addresses."""

    changed = Signal()

    def __init__(self, *, several: bool, rules: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.several = several
        self.paths: list[Path] = []
        self.addresses: list[str] = []
        self._rules = FileRules.of(rules or {}, several=several)
        self.kept: list[Mapping[str, Any]] = []
        """Files of an earlier run, which stand in the workspace already."""
        local, remote = self._rules.takes("local_file"), self._rules.takes("remote_url")
        self.setAcceptDrops(local)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.button = QPushButton(tr("Choose files") if several else tr("Choose a file"))
        self.button.setIcon(icon("attachment", "muted"))
        self.button.clicked.connect(self._choose)
        row.addWidget(self.button)
        self._nothing = tr("or drop here") if local else ""
        self.label = QLabel(self._nothing)
        self.label.setProperty("kind", "small")
        self.label.setWordWrap(True)
        row.addWidget(self.label, 1)
        self.clear = QPushButton(tr("Remove"))
        self.clear.setProperty("kind", "quiet")
        self.clear.setAccessibleName(tr("Remove files"))
        self.clear.clicked.connect(self._clear)
        self.clear.hide()
        row.addWidget(self.clear)
        column.addLayout(row)
        self.address = QLineEdit()
        self.address.setPlaceholderText(tr("or the address of a file") if local else tr("The address of a file"))
        self.address.setAccessibleName(tr("The address of a file"))
        self.address.returnPressed.connect(self._take_address)
        column.addWidget(self.address)
        self.hint = QLabel(self._rules.hint())
        self.hint.setProperty("kind", "small")
        self.hint.setWordWrap(True)
        column.addWidget(self.hint)
        # Once they stand here: before, each would be a window of its own and take the keyboard.
        self.button.setHidden(not local)
        self.address.setHidden(not remote)
        self.label.setHidden(not self._nothing)
        self.setFocusProxy(self.button if local else self.address)

    def _choose(self) -> None:
        if self.several:
            names, _ = QFileDialog.getOpenFileNames(self, tr("Choose files"))
        else:
            name, _ = QFileDialog.getOpenFileName(self, tr("Choose a file"))
            names = [name] if name else []
        if names:
            self.set_paths([Path(n) for n in names])

    def set_paths(self, paths: list[Path], addresses: Sequence[str] = ()) -> None:
        """Take these files, and none of an earlier run."""
        self.kept, self.paths, self.addresses = [], paths, list(addresses)
        if not self.several:
            self.paths, self.addresses = paths[:1], [] if paths else self.addresses[:1]
        self._show()

    def set_kept(self, files: list[Mapping[str, Any]]) -> None:
        """Take files that an earlier run was given."""
        self.paths, self.addresses = [], []
        self.kept = files if self.several else files[:1]
        self._show()

    def take_over(self, other: FilePick) -> None:
        """Take what stands in a field that this one replaces."""
        self.kept, self.paths, self.addresses = other.kept, other.paths, other.addresses
        self.address.setText(other.address.text())
        if not self.several:
            self.kept, self.paths, self.addresses = self.kept[:1], self.paths[:1], self.addresses[:1]
        self._show()

    def _clear(self) -> None:
        self.address.clear()
        self.set_paths([])

    def _take_address(self) -> None:
        """What is written becomes a file of the list."""
        text = self.address.text().strip()
        if text:
            self.address.clear()
            self.set_paths(self.paths if self.several else [], [*self.addresses, text] if self.several else [text])

    def _given(self) -> list[str]:
        """The addresses, with what is written and was not yet confirmed."""
        text = self.address.text().strip()
        return [*self.addresses, text] if text else self.addresses

    def _show(self) -> None:
        names = [p.name for p in self.paths]
        names += self.addresses
        names += [str(f.get("filename") or f.get("name") or f.get("url") or tr("file")) for f in self.kept]
        self.label.setText(", ".join(names) or self._nothing)
        self.label.setHidden(not self.label.text())
        self.clear.setVisible(bool(names))
        self.changed.emit()

    def fault(self) -> str:
        """What is wrong with the chosen files, in words, or an empty text."""
        return self._rules.fault(self.paths, self._given(), len(self.kept))

    def value(self) -> list[dict[str, Any]]:
        """File mappings; `path` is exchanged for a stored reference by whoever starts the run."""
        new = [*(local_file(path) for path in self.paths), *map(file_at, self._given())]
        return [*map(dict, self.kept), *new]

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        dropped = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if dropped:
            self.set_paths([*self.paths, *dropped] if self.several else dropped, self.addresses if self.several else ())
            event.acceptProposedAction()
