"""Tools as screens, checks and pickers see them: a value of one moment that asks nobody (nodes-ai spec 12, 13)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from engine.ports.outside import ToolDescription, ToolIdentity, ToolParameter
from engine.services.tool_accounts import Account

__all__ = [
    "Account",
    "MissingTool",
    "ToolDescription",
    "ToolGroup",
    "ToolIdentity",
    "ToolSnapshot",
    "agent_row",
    "alias_key",
    "alias_of",
    "aliased",
    "identity_of",
    "identity_of_row",
    "key_of",
    "missing_words",
    "node_data",
    "schemas",
    "tools_of",
]
Kind = Literal["builtin", "api", "workflow", "mcp"]
LIKE_ENOUGH = 0.8


@dataclass(frozen=True)
class ToolGroup:
    """The tools of one provider as screens show them. `note` says what is wrong with it, if anything; `fields` are
    those of an account there, `accounts` the ones that there are, the default one first."""

    kind: Kind
    id: str
    name: str
    description: str
    icon: str
    tools: tuple[ToolDescription, ...]
    note: str = ""
    fields: tuple[ToolParameter, ...] = ()
    accounts: tuple[Account, ...] = ()

    @property
    def needs_account(self) -> bool:
        """Can nothing be called before there is an account?"""
        return not self.accounts and any(f.required for f in self.fields)


@dataclass(frozen=True)
class MissingTool:
    """A tool that a file names and this workspace does not have; `suggestion` is what it could be mapped to.
    `place` is the dotted path of the setting that names it."""

    node_id: str
    node_title: str
    identity: ToolIdentity
    message: str
    suggestion: ToolIdentity | None
    place: str = "tool_name"


@dataclass(frozen=True)
class ToolSnapshot:
    """The tools that there are, and what tools of files mean here."""

    groups: tuple[ToolGroup, ...] = ()
    aliases: Mapping[tuple[str, str], ToolIdentity] = field(default_factory=dict)
    names: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    """What parameters of such tools are called here, where that differs."""

    def find(self, identity: ToolIdentity) -> ToolDescription | None:
        """What a tool takes, by its alias where it has one; None when it is not there."""
        identity = aliased(self.aliases, identity)
        kind = "builtin" if identity.provider_type in ("builtin", "plugin", "") else identity.provider_type
        for group in self._groups(kind, identity):
            for tool in group.tools:
                if kind == "workflow" or tool.identity.tool_name == identity.tool_name:
                    return tool
        return None

    def group(self, identity: ToolIdentity) -> ToolGroup | None:
        """The provider of a tool, by its alias where it has one."""
        found = self.find(identity)
        if found is None:
            return None
        where = found.identity
        return next((g for g in self.groups if (g.kind, g.id) == (where.provider_type, where.provider_id)), None)

    def without_account(self, data: Mapping[str, Any]) -> Iterator[tuple[ToolGroup, str]]:
        """The providers of a node's tools that need an account and have none, with the places that name them."""
        for identity, place in tools_of(data):
            group = self.group(identity)
            if group is not None and group.needs_account:
                yield group, place

    def _groups(self, kind: str, identity: ToolIdentity) -> list[ToolGroup]:
        """The providers that a name may mean: by id; else by name (ids of foreign workspaces say nothing)."""
        groups = [g for g in self.groups if g.kind == kind]
        if kind == "builtin":
            names = [n.strip().rsplit("/", 1)[-1].lower() for n in (identity.provider_id, identity.provider_name)]
            return [g for n in names for g in groups if g.id == n]
        exact = [g for g in groups if g.id == identity.provider_id]
        if kind == "workflow":
            named = [g for g in groups for t in g.tools if identity.tool_name in (t.identity.tool_name, t.label)]
            return exact or named
        names = [n.strip().lower() for n in (identity.provider_name, identity.provider_id) if n]
        return exact or [g for g in groups if g.name.strip().lower() in names]

    def missing_in(self, data: Mapping[str, Any]) -> Iterator[tuple[ToolIdentity, str]]:
        """The tools that a node's settings name and that are not there, with their places."""
        for identity, place in tools_of(data):
            if self.find(identity) is None:
                yield identity, place

    def missing(self, graph: Mapping[str, Any]) -> list[MissingTool]:
        """The tools of a graph config that are not there: of tool nodes, and of agents that would offer them."""
        found = []
        for node in graph.get("nodes", ()):
            data = node.get("data") or {}
            for identity, place in self.missing_in(data):
                title, words = str(data.get("title") or ""), missing_words(identity)
                suggestion = self.suggest(identity)
                found.append(MissingTool(str(node.get("id")), title, identity, words, suggestion, place))
        return found

    def describe(self, identity: ToolIdentity) -> ToolDescription | None:
        """A tool of here by its own name, whatever that name means in files."""
        return ToolSnapshot(self.groups).find(identity)

    def suggest(self, identity: ToolIdentity) -> ToolIdentity | None:
        """The tool that a missing one most likely means: one of its very name, else the nearest by letters."""
        from difflib import SequenceMatcher

        wanted = identity.tool_name.lower()
        words = set(re.split(r"[_\W]+", wanted))
        best, score = None, LIKE_ENOUGH
        for group in self.groups:
            for tool in group.tools:
                name = tool.identity.tool_name.lower()
                likeness = 1.0 if name == wanted else SequenceMatcher(None, name, wanted).ratio()
                if len(words) > 1 and words <= set(re.split(r"[_\W]+", f"{group.id}_{name}")):
                    likeness = max(likeness, 0.9)  # json_parse is parse of json_process
                if likeness > score:
                    best, score = tool.identity, likeness
        return best


