"""What is known of models by their names: what they take and can do, and how much they read at once.

A name that says nothing gives nothing: such a model gets text only, until the person says more in its settings.
"""

from __future__ import annotations

import re
from functools import lru_cache

TOOLS = frozenset({"tool-call", "multi-tool-call", "stream-tool-call"})
SEEING = frozenset({"vision"})
SCHEMA = frozenset({"structured-output"})

# First match wins; patterns look at the lower-case name without its owner (`owner/name`).
_FEATURES: tuple[tuple[str, frozenset[str]], ...] = (
    (r"gpt-4o-(mini-)?audio|gpt-4o-.*realtime", TOOLS | {"audio"}),
    (r"gpt-(4o|4\.[15]|[5-9])|chatgpt-4o|^o[134](-|$)", TOOLS | SEEING | SCHEMA | {"document"}),
    (r"gpt-4-turbo|gpt-4-vision", TOOLS | SEEING),
    (r"gpt-(3\.5|4)", TOOLS),
    (r"claude-[2-9]|claude-(opus|sonnet|haiku)", TOOLS | SEEING | SCHEMA | {"document"}),
    (r"gemini", TOOLS | SEEING | SCHEMA | {"document", "audio", "video"}),
    (
        r"qwen-?3\.?\d*-(vl|omni)|glm-4\.[56]v|llama-?4|grok-[4-9]|grok-2-vision|doubao.*vision|kimi.*vision|moonshot.*vision",
        TOOLS | SEEING,
    ),
    (
        r"qwen.*(vl|omni)|qvq|glm-4(\.\d)?v|llava|minicpm-v|pixtral|internvl|moondream|gemma-?3|llama-?3\.2.*vision",
        SEEING,
    ),
    (r"deepseek-(reasoner|r1)", frozenset({"agent-thought"})),
    (
        (
            r"qwen|glm-|deepseek|mistral|mixtral|codestral|llama-?3|command-r|kimi|moonshot|doubao|grok|hunyuan|minimax|abab"
            r"|gpt-oss|ernie|yi-|phi-4"
        ),
        TOOLS,
    ),
)
_FEATURE_PATTERNS = tuple((re.compile(pattern), features) for pattern, features in _FEATURES)

_CONTEXTS: tuple[tuple[str, int], ...] = (
    (r"gpt-4\.1", 1_047_576),
    (r"gpt-5", 400_000),
    (r"gpt-4o|gpt-4-turbo|chatgpt-4o", 128_000),
    (r"^o[134](-|$)", 200_000),
    (r"gpt-4-32k", 32_768),
    (r"gpt-4", 8_192),
    (r"gpt-3\.5", 16_385),
    (r"claude", 200_000),
    (r"gemini", 1_048_576),
    (r"deepseek", 65_536),
    (r"moonshot-v1-8k", 8_192),
    (r"moonshot-v1-32k", 32_768),
    (r"kimi|moonshot", 131_072),
    (r"qwen-?(max|plus|turbo|long)|qwen-?[23]", 131_072),
    (r"glm-4", 128_000),
    (r"llama-?3\.[123]", 131_072),
    (r"mistral|mixtral", 32_768),
)
_CONTEXT_PATTERNS = tuple((re.compile(pattern), size) for pattern, size in _CONTEXTS)


def _bare(name: str) -> str:
    return name.rsplit("/", 1)[-1].lower()


@lru_cache(maxsize=512)
def features_of(name: str) -> frozenset[str] | None:
    """The features that the name tells, or None."""
    bare = _bare(name)
    return next((features for pattern, features in _FEATURE_PATTERNS if pattern.search(bare)), None)


@lru_cache(maxsize=512)
def context_of(name: str) -> int | None:
    """The context in tokens that the name tells, or None."""
    bare = _bare(name)
    return next((size for pattern, size in _CONTEXT_PATTERNS if pattern.search(bare)), None)


def estimate_tokens(text: str) -> int:
    """A token count without a tokenizer: about four signs a token, one for each ideograph."""
    wide = sum(1 for sign in text if ord(sign) > 0x2E80)
    return wide + (len(text) - wide + 3) // 4
