"""Secrets at rest: AES-256-GCM under a key of the workspace, kept in the system's keychain or in a private key file."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from engine.logs import get_logger

log = get_logger(__name__)
PREFIX = "v1:"
SERVICE = "penstock"


class Vault:
    """Encrypts and decrypts with the workspace's key, which is made at first use. Values are bound to their place by
    `context`, so that an encrypted value cannot be moved to another row."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "key"
        self._name = str(folder.resolve())
        self._key: bytes | None = None

    def seal(self, value: str, context: str) -> str:
        """`v1:<key id>:<base64>`."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._load()
        nonce = os.urandom(12)
        sealed = AESGCM(key).encrypt(nonce, value.encode("utf-8", "surrogatepass"), context.encode())
        return f"{PREFIX}{self._key_id(key)}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, stored: str, context: str) -> str | None:
        """The clear value; None when the key is another one or the value is damaged: it has to be entered again."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            _, key_id, text = stored.split(":", 2)
            key = self._load()
            if key_id != self._key_id(key):
                return None
            data = base64.b64decode(text)
            return AESGCM(key).decrypt(data[:12], data[12:], context.encode()).decode("utf-8", "surrogatepass")
        except (ValueError, InvalidTag):
            return None

    def mark(self, value: str, context: str) -> str:
        """16 hex digits that are the same for the same value under this workspace's key, and tell nothing else of it: a
        bare hash of a short value could be guessed."""
        import hashlib
        import hmac

        text = f"{context}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.new(b"penstock mark" + self._load(), text, hashlib.sha256).hexdigest()[:16]

    @staticmethod
    def _key_id(key: bytes) -> str:
        import hashlib

        return hashlib.sha256(b"penstock key id" + key).hexdigest()[:8]

    def _load(self) -> bytes:
        if self._key is None:
            self._key = self._from_file() or self._from_keychain() or self._make()
        return self._key

    def _from_file(self) -> bytes | None:
        try:
            return base64.b64decode(self._file.read_bytes())
        except OSError:
            return None

    def _keychain(self) -> bool:
        return os.environ.get("PENSTOCK_KEYRING") != "file"

    def _from_keychain(self) -> bytes | None:
        if not self._keychain():
            return None
        try:
            import keyring

            stored = keyring.get_password(SERVICE, self._name)
        except Exception as error:  # noqa: BLE001 - keychains fail in many ways; the key file is the way out
            log.info("no keychain: %s", error)
            return None
        return base64.b64decode(stored) if stored else None

    def _make(self) -> bytes:
        key = os.urandom(32)
        text = base64.b64encode(key).decode()
        if self._keychain():
            try:
                import keyring

                keyring.set_password(SERVICE, self._name, text)
                if keyring.get_password(SERVICE, self._name) == text:
                    return key
            except Exception as error:  # noqa: BLE001 - as above
                log.info("no keychain: %s", error)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return key
