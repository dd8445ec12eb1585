"""What of the workspace's stored credentials no record of a run may hold (storage spec, section 7): a service that
refuses a key often repeats it in its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from engine.errors import PenstockError
from engine.logs import get_logger

if TYPE_CHECKING:
    from engine.services.settings import SecretsService

log = get_logger("engine.services.credentials")
SHORTEST: Final = 12
"""Characters below which a credential is taken for a stand-in, as servers of one's own machine want one: “ollama”
masked wherever it stands would spoil honest texts. Environment secrets have a limit of their own."""
MIXED: Final = ("/headers", "/environment")
"""Names of secrets that hold mappings in which not all is secret."""
TELLING: Final = ("auth", "key", "token", "secret", "password", "cookie", "credential")


def credentials(secrets: SecretsService) -> frozenset[str]:
    """The clear values that are masked in every run; none when they cannot be read, for a run must not end at that."""
    try:
        known = [(name, secrets.get(name) or "") for name in secrets.names()]
    except PenstockError as error:
        log.info("credentials cannot be read for masking: %s", error)
        return frozenset()
    return frozenset(v for name, text in known for v in _parts(name, text) if len(v) >= SHORTEST)


def _parts(name: str, text: str) -> Iterator[str]:
    try:
        held = json.loads(text) if text.startswith("{") else text
    except ValueError:
        held = text
    if not isinstance(held, dict):
        yield text
        return
    mixed = name.endswith(MIXED)
    for key, value in held.items():
        if isinstance(value, str) and (not mixed or any(word in key.lower() for word in TELLING)):
            scheme, _, rest = value.partition(" ")
            yield rest if rest and scheme.lower() in ("bearer", "basic", "token") else value
