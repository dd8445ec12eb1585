"""From a workflow to the text of its file: the format's own YAML style, the same bytes every time (dsl spec 13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from engine.dsl.secrets import stripped
from engine.model.workflow import Variable, Workflow

WIDTH = 80
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
    if workflow.kind != "rag_pipeline":
        tree["app"] = workflow.app.to_config()
    if workflow.dependencies is not None:
        tree["dependencies"] = list(workflow.dependencies)
    if workflow.has_graph:
        tree["workflow"] = _block(workflow, with_secrets=with_secrets)
    return tree


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


def _graph(workflow: Workflow, *, with_secrets: bool) -> dict[str, Any]:
    config = workflow.graph.to_config()
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
