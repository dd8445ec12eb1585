"""What the trace of a run needs to know beside its events: where each node stands among parallel branches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.run.parallel import parallel_ids

Branch = tuple[str, str]
"""A group of parallel branches and the first node of one of them."""


def branch_places(graph: Mapping[str, Any]) -> dict[str, tuple[Branch, ...]]:
    """Node id to the branches that it stands in, the outermost first; nodes outside of all are left out."""
    found = parallel_ids(graph)
    outer: dict[str, Branch] = {}
    for place in found.values():
        if "parent_parallel_id" in place:
            outer[place["parallel_id"]] = (place["parent_parallel_id"], place["parent_parallel_start_node_id"])
    places = {}
    for node_id, place in found.items():
        chain: list[Branch] = [(place["parallel_id"], place["parallel_start_node_id"])]
        while chain[0][0] in outer and outer[chain[0][0]] not in chain:
            chain.insert(0, outer[chain[0][0]])
        places[node_id] = tuple(chain)
    return places
