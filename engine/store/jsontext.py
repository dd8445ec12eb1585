"""JSON as the columns hold it, with secrets sealed wherever a variable says it is one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

if TYPE_CHECKING:
    from engine.store.crypto import Vault

SEALED = "$sealed"


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_text = json.encoder.encode_basestring


def dumps(value: Any) -> str:
    """Compact JSON; what JSON does not know becomes its text. Lone surrogates are replaced.

    Every step of a run writes a handful of values, so this goes by pydantic's encoder, which takes a third of the time
    of the standard one. That one knows what the other refuses: lone surrogates, nesting of more than 255 levels, bytes
    that are no text.
    """
    if type(value) is str:
        return _replaced(_text(value))
    try:
        return to_json(value, inf_nan_mode="constants", fallback=str).decode()
    except ValueError:
        return _replaced(_encode(value))


def _replaced(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def loads(text: str | None, default: Any = None) -> Any:
    """The value of a column."""
    return default if text is None or text == "" else json.loads(text)


def seal(value: Any, vault: Vault, context: str) -> Any:
    """`value` with the value of every secret variable encrypted."""
    if isinstance(value, Mapping):
        sealed = {k: seal(v, vault, context) for k, v in value.items()}
        if value.get("value_type") == "secret" and isinstance(value.get("value"), str) and value["value"]:
            sealed["value"] = {SEALED: vault.seal(value["value"], context)}
        return sealed
    if isinstance(value, list | tuple):
        return [seal(v, vault, context) for v in value]
    return value


def unseal(value: Any, vault: Vault, context: str) -> Any:
    """The inverse of `seal`; a secret whose key is lost is empty."""
    if isinstance(value, Mapping):
        if SEALED in value and len(value) == 1:
            return vault.open(str(value[SEALED]), context) or ""
        return {k: unseal(v, vault, context) for k, v in value.items()}
    if isinstance(value, list):
        return [unseal(v, vault, context) for v in value]
    return value
