"""The doors of a run in one place, so that nodes and the engine are handed one thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.clock import Clock, IdSource, SystemClock, SystemIds
from engine.ports.models import ChatModel, Embedder, Reranker
from engine.ports.outside import CodeRunner, DocumentReader, FileStore, HttpClient, Retriever, ToolProvider
from engine.ports.tape import Tape


@dataclass
class Ports:
    """Every port a run may use; None means that this installation has none and the node must say so."""

    clock: Clock = field(default_factory=SystemClock)
    ids: IdSource = field(default_factory=SystemIds)
    models: ChatModel | None = None
    http: HttpClient | None = None
    code: CodeRunner | None = None
    files: FileStore | None = None
    documents: DocumentReader | None = None
    tools: ToolProvider | None = None
    retriever: Retriever | None = None
    embedder: Embedder | None = None
    reranker: Reranker | None = None
    tape: Tape | None = None
    """The recording that is being made or replayed."""
    extras: dict[str, Any] = field(default_factory=dict)
    """Further doors by name: `workflow_runner` (workflow as tool), `human_input` (form host), `memory` (chat),
    `mail` (the account that writes to people)."""