def node_data(tool: ToolDescription) -> dict[str, Any]:
    """The settings of a fresh tool node for a tool, as the file format has them."""
    identity = tool.identity
    settings = {
        p.name: {"type": "constant", "value": p.default}
        for p in tool.parameters
        if p.form == "form" and p.default is not None
    }
    found = {
        "provider_id": identity.provider_id,
        "provider_name": identity.provider_name,
        "provider_type": identity.provider_type,
        "tool_name": identity.tool_name,
        "tool_label": tool.label,
        "tool_description": tool.description,
        "tool_configurations": settings,
        "tool_parameters": {},
        "tool_node_version": "2",
        "paramSchemas": schemas(tool),
    }
    return found | ({"output_schema": dict(tool.output_schema)} if tool.output_schema else {})


def schemas(tool: ToolDescription) -> list[dict[str, Any]]:
    """A tool's parameters as files describe them (`paramSchemas`)."""
    return [
        {
            "name": p.name,
            "label": {"en_US": p.label or p.name},
            "human_description": {"en_US": p.description},
            "llm_description": p.description,
            "type": p.type,
            "form": p.form,
            "required": p.required,
            "default": p.default,
            "options": [{"label": {"en_US": o}, "value": o} for o in p.options],
        }
        for p in tool.parameters
    ]


def agent_row(tool: ToolDescription) -> dict[str, Any]:
    """A tool as an agent's list of tools holds it: the model fills its parameters, settings have their defaults."""
    identity = tool.identity
    return {
        "enabled": True,
        "type": identity.provider_type,
        "provider_name": identity.provider_id,
        "provider_show_name": identity.provider_name,
        "tool_name": identity.tool_name,
        "tool_label": tool.label,
        "tool_description": tool.description,
        "extra": {"description": ""},
        "parameters": {p.name: {"auto": 1, "value": None} for p in tool.parameters if p.form == "llm"},
        "settings": {
            p.name: {"value": {"type": "constant", "value": p.default}}
            for p in tool.parameters
            if p.form == "form" and p.default is not None
        },
        "schemas": schemas(tool),
    }


def alias_key(provider: str, tool: str) -> tuple[str, str]:
    """How the table of aliases spells a tool: the last part of the provider's path counts."""
    return provider.strip().rsplit("/", 1)[-1].lower(), tool.strip().lower()


def aliased(aliases: Mapping[tuple[str, str], ToolIdentity], identity: ToolIdentity) -> ToolIdentity:
    """What a tool means here: its alias, or itself. An alias of an alias does not count."""
    return alias_of(aliases, identity) or identity


Kept = TypeVar("Kept")


def alias_of(table: Mapping[tuple[str, str], Kept], identity: ToolIdentity) -> Kept | None:
    """What a table by spellings of tools says of one."""
    for provider in (identity.provider_id, identity.provider_name):
        for tool in (identity.tool_name, "*"):
            found = table.get(alias_key(provider, tool)) if provider else None
            if found is not None:
                return found
    return None


def key_of(identity: ToolIdentity) -> tuple[str, str]:
    """How files name a tool: ids of foreign workspaces say nothing, names do."""
    foreign = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", identity.provider_id or "")
    provider = identity.provider_name if foreign and identity.provider_name else identity.provider_id
    return alias_key(provider or identity.provider_name, identity.tool_name)


def identity_of(data: Mapping[str, Any]) -> ToolIdentity:
    """The tool that a tool node's settings name."""
    names = ("provider_type", "provider_id", "tool_name", "provider_name")
    return ToolIdentity(*(str(data.get(name) or "") for name in names))


def identity_of_row(row: Mapping[str, Any]) -> ToolIdentity:
    """The tool that a row of an agent's list names."""
    provider = str(row.get("provider_name") or row.get("provider_id") or "")
    kind = str(row.get("type") or row.get("provider_type") or "builtin")
    return ToolIdentity(kind, provider, str(row.get("tool_name") or ""), str(row.get("provider_show_name") or provider))


def tools_of(data: Mapping[str, Any]) -> Iterator[tuple[ToolIdentity, str]]:
    """The tools that a node's settings name, with the place of each."""
    if data.get("type") == "tool":
        yield identity_of(data), "tool_name"
    elif data.get("type") == "agent":
        parameters = data.get("agent_parameters")
        entry = parameters.get("tools") if isinstance(parameters, Mapping) else None
        rows = entry.get("value") if isinstance(entry, Mapping) else None
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(row, Mapping) and row.get("enabled"):
                yield identity_of_row(row), f"agent_parameters.tools.value.{index}"


def missing_words(identity: ToolIdentity) -> str:
    """What is said of a tool that is not there."""
    provider = identity.provider_name or identity.provider_id
    return f"The tool {identity.tool_name} of {provider} is not there."
