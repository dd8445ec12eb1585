"""`models ...`: providers, models, the default one, and what names of files mean in this workspace."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import say
from engine.errors import UserError
from engine.ports.models import ModelError, ModelInfo, ModelRef
from engine.services.context import Services

models = typer.Typer(help="Models of the workspace: providers, names, the default.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Provider = Annotated[str, typer.Argument(metavar="PROVIDER", help="Provider id, as `models list` shows it.")]


def _open(context: typer.Context) -> Services:
    services = Services.open(context.obj["data"])
    context.call_on_close(services.close)
    return services


def ref_of(text: str) -> ModelRef:
    """`PROVIDER:MODEL` as a model. Raises UserError."""
    provider, sign, name = text.partition(":")
    if not sign or not provider or not name:
        raise UserError(
            f"{text!r} must have the form PROVIDER:MODEL, such as embedded:smollm2-135m-instruct.", code="cli.bad_model"
        )
    return ModelRef(provider, name)


def _known(services: Services, ref: ModelRef) -> ModelRef:
    """The model under its own name here. Raises ModelError when there is none."""
    found = services.models.chat_model().resolve(ref).ref
    return ModelRef(found.provider, found.name)


def model_json(info: ModelInfo) -> dict[str, Any]:
    """What is known of a model, for machines."""
    return {
        "provider": info.ref.provider,
        "name": info.ref.name,
        "mode": info.ref.mode,
        "features": sorted(info.features) if info.features is not None else None,
        "context_size": info.context_size,
    }


@models.command("list")
def list_models(
    context: typer.Context,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the providers for their models.")] = False,
    json: Json = False,
) -> None:
    """The providers with their models, the default, and the mapping of names."""
    services = _open(context)
    service = services.models
    views = service.providers()
    failures = {}
    for view in views if refresh else ():
        try:
            service.list_models(view.id, refresh=True)
        except (ModelError, TimeoutError) as problem:
            failures[view.id] = str(problem)
    known, default = service.known_models(), service.default()
    if json:
        providers = [
            {
                **{k: v for k, v in asdict(view).items() if k != "models"},
                "models": [model_json(m) for m in known if m.ref.provider == view.id],
                "error": failures.get(view.id),
            }
            for view in views
        ]
        say.out(
            {
                "providers": providers,
                "default": {"provider": default.provider, "name": default.name} if default else None,
                "fallback": service.fallback(),
                "aliases": _alias_rows(services),
            },
            pretty=True,
        )
        return
    rows = []
    for info in known:
        mark = "default" if default and (default.provider, default.name) == (info.ref.provider, info.ref.name) else ""
        rows.append({**model_json(info), "features": ", ".join(sorted(info.features or ())) or "text", "mark": mark})
    say.table(rows, [("provider", "provider"), ("name", "model"), ("context_size", "context"), ("features", "can"),
                     ("mark", "")])  # fmt: skip
    named = {info.ref.provider for info in known}
    for view in views:
        if view.id not in named:
            say.note(
                f"{view.id}: {failures.get(view.id) or 'no models are known yet (models test, or list --refresh)'}"
            )


def _alias_rows(services: Services) -> list[dict[str, str]]:
    return [
        {"provider": provider, "name": name, "to_provider": ref.provider, "to_name": ref.name}
        for (provider, name), ref in services.models.aliases().items()
    ]


@models.command("kinds")
def kinds(json: Json = False) -> None:
    """Everything that can be set up."""
    from engine.services.models import ModelService

    rows = [
        {"id": k.id, "label": k.label, "base_url": k.base_url, "needs_key": k.needs_key, "local": k.local}
        for k in ModelService.kinds()
    ]
    if json:
        say.out(rows, pretty=True)
    else:
        say.table(rows, [("id", "kind"), ("label", "name"), ("base_url", "address"), ("needs_key", "needs a key")])


@models.command("add")
def add(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="What kind of provider (models kinds).")],
    base_url: Annotated[str, typer.Option(help="Its address, where it is not the usual one.")] = "",
    label: Annotated[str, typer.Option(help="A name of your own.")] = "",
    key_env: Annotated[str, typer.Option(help="Take the key from this environment variable.")] = "",
    key_stdin: Annotated[bool, typer.Option("--key-stdin", help="Read the key from standard input.")] = False,
    header: Annotated[list[str] | None, typer.Option(help="NAME=VALUE sent with every call.")] = None,
    file: Annotated[Path | None, typer.Option(help="The model file, for the kind gguf.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="A model that it does not list itself.")] = None,
    json: Json = False,
) -> None:
    """Set a provider up. The key never stands on the command line, where other programs could read it."""
    from engine.cli.running import pair

    key: str | None = None
    if key_env:
        key = os.environ.get(key_env)
        if not key:
            raise UserError(f"The environment variable {key_env} is empty.", code="cli.no_key")
    elif key_stdin:
        key = sys.stdin.readline().strip()
    if file is not None and not file.is_file():
        raise UserError(f"There is no model file at {file}.", code="models.no_file")
    services = _open(context)
    provider = services.models.save_provider(
        kind,
        label=label,
        base_url=base_url,
        api_key=key,
        headers=dict(pair(h) for h in header) if header else None,
        options={"path": str(file.resolve())} if file is not None else None,
    )
    for name in model or ():
        services.models.add_model(provider, name)
    say.out({"id": provider}) if json else say.line(provider)


@models.command("remove")
def remove(context: typer.Context, provider: Provider, json: Json = False) -> None:
    """Forget a provider and its key."""
    _open(context).models.remove_provider(provider)
    if json:
        say.out({"id": provider, "removed": True})


@models.command("test")
def try_provider(
    context: typer.Context,
    provider: Provider,
    model: Annotated[str, typer.Option(help="Let this model say a word.")] = "",
    json: Json = False,
) -> None:
    """Try a provider for real. Exit code 1 when it does not work."""
    result = _open(context).models.test(provider, model)
    if json:
        say.out({**asdict(result), "models": list(result.models)}, pretty=True)
    else:
        say.line(f"{result.message} ({result.seconds:.1f} s)")
        if result.hint:
            say.note(result.hint)
    if not result.ok:
        raise typer.Exit(say.FAILED)


@models.command("discover")
def discover(context: typer.Context, json: Json = False) -> None:
    """Model servers that run on this machine."""
    found = [asdict(s) for s in _open(context).models.discover()]
    if json:
        say.out(found, pretty=True)
    else:
        say.table(found, [("kind", "kind"), ("base_url", "address"), ("models", "models")])


@models.command("default")
def default(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="PROVIDER:MODEL, or `none`.")] = "",
    json: Json = False,
) -> None:
    """Show or choose the model of new nodes."""
    services = _open(context)
    service = services.models
    if model:
        service.set_default(None if model == "none" else _known(services, ref_of(model)))
    now = service.default()
    if json:
        say.out({"provider": now.provider, "name": now.name} if now else None)
    else:
        say.line(f"{now.provider}:{now.name}" if now else "none")


@models.command("fallback")
def fallback(
    context: typer.Context, on: Annotated[str, typer.Argument(help="on or off.")] = "", json: Json = False
) -> None:
    """Whether models that are not set up are answered by the default one."""
    service = _open(context).models
    if on:
        if on not in ("on", "off"):
            raise UserError("Say on or off.", code="cli.bad_word")
        service.set_fallback(on == "on")
    say.out({"fallback": service.fallback()}) if json else say.line("on" if service.fallback() else "off")


@models.command("alias")
def alias(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="The name in files, PROVIDER:MODEL; MODEL may be *.")] = "",
    target: Annotated[str, typer.Argument(help="The model it means here, PROVIDER:MODEL.")] = "",
    remove_it: Annotated[bool, typer.Option("--remove", help="Forget what the name means.")] = False,
    json: Json = False,
) -> None:
    """Show the mapping of names, add to it, or take from it."""
    services = _open(context)
    if source:
        named = ref_of(source)
        if remove_it:
            if not services.models.remove_alias(named.provider, named.name):
                raise UserError(f"{source} is not mapped.", code="models.no_alias")
        elif target:
            services.models.set_alias(named.provider, named.name, _known(services, ref_of(target)))
        else:
            raise UserError("Name the model that it shall mean, or say --remove.", code="cli.bad_model")
    rows = _alias_rows(services)
    if json:
        say.out(rows, pretty=True)
    else:
        say.table(rows, [("provider", "provider"), ("name", "name"), ("to_provider", "means"), ("to_name", "model")])


@models.command("unknown")
def unknown(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="A DSL file.")], json: Json = False
) -> None:
    """The models that a file names and this workspace does not have. Exit code 1 when there are any."""
    from engine.cli.files import load
    from engine.dsl.read import read
    from engine.services.model_names import by_name

    workflow = read(load(file), name=file.stem).workflow
    if workflow is None:
        raise UserError(f"{file} cannot be read as a workflow.", code="parse.unreadable")
    groups = by_name(_open(context).models.unknown_models(workflow.graph.to_config()))
    rows = [
        {
            "provider": provider,
            "name": name,
            "nodes": [item.node_title or item.node_id for item in items],
            "suggestion": f"{s.provider}:{s.name}" if (s := items[0].suggestion) else "",
        }
        for (provider, name), items in groups.items()
    ]
    if json:
        say.out(rows, pretty=True)
    else:
        say.table(rows, [("provider", "provider"), ("name", "name"), ("nodes", "nodes"), ("suggestion", "could be")])
    if rows:
        raise typer.Exit(say.FAILED)
