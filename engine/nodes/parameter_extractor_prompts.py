"""The words of the parameter extractor in its three forms (nodes-ai spec 7.2). Values are filled in, never rendered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from engine.ports.models import Message, ToolCall

FUNCTION = "extract_parameters"
FUNCTION_DESCRIPTION = "Takes the values that were found in the text."

Build = Callable[[str, str, Mapping[str, Any], str], list[Message]]
"""History, instruction, schema, text -> messages."""

_WITH_TOOL = """You find values in a text. Always answer by calling the function {function} with the values; never \
answer in words and never write XML.
Take only what the text says. When the text holds several values for a list, give them all.
Follow what stands in the <instruction> tag, and use what was said before, in the <histories> tag, to understand the \
text.

<instruction>
{instruction}
</instruction>

<histories>
{histories}
</histories>"""

_WITH_TOOL_QUESTION = """Call {function} with the values of the text in <context>, in the structure of <structure>.

<context>
{text}
</context>

<structure>
{schema}
</structure>"""

_PLAIN = """You find values in a text. Answer with exactly one valid JSON object that fits the structure given, and \
with nothing else.
Take only what the text says. When the text holds several values for a list, give them all.
Follow the instructions, and use what was said before to understand the text.

<instructions>
{instruction}
</instructions>

<histories>
{histories}
</histories>"""

_PLAIN_QUESTION = """<structure>
{schema}
</structure>

<text>
{text}
</text>"""

_ONE_TEXT = """Find values in a text and write them as JSON.

Instructions: {instruction}

The structure of the answer, as a JSON schema:
{schema}

Steps:
1. Read the text and what was said before.
2. For every property of the structure, find its value in the text.
3. Leave out what the text does not say.
4. Write one JSON object with the values, and nothing after it.

What was said before:
<histories>
{histories}
</histories>

The answer is an object such as {{"name": "value"}}, fenced as JSON.

<text>
{text}
</text>

```json
"""

_SHAPE_1 = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "The city that the person asks about"}},
    "required": ["city"],
}
_SHAPE_2 = {
    "type": "object",
    "properties": {
        "dishes": {"type": "array", "items": {"type": "string"}, "description": "Ordered dishes"},
        "guests": {"type": "number", "description": "How many people"},
    },
    "required": ["dishes", "guests"],
}
EXAMPLES: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("Will I need an umbrella in Lisbon tomorrow?", _SHAPE_1, {"city": "Lisbon"}),
    (
        "We are four. Two soups and the fish, please.",
        _SHAPE_2,
        {"dishes": ["soup", "soup", "fish"], "guests": 4},
    ),
)


def builder(mode: str, *, with_tool: bool) -> Build:
    """The form for a model of `mode`."""
    if with_tool:
        return _tool_messages
    return _one_text if mode == "completion" else _plain_messages


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _tool_messages(histories: str, instruction: str, schema: Mapping[str, Any], text: str) -> list[Message]:
    system = _WITH_TOOL.format(function=FUNCTION, instruction=instruction, histories=histories)
    messages = [Message("system", system)]
    for number, (said, shape, values) in enumerate(EXAMPLES, 1):
        call = ToolCall(f"example_{number}", FUNCTION, _json(values))
        question = _WITH_TOOL_QUESTION.format(function=FUNCTION, text=said, schema=_json(shape))
        messages += [
            Message("user", question),
            Message("assistant", "", (call,)),
            Message("tool", "Great! You have called the function with the right values.", (), call.id, FUNCTION),
            Message("assistant", "I have extracted the values."),
        ]
    question = _WITH_TOOL_QUESTION.format(function=FUNCTION, text=text, schema=_json(schema))
    return [*messages, Message("user", question)]


def _plain_messages(histories: str, instruction: str, schema: Mapping[str, Any], text: str) -> list[Message]:
    messages = [Message("system", _PLAIN.format(instruction=instruction, histories=histories))]
    for said, shape, values in EXAMPLES:
        messages.append(Message("user", _PLAIN_QUESTION.format(schema=_json(shape), text=said)))
        messages.append(Message("assistant", _json(values)))
    return [*messages, Message("user", _PLAIN_QUESTION.format(schema=_json(schema), text=text))]


def _one_text(histories: str, instruction: str, schema: Mapping[str, Any], text: str) -> list[Message]:
    filled = _ONE_TEXT.format(instruction=instruction, schema=_json(schema), histories=histories, text=text)
    return [Message("user", filled)]
