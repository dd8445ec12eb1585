"""Regular expressions. They run in the sandbox of the code node: an unlucky expression would never end otherwise."""

from __future__ import annotations

from engine.adapters.tools.declare import BuiltinProvider, BuiltinTool, ToolCall, ToolFailed, asked
from engine.ports.outside import CodeRequest, PortError

SECONDS = 10.0
_FIND = """
import re

def main(content, expression):
    try:
        return {"found": str(re.findall(expression, content))}
    except re.error as problem:
        return {"fault": str(problem)}
"""


async def regex_extract(call: ToolCall) -> str:
    """All matches as the text of a list."""
    content = call.text("content")
    if not content:
        return "Invalid content"
    expression = call.text("expression")
    if not expression:
        return "Invalid expression"
    if call.ports.code is None:
        raise ToolFailed("Expressions need the code runner, which is not there.")
    request = CodeRequest("python3", _FIND, {"content": content, "expression": expression}, timeout=SECONDS)
    try:
        found = (await call.ports.code.run(request)).value
    except PortError as problem:
        raise ToolFailed(f"The expression took too long or could not run: {problem}") from problem
    if "fault" in found:
        return f"Failed to extract result, error: {found['fault']}"
    return str(found["found"])


PROVIDER = BuiltinProvider(
    "regex",
    "Regular expressions",
    "Finds what matches a pattern.",
    "search",
    (
        BuiltinTool(
            "regex_extract",
            "Extract by pattern",
            "A tool for extracting matching content using regular expressions.",
            regex_extract,
            (
                asked("content", "Content", "The text to look in", required=True),
                asked("expression", "Regular expression", required=True),
            ),
        ),
    ),
)
