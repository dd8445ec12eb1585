"""Knowledge bases that a workspace named in its own way."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from engine.dsl.datasets import decoded, is_dataset_id

BASE = "3f0c2d1e-1111-4222-8333-444455556666"


def encoded(text: str, workspace: str) -> str:
    key = hashlib.sha256(workspace.encode()).digest()
    padder = PKCS7(128).padder()
    writer = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    data = padder.update(text.encode()) + padder.finalize()
    return base64.b64encode(writer.update(data) + writer.finalize()).decode()


@pytest.mark.spec("dsl.36")
def test_plain_and_own_names_are_read() -> None:
    assert decoded(BASE, "here") == BASE
    assert decoded(encoded(BASE, "here"), "here") == BASE


@pytest.mark.spec("dsl.37")
@pytest.mark.parametrize("name", [encoded(BASE, "elsewhere"), encoded("no uuid", "here"), "abc", "!!!", "", "QUJD"])
def test_others_are_not(name: str) -> None:
    assert decoded(name, "here") is None
    assert not is_dataset_id(name)
