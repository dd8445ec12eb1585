"""Names of knowledge bases in files: plain UUIDs, or encrypted by the workspace that wrote them (dsl spec 11.2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from typing import Any


def is_dataset_id(value: Any) -> bool:
    """Whether this is a plain UUID."""
    if not isinstance(value, str) or len(value) != 36:
        return False
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def decoded(value: str, workspace_id: str) -> str | None:
    """The UUID behind a name that this workspace encrypted, or the name itself if it is one; None if it is neither.

    AES-CBC with the SHA-256 of the workspace id as key and the key's first 16 bytes as start value, PKCS7, base64.
    """
    if is_dataset_id(value):
        return value
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    if not data or len(data) % 16:
        return None
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    key = hashlib.sha256(workspace_id.encode()).digest()
    reader = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    unpadder = PKCS7(128).unpadder()
    try:
        plain = reader.update(data) + reader.finalize()
        text = (unpadder.update(plain) + unpadder.finalize()).decode("ascii")
    except ValueError:
        return None
    return text if is_dataset_id(text) else None
