"""The models page in services: providers and their keys, what they offer, which model a file's name means here.

Settings hold everything but credentials; those live in the secret store. All methods are plain blocking functions and
safe to call from any thread; nothing here is on the start path.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from engine.adapters.models import catalog
from engine.adapters.models.catalog import EMBEDDED, EMBEDDED_MODEL, EMBEDDED_PROVIDER, KINDS, ProviderKind
from engine.adapters.models.setup import ModelSettings, ModelSetup, ProviderConfig, last_part
from engine.errors import UserError
from engine.ports.models import ModelError, ModelInfo, ModelRef

if TYPE_CHECKING:
    from engine.adapters.models.registry import ModelRegistry
    from engine.ports.outside import SecretStore

PROVIDERS_KEY = "models.providers"
ALIASES_KEY = "models.aliases"
DEFAULT_KEY = "models.default"
FALLBACK_KEY = "models.fallback"
PROBE_SECONDS = 0.4
TEST_SECONDS = 60.0
MODEL_TYPES = ("llm", "question-classifier", "parameter-extractor")


class SettingsDoor(Protocol):
    """The workspace's settings as this service uses them: JSON values by name."""

    def get(self, key: str, default: Any = None) -> Any: ...

    def set(self, key: str, value: Any) -> None: ...


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


@dataclass(frozen=True)
class FoundServer:
    """A local model server that answered the probe."""

    kind: str
    label: str
    base_url: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class UnknownModel:
    """A model that a file names and this workspace does not have; `suggestion` is what it could be mapped to."""

    node_id: str
    node_title: str
    provider: str
    name: str
    code: str
    message: str
    hint: str
    suggestion: ModelRef | None


