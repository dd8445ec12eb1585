"""What the settings of knowledge retrieval say (nodes-ai spec 8.1), read by the form and by the card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

NEW_KEYS: Final = ("provider", "model")
OLD_KEYS: Final = ("reranking_provider_name", "reranking_model_name")
VECTOR: Final = ("vector_setting", "vector_weight")
KEYWORD: Final = ("keyword_setting", "keyword_weight")


def several(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of a search in all knowledge bases; empty where there are none."""
    held = data.get("multiple_retrieval_config")
    return held if isinstance(held, Mapping) else {}


def rerank_keys(model: Any, usual: tuple[str, str] = NEW_KEYS) -> tuple[str, str]:
    """Under which names a rerank model block holds its provider and its model; `usual` where it holds neither."""
    held = model if isinstance(model, Mapping) else {}
    found = [keys for keys in (NEW_KEYS, OLD_KEYS) if any(key in held for key in keys)]
    return found[0] if found else usual


def rerank_model(model: Any) -> tuple[str, str]:
    """Provider and model of a rerank model block, empty where they are not set."""
    held = model if isinstance(model, Mapping) else {}
    provider, name = (str(held.get(key) or "") for key in rerank_keys(held))
    return provider, name


def rerank_models(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The rerank models that a step names, be it one that searches or one that fills a knowledge base."""
    blocks = [data.get(key) for key in ("multiple_retrieval_config", "retrieval_model")]
    found = [rerank_model(block.get("reranking_model")) for block in blocks if isinstance(block, Mapping)]
    return [pair for pair in found if all(pair)]


def is_weighted(config: Mapping[str, Any]) -> bool:
    """Whether weighted scores, not a rerank model, put passages in order."""
    return config.get("reranking_mode") == "weighted_score"


def reranks(config: Mapping[str, Any]) -> bool:
    """Whether passages are put in order. Older files do not say: then they are, when there is something to do it by."""
    said = config.get("reranking_enable")
    if said is None:
        return is_weighted(config) or all(rerank_model(config.get("reranking_model")))
    return bool(said)


def weight(weights: Any, of: tuple[str, str]) -> float | None:
    """One of the two weights as the file has it: `VECTOR` or `KEYWORD`."""
    part = weights.get(of[0]) if isinstance(weights, Mapping) else None
    value = part.get(of[1]) if isinstance(part, Mapping) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def plain_number(value: float) -> int | float:
    """A number with two decimals at most; a whole one is written without a point, as the format's editor does."""
    rounded = round(value, 2)
    return int(rounded) if float(rounded).is_integer() else rounded


def with_weights(weights: Any, vector: float) -> dict[str, Any]:
    """The weights block with this share of the vectors; the other keys stay, those the format needs are made."""
    held: dict[str, Any] = dict(weights) if isinstance(weights, Mapping) else {"weight_type": "customized"}
    fresh = {"embedding_model_name": "", "embedding_provider_name": ""}
    for (block, key), share in ((VECTOR, vector), (KEYWORD, 1 - vector)):
        before = held.get(block)
        needed = fresh if block == VECTOR[0] else {}
        held[block] = {**(before if isinstance(before, Mapping) else needed), key: plain_number(share)}
    return held
