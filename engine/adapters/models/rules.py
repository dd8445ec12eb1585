"""Which parameters a chat model takes, with their ranges, by the provider that serves it; what a form offers.

Read from the providers' public references. A parameter that is not here may still be sent: a node keeps whatever a
file says, and the protocol leaves out what its service refuses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.adapters.models.catalog import ProviderKind

Rule = Mapping[str, Any]
LARGEST_ANSWER = 65_536
_REASONING = re.compile(r"^(o\d|gpt-[5-9](?!.*chat))")
_THINKS = re.compile(
    r"qwen-?3|qwq|deepseek-(reasoner|r1|v3\.[1-9])|glm-4\.[5-9]|kimi|hunyuan|doubao-seed", re.IGNORECASE
)


def _number(name: str, label: str, low: float, high: float, default: float, text: str = "") -> Rule:
    return {
        "name": name, "label": label, "template": name, "type": "float", "min": low, "max": high, "default": default,
        "help": text,
    }  # fmt: skip


def _whole(name: str, label: str, low: int, high: int, default: int, text: str = "") -> Rule:
    return {**_number(name, label, low, high, default, text), "type": "int"}


def _choice(name: str, label: str, *options: str, text: str = "") -> Rule:
    return {"name": name, "label": label, "template": name, "type": "string", "options": list(options),
            "default": options[0], "help": text}  # fmt: skip


def _switch(name: str, label: str, text: str = "", *, default: bool = True) -> Rule:
    return {"name": name, "label": label, "type": "boolean", "default": default, "help": text}


TEMPERATURE = "Higher is more surprising, lower more predictable."
TOP_P = "Only the likeliest words that together have this probability are chosen from."
MAX_TOKENS = "The longest answer, in tokens."
STOP = {"name": "stop", "label": "Stop words", "type": "list", "default": [], "help": "The answer ends before these."}
SEED = _whole("seed", "Seed", 0, 2_147_483_647, 0, "The same seed makes the same answer likelier.")
RULE_TOP_K = _whole("top_k", "Top K", 1, 200, 40, "Only so many of the likeliest words are chosen from.")
MAX = _whole("max_tokens", "Max tokens", 1, LARGEST_ANSWER, 1024, MAX_TOKENS)
PENALTIES = (
    _number("presence_penalty", "Presence penalty", -2, 2, 0, "Above zero, new subjects are likelier."),
    _number("frequency_penalty", "Frequency penalty", -2, 2, 0, "Above zero, words are repeated less."),
)
FORMAT = _choice("response_format", "Response format", "text", "json_object", text="JSON: the answer is one object.")
THINKING = _switch("enable_thinking", "Thinking", "Whether the model thinks before it answers.")
USUAL: tuple[Rule, ...] = (
    _number("temperature", "Temperature", 0, 2, 0.7, TEMPERATURE),
    _number("top_p", "Top P", 0, 1, 1, TOP_P),
    MAX,
    *PENALTIES,
    SEED,
    FORMAT,
    STOP,
)
"""What nearly everybody takes who speaks OpenAI's protocol."""
EFFORT = _choice("reasoning_effort", "Reasoning effort", "low", "medium", "high", "minimal")
REASONING: tuple[Rule, ...] = (
    {**MAX, "help": "The longest answer, with what the model thinks, in tokens."},
    EFFORT,
    _choice("verbosity", "Verbosity", "medium", "low", "high"),
    SEED,
    FORMAT,
    STOP,
)
CLAUDE: tuple[Rule, ...] = (
    _number("temperature", "Temperature", 0, 1, 0.7, TEMPERATURE),
    _number("top_p", "Top P", 0, 1, 1, TOP_P),
    RULE_TOP_K,
    {**MAX, "default": 4096},
    _switch("thinking", "Thinking", "Whether the model thinks before it answers."),
    _whole("thinking_budget", "Thinking budget", 1024, LARGEST_ANSWER, 4096, "Tokens that it may think with."),
    STOP,
)
GEMINI: tuple[Rule, ...] = (
    _number("temperature", "Temperature", 0, 2, 0.7, TEMPERATURE),
    _number("top_p", "Top P", 0, 1, 0.95, TOP_P),
    RULE_TOP_K,
    MAX,
    *PENALTIES,
    SEED,
    _whole("thinking_budget", "Thinking budget", 0, 32_768, 4096, "Tokens that it may think with."),
    FORMAT,
    STOP,
)
KEEP = {
    "name": "keep_alive",
    "label": "Keep loaded",
    "type": "string",
    "default": "5m",
    "help": "For example 10m; -1: always.",
}
OLLAMA: tuple[Rule, ...] = (
    _number("temperature", "Temperature", 0, 2, 0.8, TEMPERATURE),
    _number("top_p", "Top P", 0, 1, 0.9, TOP_P),
    RULE_TOP_K,
    _number("min_p", "Min P", 0, 1, 0, "Words that are this much less likely than the likeliest one are left out."),
    {**_whole("num_predict", "Max tokens", -1, LARGEST_ANSWER, 1024, MAX_TOKENS), "template": "max_tokens"},
    _whole("num_ctx", "Context", 512, 1_048_576, 8192, "Tokens that are read at once; more needs more memory."),
    _number("repeat_penalty", "Repeat penalty", 0, 2, 1.1, "Above one, words are repeated less."),
    _whole("repeat_last_n", "Repeat window", -1, 4096, 64, "How far back it looks for repetitions."),
    SEED,
    _switch("think", "Thinking", "Whether the model thinks before it answers."),
    _choice("format", "Response format", "json", text="JSON: the answer is one object."),
    KEEP,
    _whole("num_gpu", "Layers on the GPU", 0, 256, 1),
    _whole("num_thread", "Threads", 1, 256, 4),
    STOP,
)  # fmt: skip
INSIDE: tuple[Rule, ...] = (
    _number("temperature", "Temperature", 0, 2, 0.2, TEMPERATURE),
    _number("top_p", "Top P", 0, 1, 0.95, TOP_P),
    RULE_TOP_K,
    _number("min_p", "Min P", 0, 1, 0.05, "Words that are this much less likely than the likeliest one are left out."),
    {**MAX, "default": 512, "max": 8192},
    _number("repeat_penalty", "Repeat penalty", 0.5, 2, 1.1, "Above one, words are repeated less."),
    *PENALTIES,
    SEED,
    STOP,
)
"""A model that runs inside the program."""


