"""Pictures in values: where they are, and their pixels within limits. Any thread."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from editor.i18n import tr
from engine.run.variables.files import FileProblem, file_from_mapping, is_file_input, is_file_mapping, record_id

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_PIXELS: Final = 50_000_000
MOST_FOUND: Final = 12
DEEPEST: Final = 6
FORMATS: Final = frozenset({"png", "jpeg", "jpg", "gif", "webp", "bmp", "ico"})
"""Drawings (SVG) are left out: they may name other files."""
_DATA: Final = "data:image/"

FindFile = Callable[[str], Path | None]
"""Where a stored file of the workspace lies, by its reference; None when there is none."""


class NoPicture(ValueError):
    """Why there is nothing to see, in words for people."""


@dataclass(frozen=True)
class Picture:
    """A picture that a value names: a stored file, bytes of its own, or an address that is not loaded."""

    name: str
    path: Path | None = None
    data: str = ""
    address: str = ""

    def content(self) -> bytes:
        """Its bytes. Raises NoPicture."""
        if self.data:
            return data_bytes(self.data)
        if self.path is None:
            raise NoPicture(tr("On the web: not loaded.") if self.address else tr("The file is not in this workspace."))
        try:
            if self.path.stat().st_size > MOST_BYTES:
                raise NoPicture(too_large())
            return self.path.read_bytes()
        except OSError as error:
            raise NoPicture(error.strerror or str(error)) from error


def too_large() -> str:
    """The words for a picture over the limits."""
    return tr("Larger than {size} MB or {pixels} million pixels: not shown.", size=MOST_BYTES // 1024**2, pixels=50)


def data_bytes(address: str, most: int = MOST_BYTES) -> bytes:
    """The content of a `data:` address. Raises NoPicture."""
    head, comma, body = address.partition(",")
    if not comma or not head.startswith("data:"):
        raise NoPicture(tr("This is not a picture."))
    if len(body) > most * 4 // 3 + 4:
        raise NoPicture(too_large())
    try:
        return base64.b64decode(body, validate=False) if head.endswith(";base64") else unquote_to_bytes(body)
    except (binascii.Error, ValueError) as error:
        raise NoPicture(tr("This is not a picture.")) from error


def decoded(content: bytes, within: QSize | None = None, most_pixels: int = MOST_PIXELS) -> tuple[QImage, QSize]:
    """The pixels, made smaller to fit `within`, and the size that the whole has. Raises NoPicture."""
    if len(content) > MOST_BYTES:
        raise NoPicture(too_large())
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    size = reader.size()
    if bytes(reader.format().data()).decode().lower() not in FORMATS or not size.isValid():
        raise NoPicture(tr("This is not a picture that can be shown."))
    if size.width() * size.height() > most_pixels:
        raise NoPicture(too_large())
    if within is not None and (size.width() > within.width() or size.height() > within.height()):
        reader.setScaledSize(size.scaled(within, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1)))
    image = reader.read()
    if image.isNull():
        raise NoPicture(tr("The picture is damaged: {problem}", problem=reader.errorString()))
    return image, size


def pictures_in(value: Any, find: FindFile) -> list[Picture]:
    """The pictures that a value names, in its order; the first dozen."""
    found: list[Picture] = []
    _look(value, find, found, 0, "")
    return found


def _look(value: Any, find: FindFile, found: list[Picture], depth: int, name: str) -> None:
    if len(found) >= MOST_FOUND or depth > DEEPEST:
        return
    if isinstance(value, str):
        if value[: len(_DATA)].lower() == _DATA:
            found.append(Picture(name or tr("Picture"), data=value))
    elif is_file_mapping(value) or is_file_input(value):
        picture = _of_file(value, find)
        if picture is not None:
            found.append(picture)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _look(inner, find, found, depth + 1, str(key))
    elif isinstance(value, list | tuple):
        for inner in value[:200]:
            _look(inner, find, found, depth + 1, name)


def _of_file(value: Mapping[str, Any], find: FindFile) -> Picture | None:
    try:
        file = file_from_mapping(value)
    except (FileProblem, TypeError, ValueError):
        return None
    if file.type != "image":
        return None
    name = file.filename or tr("Picture")
    if file.transfer_method == "remote_url":
        address = file.remote_url or ""
        return Picture(name, data=address) if address.startswith(_DATA) else Picture(name, address=address)
    return Picture(name, path=find(record_id(file.reference or "")))
