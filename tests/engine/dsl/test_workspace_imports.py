"""Imports and exports through a workspace: what is written when, and what a file brings along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from engine.model.edits import SetField
from engine.services.context import Services
from tests.helpers.model import made, node

SAMPLE = Path(__file__).parents[3] / "resources" / "templates" / "branch-on-a-condition.yml"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(tmp_path / "workspace")
    yield opened
    opened.close()


def newer(version: str = "9.0.0") -> bytes:
    data = yaml.safe_load(SAMPLE.read_text("utf-8"))
    data["version"] = version
    return yaml.safe_dump(data, allow_unicode=True).encode()


@pytest.mark.spec("dsl.6", "dsl.8")
def test_a_file_of_a_newer_version_waits_and_leaves_nothing_behind(services: Services) -> None:
    outcome = services.workflows.import_text(newer())

    assert (outcome.status, outcome.app_id) == ("pending", None)
    assert services.workflows.list() == []
    assert services.workflows.list(trash=True) == []


@pytest.mark.spec("dsl.7")
def test_a_confirmed_file_is_the_same_as_one_that_needed_no_question(services: Services) -> None:
    confirmed = services.workflows.import_text(newer(), confirm_version=True)
    plain = services.workflows.import_text(SAMPLE.read_bytes())

    assert confirmed.app_id is not None
    assert plain.app_id is not None
    first, second = (services.workflows.load(a).workflow for a in (confirmed.app_id, plain.app_id))
    assert first.graph.to_config() == second.graph.to_config()
    assert first.app == second.app


@pytest.mark.spec("dsl.39")
def test_a_provider_that_is_not_here_is_a_matter_of_the_checklist(services: Services) -> None:
    source = yaml.safe_load(SAMPLE.read_text("utf-8"))
    model = {"provider": "langgenius/nowhere/nowhere", "name": "none-1", "mode": "chat", "completion_params": {}}
    tool = {"type": "tool", "title": "Look up", "provider_id": "nobody", "provider_type": "builtin"}
    tool |= {"tool_name": "find", "provider_name": "nobody", "tool_parameters": {}, "tool_configurations": {}}
    for entry in source["workflow"]["graph"]["nodes"]:
        if entry["data"]["type"] == "llm":
            entry["data"]["model"] = model
        if entry["data"]["title"] == "Refund desk":
            entry["data"] = tool

    outcome = services.workflows.import_text(yaml.safe_dump(source, allow_unicode=True).encode())

    assert outcome.status in ("completed", "completed-with-warnings")
    assert outcome.app_id is not None
    workflow = services.workflows.load(outcome.app_id).workflow
    unknown = services.models.unknown_models(workflow.graph.to_config())
    assert [(u.name, u.node_title) for u in unknown] == [("none-1", "General reply")]
    assert [n.title for n in workflow.graph.nodes.values() if n.type == "tool"] == ["Look up"]


@pytest.mark.spec("dsl.44")
def test_an_import_over_an_open_draft_forgets_debug_variables_and_keeps_a_backup(services: Services) -> None:
    app_id = services.workflows.create("workflow", "Mine")
    before = services.workflows.load(app_id).workflow

    outcome = services.workflows.import_text(SAMPLE.read_bytes(), over=app_id)

    assert outcome.app_id == app_id
    assert len(services.workflows.load(app_id).workflow.graph.nodes) == 7
    kept = services.workflows.backups(app_id)
    assert services.workflows.load_backup(app_id, kept[0][0]).graph.to_config() == before.graph.to_config()


@pytest.mark.spec("dsl.45")
def test_an_import_that_cannot_stand_here_changes_nothing(services: Services) -> None:
    app_id = services.workflows.create("advanced-chat", "Talk")
    before = services.workflows.load(app_id).workflow.to_json()

    outcome = services.workflows.import_text(SAMPLE.read_bytes(), over=app_id)

    assert outcome.app_id is None
    assert any("End" in p.message for p in outcome.problems if p.severity == "error")
    assert services.workflows.load(app_id).workflow.to_json() == before


@pytest.mark.spec("dsl.32")
def test_an_empty_secret_keeps_the_stored_one_unless_told_otherwise(services: Services) -> None:
    def with_secret(value: str) -> dict[str, object]:
        return {"id": "s", "name": "KEY", "value_type": "secret", "value": value}

    here = made([node("1", "start")], environment_variables=[with_secret("stored")])
    app_id = services.workflows.create("workflow", "Mine", workflow=here)
    data = services.workflows.export(app_id)

    offered = services.workflows.import_over(here, services.workflows.read(data))
    services.workflows.import_text(data, over=app_id)
    kept = services.workflows.load(app_id).workflow.environment_variables[0].value
    services.workflows.import_text(data, over=app_id, keep_secrets=False)

    assert offered.secrets_at_stake == ("KEY",)
    assert kept == "stored"
    assert services.workflows.load(app_id).workflow.environment_variables[0].value == ""


@pytest.mark.spec("dsl.58")
def test_the_export_of_a_version_is_that_version(services: Services) -> None:
    outcome = services.workflows.import_text(SAMPLE.read_bytes())
    assert outcome.app_id is not None
    version = services.versions.publish(outcome.app_id, name="first")
    draft = services.workflows.load(outcome.app_id)
    target = next(n.id for n in draft.workflow.graph.nodes.values() if n.type == "llm")
    changed, _ = SetField(target, ("title",), "Renamed since").apply(draft.workflow)
    services.workflows.save_draft(outcome.app_id, changed, draft.revision)

    published = services.workflows.export(outcome.app_id, version_id=version.id).decode()
    now = services.workflows.export(outcome.app_id).decode()

    assert "Renamed since" not in published
    assert "General reply" in published
    assert "Renamed since" in now
