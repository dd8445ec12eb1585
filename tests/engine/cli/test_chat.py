"""Chat flows on the command line: features of the app, files of a message, follow-up questions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.model import dsl, node

ROOT = Path(__file__).resolve().parents[3]
WORDS = {"enabled": True, "preset_response": "Let us talk about rivers."}
FEATURES = {
    "sensitive_word_avoidance": {
        "enabled": True,
        "type": "keywords",
        "config": {"keywords": "bomb", "inputs_config": WORDS, "outputs_config": WORDS},
    },
    "file_upload": {"enabled": True, "allowed_file_types": ["document"], "number_limits": 1},
    "suggested_questions_after_answer": {"enabled": True, "model": {"provider": "nobody", "name": "none"}},
}


def ran(*arguments: str) -> tuple[list[dict[str, Any]], int]:
    command = [sys.executable, "-m", "engine", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line], done.returncode


@pytest.fixture
def file(tmp_path: Path) -> Path:
    nodes = [
        node("1", "start", variables=[]),
        node("2", "answer", answer="{{#sys.query#}}!{{#sys.files#}}", variables=[]),
    ]
    path = tmp_path / "talk.yml"
    path.write_text(dsl(nodes, [("1", "2")], mode="advanced-chat", features=FEATURES), "utf-8")
    return path


@pytest.mark.spec("ai.145")
def test_a_flagged_message_is_answered_without_a_run(file: Path, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    lines, code = ran("run", str(file), "--query", "a BOMB", "--events=dify", "--data", data)
    assert code == 0
    assert [line["event"] for line in lines] == ["message", "message_end", "Summary"]
    assert lines[-1]["outputs"] == {"answer": "Let us talk about rivers."}
    assert ran("runs", "list", "--json", "--data", data)[0] == [[]]


def test_files_go_with_a_message_within_the_limits(file: Path, tmp_path: Path) -> None:
    paper = tmp_path / "paper.txt"
    paper.write_text("words", "utf-8")
    lines, code = ran("run", str(file), "--query", "Hi", "--file", str(paper), "--suggest")
    assert code == 0
    assert lines[-1]["outputs"]["answer"].startswith("Hi!")
    assert "paper.txt" in lines[-1]["outputs"]["answer"]
    assert lines[-1]["suggested_questions"] == []  # its model is not here: none, and no error
    assert ran("run", str(file), "--query", "Hi", "--file", str(paper), "--file", str(paper))[1] == 2
    assert ran("run", str(file), "--query", "Hi", "--file", str(tmp_path / "none.txt"))[1] == 2
