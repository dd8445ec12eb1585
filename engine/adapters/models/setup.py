"""What a workspace has set up, as plain values: providers, their models, aliases, the default. Loads nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.model.prices import plain_price
from engine.ports.models import ModelRef


@dataclass(frozen=True)
class ModelSettings:
    """One model of a provider. None means "not known, ask the tables"; prices are for a million tokens."""

    name: str
    label: str = ""
    mode: str = "chat"
    kind: str = "llm"
    features: frozenset[str] | None = None
    context_size: int | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    enabled: bool = True
    """Is it offered in pickers?"""

    def to_json(self) -> dict[str, Any]:
        """JSON data; `from_json` reads it."""
        return {
            "name": self.name,
            "label": self.label,
            "mode": self.mode,
            "kind": self.kind,
            "features": sorted(self.features) if self.features is not None else None,
            "context_size": self.context_size,
            "input_price": plain_price(self.input_price) if self.input_price is not None else None,
            "output_price": plain_price(self.output_price) if self.output_price is not None else None,
            "enabled": self.enabled,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelSettings:
        """The inverse of `to_json`; what is missing is not known."""
        features = data.get("features")
        prices = {
            key: Decimal(str(data[key])) for key in ("input_price", "output_price") if data.get(key) not in (None, "")
        }
        return cls(
            name=str(data.get("name") or ""),
            label=str(data.get("label") or ""),
            mode=str(data.get("mode") or "chat"),
            kind=str(data.get("kind") or "llm"),
            features=frozenset(map(str, features)) if isinstance(features, list) else None,
            context_size=int(data["context_size"]) if data.get("context_size") else None,
            enabled=bool(data.get("enabled", True)),
            **prices,
        )


@dataclass(frozen=True)
class ProviderConfig:
    """A provider as a call needs it, credentials in clear: keep it in memory. Times in seconds.

    `id` is the name in this workspace, `kind` the row of the catalogue that says which protocol it speaks.
    """

    id: str
    kind: str
    label: str = ""
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    models: tuple[ModelSettings, ...] = ()
    facts: tuple[ModelSettings, ...] = ()
    """What the provider itself said of its models; the person's word in `models` counts more."""
    enabled: bool = True
    connect_seconds: float = 10.0
    read_seconds: float = 180.0
    retries: int = 2
    verify_tls: bool = True

    def model(self, name: str) -> ModelSettings | None:
        """The settings of a model, or None when the person said nothing about it."""
        return next((m for m in self.models if m.name == name), None)

    def told(self, name: str) -> ModelSettings | None:
        """What the provider said of a model, or None."""
        return next((m for m in self.facts if m.name == name), None)


@dataclass(frozen=True)
class ModelSetup:
    """All that a workspace knows of models. `aliases` maps (provider, name) as files spell them; name `*` = every."""

    providers: tuple[ProviderConfig, ...] = ()
    aliases: Mapping[tuple[str, str], ModelRef] = field(default_factory=dict)
    default: ModelRef | None = None
    fallback: bool = False
    """Answer for every model that is not known here with the default one."""


def last_part(provider: str) -> str:
    """`org/plugin/provider` and `provider` are the same provider (nodes-ai spec 1.2)."""
    return provider.strip().strip("/").rsplit("/", 1)[-1].lower()
