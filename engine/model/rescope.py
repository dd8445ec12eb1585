"""What nodes read from their container, when they move into another one: the same name, given by the new container."""

from __future__ import annotations

from collections.abc import Iterable

from engine.model.edits import Edit, SetField
from engine.model.scope import inner_variables
from engine.model.selectors import Selector, changed_fields
from engine.model.workflow import Workflow


def rescoped(workflow: Workflow, node_ids: Iterable[str], container: str | None) -> list[Edit]:
    """The edits that make nodes (and what is inside them) read the round's variables of `container` where they read
    those of the container that they leave, for names that both give. At the top level nothing gives such variables."""
    if container is None:
        return []
    graph = workflow.graph
    given = {output.name for output in inner_variables(workflow, container)}
    edits: list[Edit] = []
    for node_id in node_ids:
        left = graph.node(node_id).parent
        if left is None or left == container:
            continue

        def change(selector: Selector, left: str = left) -> Selector:
            fits = selector[0] == left and len(selector) > 1 and selector[1] in given
            return (container, *selector[1:]) if fits else selector

        for each in (graph.node(node_id), *graph.descendants(node_id)):
            edits += [SetField(each.id, path, value) for path, value in changed_fields(each, change).items()]
    return edits