class ModelService:
    """See the module. A new workspace has one provider, the embedded model, and it is the default."""

    def __init__(self, settings: SettingsDoor, secrets: SecretStore) -> None:
        self._settings = settings
        self._secrets = secrets
        self._lock = threading.RLock()
        self._listed: dict[str, tuple[str, ...]] = {}

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
        unknown or the address cannot be one.
        """
        row = catalog.kind_of(kind)
        if row is None:
            raise UserError(f"There is no kind of provider named {kind!r}.", code="models.unknown_kind")
        if base_url and not base_url.startswith(("http://", "https://")):
            raise UserError("The address must start with http:// or https://.", code="models.bad_address")
        if not base_url and not row.base_url and row.protocol in ("openai", "azure"):
            raise UserError(f"{row.label} needs an address.", code="models.bad_address")
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
            self._listed.pop(new_id, None)
        return new_id

    def remove_provider(self, provider_id: str) -> None:
        """Forget a provider and its credentials; aliases to it stay and say that it is gone."""
        with self._lock:
            self._row(provider_id)
            self._settings.set(PROVIDERS_KEY, [r for r in self._rows() if r["id"] != provider_id])
            self._secrets.delete(_key_name(provider_id))
            self._secrets.delete(_headers_name(provider_id))
            self._listed.pop(provider_id, None)

    def set_model(self, provider_id: str, model: ModelSettings) -> None:
        """Say what a model can do (features, context, prices); replaces what was said before."""
        with self._lock:
            rows = self._rows()
            for row in rows:
                if row["id"] == provider_id:
                    kept = [m for m in row.get("models", []) if m.get("name") != model.name]
                    row["models"] = [*kept, model.to_json()]
                    self._settings.set(PROVIDERS_KEY, rows)
                    return
        raise _unknown(provider_id)

    # -- what they offer -------------------------------------------------------------------------------------------

    def list_models(self, provider_id: str, *, refresh: bool = False) -> list[ModelInfo]:
        """The models of a provider: what the person named, and what the provider lists (asked once, then kept).

        Raises ModelError when the provider cannot be asked and nothing is known.
        """
        config = self._config(self._row(provider_id))
        names = [m.name for m in config.models if m.kind == "llm"]
        if refresh or provider_id not in self._listed:
            try:
                self._listed[provider_id] = tuple(_run(self._ask_models(config)))
            except ModelError:
                if not names:
                    raise
        merged = dict.fromkeys((*names, *self._listed.get(provider_id, ())))
        registry = self.chat_model()
        return [registry.resolve(ModelRef(config.id, name)) for name in merged]

    def known_models(self) -> list[ModelInfo]:
        """Models of all enabled providers that are known without asking anybody; for pickers."""
        found = []
        registry = self.chat_model()
        for row in self._rows():
            config = self._config(row)
            if not config.enabled:
                continue
            names = [m.name for m in config.models if m.kind == "llm"]
            if config.kind == EMBEDDED:
                names.append(EMBEDDED_MODEL)
            for name in dict.fromkeys((*names, *self._listed.get(config.id, ()))):
                try:
                    found.append(registry.resolve(ModelRef(config.id, name)))
                except ModelError:
                    continue
        return found

    def test(self, provider_id: str, model: str = "") -> TestResult:
        """Try a provider for real: list its models, and let `model` (if any) say one word."""
        began = time.perf_counter()
        try:
            config = self._config(self._row(provider_id))
            names = tuple(_run(asyncio.wait_for(self._ask_models(config), TEST_SECONDS)))
            self._listed[provider_id] = names
            said = _run(asyncio.wait_for(self._one_word(ModelRef(provider_id, model)), TEST_SECONDS)) if model else ""
        except TimeoutError:
            return TestResult(False, f"No answer within {TEST_SECONDS:g} seconds.", "", time.perf_counter() - began)
        except (ModelError, UserError) as problem:
            return TestResult(False, problem.message, problem.hint, time.perf_counter() - began)
        text = f"{model} answered: {said[:60]}" if model else f"Connected; {len(names)} models."
        return TestResult(True, text, "", time.perf_counter() - began, names)

    def discover(self) -> list[FoundServer]:
        """Ollama and LM Studio servers that run on this machine; takes half a second at most."""
        kinds = [k for k in KINDS if k.local and k.base_url]
        with ThreadPoolExecutor(len(kinds), thread_name_prefix="penstock-probe") as pool:
            return [found for found in pool.map(_probe, kinds) if found is not None]

    # -- names of files ----------------------------------------------------------------------------------------------

    def aliases(self) -> dict[tuple[str, str], ModelRef]:
        """What foreign names mean here: (provider, name) to a model; the name `*` stands for every one."""
        found = {}
        for row in self._settings.get(ALIASES_KEY, []) or []:
            found[row["provider"], row["name"]] = ModelRef(row["to_provider"], row["to_name"])
        return found

    def set_alias(self, provider: str, name: str, target: ModelRef) -> None:
        """From now on `provider`/`name` in a file means `target`; any spelling of the provider's path counts."""
        with self._lock:
            rows = self._other_aliases(provider, name)
            row = {
                "provider": last_part(provider),
                "name": name,
                "to_provider": target.provider,
                "to_name": target.name,
            }
            self._settings.set(ALIASES_KEY, [*rows, row])

    def remove_alias(self, provider: str, name: str) -> None:
        """Forget what a name means; none is no error."""
        with self._lock:
            self._settings.set(ALIASES_KEY, self._other_aliases(provider, name))

    def _other_aliases(self, provider: str, name: str) -> list[dict[str, str]]:
        spelled = (last_part(provider), provider.strip().lower())
        rows = self._settings.get(ALIASES_KEY, []) or []
        return [r for r in rows if not (r["provider"] in spelled and r["name"] == name)]

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
        registry = self.chat_model()
        found = []
        for node in graph.get("nodes", ()):
            data = node.get("data") or {}
            for ref in _model_refs(data):
                try:
                    registry.resolve(ref)
                except ModelError as problem:
                    title = str(data.get("title") or "")
                    suggestion = self.default() if ref.provider and ref.name else None
                    found.append(
                        UnknownModel(
                            str(node.get("id")),
                            title,
                            ref.provider,
                            ref.name,
                            problem.error_type,
                            problem.message,
                            problem.hint,
                            suggestion,
                        )
                    )
        return found

    # -- for runs ------------------------------------------------------------------------------------------------------

    def setup(self) -> ModelSetup:
        """The present state as one value, credentials in clear."""
        return ModelSetup(
            tuple(self._config(row) for row in self._rows()), self.aliases(), self.default(), self.fallback()
        )

    def chat_model(self) -> ModelRegistry:
        """The port for runs, over the present state; later changes need a new one."""
        from engine.adapters.models.registry import ModelRegistry

        return ModelRegistry(self.setup())

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
            enabled=bool(row.get("enabled", True)),
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
    async def _ask_models(config: ProviderConfig) -> list[str]:
        from engine.adapters.models.registry import protocol

        found: list[str] = await protocol(config).list_models(replace(config, read_seconds=15.0, connect_seconds=5.0))
        return found

    async def _one_word(self, ref: ModelRef) -> str:
        from engine.ports.models import ChatRequest, Message

        request = ChatRequest(ref, [Message("user", "Say: hello")], {"max_tokens": 16})
        return "".join([delta.text async for delta in self.chat_model().stream(request)]).strip()


def _run(work: Any) -> Any:
    """Run a coroutine to its end from a plain thread."""
    return asyncio.run(work)


def _unknown(provider_id: str) -> UserError:
    return UserError(f"There is no provider {provider_id!r} in this workspace.", code="models.unknown_provider")


def _key_name(provider_id: str) -> str:
    return f"models/{provider_id}/api_key"


def _headers_name(provider_id: str) -> str:
    return f"models/{provider_id}/headers"


def _model_refs(data: Mapping[str, Any]) -> list[ModelRef]:
    if data.get("type") in MODEL_TYPES:
        model = data.get("model") or {}
        return [ModelRef(str(model.get("provider") or ""), str(model.get("name") or ""), str(model.get("mode") or ""))]
    if data.get("type") == "agent":
        value = ((data.get("agent_parameters") or {}).get("model") or {}).get("value")
        if isinstance(value, Mapping):
            return [ModelRef(str(value.get("provider") or ""), str(value.get("model") or ""))]
    return []


def _probe(kind: ProviderKind) -> FoundServer | None:
    import httpx

    try:
        with httpx.Client(trust_env=False, timeout=PROBE_SECONDS) as http:
            answer = http.get(f"{kind.base_url}/models")
        rows = answer.json().get("data") if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError, AttributeError):
        return None
    if not isinstance(rows, list):
        return None
    names = tuple(sorted(str(r["id"]) for r in rows if isinstance(r, Mapping) and r.get("id")))
    return FoundServer(kind.id, kind.label, kind.base_url, names)