def rules_for(kind: ProviderKind | None, name: str, context: int | None = None) -> tuple[Rule, ...]:
    """The parameters of a model; no answer is longer than what it reads."""
    protocol = kind.protocol if kind is not None else "openai"
    bare = name.rsplit("/", 1)[-1].lower()
    by_protocol = {"anthropic": CLAUDE, "gemini": GEMINI, "ollama": OLLAMA, "embedded": INSIDE, "gguf": INSIDE}
    found = by_protocol.get(protocol, USUAL)
    if found is USUAL and kind is not None and kind.own_parameters and _REASONING.match(bare):
        found = REASONING
    elif found is USUAL and not (kind is not None and kind.own_parameters):
        found = (*USUAL[:3], RULE_TOP_K, *USUAL[3:])
        if _THINKS.search(bare) or (kind is not None and kind.id == "tongyi"):
            found = (*found[:-1], THINKING, found[-1])
    return tuple(_within(rule, context) for rule in found)


def _within(rule: Rule, context: int | None) -> Rule:
    if rule.get("template") != "max_tokens" or not context or context >= rule["max"]:
        return rule
    return {**rule, "max": context, "default": min(rule["default"], context)}


def texts() -> set[str]:
    """Every label and help that a form may show, for its translation."""
    every = (*USUAL, *REASONING, *CLAUDE, *GEMINI, *OLLAMA, *INSIDE, THINKING, RULE_TOP_K)
    return {str(rule[key]) for rule in every for key in ("label", "help") if rule.get(key)}
