"""`settings ...`: what the workspace decides for all of its runs."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable
from typing import Annotated, Any

import typer

from engine.cli import say
from engine.errors import UserError
from engine.services.context import Services

settings = typer.Typer(help="Settings of the workspace.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Such as strict_upstream.")]


def _truth(value: Any) -> Any:
    if not isinstance(value, bool):
        raise ValueError("it must be true or false")
    return value


def _texts(value: Any) -> Any:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("it must be a list of texts")
    return value


def _network(value: Any) -> Any:
    if not isinstance(value, dict) or set(value) - {"allow_hosts"}:
        raise ValueError('it must look like {"allow_hosts": ["api.local:8080", "10.0.0.0/8"]}')
    _texts(value.get("allow_hosts", []))
    return value


def _limits(value: Any) -> Any:
    from dataclasses import asdict

    from engine.run.limits import Limits

    if not isinstance(value, dict):
        raise ValueError("it must be an object of limits")
    known, taken = asdict(Limits()), asdict(Limits.from_settings(value))
    for name, wanted in value.items():
        if name not in known:
            raise ValueError(f"there is no limit {name}")
        if taken[name] != wanted:
            raise ValueError(f"{name} cannot be {wanted!r}")
    return value


KNOWN: dict[str, tuple[Any, Callable[[Any], Any], str]] = {
    "strict_upstream": (False, _truth, "Behave as Dify where Penstock is better on purpose."),
    "network": ({"allow_hosts": []}, _network, "Hosts in private networks that workflows may reach."),
    "code_packages": ([], _texts, "Packages that code nodes may import besides the standard library."),
    "limits": ({}, _limits, "Limits of runs that differ from the defaults."),
}


def _known(name: str) -> tuple[Any, Callable[[Any], Any], str]:
    if name not in KNOWN:
        raise UserError(f"There is no setting {name!r}.", hint=f"There are: {', '.join(KNOWN)}.", code="settings.name")
    return KNOWN[name]


def _open(context: typer.Context) -> Services:
    services = Services.open(context.obj["data"])
    context.call_on_close(services.close)
    return services


@settings.command("list")
def list_settings(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Show every setting with its value."""
    services = _open(context)
    found = {name: services.settings.get(name, default) for name, (default, _, _) in KNOWN.items()}
    if json:
        say.out(found, pretty=True)
        return
    rows = [
        {"name": name, "value": jsonlib.dumps(value, ensure_ascii=False), "what": KNOWN[name][2]}
        for name, value in found.items()
    ]
    say.table(rows, [("name", "name"), ("value", "value"), ("what", "what")])


@settings.command("get")
def get_setting(context: typer.Context, name: Name) -> None:
    """Print one setting as JSON."""
    default, _, _ = _known(name)
    say.out(_open(context).settings.get(name, default))


@settings.command("set")
def set_setting(
    context: typer.Context, name: Name, value: Annotated[str, typer.Argument(help="JSON, or @FILE.")]
) -> None:
    """Change one setting; it holds for the next run."""
    from engine.cli.running import json_argument

    _, check, _ = _known(name)
    found = json_argument(value, "The value")
    try:
        check(found)
    except ValueError as problem:
        raise UserError(f"{name}: {problem}.", code="settings.value") from None
    _open(context).settings.set(name, found)


@settings.command("reset")
def reset_setting(context: typer.Context, name: Name) -> None:
    """Give one setting its default again."""
    default, _, _ = _known(name)
    _open(context).settings.set(name, default)
