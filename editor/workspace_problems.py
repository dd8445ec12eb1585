"""What of a graph means nothing in this workspace: models, knowledge bases, tools and accounts. The checklist of the
format, which needs no workspace, is the engine's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from editor.i18n import ntr, tr
from engine.model.graph import Graph, Node
from engine.model.problems import Problem

if TYPE_CHECKING:
    from editor.context import Studio


def workspace_problems(studio: Studio, graph: Graph, problems: Sequence[Problem]) -> list[Problem]:
    """The warnings; a node's own first problem, which is among `problems`, comes before models and knowledge bases
    (nodes-ai spec 5.14)."""
    busy = {p.node_id for p in problems if p.code.startswith("node.")}
    sound = [n for n in graph.nodes.values() if n.id not in busy and not n.is_note]
    return [*_models(studio, sound), *_knowledge(sound), *_tools(studio, graph.nodes.values())]


def _models(studio: Studio, nodes: Iterable[Node]) -> Iterator[Problem]:
    """Models that mean nothing here."""
    from engine.services.model_names import model_places

    for node in nodes:
        for field, ref in model_places(node.data):
            words = studio.model_problem(ref.provider, ref.name)
            if words:
                yield Problem("warning", "model.unknown", words, node.id, field)


def _knowledge(nodes: Iterable[Node]) -> Iterator[Problem]:
    """Knowledge bases that a file names: a workspace keeps none, so that none of them can be searched (nodes-ai spec
    8.9, AI-12)."""
    for node in nodes:
        ids = node.data.get("dataset_ids") if node.type == "knowledge-retrieval" else None
        if isinstance(ids, list) and ids:
            words = ntr(
                "{n} knowledge base of this step is not in this workspace.",
                "{n} knowledge bases of this step are not in this workspace.",
                len(ids),
            )
            yield Problem("warning", "knowledge.unknown", words, node.id, "dataset_ids")


def _tools(studio: Studio, nodes: Iterable[Node]) -> Iterator[Problem]:
    """Tools that are not there, with what they could mean, and those without an account."""
    for node in nodes:
        for identity, place in studio.tools.missing(node.data):
            suggestion = studio.tools.suggest(identity)
            fixes = ({"tool": identity, "means": suggestion, "node": node.id},) if suggestion is not None else ()
            words = studio.tools.problem(identity)
            yield Problem("warning", "tool.unknown", words, node.id, place, fixes=fixes)
        for group, place in studio.tools.without_account(node.data):
            words = tr("{provider} needs an account. Add one in the settings under Tools.", provider=tr(group.name))
            yield Problem("warning", "tool.no_account", words, node.id, place)
