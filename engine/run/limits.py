"""Every limit of the product in one table (engine spec 9.3, 6.5, 6.10; nodes-logic spec, section 17).

Settings may change any of them; nothing else in the engine carries a number of this kind.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, get_args, get_type_hints

MiB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts, bytes (`_bytes`), seconds (`_seconds`) and characters (`_length`); None = not limited."""

    # -- a run
    max_steps: int = 500
    max_seconds: float = 1200.0
    max_call_depth: int = 5
    stop_grace_seconds: float = 0.8
    """How long a stopping run waits for its cancelled nodes."""
    max_waiting_events: int = 20_000
    """A run waits for a consumer that lags this many events behind."""

    # -- variables and records
    max_variable_bytes: int = 200 * 1024
    record_max_size: int = 1_024_000
    record_string_length: int = 100_000
    record_array_items: int = 1000
    min_masked_secret_length: int = 6

    # -- code and templates
    code_max_string_length: int = 400_000
    code_max_number: int = 9_223_372_036_854_775_807
    code_min_number: int = -9_223_372_036_854_775_807
    code_max_precision: int = 20
    code_max_depth: int = 5
    code_max_string_array_items: int = 30
    code_max_object_array_items: int = 30
    code_max_number_array_items: int = 1000
    code_seconds: float = 15.0
    code_memory_bytes: int = 512 * MiB
    code_output_bytes: int = 16 * MiB
    code_workers: int = 4
    code_queue: int = 50
    template_max_length: int = 400_000
    template_seconds: float = 15.0

    # -- http
    http_connect_seconds: float = 10.0
    http_read_seconds: float = 600.0
    http_write_seconds: float = 600.0
    http_max_binary_bytes: int = 10 * MiB
    http_max_text_bytes: int = 1 * MiB
    http_verify_tls: bool = True
    http_default_retries: int = 3

    # -- documents
    document_max_bytes: int = 100 * MiB
    document_unpacked_bytes: int = 1024 * MiB
    """What the parts of a packed document may be together."""

    # -- containers and graphs
    iteration_max_parallel: int = 10
    loop_max_rounds: int = 100
    max_tree_depth: int = 50

    # -- people and triggers
    human_input_seconds: float = 604_800.0
    human_input_check_seconds: float = 60.0
    human_input_action_id_length: int = 20
    human_input_action_title_length: int = 100
    webhook_body_bytes: int = 10 * MiB
    webhook_nodes: int = 5

    # -- the editor's ranges
    retry_max_count: int = 10
    retry_min_interval_ms: int = 100
    retry_max_interval_ms: int = 5000
    list_operator_max_limit: int = 20

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Limits:
        """The defaults with the named ones changed; unknown names and values of a wrong kind are left out."""
        hints = get_type_hints(cls)
        changes: dict[str, Any] = {}
        for item in fields(cls):
            if item.name in settings:
                value = _fit(settings[item.name], hints[item.name])
                if value is not None:
                    changes[item.name] = value
        return replace(cls(), **changes)


def _fit(value: Any, hint: Any) -> Any:
    kinds = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if bool in kinds:
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if int in kinds:
        return int(value) if value == int(value) else None
    return float(value)
