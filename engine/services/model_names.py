"""Names of models in files and what they mean here: the mapping table of a workspace, and the names that it lacks."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.ports.models import ChatModel, ModelError, ModelInfo, ModelRef

__all__ = [
    "ChatModel",
    "ModelError",
    "ModelInfo",
    "ModelNames",
    "ModelRef",
    "UnknownModel",
    "by_name",
    "last_part",
    "model_places",
    "model_refs",
]

ALIASES_KEY = "models.aliases"
MODEL_TYPES = ("llm", "question-classifier", "parameter-extractor")


class SettingsDoor(Protocol):
    """The workspace's settings as these services use them: JSON values by name."""

    def get(self, key: str, default: Any = None) -> Any: ...

    def set(self, key: str, value: Any) -> None: ...


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


def last_part(provider: str) -> str:
    """`org/plugin/provider` and `provider` are the same provider (nodes-ai spec 1.2)."""
    return provider.strip().strip("/").rsplit("/", 1)[-1].lower()


class ModelNames:
    """The mapping table: (provider, name) as files spell them to a model; the name `*` stands for every one."""

    def __init__(self, settings: SettingsDoor, lock: threading.RLock) -> None:
        self._settings, self._lock = settings, lock

    def all(self) -> dict[tuple[str, str], ModelRef]:
        """The whole table."""
        return {(r["provider"], r["name"]): ModelRef(r["to_provider"], r["to_name"]) for r in self._rows()}

    def set(self, mapping: Mapping[tuple[str, str], ModelRef]) -> None:
        """Add or change rows, all at once; any spelling of a provider's path counts as the same."""
        with self._lock:
            rows = self._rows()
            for (provider, name), target in mapping.items():
                rows = _without(rows, provider, name)
                source = {"provider": last_part(provider), "name": name}
                rows.append({**source, "to_provider": target.provider, "to_name": target.name})
            self._settings.set(ALIASES_KEY, rows)

    def remove(self, provider: str, name: str) -> bool:
        """Forget a row; False when there was none."""
        with self._lock:
            rows = self._rows()
            kept = _without(rows, provider, name)
            self._settings.set(ALIASES_KEY, kept)
            return len(kept) < len(rows)

    def _rows(self) -> list[dict[str, str]]:
        return list(self._settings.get(ALIASES_KEY, []) or [])


def _without(rows: list[dict[str, str]], provider: str, name: str) -> list[dict[str, str]]:
    spelled = (last_part(provider), provider.strip().lower())
    return [r for r in rows if not (r["provider"] in spelled and r["name"] == name)]


def model_refs(data: Mapping[str, Any]) -> list[ModelRef]:
    """The models that a node's data names."""
    return [ref for _, ref in model_places(data)]


def model_places(data: Mapping[str, Any]) -> list[tuple[str, ModelRef]]:
    """The models that a node's data names, each with the dotted path of its setting (nodes-ai spec 1.2)."""
    if data.get("type") in MODEL_TYPES:
        return [("model", _ref(data.get("model")))]
    if data.get("type") == "knowledge-retrieval":
        return _retrieval_places(data)
    if data.get("type") == "agent":
        parameters = data.get("agent_parameters")
        entry = parameters.get("model") if isinstance(parameters, Mapping) else None
        value = entry.get("value") if isinstance(entry, Mapping) else None
        if isinstance(value, Mapping) and (value.get("provider") or value.get("model")):
            ref = ModelRef(str(value.get("provider") or ""), str(value.get("model") or ""))
            return [("agent_parameters.model", ref)]
    return []


def _retrieval_places(data: Mapping[str, Any]) -> list[tuple[str, ModelRef]]:
    """The model that picks a knowledge base and the one that filters, while they are made use of (8.1)."""
    found = []
    config = data.get("single_retrieval_config")
    if data.get("retrieval_mode") == "single" and isinstance(config, Mapping) and config.get("model"):
        found.append(("single_retrieval_config.model", _ref(config.get("model"))))
    if data.get("metadata_filtering_mode") == "automatic" and data.get("metadata_model_config"):
        found.append(("metadata_model_config", _ref(data.get("metadata_model_config"))))
    return found


