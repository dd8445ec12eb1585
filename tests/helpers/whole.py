"""Comparing workflows as trees: everything of them, in its order, but where somebody looked."""

from __future__ import annotations

import json

from engine.model.workflow import Workflow


def whole(workflow: Workflow) -> str:
    """Everything that is edited, as text: equal texts are equal workflows, also in the order of their parts."""

    def without(value: object) -> object:
        if isinstance(value, dict):
            return {k: without(v) for k, v in value.items() if k != "viewport"}
        return [without(v) for v in value] if isinstance(value, list) else value

    return json.dumps(without(workflow.to_json()), ensure_ascii=False)
