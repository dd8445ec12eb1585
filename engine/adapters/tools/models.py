"""The models of the workspace as tools ask for them: speech and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.adapters.tools.declare import ToolCall, ToolFailed
from engine.ports.models import ModelError, ModelRef

if TYPE_CHECKING:
    from engine.adapters.models.setup import ProviderConfig


def connection(call: ToolCall, spelling: str) -> tuple[ProviderConfig, str]:
    """The provider and the model's name there, of `provider#model` (a name may hold `#` itself). Raises ToolFailed."""
    provider, sign, name = spelling.partition("#")
    if not sign or not name:
        raise ToolFailed(f"The model {spelling!r} must be written as provider#model.")
    find = call.ports.extras.get("model_connection")
    if find is None:
        raise ToolFailed("There are no models here.")
    try:
        found: tuple[ProviderConfig, str] = find(ModelRef(provider, name))
    except ModelError as problem:
        raise ToolFailed(str(problem), hint=problem.hint) from problem
    return found
