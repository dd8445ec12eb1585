"""Citations of a turn: the retriever resources of all its events, each document once (nodes-ai spec 15)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def merged(resources: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Resources in the order they came, without a (dataset, document) pair that was there before, numbered from 1."""
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for resource in resources:
        found.setdefault((resource.get("dataset_id"), resource.get("document_id")), dict(resource))
    return [{**resource, "position": number} for number, resource in enumerate(found.values(), 1)]
