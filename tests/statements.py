"""Lists which numbered statements of the specification have a test that names them: `python -m tests.statements`.

`--all` lists every statement with its tests; `--list AREA` (such as `--list editor`) prints a table of one list: the
number, the text where the specification lies beside the repository, and one test a row. The exit code of `--list` is 1
when a statement has no test.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parent
TOTALS = {"dsl": 60, "engine": 125, "logic": 213, "ai": 154, "store": 66, "editor": 85}
SPEC = TESTS.parents[1] / "shared" / "spec"
PLACES = {
    "dsl": ("dsl.md", "## Acceptance list A"),
    "engine": ("engine.md", "## 13. Conformance"),
    "logic": ("nodes-logic.md", "## 19. Conformance"),
    "ai": ("nodes-ai.md", "## 19. Conformance"),
    "store": ("storage.md", "## Acceptance list B"),
    "editor": ("editor-ux.md", "## Acceptance list C"),
}
"""Where each list stands: file and the beginning of its heading."""


def _ids(call: ast.Call) -> Iterator[str]:
    if ast.unparse(call.func).endswith("mark.spec"):
        for argument in call.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value


def named() -> dict[str, set[str]]:
    """Statement id, such as `engine.14`, to the tests that name it."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            holders = getattr(node, "decorator_list", [])
            name = getattr(node, "name", "")
            for holder in holders:
                for call in ast.walk(holder):
                    if isinstance(call, ast.Call):
                        for spec in _ids(call):
                            found[spec].add(f"{file.relative_to(TESTS)}::{name}")
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("pytest.param"):
                for call in ast.walk(node):
                    if isinstance(call, ast.Call):
                        for spec in _ids(call):
                            found[spec].add(str(file.relative_to(TESTS)))
    return found


def _ranges(numbers: list[int]) -> str:
    """1, 2, 3, 7 as "1-3, 7"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def texts(area: str) -> dict[int, str]:
    """The statements of a list by number; empty where the specification is not there."""
    file, heading = PLACES[area]
    if not (SPEC / file).is_file():
        return {}
    found: dict[int, str] = {}
    inside, number = False, 0
    for line in (SPEC / file).read_text("utf-8").splitlines():
        if line.startswith("## "):
            inside = line.startswith(heading)
        elif inside and (match := re.match(r"(\d+)\. (.+)", line)):
            number = int(match[1])
            found[number] = match[2]
        elif inside and number and line.startswith("   "):
            found[number] += " " + line.strip()
    return found


def table(area: str, found: dict[str, set[str]]) -> list[tuple[str, str, str]]:
    """Rows of number, text and test: one for each test, one without a test for a statement that none names."""
    words = texts(area)
    rows = []
    for number in range(1, TOTALS[area] + 1):
        for place, test in enumerate(sorted(found.get(f"{area}.{number}", ())) or [""]):
            rows.append(("" if place else str(number), "" if place else words.get(number, ""), test))
    return rows


def show(area: str) -> int:
    """Print the table of one list."""
    if area not in TOTALS:
        print(f"There is no list {area!r}; there are: {', '.join(TOTALS)}.", file=sys.stderr)
        return 2
    rows = table(area, named())
    for number, text, test in rows:
        if number:
            print(f"{number:>4}  {text}".rstrip())
        print(f"      -> {test or 'NO TEST'}")
    return int(any(not test for *_, test in rows))


def main() -> int:
    """Print the count a list and the numbers that no test names."""
    if "--list" in sys.argv:
        return show(next(iter(sys.argv[sys.argv.index("--list") + 1 :]), ""))
    found = named()
    for area in TOTALS:
        numbers = sorted({int(m[1]) for spec in found if (m := re.fullmatch(rf"{area}\.(\d+)", spec))})
        missing = [n for n in range(1, TOTALS[area] + 1) if n not in numbers]
        print(f"{area}: {len(numbers)} of {TOTALS[area]} statements named; missing: {_ranges(missing) or 'none'}")
    if "--all" in sys.argv:
        for spec in sorted(found, key=lambda s: (s.split(".")[0], int(s.split(".")[1]))):
            print(spec, "; ".join(sorted(found[spec])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
