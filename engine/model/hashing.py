"""One number for a workflow's content, the same for equal content, blind to where the canvas is looked at."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from engine.model.workflow import Workflow


def canonical(value: Any) -> bytes:
    """JSON bytes with sorted keys: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str).encode(
        "utf-8", "surrogatepass"
    )


def content_hash(workflow: Workflow) -> str:
    """SHA-256 over everything but the viewport and what is selected, as 64 hex digits (storage spec, section 3)."""
    tree = workflow.to_json()
    del tree["graph"]["viewport"]
    for part in (*tree["graph"]["nodes"], *tree["graph"]["edges"]):
        part.pop("selected", None)
        part["data"].pop("selected", None)
    return hashlib.sha256(canonical(tree)).hexdigest()
