"""The models page in services: providers and their keys, what they offer, which model a file's name means here.

Settings hold everything but credentials; those live in the secret store. All methods are plain blocking functions and
safe to call from any thread; nothing here is on the start path.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.adapters.models import catalog
from engine.adapters.models.catalog import EMBEDDED, EMBEDDED_MODEL, EMBEDDED_PROVIDER, KINDS, ProviderKind
from engine.adapters.models.gguf import GgufFacts
from engine.adapters.models.setup import ModelSettings, ModelSetup, ProviderConfig
from engine.errors import UserError
from engine.ports.models import ModelError, ModelInfo, ModelRef
from engine.services.model_names import ModelNames, SettingsDoor, UnknownModel, unknown_in
from engine.services.model_probe import Attempt, FoundServer, Stopped, look, may_look, server_at
from engine.services.model_setup import EmbeddedSetup

if TYPE_CHECKING:
    from engine.adapters.models.registry import ModelRegistry
    from engine.ports.outside import SecretStore

__all__ = ["GgufFacts", "ModelService", "ProviderView", "TestResult"]

PROVIDERS_KEY = "models.providers"
LISTED_KEY = "models.listed"
FACTS_KEY = "models.facts"
DEFAULT_KEY = "models.default"
FALLBACK_KEY = "models.fallback"
TEST_SECONDS = 60.0


@dataclass(frozen=True)
class ProviderView:
    """A provider as screens show it; `headers` names only, values are secret."""

    id: str
    kind: str
    label: str
    base_url: str
    enabled: bool
    has_key: bool
    needs_key: bool
    local: bool
    headers: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    models: tuple[ModelSettings, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class TestResult:
    """What a try of a provider gave; `seconds` for the whole try."""

    ok: bool
    message: str
    hint: str = ""
    seconds: float = 0.0
    models: tuple[str, ...] = ()

    __test__ = False  # not a test class, whatever collectors think of the name


class ModelService:
    """See the module. A new workspace has one provider, the embedded model, and it is the default."""

    def __init__(self, settings: SettingsDoor, secrets: SecretStore) -> None:
        self._settings = settings
        self._secrets = secrets
        self._lock = threading.RLock()
        self._names = ModelNames(settings, self._lock)

    # -- providers -------------------------------------------------------------------------------------------------

    @staticmethod
    def kinds() -> tuple[ProviderKind, ...]:
        """Everything that can be set up, in the order that a screen offers it."""
        return KINDS

    def providers(self) -> list[ProviderView]:
        """The providers of the workspace in their order."""
        return [self._view(row) for row in self._rows()]

    def provider(self, provider_id: str) -> ProviderView:
        """One provider. Raises UserError `models.unknown_provider`."""
        return self._view(self._row(provider_id))

    def save_provider(
        self,
        kind: str,
        *,
        provider_id: str = "",
        label: str = "",
        base_url: str = "",
        api_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        models: Iterable[ModelSettings] | None = None,
        enabled: bool = True,
    ) -> str:
        """Add a provider, or change the one with `provider_id`, and give its id.

        `api_key` and `headers` None = keep what is stored; an empty key removes it. Raises UserError when the kind is
        unknown, the address cannot be one, or a model file cannot be used.
        """
        row = catalog.kind_of(kind)
        if row is None:
            raise UserError(f"There is no kind of provider named {kind!r}.", code="models.unknown_kind")
        if base_url and not base_url.startswith(("http://", "https://")):
            raise UserError("The address must start with http:// or https://.", code="models.bad_address")
        if not base_url and not row.base_url and row.protocol in ("openai", "azure"):
            raise UserError(f"{row.label} needs an address.", code="models.bad_address")
        if row.protocol == "gguf" and options is not None:
            self.describe_file(Path(str(options.get("path") or "")))
        with self._lock:
            rows = self._rows()
            old = next((r for r in rows if r["id"] == provider_id), None)
            new_id = provider_id or self._free_id(row, rows)
            stored = {
                "id": new_id,
                "kind": row.id,
                "label": label or (old or {}).get("label") or row.label,
                "base_url": base_url.rstrip("/"),
                "options": dict(options if options is not None else (old or {}).get("options") or {}),
                "enabled": enabled,
                "header_names": sorted(headers) if headers is not None else (old or {}).get("header_names", []),
                "models": [m.to_json() for m in models] if models is not None else (old or {}).get("models", []),
            }
            rows = [stored if r["id"] == new_id else r for r in rows] if old else [*rows, stored]
            if api_key is not None:
                self._keep_secret(_key_name(new_id), api_key)
            if headers is not None:
                self._keep_secret(_headers_name(new_id), json.dumps(dict(headers)) if headers else "")
            self._settings.set(PROVIDERS_KEY, rows)
            if old is None or (old.get("base_url"), old.get("kind")) != (stored["base_url"], stored["kind"]):
                self._keep_told(new_id, None)
        return new_id

    def remove_provider(self, provider_id: str) -> None:
        """Forget a provider and its credentials; aliases to it stay and say that it is gone."""
        with self._lock:
            self._row(provider_id)
            self._settings.set(PROVIDERS_KEY, [r for r in self._rows() if r["id"] != provider_id])
            self._secrets.delete(_key_name(provider_id))
            self._secrets.delete(_headers_name(provider_id))
            self._keep_told(provider_id, None)

    def set_model(self, provider_id: str, model: ModelSettings) -> None:
        """Say what a model can do (features, context, prices); replaces what was said before."""
        self._change_models(provider_id, lambda models: [*(m for m in models if m.name != model.name), model])

    def add_model(self, provider_id: str, name: str) -> None:
        """A model that the provider does not list itself."""
        if not name.strip():
            raise UserError("The model needs a name.", code="models.no_name")
        known = next((m for m in self._config(self._row(provider_id)).models if m.name == name.strip()), None)
        self.set_model(provider_id, replace(known or ModelSettings(name.strip()), enabled=True))

    def remove_model(self, provider_id: str, name: str) -> None:
        """Forget what was said of a model, and the model itself when only the person named it."""
        self._change_models(provider_id, lambda models: [m for m in models if m.name != name])

    def enable_models(self, provider_id: str, names: Iterable[str], *, on: bool) -> None:
        """Offer models in pickers, or not; runs use them either way."""
        wanted = set(names)

        def change(models: list[ModelSettings]) -> list[ModelSettings]:
            said = {m.name for m in models}
            changed = [replace(m, enabled=on) if m.name in wanted else m for m in models]
            # A model that is on needs no words of its own; one that is off does.
            return changed + [ModelSettings(name, enabled=False) for name in sorted(wanted - said) if not on]

        self._change_models(provider_id, change)

    def _change_models(self, provider_id: str, change: Callable[[list[ModelSettings]], list[ModelSettings]]) -> None:
        with self._lock:
            rows = self._rows()
            row = next((r for r in rows if r["id"] == provider_id), None)
            if row is None:
                raise _unknown(provider_id)
            models = [ModelSettings.from_json(m) for m in row.get("models") or ()]
            row["models"] = [m.to_json() for m in change(models)]
            self._settings.set(PROVIDERS_KEY, rows)

    def enable_provider(self, provider_id: str, *, on: bool) -> None:
        """Switch a provider on or off; its key and its models stay."""
        with self._lock:
            self._row(provider_id)
            rows = [{**r, "enabled": on} if r["id"] == provider_id else r for r in self._rows()]
            self._settings.set(PROVIDERS_KEY, rows)

    # -- what they offer -------------------------------------------------------------------------------------------

    def list_models(self, provider_id: str, *, refresh: bool = False) -> list[ModelInfo]:
        """The models of a provider: what the person named, and what the provider lists (asked once, then kept).

        Raises ModelError when the provider cannot be asked and nothing is known.
        """
        config = self._config(self._row(provider_id))
        if refresh or provider_id not in self._listed():
            try:
                self._keep_told(provider_id, Attempt().run(self._ask_models(config), TEST_SECONDS))
            except (ModelError, TimeoutError):
                if not self._names_of(config):
                    raise
        registry = self.chat_model()
        return [registry.resolve(ModelRef(config.id, name)) for name in self._names_of(config)]

    def known_models(self) -> list[ModelInfo]:
        """Models of all enabled providers that are known without asking anybody and not switched off; for pickers."""
        found = []
        registry = self.chat_model()
        for row in self._rows():
            config = self._config(row)
            if not config.enabled:
                continue
            for name in self._names_of(config):
                settings = config.model(name)
                if settings is not None and not settings.enabled:
                    continue
                try:
                    found.append(registry.resolve(ModelRef(config.id, name)))
                except ModelError:
                    continue
        return found

    def model_rows(self, provider_id: str) -> list[tuple[ModelInfo, bool]]:
        """Every known model of a provider and whether it is offered, without asking anybody."""
        config = self._config({**self._row(provider_id), "enabled": True})
        registry = self._registry(ModelSetup((replace(config, api_key=config.api_key or "-"),)))
        found = []
        for name in self._names_of(config):
            settings = config.model(name)
            found.append((registry.resolve(ModelRef(config.id, name)), settings is None or settings.enabled))
        return found

    @staticmethod
    def usual_rules(provider: str, name: str) -> tuple[Mapping[str, Any], ...]:
        """The parameters of a model that is not set up, by what its provider's name tells."""
        from engine.adapters.models.rules import rules_for

        return rules_for(catalog.kind_of(provider), name)

    def suggested_models(self, provider_id: str) -> tuple[str, ...]:
        """Names that such a provider is known to have, where it has not been asked yet."""
        kind = catalog.kind_of(self._row(provider_id)["kind"])
        if kind is None:
            return ()
        from engine.adapters.models.prices import table_models

        return tuple(dict.fromkeys((*kind.models, *table_models(kind.prices))))

    def _names_of(self, config: ProviderConfig) -> list[str]:
        """The names of a provider's chat models as far as they are known."""
        named = [m.name for m in config.models if m.kind == "llm"]
        if config.kind == EMBEDDED:
            named.append(EMBEDDED_MODEL)
        elif config.kind == "gguf":
            named.append(Path(str(config.options.get("path") or "model")).stem)
        return list(dict.fromkeys((*named, *self._listed().get(config.id, ()))))

    def _listed(self) -> dict[str, list[str]]:
        """What providers said when they were asked last."""
        return dict(self._settings.get(LISTED_KEY, {}) or {})

    def _facts(self) -> dict[str, list[dict[str, Any]]]:
        """What providers said of what their models can do."""
        return dict(self._settings.get(FACTS_KEY, {}) or {})

    def _keep_told(self, provider_id: str, told: Iterable[ModelSettings] | None) -> None:
        """Keep the names that a provider listed, and what it said of them; None forgets both."""
        with self._lock:
            listed, facts = self._listed(), self._facts()
            listed.pop(provider_id, None)
            facts.pop(provider_id, None)
            if told is not None:
                rows = list(told)
                listed[provider_id] = [m.name for m in rows]
                said = [m.to_json() for m in rows if m.features is not None or m.context_size]
                facts.update({provider_id: said} if said else {})
            self._settings.set(LISTED_KEY, listed)
            self._settings.set(FACTS_KEY, facts)

    @staticmethod
    def describe_file(path: Path) -> GgufFacts:
        """What a GGUF file says of itself. Raises UserError `models.bad_file` for one that cannot be used."""
        from engine.adapters.models.gguf import describe

        return describe(path)

    def test(
        self,
        provider_id: str,
        model: str = "",
        attempt: Attempt | None = None,
        progress: Callable[[float], None] = lambda _: None,
    ) -> TestResult:
        """Try a provider for real: list its models, and let `model` (if any) say one word. `attempt` can be stopped
        from another thread; `progress` gets shares while a model file is read."""
        attempt = attempt or Attempt()
        began = time.perf_counter()
        file: Path | None = None
        try:
            config = self._config(self._row(provider_id))
            if config.kind == "gguf":
                file = Path(str(config.options.get("path") or ""))
                model = model or file.stem
                self._read_file(file, attempt, progress)
            told = attempt.run(self._ask_models(config), TEST_SECONDS)
            self._keep_told(provider_id, told)
            names = tuple(m.name for m in told)
            said = attempt.run(self._one_word(ModelRef(provider_id, model)), TEST_SECONDS) if model else ""
        except Stopped:
            return TestResult(False, "The test was stopped.", "", time.perf_counter() - began)
        except TimeoutError:
            return TestResult(False, f"No answer within {TEST_SECONDS:g} seconds.", "", time.perf_counter() - began)
        except (ModelError, UserError) as problem:
            return TestResult(False, problem.message, problem.hint, time.perf_counter() - began)
        finally:
            if file is not None:
                self._put_away(file)
        text = f"{model} answered: {said[:60]}" if model else f"Connected; {len(names)} models."
        return TestResult(True, text, "", time.perf_counter() - began, names)

    def _read_file(self, file: Path, attempt: Attempt, progress: Callable[[float], None]) -> None:
        """Look at a model file and read it ahead. Raises UserError, Stopped."""
        from engine.adapters.models.gguf import read_ahead

        self.describe_file(file)
        if not read_ahead(file, progress, attempt.stopping):
            raise Stopped

    @staticmethod
    def _put_away(file: Path) -> None:
        """A model that was only tried need not stay in this process: runs have one of their own."""
        from engine.adapters.models.shelf import SHELF

        SHELF.drop(file)

    def discover(self) -> list[FoundServer]:
        """Ollama and LM Studio servers that run on this machine; takes half a second at most."""
        return look(k for k in KINDS if k.local and k.base_url)

    def new_servers(self) -> list[FoundServer]:
        """Those that no provider of the workspace stands for yet; nothing where looking is switched off."""
        if not may_look():
            return []
        here = {server_at(view.base_url) for view in self.providers()}
        return [server for server in self.discover() if server_at(server.base_url) not in here]

    # -- names of files ----------------------------------------------------------------------------------------------

    def aliases(self) -> dict[tuple[str, str], ModelRef]:
        """What foreign names mean here: (provider, name) to a model; the name `*` stands for every one."""
        return self._names.all()

    def set_alias(self, provider: str, name: str, target: ModelRef) -> None:
        """From now on `provider`/`name` in a file means `target`; any spelling of the provider's path counts."""
        self._names.set({(provider, name): target})

    def set_aliases(self, mapping: Mapping[tuple[str, str], ModelRef]) -> None:
        """The same for several at once."""
        self._names.set(mapping)

    def remove_alias(self, provider: str, name: str) -> bool:
        """Forget what a name means; False when it meant nothing."""
        return self._names.remove(provider, name)

    def default(self) -> ModelRef | None:
        """The model that new nodes get, and unknown ones when `fallback` is on."""
        stored = self._settings.get(DEFAULT_KEY)
        if stored is None:
            return ModelRef(EMBEDDED_PROVIDER, EMBEDDED_MODEL)
        return ModelRef(stored["provider"], stored["name"]) if stored else None

    def set_default(self, ref: ModelRef | None) -> None:
        """Choose the default model; None = none."""
        self._settings.set(DEFAULT_KEY, {"provider": ref.provider, "name": ref.name} if ref is not None else {})

    def fallback(self) -> bool:
        """Do unknown models use the default one?"""
        return bool(self._settings.get(FALLBACK_KEY, False))

    def set_fallback(self, on: bool) -> None:
        """Let every model that is not known here be answered by the default one, or not."""
        self._settings.set(FALLBACK_KEY, on)

    def unknown_models(self, graph: Mapping[str, Any]) -> list[UnknownModel]:
        """The nodes of a graph config whose model cannot be resolved here, for the checklist and its one-step fix."""
        return unknown_in(graph, self.chat_model().resolve, self.known_models(), self.default())

    # -- the embedded model ------------------------------------------------------------------------------------------

    @staticmethod
    def has_embedded() -> bool:
        """Is the file of the embedded model there?"""
        from engine.adapters.models.embedded import bundled_file

        return bundled_file() is not None

    @staticmethod
    def set_up_embedded(setup: EmbeddedSetup, progress: Callable[[float], None] = lambda _: None) -> bool:
        """Install it, blocking; False when it was stopped. Raises UserError or EnvironmentProblem."""
        from engine.adapters.models.embedded import bundled_file

        done = setup.run(progress)
        bundled_file.cache_clear()
        return done

    # -- for runs ------------------------------------------------------------------------------------------------------

    def setup(self) -> ModelSetup:
        """The present state as one value, credentials in clear."""
        return ModelSetup(
            tuple(self._config(row) for row in self._rows()), self.aliases(), self.default(), self.fallback()
        )

    def chat_model(self) -> ModelRegistry:
        """The port for runs, over the present state; later changes need a new one."""
        return self._registry(self.setup())

    @staticmethod
    def _registry(setup: ModelSetup) -> ModelRegistry:
        from engine.adapters.models.registry import ModelRegistry

        return ModelRegistry(setup)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _rows(self) -> list[dict[str, Any]]:
        stored = self._settings.get(PROVIDERS_KEY)
        if stored is None:
            return [{"id": EMBEDDED_PROVIDER, "kind": EMBEDDED, "label": "Embedded model", "enabled": True}]
        return [dict(row) for row in stored]

    def _row(self, provider_id: str) -> dict[str, Any]:
        for row in self._rows():
            if row["id"] == provider_id:
                return row
        raise _unknown(provider_id)

    def _config(self, row: Mapping[str, Any]) -> ProviderConfig:
        kind = catalog.kind_of(row["kind"])
        headers = self._secrets.get(_headers_name(row["id"])) if row.get("header_names") else None
        key = "" if kind is not None and kind.protocol in ("embedded", "gguf") else None
        return ProviderConfig(
            id=row["id"],
            kind=row["kind"],
            label=row.get("label") or "",
            base_url=row.get("base_url") or (kind.base_url if kind else ""),
            api_key=(self._secrets.get(_key_name(row["id"])) or "") if key is None else key,
            headers=json.loads(headers) if headers else {},
            options=row.get("options") or {},
            models=tuple(ModelSettings.from_json(m) for m in row.get("models") or ()),
            facts=tuple(ModelSettings.from_json(m) for m in self._facts().get(row["id"], ())),
            enabled=bool(row.get("enabled", True)),
            **_patience(row.get("options") or {}),
        )

    def _view(self, row: Mapping[str, Any]) -> ProviderView:
        config = self._config(row)
        kind = catalog.kind_of(config.kind)
        note = ""
        if config.kind == EMBEDDED:
            note = "Small: follows simple requests, knows little, and makes things up. Works without a network."
        return ProviderView(
            id=config.id,
            kind=config.kind,
            label=config.label,
            base_url=config.base_url,
            enabled=config.enabled,
            has_key=bool(config.api_key),
            needs_key=bool(kind and kind.needs_key),
            local=bool(kind and kind.local),
            headers=tuple(row.get("header_names") or ()),
            options=config.options,
            models=config.models,
            note=note,
        )

    def _keep_secret(self, name: str, value: str) -> None:
        if value:
            self._secrets.set(name, value)
        else:
            self._secrets.delete(name)

    @staticmethod
    def _free_id(kind: ProviderKind, rows: list[dict[str, Any]]) -> str:
        taken = {row["id"] for row in rows}
        base = EMBEDDED_PROVIDER if kind.id == EMBEDDED else kind.id
        number = 2
        found = base
        while found in taken:
            found, number = f"{base}-{number}", number + 1
        return found

    @staticmethod
    async def _ask_models(config: ProviderConfig) -> list[ModelSettings]:
        from engine.adapters.models.registry import protocol

        module, quick = protocol(config), replace(config, read_seconds=15.0, connect_seconds=5.0)
        if hasattr(module, "describe_models"):
            return list(await module.describe_models(quick))
        return [ModelSettings(name) for name in await module.list_models(quick)]

    async def _one_word(self, ref: ModelRef) -> str:
        from engine.ports.models import ChatRequest, Message

        request = ChatRequest(ref, [Message("user", "Say: hello")], {"max_tokens": 16})
        return "".join([delta.text async for delta in self.chat_model().stream(request)]).strip()


def _patience(options: Mapping[str, Any]) -> dict[str, Any]:
    """How long and how often a provider is asked, where the person says so."""
    found: dict[str, Any] = {}
    for key, kind in (("read_seconds", float), ("connect_seconds", float), ("retries", int)):
        try:
            if float(options.get(key) or 0) > 0 or (key == "retries" and options.get(key) == 0):
                found[key] = kind(options[key])
        except (TypeError, ValueError):
            continue
    return found


def _unknown(provider_id: str) -> UserError:
    return UserError(f"There is no provider {provider_id!r} in this workspace.", code="models.unknown_provider")


def _key_name(provider_id: str) -> str:
    return f"models/{provider_id}/api_key"


def _headers_name(provider_id: str) -> str:
    return f"models/{provider_id}/headers"
