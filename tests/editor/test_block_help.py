"""The texts about blocks: there for every node type in every language, and true where a machine can tell."""

from __future__ import annotations

import re
from typing import Any

import pytest

from editor.blockhelp import HEADINGS, MAY_LACK, help_of
from editor.i18n import LANGUAGES
from engine.nodes.registry import ALIASES, SPECS
from engine.nodes.spec import OutputSpec
from resources import folder

EXTRA: dict[str, dict[str, Any]] = {
    "llm": {"structured_output_switch_on": True, "structured_output": {"schema": {}}},
}
"""Settings that bring outputs which the defaults do not have."""
OWN = {"code": {"result"}}
"""Outputs that stand in a fresh node as an example; the text says that people name them."""
FAILURE = {"error_message", "error_type"}


def text(node_type: str, language: str) -> str:
    return folder("help", language, f"{node_type}.md").read_text(encoding="utf-8")


def headings(words: str) -> list[str]:
    return re.findall(r"^## (.+)$", words, re.MULTILINE)


def part(words: str, heading: str) -> str:
    """What stands below a heading."""
    return words.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def outputs(node_type: str) -> set[str]:
    entry = SPECS[node_type]
    found: tuple[OutputSpec, ...] = entry.outputs(entry.default_data("workflow") | EXTRA.get(node_type, {}))
    return {output.name for output in found}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("node_type", SPECS)
def test_a_text_has_its_headings_in_order(node_type: str, language: str) -> None:
    words = text(node_type, language)
    wanted = list(HEADINGS[language])
    found = headings(words)
    assert found in (wanted, wanted[:MAY_LACK] + wanted[MAY_LACK + 1 :])
    assert words.split("\n## ")[0].strip(), "it begins with what the block does"
    for heading in found:
        assert part(words, heading).strip(), f"{heading} is empty"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("node_type", SPECS)
def test_the_outputs_are_those_of_the_type(node_type: str, language: str) -> None:
    listed = re.findall(r"^- `(\w+)`", part(text(node_type, language), HEADINGS[language][2]), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == outputs(node_type) - OWN.get(node_type, set())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("node_type", SPECS)
def test_failures_are_handled_where_the_text_says_so(node_type: str, language: str) -> None:
    entry = SPECS[node_type]
    words = part(text(node_type, language), HEADINGS[language][3])
    retry, handling = {
        "en": ("“Retry on failure”", "“Error handling”"),
        "zh_CN": ("“失败重试”", "“异常处理”"),
    }[language]
    assert (retry in words) is entry.supports_retry
    assert (handling in words) is entry.supports_error_strategy
    assert all((f"`{name}`" in words) is entry.supports_error_strategy for name in FAILURE)


@pytest.mark.parametrize("node_type", SPECS)
def test_languages_tell_the_same_things(node_type: str) -> None:
    found = [help_of(node_type, language) for language in LANGUAGES]
    assert all(f is not None and f.type == node_type for f in found)
    english, chinese = found
    assert english is not None
    assert chinese is not None
    assert english.related == chinese.related
    assert set(english.related) <= set(SPECS) - {node_type}
    assert english.related
    code = [re.findall(r"(?<!`)`([^`\n]+)`(?!`)", f.text) for f in (english, chinese)]
    assert set(code[0]) == set(code[1])
    assert len(text(node_type, "en").split()) < 260, "short enough to be read"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("node_type", SPECS)
def test_a_sentence_after_a_list_is_no_part_of_it(node_type: str, language: str) -> None:
    assert not re.search(r"^- .+\n(?!- |\n|$)", text(node_type, language), re.MULTILINE)


def test_no_text_is_left_of_a_type_that_is_gone() -> None:
    for language in LANGUAGES:
        assert {file.stem for file in folder("help", language).glob("*.md")} == set(SPECS)


def test_older_names_have_the_text_of_the_present_one_and_unknown_types_none() -> None:
    for old, new in ALIASES.items():
        found = help_of(old, "en")
        assert found is not None
        assert found.type == new
    assert help_of("of-another-program", "en") is None
    assert help_of("", "en") is None
