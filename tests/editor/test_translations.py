"""Every text that the editor shows has a Chinese one, with the same places for values; those of the engine too."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from editor.i18n import ntr, set_language, tr
from editor.templates import place_names, shape
from tests.helpers.enginewords import Reader, engine_texts, other_sentences

ROOT = Path(__file__).parents[2]
CATALOGUES = ROOT / "resources" / "i18n" / "zh_CN"
PLACE = re.compile(r"\{(\w*)[^{}]*\}")
TO_MODELS = (
    "engine/nodes/parameter_extractor_prompts.py",
    "engine/nodes/question_classifier.py",
    "engine/services/chat/followups.py",
    "engine/services/drafting.py",
    "engine/services/generating/asking.py",
    "engine/adapters/tools/summary.py",
    "engine/nodes/agent_tools.py",
    "engine/adapters/models/anthropic.py",
    "engine/adapters/models/embedded.py",
)
"""What is said to models, not to people."""
LONGEST = 250
"""Longer texts are instructions for models."""
TO_OTHERS = frozenset(
    {
        "Runs in a process of its own: {}.",  # the command line
        "You are signed in. This page can be closed.",  # a page in a browser
        "Nothing is here.",
        "{} pages as pictures.",  # results of tools: they are data
        "The slides were written.",
        "The diagram was drawn.",
        "Be precise and concise.",
        "{} {}, {} is {}.",
        'The result of the expression "{}" is {}',
    }
)


@cache
def catalogue() -> dict[str, str]:
    """All Chinese texts."""
    texts: dict[str, str] = {}
    for file in sorted(CATALOGUES.glob("*.json")):
        texts.update(json.loads(file.read_text("utf-8")))
    return texts


def literals() -> Iterator[tuple[str, str]]:
    """The texts in calls of tr and ntr: where, text. Of ntr both forms."""
    for file in sorted((ROOT / "editor").rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            for argument in call.args[: {"tr": 1, "ntr": 2}.get(name, 0)]:
                if isinstance(argument, ast.IfExp):
                    parts: list[ast.expr] = [argument.body, argument.orelse]
                else:
                    parts = [argument]
                for part in parts:
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                        yield f"{file.relative_to(ROOT)}:{part.lineno}", part.value


def tables() -> Iterator[tuple[str, str]]:
    """Texts that reach tr through a table: forms, files, actions, and what node types say of themselves."""
    from editor.actions import ACTIONS
    from editor.canvas import bodies_knowledge
    from editor.canvas.tips import PLANNED
    from editor.dialogs.backups import REASONS
    from editor.dialogs.breakpoint import HIT_MODES
    from editor.dialogs.tool_setups import AUTH, KEPT, PREFIXES, TRANSPORTS
    from editor.isolation import PARTS
    from editor.library.cards import MODE_WORDS
    from editor.library.shelf import PLACES, SORTS
    from editor.library.tagmarks import WORDS
    from editor.panels import file_pick, scrubber
    from editor.panels.debug_bar import BUTTONS
    from editor.panels.features.context import NAMES
    from editor.panels.features.panel import METHODS
    from editor.panels.forms import entry, http_form, knowledge_forms, model_parameters, model_picker, prompt_message
    from editor.panels.forms.context import SPECIAL_SOURCES
    from editor.panels.parts import STATUS_WORD
    from editor.panels.talk.turn import ANSWERED_BY
    from editor.panels.variable_picker import SYSTEM_WORDS
    from editor.tools import KINDS
    from engine.adapters.models import rules
    from engine.adapters.tools.registry import providers
    from engine.nodes.registry import SPECS

    for _, word, _ in entry.INPUT_TYPES:
        yield "input type", word
    for _, word in (*entry.FILE_TYPES, *http_form.BODIES, *prompt_message.ROLES):
        yield "choice", word
    for word in sorted(rules.texts()):
        yield "parameter", word
    for table in (knowledge_forms.STRUCTURES, knowledge_forms.TECHNIQUES, knowledge_forms.METHODS):
        for word in dict(table).values():
            yield "knowledge", word
    for found in (bodies_knowledge.STRUCTURES, bodies_knowledge.TECHNIQUES, bodies_knowledge.METHODS):
        for word in found.values():
            yield "knowledge card", word
    for word in (*knowledge_forms.SOURCES.values(), *bodies_knowledge.SOURCES.values()):
        yield "data source", word
    for word in (*SPECIAL_SOURCES.values(), *SYSTEM_WORDS.values(), *file_pick.KINDS.values()):
        yield "table", word
    for word in (*model_picker.CAPABILITIES.values(), *dict(model_parameters.PRESETS)):
        yield "model", word
    for word in (*NAMES.values(), *ANSWERED_BY.values(), *dict(METHODS).values()):
        yield "feature", word
    for word in STATUS_WORD.values():
        yield "status", word
    for word in REASONS.values():
        yield "backup", word
    for _, word in HIT_MODES:
        yield "breakpoint", word
    for word in (*PLANNED.values(), *scrubber.WORDS.values()):
        yield "moment", word
    for _, _, word in BUTTONS:
        yield "debugger", word
    for word in PARTS:
        yield "isolation", word
    for action in ACTIONS:
        yield "action", action.text
    for table in (PLACES, SORTS, WORDS, MODE_WORDS):
        for word in table.values():
            yield "library", word
    yield "tools", KEPT
    for table in (KINDS, AUTH, PREFIXES, TRANSPORTS):
        for word in table.values():
            yield "tools", word
    for provider in providers():
        yield from ((f"tool provider {provider.id}", text) for text in (provider.label, provider.description))
        for given in provider.credentials:
            yield from ((f"account of {provider.id}", text) for text in (given.label, given.description) if text)
        for tool in provider.tools:
            yield from ((f"tool {tool.name}", text) for text in (tool.label, tool.description))
            for parameter in tool.parameters:
                yield from ((f"tool {tool.name}", text) for text in (parameter.label, parameter.description) if text)
    for name, found in SPECS.items():
        yield f"node {name}", found.title
        if found.description:
            yield f"node {name}", found.description
        for output in found.outputs(found.default_data("workflow")):
            if output.description:
                yield f"output of {name}", output.description


@pytest.mark.parametrize("source", [literals, tables], ids=["literals", "tables"])
def test_every_text_has_its_chinese(source: object) -> None:
    assert callable(source)
    missing = sorted({f"{text!r} ({where})" for where, text in source() if text not in catalogue() and not _same(text)})
    assert not missing, f"{len(missing)} without Chinese:\n" + "\n".join(missing)


def _same(text: str) -> bool:
    bare = PLACE.sub("", text)
    return not re.search(r"[A-Za-z]{2,}", bare) or text in (
        "JSON",
        "URL",
        "Top P",
        "Jinja",
        "IF",
        "ELIF",
        "ELSE",
        "LLM",
    )


def test_the_places_for_values_are_the_same() -> None:
    wrong = [
        f"{english!r} -> {chinese!r}"
        for english, chinese in catalogue().items()
        if "{{" not in english and set(PLACE.findall(english)) != set(PLACE.findall(chinese))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_chinese_is_empty_and_one_text_has_one_translation() -> None:
    seen: dict[str, tuple[str, str]] = {}
    clashes = []
    for file in sorted(CATALOGUES.glob("*.json")):
        for english, chinese in json.loads(file.read_text("utf-8")).items():
            assert chinese.strip(), english
            if english in seen and seen[english][1] != chinese:
                clashes.append(f"{english!r}: {seen[english]} and {(file.name, chinese)}")
            seen[english] = (file.name, chinese)
    assert not clashes, "\n".join(clashes)


def _errors() -> dict[str, str]:
    texts: dict[str, str] = json.loads((CATALOGUES / "errors.json").read_text("utf-8"))
    return texts


def test_every_text_of_the_engine_has_its_chinese() -> None:
    known = {shape(text) for text in catalogue()}
    missing = sorted(f"{text!r} ({where})" for text, where in engine_texts().items() if shape(text) not in known)
    assert not missing, f"{len(missing)} without Chinese (errors.json):\n" + "\n".join(missing)


def test_every_sentence_of_the_engine_is_translated_or_known_to_go_elsewhere() -> None:
    known = {shape(text) for text in catalogue()} | TO_OTHERS
    missing = sorted(
        f"{text!r} ({where})"
        for text, where in other_sentences().items()
        if shape(text) not in known and not where.startswith(TO_MODELS) and len(text) < LONGEST
    )
    assert not missing, "neither translated nor exempt:\n" + "\n".join(missing)


def test_errors_hold_no_text_that_is_said_no_more() -> None:
    said = {shape(text) for text in (*engine_texts(), *other_sentences())} | _pieces()
    gone = [text for text in _errors() if " " in text and shape(text) not in said and not any(text in s for s in said)]
    assert not gone, "\n".join(gone)


@cache
def _pieces() -> frozenset[str]:
    """All literals of the engine, whole: words that are put into other texts."""
    return frozenset(shape(text) for text in Reader().literals())


def test_a_translation_fills_the_same_places() -> None:
    wrong = [
        f"{english!r} -> {chinese!r}"
        for english, chinese in _errors().items()
        if set(place_names(english)) != set(place_names(chinese))
    ]
    assert not wrong, "\n".join(wrong)


def test_counts_are_grouped_and_names_are_not() -> None:
    for name in ("en", "zh_CN"):
        set_language(name)
        try:
            assert "20,006" in ntr("{n} run", "{n} runs", 20006)
            assert "12,345" in tr("{count} tokens", count=12345)
            assert "1 " in ntr("{n} run", "{n} runs", 1)
            assert "12345" in tr("Row {number}: {error}", number=12345, error="x"), "a name of a row, not a count"
        finally:
            set_language("en")


OTHER_WORDS = {
    "便签": "注释",
    "工作区": "工作空间",
    "失败分支": "异常分支",
    "插口": "连接点",
    "断开连接": "断开连线",
    "提供方": "供应商",
    "账号": "账户",
}
"""Chinese words for things that have another one everywhere: that of the format's own editor, where it has one."""


def test_one_thing_has_one_chinese_word() -> None:
    texts = {f"{english!r}": chinese for english, chinese in catalogue().items()}
    texts |= {file.name: file.read_text("utf-8") for file in (CATALOGUES.parents[1] / "help" / "zh_CN").glob("*.md")}
    network = ("Connection", "disconnected", "connection")  # what networks say of themselves
    wrong = [
        f"{where}: {chinese} ({word}, else {instead})"
        for where, chinese in texts.items()
        for word, instead in OTHER_WORDS.items()
        if word in chinese and not (word == "断开连接" and any(w in where for w in network))
    ]
    assert not wrong, "\n".join(wrong)
