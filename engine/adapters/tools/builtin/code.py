"""Running a piece of code in the sandbox of the code node."""

from __future__ import annotations

from engine.adapters.tools.declare import BuiltinProvider, BuiltinTool, ToolCall, ToolFailed, asked
from engine.ports.outside import CodeRequest, PortError

LANGUAGES = ("python3", "javascript")
_JAVASCRIPT = """
function main({source}) {
  const lines = [];
  const show = (v) => typeof v === "string" ? v : JSON.stringify(v);
  const console = {};
  const say = (...v) => lines.push(v.map(show).join(" "));
  for (const name of ["log", "info", "warn", "error", "debug"]) console[name] = say;
  new Function("console", source)(console);
  return {text: lines.join("\\n")};
}
"""
_PYTHON = """
import contextlib, io

def main(source):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "<tool>", "exec"), {"__name__": "__main__"})
    return {"text": out.getvalue()}
"""


async def simple_code(call: ToolCall) -> str:
    """What the code prints."""
    language = call.text("language")
    if language not in LANGUAGES:
        raise ToolFailed(f"Only python3 and javascript are supported, not {language}")
    if call.ports.code is None:
        raise ToolFailed("There is no code runner here.")
    source = str(call.values.get("code") or "")
    request = CodeRequest(
        "python3" if language == "python3" else "javascript",
        _PYTHON if language == "python3" else _JAVASCRIPT,
        {"source": source},
    )
    try:
        result = await call.ports.code.run(request)
    except PortError as problem:
        raise ToolFailed(str(problem)) from problem
    return str(result.value.get("text") or "") if isinstance(result.value, dict) else str(result.value)


PROVIDER = BuiltinProvider(
    "code",
    "Code interpreter",
    "Runs a piece of code and gives what it prints.",
    "code",
    (
        BuiltinTool(
            "simple_code",
            "Run code",
            "A tool for running code and getting what it prints. Print the result.",
            simple_code,
            (
                asked("language", "Language", kind="select", required=True, default="python3", options=LANGUAGES),
                asked("code", "Code", "The code to run; it must print its result", required=True),
            ),
        ),
    ),
)
