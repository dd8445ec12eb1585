"""JSON as the columns hold it, with secrets sealed wherever a variable says it is one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import PurePath as Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.store.crypto import Vault

SEALED = "$sealed"


def _encoder() -> Callable[[Any], str]:
    """What turns a value into compact JSON. `JSONEncoder.encode` builds its C encoder anew for each value, which costs
    more than a small value does; so the C encoder is built once where it is there and answers as expected."""
    standard = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
    try:
        build, text = json.encoder.c_make_encoder, json.encoder.encode_basestring  # type: ignore[attr-defined]
        pieces = build(None, str, text, None, ":", ",", False, False, True)
        sample: Any = {"a": ["é", 1, 1.5, None, True, Path("x")]}
        if "".join(pieces(sample, 0)) != standard(sample):
            return standard
    except (AttributeError, TypeError):
        return standard

    def encode(value: Any) -> str:
        return "".join(pieces(value, 0))

    return encode


_encode = _encoder()


def dumps(value: Any) -> str:
    """Compact JSON; what JSON does not know becomes its text. Lone surrogates are replaced."""
    text = _encode(value)
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
