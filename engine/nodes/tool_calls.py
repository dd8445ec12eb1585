"""Finding and calling a tool, whichever kind it is: the workspace's own tools, or another workflow (nodes-ai 12.6)."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from engine.nodes.base import NodeContext
from engine.nodes.llm_config import AiProblem
from engine.ports.outside import PortError, ToolDescription, ToolIdentity, ToolMessage
from engine.ports.workflows import ParentRun, WorkflowRunner
from engine.run.variables.files import File, is_file_mapping, revive
from engine.run.variables.segments import plain

OUTPUT_NAMES_TAKEN = ("text", "json", "files")


def _runner(ctx: NodeContext) -> WorkflowRunner | None:
    found: WorkflowRunner | None = ctx.ports.extras.get("workflow_runner")
    return found


def label_of(identity: ToolIdentity) -> str:
    """The tool as a person would name it."""
    return f"{identity.provider_name or identity.provider_id}/{identity.tool_name}"


def meant(ctx: NodeContext, identity: ToolIdentity) -> ToolIdentity:
    """What a tool of a file means in this workspace: another one where the workspace's table says so."""
    choose = ctx.ports.extras.get("tool_aliases")
    found: ToolIdentity = choose(identity) if choose is not None else identity
    return found


async def find_tool(ctx: NodeContext, identity: ToolIdentity) -> ToolDescription:
    """What the tool takes. Raises AiProblem `ToolRuntimeResolutionError`."""
    named, identity = identity, meant(ctx, identity)
    try:
        found = None
        if identity.provider_type == "workflow":
            runner = _runner(ctx)
            found = await runner.describe(identity) if runner is not None else None
        elif ctx.ports.tools is not None:
            found = await ctx.ports.tools.find(identity)
    except PortError as problem:
        raise _missing(str(problem)) from problem
    if found is None:
        means = f", which {label_of(named)} means here," if named != identity else ""
        raise _missing(
            f"there is no tool {label_of(identity)} ({identity.provider_type}){means} in this workspace;"
            " connect one in the settings under Tools"
        )
    return found


def _missing(text: str) -> AiProblem:
    return AiProblem("ToolRuntimeResolutionError", f"Failed to get tool runtime: {text}")


def call_tool(
    ctx: NodeContext,
    identity: ToolIdentity,
    parameters: Mapping[str, Any],
    settings: Mapping[str, Any],
    credential: str = "",
) -> AsyncIterator[ToolMessage]:
    """The messages of one call. Raises PortError or AiProblem while they come."""
    identity = meant(ctx, identity)
    if identity.provider_type == "workflow":
        return _call_workflow(ctx, identity, {**settings, **parameters})
    assert ctx.ports.tools is not None
    return ctx.ports.tools.call(identity, parameters, settings, credential)


async def _call_workflow(
    ctx: NodeContext, identity: ToolIdentity, inputs: Mapping[str, Any]
) -> AsyncGenerator[ToolMessage, None]:
    runner = _runner(ctx)
    assert runner is not None
    depth = int(ctx.run.get("call_depth") or 0) + 1
    if depth > ctx.limits.max_call_depth:
        most = ctx.limits.max_call_depth
        words = f"{label_of(identity)} is not called: workflows call each other more than {most} deep."
        raise PortError("CallDepth", words, hint="Does it call itself, or another one that calls it?")
    parent = ParentRun(
        str(ctx.run.get("run_id") or ""), ctx.node_id, ctx.execution_id, depth, str(ctx.run.get("user_id") or "")
    )
    outcome = await runner.run(identity, inputs, parent)
    yield ToolMessage("child_run", outcome.run_id)
    if outcome.usage is not None:
        yield ToolMessage("usage", outcome.usage)
    if outcome.status == "paused":
        raise PortError("WorkflowPaused", "A workflow that is used as a tool cannot wait for a person.")
    if outcome.status not in ("succeeded", "partial-succeeded"):
        raise PortError("WorkflowFailed", outcome.error or f"The workflow ended as {outcome.status}.")
    outputs = revive(dict(outcome.outputs))
    for name, value in outputs.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, File) or is_file_mapping(item):
                yield ToolMessage("file", item)
        if name not in OUTPUT_NAMES_TAKEN:
            yield ToolMessage("variable", value, {"name": name})
    yield ToolMessage("text", json.dumps(plain(outputs), ensure_ascii=False))
    yield ToolMessage("json", plain(outputs), {"suppress": True})
