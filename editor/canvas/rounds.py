"""Which round of each container is looked at, and which executions belong to it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.run.fold import NodeRunState, RunState

ParentOf = Callable[[str], "str | None"]


def shown_execution(
    state: RunState, node_id: str, parent_of: ParentOf, chosen: Mapping[str, int]
) -> NodeRunState | None:
    """The execution of a node that is looked at: the newest, or that of the rounds chosen around it."""
    parent = parent_of(node_id)
    if not _is_chosen(parent, parent_of, chosen):
        return state.nodes.get(node_id)
    assert parent is not None
    container = shown_execution(state, parent, parent_of, chosen)
    if container is None or not container.rounds:
        return None
    ids = container.rounds.get(round_of(container, chosen), ())
    found = [state.executions[i] for i in ids if i in state.executions and state.executions[i].node_id == node_id]
    return found[-1] if found else None


def round_of(container: NodeRunState, chosen: Mapping[str, int]) -> int:
    """The index of the round of a container's execution that is looked at: the chosen one, or the newest."""
    wanted = chosen.get(container.node_id)
    return wanted if wanted in container.rounds else max(container.rounds, default=0)


def _is_chosen(container: str | None, parent_of: ParentOf, chosen: Mapping[str, int]) -> bool:
    while container is not None:
        if container in chosen:
            return True
        container = parent_of(container)
    return False


def round_failed(state: RunState, container: NodeRunState, index: int) -> NodeRunState | None:
    """The step that failed in a round, None when all went well."""
    executions = (state.executions.get(i) for i in container.rounds.get(index, ()))
    return next((e for e in executions if e is not None and e.status == "failed"), None)


def failed_rounds(state: RunState, container: NodeRunState) -> list[int]:
    """The indexes of the rounds in which a step failed, in order."""
    return [index for index in sorted(container.rounds) if round_failed(state, container, index) is not None]


def rounds_around(execution: NodeRunState, state: RunState) -> dict[str, int]:
    """The round of each container around an execution, as `shown_execution` takes them."""
    found: dict[str, int] = {}
    frame = execution.frame_id
    while ":" in frame:
        owner = state.executions.get(frame.split(":", 1)[0])
        if owner is None:
            break
        found[owner.node_id] = int(frame.rsplit(":", 1)[1])
        frame = owner.frame_id
    return found
