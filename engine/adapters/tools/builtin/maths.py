"""A calculator: expressions with numbers, the usual functions and comparisons; nothing else of Python."""

from __future__ import annotations

import ast
import math
import operator
import statistics
from collections.abc import Callable, Mapping
from typing import Any

from engine.adapters.tools.declare import BuiltinProvider, BuiltinTool, ToolCall, asked

MOST_CHARACTERS = 2000
MOST_DIGITS = 4000
"""Beyond this a whole number is not computed: one line could keep the processor busy for hours."""


def _power(base: Any, exponent: Any) -> Any:
    whole = isinstance(base, int) and isinstance(exponent, int) and exponent > 0
    if whole and exponent * max(base.bit_length(), 1) > MOST_DIGITS * 4:
        raise ValueError("the result has too many digits")
    return base**exponent


def _shift(value: Any, places: Any) -> Any:
    if places > MOST_DIGITS:
        raise ValueError("the result has too many digits")
    return value << places


def _factorial(value: Any) -> int:
    if value > 1000:
        raise ValueError("the result has too many digits")
    return math.factorial(int(value))


OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.LShift: _shift,
    ast.RShift: operator.rshift,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{
        name: getattr(math, name)
        for name in (
            *("sqrt", "cbrt", "exp", "expm1", "log", "log2", "log10", "log1p", "ceil", "floor", "trunc", "isqrt"),
            *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
            *("degrees", "radians", "hypot", "gcd", "lcm", "fabs", "fmod", "copysign"),
        )
    },
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "arctan2": math.atan2,
    "arcsinh": math.asinh,
    "arccosh": math.acosh,
    "arctanh": math.atanh,
    "ln": math.log,
    "factorial": _factorial,
    "where": lambda test, yes, no: yes if test else no,
    "abs": abs,
    "round": round,
    "min": min,
    "max": max,
    "sum": lambda *values: math.fsum(values) if any(isinstance(v, float) for v in values) else sum(values),
    "mean": lambda *values: statistics.fmean(values),
    "median": lambda *values: statistics.median(values),
    "int": int,
    "float": float,
}
CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf}


def evaluate(expression: str) -> Any:
    """The value of an expression. Raises ValueError and ArithmeticError with the reason."""
    if len(expression) > MOST_CHARACTERS:
        raise ValueError(f"it has more than {MOST_CHARACTERS} characters")
    try:
        tree = ast.parse(expression.replace("×", "*").replace("÷", "/").replace("−", "-"), mode="eval")
    except (SyntaxError, RecursionError, MemoryError) as problem:
        raise ValueError(getattr(problem, "msg", "") or "it is nested too deeply") from problem
    try:
        value = _value(tree.body)
    except TypeError as problem:
        raise ValueError(str(problem)) from problem
    if isinstance(value, int) and value.bit_length() > MOST_DIGITS * 4:
        raise ValueError("the result has too many digits")
    return value


def _value(node: ast.AST) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.Name):
        if node.id not in CONSTANTS:
            raise ValueError(f"the name {node.id!r} is not known")
        return CONSTANTS[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return _checked(OPERATORS[type(node.op)](_value(node.left), _value(node.right)))
    if isinstance(node, ast.UnaryOp):
        return OPERATORS[type(node.op)](_value(node.operand))
    if isinstance(node, ast.BoolOp):
        values = [_value(v) for v in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)
    if isinstance(node, ast.Compare) and all(type(op) in OPERATORS for op in node.ops):
        values = [_value(v) for v in (node.left, *node.comparators)]
        return all(OPERATORS[type(op)](values[i], values[i + 1]) for i, op in enumerate(node.ops))
    if isinstance(node, ast.IfExp):
        return _value(node.body) if _value(node.test) else _value(node.orelse)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if node.func.id not in FUNCTIONS:
            raise ValueError(f"the function {node.func.id!r} is not known")
        return _checked(FUNCTIONS[node.func.id](*_arguments(node)))
    raise ValueError(f"{ast.unparse(node)[:60]!r} is not allowed in an expression")


def _arguments(node: ast.Call) -> list[Any]:
    found: list[Any] = []
    for argument in node.args:
        if isinstance(argument, ast.List | ast.Tuple):
            found += [_value(item) for item in argument.elts]
        else:
            found.append(_value(argument))
    return found


def _checked(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > MOST_DIGITS * 8:
        raise ValueError("the result has too many digits")
    return value


async def eval_expression(call: ToolCall) -> str:
    """The value of an expression, in the words of the original."""
    expression = call.text("expression")
    if not expression:
        return "Invalid expression"
    try:
        value = evaluate(expression)
    except (ValueError, ArithmeticError, RecursionError) as problem:
        return f"Invalid expression: {expression}, error: {problem}"
    return f'The result of the expression "{expression}" is {value}'


PROVIDER = BuiltinProvider(
    "maths",
    "Maths",
    "A calculator.",
    "sliders",
    (
        BuiltinTool(
            "eval_expression",
            "Calculate an expression",
            "A tool for evaluating a math expression.",
            eval_expression,
            (asked("expression", "Expression", "A math expression such as sqrt(16) * 3", required=True),),
        ),
    ),
)
