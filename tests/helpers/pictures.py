"""Pictures for tests and for the gallery, as values of a run hold them."""

from __future__ import annotations

import base64
from typing import Any

from PySide6.QtCore import QBuffer, QIODevice, QPointF
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter

from engine.services.context import Services


def picture(width: int, height: int) -> bytes:
    """A PNG with something to see."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    sky = QLinearGradient(QPointF(0, 0), QPointF(width, height))
    sky.setColorAt(0, QColor("#2bb8a3"))
    sky.setColorAt(1, QColor("#8b7cf6"))
    painter.fillRect(image.rect(), sky)
    painter.setBrush(QColor("#e5933b"))
    painter.drawEllipse(QPointF(width * 0.6, height * 0.4), width * 0.15, width * 0.15)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def data_picture(width: int, height: int) -> str:
    """A picture as a `data:` address."""
    return f"data:image/png;base64,{base64.b64encode(picture(width, height)).decode()}"


def stored_picture(services: Services, width: int, height: int) -> dict[str, Any]:
    """A picture that is kept in a workspace, as a run hands it on."""
    content = picture(width, height)
    reference = services.keep_bytes(content, "a river in the evening.png", "image/png")
    path = services.file_path(reference)
    assert path is not None
    return {
        "dify_model_identity": "__dify__file__", "type": "image", "transfer_method": "local_file",
        "reference": reference, "filename": "a river in the evening.png", "extension": ".png",
        "mime_type": "image/png", "size": len(content), "remote_url": None, "url": path.as_uri(),
    }  # fmt: skip
