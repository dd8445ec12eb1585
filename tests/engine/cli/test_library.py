"""Workflows of a workspace on the command line: import, publish, run a published version, restore, export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from tests.helpers.studio_free import TEMPLATES

INPUTS = '{"total": 42, "people": 4}'


class Desk:
    """The command line on one workspace."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capsys = folder, capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        found = main(["--data", str(self._folder), *arguments])
        said = self._capsys.readouterr()
        assert found == code, said.out + said.err
        assert "Traceback" not in said.err
        return said.out if code == 0 else said.err

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments))


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


@pytest.fixture
def app(desk: Desk) -> str:
    return desk("workflows", "import", str(TEMPLATES / "code-with-an-error-branch.yml")).strip()


@pytest.mark.spec("store.9")
def test_a_workflow_that_was_never_published_has_no_app_run(desk: Desk, app: str) -> None:
    assert "not been published" in desk("workflows", "run", app, "--inputs", INPUTS, code=2)


@pytest.mark.spec("store.7")
def test_an_app_run_takes_the_published_version_and_is_noted_so(desk: Desk, app: str) -> None:
    desk("workflows", "publish", app, "--name", "first")

    summary = desk.json("workflows", "run", app, "--inputs", INPUTS)
    (run,) = desk.json("runs", "list", "--json")

    assert summary["status"] == "succeeded"
    assert run["triggered_from"] == "app-run"
    assert run["version"] != "draft"


@pytest.mark.spec("store.8")
def test_another_id_is_refused(desk: Desk, app: str) -> None:
    desk("workflows", "publish", app)
    assert "not in the workspace" in desk("workflows", "run", app, "--version", "nobody", "--inputs", INPUTS, code=2)


def test_versions_are_listed_compared_and_restored(desk: Desk, app: str) -> None:
    desk("workflows", "publish", app, "--name", "first")
    desk("workflows", "publish", app, "--name", "second")
    versions = desk.json("workflows", "versions", app, "--json")

    assert [v["name"] for v in versions] == ["second", "first"]
    assert versions[0]["version"] > versions[1]["version"]
    desk("workflows", "diff", versions[1]["id"], versions[0]["id"])
    desk("workflows", "restore", app, versions[1]["id"])


def test_what_is_imported_is_exported_again(desk: Desk, app: str, tmp_path: Path) -> None:
    out = tmp_path / "out.yml"
    desk("workflows", "export", app, "-o", str(out))

    assert out.read_text("utf-8") == (TEMPLATES / "code-with-an-error-branch.yml").read_text("utf-8")
    assert [w["id"] for w in desk.json("workflows", "list", "--json")] == [app]


def test_a_recorded_run_is_shown_searched_exported_and_deleted(desk: Desk, app: str, tmp_path: Path) -> None:
    desk("workflows", "publish", app)
    summary = desk.json("workflows", "run", app, "--inputs", INPUTS)
    run, out = summary["run_id"], tmp_path / "run.json"

    assert run in desk("runs", "show", run)
    assert run in desk("runs", "search", "10.50")
    events = [json.loads(line) for line in desk("runs", "events", run).splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["GraphRunStarted", "GraphRunSucceeded"]
    desk("runs", "export", run, "-o", str(out))
    assert json.loads(out.read_text("utf-8"))["format"] == "penstock-run"
    desk("runs", "delete", run)
    assert desk.json("runs", "list", "--json") == []
