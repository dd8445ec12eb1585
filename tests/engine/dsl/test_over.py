"""Importing over an open app: what is refused, what stays."""

from __future__ import annotations

import pytest

from engine.dsl.over import merged, refusals, secrets_at_stake
from tests.helpers.model import made, node

FLOW = made([node("1", "start"), node("2", "end", title="Out")], [("1", "2")])
CHAT = made([node("1", "start"), node("2", "answer", title="Say")], [("1", "2")], mode="advanced-chat")


@pytest.mark.spec("dsl.45")
def test_nodes_of_the_other_kind_of_app_are_refused_by_name() -> None:
    assert refusals(FLOW, FLOW) == []
    assert refusals(CHAT, CHAT) == []
    (problem,) = refusals(FLOW, CHAT)
    assert (problem.node_id, "Say" in problem.message) == ("2", True)
    hook = made([node("1", "trigger-webhook", title="Hook"), node("2", "end", title="Out")])
    assert ["Hook" in p.message or "Out" in p.message for p in refusals(CHAT, hook)] == [True, True]


def test_only_graphs_replace_graphs() -> None:
    import yaml

    from tests.helpers.model import opened

    source = {
        "app": {"name": "C", "mode": "chat"},
        "kind": "app",
        "version": "0.1.5",
        "model_config": {"pre_prompt": ""},
    }
    config = opened(yaml.safe_dump(source)).workflow
    assert config is not None

    assert refusals(FLOW, config)
    assert refusals(config, FLOW)


@pytest.mark.spec("dsl.32")
def test_an_empty_secret_keeps_the_stored_value_if_wanted() -> None:
    def with_secret(value: str) -> dict[str, object]:
        return {"id": "s", "name": "KEY", "value_type": "secret", "value": value}

    here = made([node("1", "start")], environment_variables=[with_secret("stored")])
    file = made([node("1", "start")], environment_variables=[with_secret("")])
    other = made([node("1", "start")], environment_variables=[with_secret("new")])

    assert secrets_at_stake(here, file) == ["KEY"]
    assert secrets_at_stake(here, other) == []
    assert merged(here, file).environment_variables[0].value == "stored"
    assert merged(here, file, keep_secrets=False).environment_variables[0].value == ""
    assert merged(here, other).environment_variables[0].value == "new"


def test_the_app_keeps_its_mode() -> None:
    mixed = made([node("1", "start")], mode="advanced-chat")

    assert merged(FLOW, mixed).mode == "workflow"
