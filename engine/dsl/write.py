"""From a workflow to the text of its file: the format's own YAML style, the same bytes every time (dsl spec 13)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from engine.dsl.secrets import stripped
from engine.model.graph import Graph
from engine.model.workflow import Variable, Workflow

PLACEHOLDERS = frozenset({"start-placeholder", "datasource-empty"})

WIDTH = 80
LONGEST_NAME = 200
"""Bytes of a file name without its ending; the platforms allow about 255."""
_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{d}{n}" for d in ("COM", "LPT") for n in range(1, 10))})
_OPTIONAL = ("conversation_variables", "environment_variables", "features", "rag_pipeline_variables")


class _Style(yaml.SafeDumper):
    """Block style with sorted keys and no anchors: equal objects are written out each time."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
        return True


def write(
    workflow: Workflow, *, with_secrets: bool = False, version: str | None = None, keep_version: bool = True
) -> str:
    """The file's text. Secret values are left empty unless `with_secrets`; `version` writes another DSL version,
    `keep_version` False the newest that this program writes by default."""
    tree = to_tree(workflow, with_secrets=with_secrets, version=version, keep_version=keep_version)
    return dump(tree)


def dump(tree: Any) -> str:
    """YAML text of plain data in the format's style. Lone surrogates, which UTF-8 cannot hold, are replaced."""
    text: str = yaml.dump(tree, Dumper=_Style, allow_unicode=True, width=WIDTH, sort_keys=True)
    return text.encode("utf-8", "replace").decode("utf-8")


def to_tree(
    workflow: Workflow, *, with_secrets: bool = False, version: str | None = None, keep_version: bool = True
) -> dict[str, Any]:
    """The file as plain data."""
    tree: dict[str, Any] = dict(workflow.payload)
    tree["kind"] = workflow.kind
    tree["version"] = version or (workflow.dsl_version if keep_version else _default_version(workflow))
    if workflow.kind == "rag_pipeline":
        tree["rag_pipeline"] = _pipeline(workflow)
    else:
        tree["app"] = workflow.app.to_config()
    if workflow.dependencies is not None:
        tree["dependencies"] = list(workflow.dependencies)
    if workflow.has_graph:
        tree["workflow"] = _block(workflow, with_secrets=with_secrets)
    return tree


def _pipeline(workflow: Workflow) -> dict[str, Any]:
    """The `rag_pipeline` block with the name and icon that the app has now (dsl spec 9)."""
    block = workflow.payload.get("rag_pipeline")
    config = {k: v for k, v in workflow.app.to_config().items() if k != "mode"}
    return {**(block if isinstance(block, Mapping) else {}), **config}


def file_name(workflow: Workflow) -> str:
    """The name to offer for the file: the app's, with what some platform forbids replaced, `.yml`."""
    name = _FORBIDDEN.sub("_", workflow.app.name).strip(" .")
    if not name or name.split(".")[0].upper() in _DEVICES:
        name = f"workflow_{name}" if name else "workflow"
    while len(name.encode("utf-8")) > LONGEST_NAME:
        name = name[:-1]
    return f"{name.strip(' .')}.yml"


def _default_version(workflow: Workflow) -> str:
    from engine.dsl.versions import CURRENT_APP, CURRENT_PIPELINE, WRITTEN

    if workflow.kind == "rag_pipeline":
        return CURRENT_PIPELINE
    return CURRENT_APP if "agent_packages" in workflow.payload else WRITTEN


def _block(workflow: Workflow, *, with_secrets: bool) -> dict[str, Any]:
    block: dict[str, Any] = dict(workflow.extras)
    values: dict[str, Any] = {
        "conversation_variables": [v.to_config() for v in workflow.conversation_variables],
        "environment_variables": [_environment(v, with_secrets) for v in workflow.environment_variables],
        "features": dict(workflow.features),
        "rag_pipeline_variables": [dict(v) for v in workflow.rag_pipeline_variables],
    }
    for key in _OPTIONAL:
        # A key that the file did not have stays away as long as it has nothing to say.
        if values[key] or workflow.present is None or key in workflow.present:
            block[key] = values[key]
    block["graph"] = _graph(workflow, with_secrets=with_secrets)
    return block


def _environment(variable: Variable, with_secrets: bool) -> dict[str, Any]:
    config = variable.to_config()
    if variable.is_secret and not with_secrets:
        config["value"] = ""
    return config


def _without(graph: Graph, node_ids: list[str]) -> Graph:
    """The graph without the editor's placeholders and what they are connected to (nodes-logic spec 16.2)."""
    if not node_ids:
        return graph
    gone = [e.id for n in node_ids for e in (*graph.out_edges(n), *graph.in_edges(n))]
    return graph.without(node_ids, gone)


def _graph(workflow: Workflow, *, with_secrets: bool) -> dict[str, Any]:
    shown = [n.id for n in workflow.graph.nodes.values() if n.type in PLACEHOLDERS and not n.is_note]
    config = _without(workflow.graph, shown).to_config()
    for node in config["nodes"]:
        node["data"] = stripped(node["data"], with_secrets=with_secrets)
    present = workflow.present
    view: Mapping[str, Any] = {**workflow.viewport_extras, **config["viewport"]}
    if present is not None:
        fresh = {"x": 0, "y": 0, "zoom": 1}
        view = {k: v for k, v in view.items() if f"viewport.{k}" in present or k not in fresh or v != fresh[k]}
    graph: dict[str, Any] = {**workflow.graph_extras, "nodes": config["nodes"], "edges": config["edges"]}
    if view or present is None or "viewport" in present:
        graph["viewport"] = dict(view)
    return graph
