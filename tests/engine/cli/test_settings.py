"""Settings of the workspace on the command line, and what the strict one changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.cli import main
from engine.nodes.code import as_upstream
from tests.helpers.model import node, tree


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_DATA", str(tmp_path / "data"))


def test_settings_are_kept_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "set", "network", '{"allow_hosts": ["localhost:8080"]}']) == 0
    assert main(["settings", "set", "limits", '{"max_steps": 20}']) == 0
    assert main(["settings", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["network"] == {"allow_hosts": ["localhost:8080"]}
    assert (found["limits"], found["strict_upstream"]) == ({"max_steps": 20}, False)
    wrong = {
        "strict_upstream": ["1", "{"],
        "network": ["[]", '{"allow": []}', '{"allow_hosts": [1]}'],
        "code_packages": ['"numpy"'],
        "limits": ['{"max_step": 1}', '{"max_steps": "many"}'],
        "colour": ["1"],
    }
    for name, values in wrong.items():
        for value in values:
            assert main(["settings", "set", name, value]) == 2, (name, value)
            assert "Traceback" not in capsys.readouterr().err
    assert main(["settings", "reset", "network"]) == 0
    assert main(["settings", "get", "network"]) == 0
    assert json.loads(capsys.readouterr().out) == {"allow_hosts": []}


def flow(folder: Path) -> Path:
    code = node(
        "c",
        "code",
        code_language="python3",
        code='def main():\n    return {"n": ["1e+5", 2], "o": {"a": "1E-3", "b": "1e5"}}',
        outputs={"n": {"type": "array[number]"}, "o": {"type": "object"}},
        variables=[],
    )
    outputs = [{"variable": name, "value_selector": ["c", name]} for name in ("n", "o")]
    data = tree([node("s", "start", variables=[]), code, node("e", "end", outputs=outputs)], [("s", "c"), ("c", "e")])
    file = folder / "flow.yml"
    file.write_text(yaml.safe_dump(data), "utf-8")
    return file


@pytest.mark.spec("logic.67")
def test_strict_upstream_is_one_setting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(flow(tmp_path))

    def outputs(*words: str) -> Any:
        assert main(["run", file, *words]) == 0
        return json.loads(capsys.readouterr().out)["outputs"]

    ours = {"n": [100000.0, 2], "o": {"a": "1E-3", "b": "1e5"}}
    upstream = {"n": [100000.0, 2], "o": {"a": 0.001, "b": "1e5"}}
    assert outputs() == ours
    assert outputs("--strict-upstream") == upstream
    assert main(["settings", "set", "strict_upstream", "true"]) == 0
    assert outputs() == outputs("--record") == upstream
    assert outputs("--record", "--no-strict-upstream") == ours


def test_only_texts_with_a_sign_in_the_exponent_are_numbers() -> None:
    assert as_upstream(["1e+5", "-1.5E-3", "1e5", "e+5", "1e+5 ", True, None]) == [
        *(100000.0, -0.0015, "1e5", "e+5", "1e+5 ", True, None)
    ]
