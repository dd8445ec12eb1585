"""The one door to all chat models of a workspace: finds what a file's model name means here, and calls it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

from engine.adapters.models import facts
from engine.adapters.models.catalog import EMBEDDED, EMBEDDED_MODEL, kind_of
from engine.adapters.models.rules import rules_for
from engine.adapters.models.setup import ModelSettings, ModelSetup, ProviderConfig, last_part
from engine.clock import Clock, SystemClock
from engine.ports.models import ChatDelta, ChatRequest, Message, ModelError, ModelInfo, ModelRef

LOCAL_PROTOCOLS = ("embedded", "gguf")
EMBEDDED_FEATURES = frozenset({"structured-output", "tool-call"})
MAP_HINT = "Map it to one of your models in the settings under Models, or let unknown models use the default one."


class ModelRegistry:
    """Implements the port `ChatModel` over a workspace's setup. Stateless apart from the setup; any loop may use it."""

    def __init__(self, setup: ModelSetup, clock: Clock | None = None) -> None:
        self._setup = setup
        self._clock = clock or SystemClock()

    # -- what a name means ---------------------------------------------------------------------------------------------

    def resolve(self, ref: ModelRef) -> ModelInfo:
        """The model that `ref` means here: alias, then a provider of that name, then the default if the workspace
        lets unknown models use it. Raises ModelError."""
        provider, settings, name = self._find(ref)
        return self._info(provider, settings, name)

    def connection(self, ref: ModelRef) -> tuple[ProviderConfig, str]:
        """The provider that answers for `ref`, with its address, and the model's name there: for speech and pictures,
        which no chat speaks of. Raises ModelError."""
        provider, _, name = self._find(ref)
        row = kind_of(provider.kind)
        if not provider.base_url and row is not None and row.base_url:
            provider = replace(provider, base_url=row.base_url)
        label = provider.label or provider.id
        if (row is not None and row.protocol not in ("openai", "azure")) or not provider.base_url:
            words = f"The provider {label} does not speak the protocol of OpenAI, which is needed for this."
            raise ModelError("ModelCurrentlyNotSupportError", words, hint=MAP_HINT)
        return provider, name

    def _find(self, ref: ModelRef) -> tuple[ProviderConfig, ModelSettings | None, str]:
        if not ref.provider.strip() or not ref.name.strip():
            raise ModelError("ModelNotExistError", "No model is chosen.", hint="Choose a model in the node's settings.")
        target = self._alias(ref)
        problem: ModelError | None = None
        try:
            return self._direct(target or ref)
        except ModelError as found:
            problem = found
        default = self._setup.default
        if target is None and self._setup.fallback and default is not None:
            return self._direct(default)
        raise problem

    def _alias(self, ref: ModelRef) -> ModelRef | None:
        whole, last = ref.provider.strip().lower(), last_part(ref.provider)
        aliases = self._setup.aliases
        for provider in (whole, last):
            for name in (ref.name, "*"):
                found = aliases.get((provider, name))
                if found is not None:
                    return replace(found, name=ref.name if found.name == "*" else found.name)
        return None

    def _direct(self, ref: ModelRef) -> tuple[ProviderConfig, ModelSettings | None, str]:
        provider = self._provider(ref.provider)
        label = f"{last_part(ref.provider)}/{ref.name}"
        if provider is None:
            known = kind_of(ref.provider)
            kind = "ProviderTokenNotInitError" if known and known.needs_key else "ModelNotExistError"
            raise ModelError(
                kind, f"The model {label} is not set up: there is no provider {ref.provider!r} here.", hint=MAP_HINT
            )
        row = kind_of(provider.kind)
        if not provider.enabled:
            raise ModelError(
                "ModelCurrentlyNotSupportError", f"The provider {provider.label or provider.id} is switched off."
            )
        if row is not None and row.needs_key and not provider.api_key:
            raise ModelError(
                "ProviderTokenNotInitError",
                f"The provider {provider.label or provider.id} has no key.",
                hint="Enter its key in the settings under Models.",
            )
        settings = provider.model(ref.name)
        if row is not None and row.protocol == EMBEDDED and ref.name != EMBEDDED_MODEL:
            raise ModelError(
                "ModelNotExistError", f"The embedded provider has no model {ref.name!r}.", hint=f"Use {EMBEDDED_MODEL}."
            )
        return provider, settings, ref.name

    def _provider(self, name: str) -> ProviderConfig | None:
        whole, last = name.strip().lower(), last_part(name)
        row = kind_of(name)
        tests: tuple[Any, ...] = (
            lambda p: last_part(p.id) == last,
            lambda p: p.id.lower() == whole,
            lambda p: row is not None and p.kind == row.id,
        )
        for test in tests:
            matches = [p for p in self._setup.providers if test(p)]
            found = next((p for p in matches if p.enabled), matches[0] if matches else None)
            if found is not None:
                return found
        return None

    def _info(self, provider: ProviderConfig, settings: ModelSettings | None, name: str) -> ModelInfo:
        # A file may say "completion" of a model that is served through chat; only its settings make it a text model.
        row = kind_of(provider.kind)
        local = row is not None and row.protocol in LOCAL_PROTOCOLS
        told = provider.told(name)
        features = settings.features if settings is not None else None
        features = features if features is not None or told is None else told.features
        context = (settings.context_size if settings is not None else None) or (told.context_size if told else None)
        if local:
            features = features if features is not None else EMBEDDED_FEATURES
            context = context or int(provider.options.get("context_size") or 8192)
        else:
            if features is None:
                features = facts.features_of(name)
                if row is not None and row.structured:
                    features = (features or frozenset()) | facts.SCHEMA
            context = context or _table_context(row.prices if row is not None else "", name) or facts.context_of(name)
        return ModelInfo(
            ref=ModelRef(provider.id, name, settings.mode if settings is not None else "chat"),
            label=(settings.label if settings is not None else "") or name,
            features=features,
            context_size=context,
            parameter_rules=rules_for(row, name, context),
        )

    # -- calls ---------------------------------------------------------------------------------------------------------

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """The answer piece by piece; closing the iterator cancels the call. Raises ModelError."""
        from engine.adapters.models.assemble import assembled
        from engine.adapters.models.wire import Call

        provider, settings, name = self._find(request.model)
        info = self._info(provider, settings, name)
        row = kind_of(provider.kind)
        if provider.base_url == "" and row is not None and row.base_url:
            provider = replace(provider, base_url=row.base_url)
        if not provider.base_url and (row is None or row.protocol not in LOCAL_PROTOCOLS):
            raise ModelError("InvokeBadRequestError", f"The provider {provider.label or provider.id} has no address.")
        call = Call(provider, name, info.ref.mode, request, settings, info.features, info.context_size)
        pieces = protocol(provider).stream(call)
        async with aclosing(assembled(call, pieces, row.prices if row else "", self._clock)) as deltas:
            async for delta in deltas:
                yield delta

    def count_tokens(self, ref: ModelRef, messages: Sequence[Message]) -> int:
        """Exact for a loaded local model, else an estimate."""
        from engine.adapters.models.assemble import estimate_messages

        provider, _, name = self._find(ref)
        row = kind_of(provider.kind)
        if row is not None and row.protocol in LOCAL_PROTOCOLS and messages:
            from engine.adapters.models import embedded

            exact = embedded.count_tokens(provider, name, list(messages))
            if exact is not None:
                return exact
        return estimate_messages(list(messages))


def _table_context(prices: str, name: str) -> int | None:
    if not prices:
        return None
    from engine.adapters.models.prices import table_context

    return table_context(prices, name)


def protocol(provider: ProviderConfig) -> ModuleType:
    """The module that speaks a provider's protocol: `stream(call)` and `list_models(provider)`."""
    row = kind_of(provider.kind)
    name = row.protocol if row is not None else "openai"
    own = ("anthropic", "gemini", "ollama")
    module = name if name in own else "embedded" if name in LOCAL_PROTOCOLS else "openai"
    return import_module(f"engine.adapters.models.{module}")
