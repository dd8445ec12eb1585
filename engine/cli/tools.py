"""`tools ...`: the tools of the workspace, and a call of one without a workflow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli import say
from engine.cli.files import load
from engine.errors import UserError
from engine.services.context import Services

if TYPE_CHECKING:
    from engine.ports.outside import ToolDescription, ToolIdentity
    from engine.services.tool_snapshot import ToolGroup

tools = typer.Typer(help="Tools: built in, OpenAPI, workflows, MCP servers.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(metavar="PROVIDER/TOOL", help="Such as time/current_time.")]
KINDS = ("builtin", "api", "workflow", "mcp")


def _open(context: typer.Context) -> Services:
    services = Services.open(context.obj["data"])
    context.call_on_close(services.close)
    return services


def _told(tool: ToolDescription) -> dict[str, Any]:
    return {
        **asdict(tool.identity),
        "label": tool.label,
        "description": tool.description,
        "parameters": [asdict(p) for p in tool.parameters],
        "output_schema": tool.output_schema,
    }


def _group(group: ToolGroup) -> dict[str, Any]:
    return {
        "kind": group.kind,
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "note": group.note,
        "tools": [_told(t) for t in group.tools],
    }


def _identity(services: Services, name: str) -> ToolIdentity:
    """A tool by PROVIDER/TOOL, or by its name alone where only one has it. Raises UserError."""
    provider, _, tool = name.rpartition("/")
    found = [
        t.identity
        for g in services.tools.catalog()
        for t in g.tools
        if t.identity.tool_name == tool and (not provider or provider.rsplit("/", 1)[-1] in (g.id, g.name))
    ]
    if not found:
        raise UserError(f"There is no tool {name!r}.", code="tools.unknown", hint="`tools list` names them all.")
    if len({f.provider_id for f in found}) > 1:
        names = ", ".join(f"{f.provider_id}/{f.tool_name}" for f in found)
        raise UserError(f"Several providers have a tool {tool!r}: {names}.", code="tools.ambiguous")
    return found[0]


@tools.command("list")
def list_tools(
    context: typer.Context,
    kind: Annotated[str, typer.Option(help="builtin, api, workflow or mcp.")] = "",
    json: Json = False,
) -> None:
    """Every tool there is."""
    groups = [g for g in _open(context).tools.catalog() if not kind or g.kind == kind]
    if json:
        say.out([_group(g) for g in groups], pretty=True)
        return
    rows = [
        {"tool": f"{g.id}/{t.identity.tool_name}", "kind": g.kind, "label": t.label, "words": t.description[:70]}
        for g in groups
        for t in g.tools
    ]
    say.table(rows, [("tool", "tool"), ("kind", "kind"), ("label", "name"), ("words", "does")])
    for group in groups:
        if group.note:
            say.note(f"{group.name}: {group.note}")


@tools.command("show")
def show(context: typer.Context, name: Name, json: Json = False) -> None:
    """What a tool takes."""
    services = _open(context)
    found = services.tools.find(_identity(services, name))
    assert found is not None
    if json:
        say.out(_told(found), pretty=True)
        return
    say.line(f"{found.label}: {found.description}")
    rows: list[dict[str, Any]] = [
        {**asdict(p), "needed": "yes" if p.required else "", "by": "person" if p.form == "form" else "node"}
        for p in found.parameters
    ]
    columns = [("name", "parameter"), ("type", "type"), ("needed", "needed"), ("default", "default"), ("by", "set by")]
    say.table(rows, [*columns, ("description", "means")])


@tools.command("call")
def call(
    context: typer.Context,
    name: Name,
    parameters: Annotated[str, typer.Option("--parameters", "-p", help="JSON object, or @FILE.")] = "{}",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for files that the tool makes.")] = None,
    json: Json = False,
) -> None:
    """Call a tool once."""
    from engine.cli.running import json_argument

    services = _open(context)
    given = json_argument(parameters, "--parameters")
    if not isinstance(given, dict):
        raise UserError("--parameters must be a JSON object.", code="cli.bad_json")
    identity = _identity(services, name)

    async def work() -> Sequence[Any]:
        from engine.services.tools import try_tool

        try:
            return (await try_tool(services.ports, identity, given))[1]
        finally:
            await services.close_ports()

    messages = asyncio.run(work())
    _print(messages, output, json=json)


def _print(messages: Sequence[Any], output: Path | None, *, json: bool) -> None:
    told = []
    for number, message in enumerate(messages, 1):
        value = message.value
        if isinstance(value, bytes):
            filename = Path(str(message.meta.get("filename") or f"file{number}")).name
            if output is not None:
                output.mkdir(parents=True, exist_ok=True)
                (output / filename).write_bytes(value)
                say.note(f"Written to {output / filename}")
            value = {"filename": filename, "size": len(value)}
        elif hasattr(value, "to_json"):
            value = value.to_json()
        told.append({"kind": message.kind, "value": value, "meta": dict(message.meta)})
        if not json and message.kind == "text":
            say.line(str(value))
        elif not json and message.kind in ("json", "variable"):
            say.out({message.meta["name"]: value} if "name" in message.meta else value)
    if json:
        say.out(told, pretty=True)


@tools.command("import-openapi")
def import_openapi(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FILE-OR-URL", help="An OpenAPI 3 or Swagger 2 document.")],
    name: Annotated[str, typer.Option(help="Name of the provider (default: the document's title).")] = "",
    auth: Annotated[str, typer.Option(help="none, api_key_header, api_key_query, basic or bearer.")] = "none",
    auth_name: Annotated[str, typer.Option(help="Name of the header or of the query parameter.")] = "",
    auth_prefix: Annotated[str, typer.Option(help="Of api_key_header: bearer, basic or custom.")] = "custom",
    key: Annotated[str, typer.Option(envvar="PENSTOCK_KEY", help="The secret (user:password for basic).")] = "",
    server: Annotated[str, typer.Option(help="Address instead of the document's own.")] = "",
    json: Json = False,
) -> None:
    """Import a document: one tool for each operation."""
    services = _open(context)
    text, found_at = _document(services, source)
    group = services.tools.import_openapi(
        text,
        name=name,
        auth=auth,
        auth_name=auth_name,
        auth_prefix=auth_prefix,
        secret=key,
        server=server,
        found_at=found_at,
    )
    if json:
        say.out(_group(group), pretty=True)
    else:
        say.line(group.id)
        say.note(f"{len(group.tools)} tools: {', '.join(t.identity.tool_name for t in group.tools)}")


def _document(services: Services, source: str) -> tuple[str, str]:
    """The text of a file or of an address, and that address."""
    if not source.startswith(("http://", "https://")):
        return load(Path(source)).decode("utf-8-sig", "replace"), ""
    return services.tools.fetch_document(source), source


@tools.command("add-mcp")
def add_mcp(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the server.")],
    url: Annotated[str, typer.Option(help="Address of a server over HTTP.")] = "",
    sse: Annotated[bool, typer.Option("--sse", help="The older protocol over HTTP.")] = False,
    header: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, kept as a secret.")] = None,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for a program, kept as a secret.")] = None,
    command: Annotated[
        list[str] | None, typer.Argument(help="Program and arguments of a stdio server, after --.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Longest time of a call in seconds.")] = 60.0,
    json: Json = False,
) -> None:
    """Set up an MCP server and ask it for its tools."""
    services = _open(context)
    words = command or []
    server_id = services.tools.save_mcp(
        name=name,
        transport="sse" if sse else "http" if url else "stdio",
        url=url,
        headers=_pairs(header),
        command=words[0] if words else "",
        arguments=words[1:],
        environment=_pairs(env),
        seconds=timeout,
    )
    outcome = services.tools.refresh_mcp(server_id)
    if json:
        say.out({"id": server_id, **asdict(outcome)}, pretty=True)
    else:
        say.line(server_id)
        say.note(f"{outcome.message} {', '.join(outcome.tools)}".strip())
    if not outcome.ok:
        raise typer.Exit(say.FAILED)


@tools.command("refresh")
def refresh(context: typer.Context, server: str, json: Json = False) -> None:
    """Ask an MCP server for its tools again."""
    outcome = _open(context).tools.refresh_mcp(server)
    say.out(asdict(outcome), pretty=True) if json else say.line(outcome.message)
    if not outcome.ok:
        raise typer.Exit(say.FAILED)


@tools.command("read")
def read_server(
    context: typer.Context,
    server: Annotated[str, typer.Argument(help="Id or name of an MCP server.")],
    uri: Annotated[str, typer.Argument(help="A resource to read; without it they are listed.")] = "",
    prompt: Annotated[str, typer.Option(help="Name of a prompt to fill instead.")] = "",
    value: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for the prompt.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for what is no text.")] = None,
    json: Json = False,
) -> None:
    """What an MCP server can be read: its resources and prompts."""
    service = _open(context).tools
    if prompt:
        text = service.mcp_prompt(server, prompt, _pairs(value))
        say.out({"text": text}, pretty=True) if json else say.line(text)
    elif uri:
        _print(service.read_mcp(server, uri), output, json=json)
    else:
        resources, prompts = service.mcp_offers(server)
        if json:
            say.out({"resources": resources, "prompts": prompts}, pretty=True)
            return
        rows = [{"kind": "resource", "what": r.get("uri"), "words": r.get("description", "")} for r in resources]
        rows += [{"kind": "prompt", "what": p.get("name"), "words": p.get("description", "")} for p in prompts]
        say.table(rows, [("kind", "kind"), ("what", "which"), ("words", "means")])


@tools.command("accounts")
def accounts(
    context: typer.Context,
    provider: Annotated[str, typer.Argument(help="Only those at this provider.")] = "",
    json: Json = False,
) -> None:
    """The accounts at built-in providers; keys are masked."""
    rows = [asdict(a) for a in _open(context).tools.accounts.list(provider)]
    if json:
        say.out(rows, pretty=True)
        return
    shown = [{**r, "first": "yes" if r["is_default"] else "", "values": ", ".join(sorted(r["values"]))} for r in rows]
    columns = [("id", "id"), ("provider", "provider"), ("name", "name"), ("first", "default"), ("values", "set")]
    say.table(shown, columns)


@tools.command("account")
def save_account(
    context: typer.Context,
    provider: Annotated[str, typer.Argument(help="Such as tavily.")],
    name: Annotated[str, typer.Argument(help="Name of the account.")],
    field: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a field that is no secret.")] = None,
    secret: Annotated[
        list[str] | None, typer.Option(help="NAME=VARIABLE: a secret field from a variable of the environment.")
    ] = None,
    default: Annotated[bool, typer.Option("--default", help="Use it where a node names none.")] = False,
    account: Annotated[str, typer.Option(help="Change the account of this id.")] = "",
    json: Json = False,
) -> None:
    """Add an account at a built-in provider, or change one."""
    import os

    values: dict[str, str | None] = dict(_pairs(field))
    for given, variable in _pairs(secret).items():
        if variable not in os.environ:
            raise UserError(f"There is no variable {variable} in the environment.", code="cli.no_variable")
        values[given] = os.environ[variable]
    saved = _open(context).tools.accounts.save(provider, name, values, account_id=account, default=default)
    say.out({"id": saved}) if json else say.line(saved)


@tools.command("publish")
def publish(
    context: typer.Context,
    app: Annotated[str, typer.Argument(metavar="WORKFLOW", help="Workflow id; it must be published.")],
    name: Annotated[str, typer.Option(help="Name of the tool: letters, digits, _ and -.")],
    label: Annotated[str, typer.Option(help="Name for people.")] = "",
    description: Annotated[str, typer.Option(help="What it does, for models too.")] = "",
    version: Annotated[str, typer.Option(help="A version id; the newest when not given.")] = "",
    parameter: Annotated[list[str] | None, typer.Option(help="NAME=what the parameter means.")] = None,
    fixed: Annotated[list[str] | None, typer.Option(help="A parameter that a person sets, not a model.")] = None,
    json: Json = False,
) -> None:
    """Offer a published workflow as a tool."""
    made = _open(context).workflow_tools.publish(
        app,
        name=name,
        label=label,
        description=description,
        version=version,
        descriptions=_pairs(parameter) if parameter else None,
        fixed=fixed or (),
    )
    say.out(asdict(made), pretty=True) if json else say.line(made.id)


@tools.command("remove")
def remove(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="api, mcp, workflow or account.")],
    provider: Annotated[str, typer.Argument(help="Its id or name.")],
    json: Json = False,
) -> None:
    """Forget a provider or an account, and its credentials."""
    service = _open(context).tools
    if kind == "account":
        service.accounts.remove(provider)
    else:
        service.remove(kind, provider)
    if json:
        say.out({"removed": provider})


@tools.command("map")
def map_tool(
    context: typer.Context,
    named: Annotated[str, typer.Argument(metavar="PROVIDER/TOOL", help="The tool as files name it.")],
    means: Annotated[str, typer.Argument(metavar="PROVIDER/TOOL", help="The tool it means here.")] = "",
    parameter: Annotated[
        list[str] | None, typer.Option(help="NAME=what the file's parameter NAME is called here.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Forget what it means.")] = False,
    json: Json = False,
) -> None:
    """Say what a tool of files means in this workspace."""
    from engine.ports.outside import ToolIdentity

    services = _open(context)
    provider, _, tool = named.rpartition("/")
    if remove:
        services.tools.remove_alias(provider, tool)
    elif means:
        named_tool = ToolIdentity("", provider, tool, provider)
        services.tools.set_alias(named_tool, _identity(services, means), _pairs(parameter))
    names = services.tools.alias_names()
    rows = [{"named": "/".join(k), **asdict(v), "names": names.get(k, {})} for k, v in services.tools.aliases().items()]
    if json:
        say.out(rows, pretty=True)
    else:
        say.table(rows, [("named", "named"), ("provider_id", "provider"), ("tool_name", "tool")])


@tools.command("missing")
def missing(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="A DSL file.")], json: Json = False
) -> None:
    """The tools that a file names and that are not there. Exit code 1 when there are any."""
    from engine.dsl.read import read

    services = _open(context)
    workflow = read(load(file), name=file.stem).workflow
    if workflow is None:
        raise UserError(f"{file} cannot be imported; see `check`.", code="cli.not_importable")
    rows: list[dict[str, Any]] = [
        {"node_id": m.node_id, "node": m.node_title, **asdict(m.identity), "message": m.message,
         "suggestion": f"{m.suggestion.provider_id}/{m.suggestion.tool_name}" if m.suggestion else ""}
        for m in services.tools.missing(workflow.graph.to_config())
    ]  # fmt: skip
    if json:
        say.out(rows, pretty=True)
    else:
        say.table(
            rows, [("node", "node"), ("provider_id", "provider"), ("tool_name", "tool"), ("suggestion", "nearest")]
        )
    if rows:
        raise typer.Exit(say.FAILED)


def _pairs(items: list[str] | None) -> dict[str, str]:
    found = {}
    for item in items or ():
        name, sign, value = item.partition("=")
        if not sign or not name:
            raise UserError(f"{item!r} must have the form NAME=VALUE.", code="cli.bad_pair")
        found[name] = value
    return found