def _ref(model: Any) -> ModelRef:
    found: Mapping[str, Any] = model if isinstance(model, Mapping) else {}
    return ModelRef(str(found.get("provider") or ""), str(found.get("name") or ""), str(found.get("mode") or "chat"))


def suggestion(name: str, known: Sequence[ModelInfo], default: ModelRef | None) -> ModelRef | None:
    """What a foreign name could be mapped to: a model of that name, else the one of its family whose name shares most
    words with it (`us.anthropic.claude-3-7-sonnet-20250219-v1:0` and `claude-3-7-sonnet-latest`), else the default."""
    wanted = words_of(name)
    if not wanted:
        return default

    def likeness(ref: ModelRef) -> tuple[int, int, int]:
        words = words_of(ref.name)
        shared = sum((Counter(wanted) & Counter(words)).values())
        return shared, -(len(words) - shared), -len(ref.name)

    exact = [m.ref for m in known if words_of(m.ref.name) == wanted]
    family = [m.ref for m in known if words_of(m.ref.name)[:1] == wanted[:1]]
    return max(exact or family, key=likeness, default=default)


_VENDORS = frozenset(
    [
        "us",
        "eu",
        "apac",
        "global",
        "anthropic",
        "amazon",
        "meta",
        "mistral",
        "cohere",
        "ai21",
        "deepseek-ai",
        "qwen",
        "pro",
    ]
)
"""What clouds and hubs put before a model's own name."""


def words_of(name: str) -> list[str]:
    """The words of a model's own name: `Pro/Qwen/Qwen2.5-VL-7B-Instruct` is qwen, 2.5, vl, 7b; owners, regions, dates
    and versions of a cloud tell nothing about which model it is."""
    bare = name.strip().lower().rsplit("/", 1)[-1].removesuffix(":latest")
    while (parts := re.split(r"[. ]", bare, maxsplit=1))[0] in _VENDORS and len(parts) == 2:
        bare = parts[1]
    bare = re.sub(r"-v\d+:\d+(:\w+)?$|-?(instruct|chat|latest|preview|exp)\b|-\d{8}\b|-\d{4}-\d{2}-\d{2}\b", "", bare)
    found = re.findall(r"\d+(?:\.\d+)*[a-z]*|[a-z]+", bare)
    return found or re.findall(r"\w+", bare)


def unknown_in(
    graph: Mapping[str, Any],
    resolve: Callable[[ModelRef], ModelInfo],
    known: Sequence[ModelInfo],
    default: ModelRef | None,
) -> list[UnknownModel]:
    """The nodes of a graph config whose model `resolve` does not know."""
    found = []
    for node in graph.get("nodes", ()):
        data = node.get("data") or {}
        for ref in model_refs(data):
            try:
                resolve(ref)
            except ModelError as problem:
                offered = suggestion(ref.name, known, default) if ref.provider and ref.name else None
                where = str(node.get("id")), str(data.get("title") or "")
                why = problem.error_type, problem.message, problem.hint
                found.append(UnknownModel(*where, ref.provider, ref.name, *why, offered))
    return found


def with_default(data: Mapping[str, Any], default: ModelRef | None) -> Mapping[str, Any]:
    """The data of a new node with the workspace's model where it names none yet."""
    if default is None or any(ref.name for ref in model_refs(data)):
        return data
    if data.get("type") in MODEL_TYPES:
        return {**data, "model": {**(data.get("model") or {}), "provider": default.provider, "name": default.name}}
    if data.get("type") == "agent":
        parameters = dict(data.get("agent_parameters") or {})
        entry = dict(parameters.get("model") or {"type": "constant"})
        entry["value"] = {**(entry.get("value") or {}), "provider": default.provider, "model": default.name}
        return {**data, "agent_parameters": {**parameters, "model": entry}}
    return data


def by_name(unknown: Iterable[UnknownModel]) -> dict[tuple[str, str], list[UnknownModel]]:
    """Findings grouped by what the file says, one group for each row of the mapping table."""
    found: dict[tuple[str, str], list[UnknownModel]] = {}
    for item in unknown:
        if item.provider and item.name:
            found.setdefault((last_part(item.provider), item.name), []).append(item)
    return found
