"""Lists which numbered statements of the specification have a test that names them: `python -m tests.statements`."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parent
TOTALS = {"dsl": 60, "engine": 125, "logic": 213, "ai": 154, "store": 66, "editor": 85}


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


def main() -> int:
    """Print the count a list and the numbers that no test names."""
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
