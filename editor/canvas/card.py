"""What a card shows for a node: title, body rows, sockets, retry and error lines. A pure function of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from editor.canvas import metrics as m
from editor.canvas.bodies import BODIES, unknown
from editor.canvas.content import CardContent, Part, Row, Socket
from editor.canvas.reading import Naming, first_line, mapping_of, text_of
from editor.i18n import ntr, tr
from engine.model.containers import TRIGGER_TYPES
from engine.nodes import registry
from engine.nodes.spec import SOURCE

if TYPE_CHECKING:
    from editor.canvas.runview import NodeRun
    from engine.model.graph import Graph, Node
    from engine.nodes.spec import HandleSpec, NodeSpec

STREAMING = frozenset({"llm", "answer", "agent"})
_COMPACT_STARTS = frozenset({"iteration-start", "loop-start"})


def card_content(
    node: Node, graph: Graph, spec: NodeSpec | None, lacks: Mapping[str, str] | None = None
) -> CardContent:
    """Everything the card of `node` shows when nothing is running; never raises for odd data. `lacks` says what this
    workspace has not: places of the node's settings and the codes of their problems."""
    if node.is_note:
        return CardContent(title=tr("Note"), type_name=tr("Note"), icon="note", family="note", has_input=False)
    naming = Naming(graph, lacks)
    data: Mapping[str, Any] = node.data
    rows = _limited(BODIES.get(registry.canonical(node.type), unknown)(data, naming))
    retry = _retry_row(data)
    if retry is not None:
        rows.append(retry)
    handles = _handles(spec, data)
    rows += _error_rows(data, handles)
    description = first_line(text_of(data, "desc"))
    if description and len(rows) < 3:
        rows.append(Row((Part("text", description, tone="faint"),)))
    rows, sockets = _sockets(rows, handles)
    if rows and node.type in _COMPACT_STARTS:
        rows = []
    return CardContent(
        title=node.title or (tr(spec.title) if spec else node.type or tr("Unknown")),
        type_name=tr(spec.title) if spec else node.type,
        icon=spec.icon if spec else "unknown",
        family=spec.family if spec else "unknown",
        rows=tuple(rows),
        sockets=tuple(sockets),
        has_input=spec.has_input if spec else True,
        unknown=spec is None,
        disabled=bool(data.get("disabled")),
        streams=node.type in STREAMING,
        refs=frozenset(naming.refs),
        badge=_badge(node.type),
    )


def _badge(node_type: str) -> str:
    if node_type in TRIGGER_TYPES:
        return tr("TRIGGER")
    return tr("START") if node_type in ("start", "start-placeholder") else ""


def _limited(rows: list[Row]) -> list[Row]:
    """At most MAX_ROWS rows besides those with sockets, which always show."""
    free = m.MAX_ROWS
    kept: list[Row] = []
    left_out = 0
    for row in rows:
        if row.handle is None:
            if free <= 0:
                left_out += 1
                continue
            free -= 1
        kept.append(row)
    if left_out:
        kept.append(Row((Part("text", ntr("and {n} more line", "and {n} more lines", left_out), tone="faint"),)))
    return kept


def _retry_row(data: Mapping[str, Any]) -> Row | None:
    retry = mapping_of(data, "retry_config")
    if not (retry.get("retry_enabled") or retry.get("enabled")):
        return None
    times = retry.get("max_retries")
    if not isinstance(times, int) or times < 1:
        return None
    return Row(
        (Part("text", ntr("Tries once more on failure", "Tries {n} more times on failure", times), icon="retry"),)
    )


def with_retry(content: CardContent, node: Node, run: NodeRun | None) -> CardContent:
    """The card with what a run says of trying again in place of the setting."""
    usual = _retry_row(node.data)
    if usual is None:
        return content
    words, tone = run.retry_words if run is not None else ("", "muted")
    line = replace(usual, parts=(replace(usual.parts[0], text=words, tone=tone),)) if words else usual
    rows = tuple(line if row.parts and row.parts[0].icon == "retry" else row for row in content.rows)
    return content if rows == content.rows else replace(content, rows=rows)


def _error_rows(data: Mapping[str, Any], handles: tuple[HandleSpec, ...]) -> list[Row]:
    strategy = text_of(data, "error_strategy")
    if strategy == "default-value":
        return [Row((Part("text", tr("On failure: default value"), icon="status-exception"),))]
    fail = next((handle for handle in handles if handle.kind == "fail"), None)
    if fail is None:
        return []
    return [Row((Part("text", tr("On failure"), icon="status-exception"),), m.ROW_CHIP, handle=fail.id, tone="fail")]


def _handles(spec: NodeSpec | None, data: Mapping[str, Any]) -> tuple[HandleSpec, ...]:
    if spec is None:
        return SOURCE
    return tuple(spec.handles(data))


def _sockets(rows: list[Row], handles: tuple[HandleSpec, ...]) -> tuple[list[Row], list[Socket]]:
    """Gives every handle its place: its row, the header for the plain output, or a row of its own."""
    known = {handle.id: handle for handle in handles}
    result: list[Row] = []
    taken: dict[str, int] = {}
    for row in rows:
        kept = row
        if row.handle is not None:
            if row.handle not in known or row.handle in taken:
                kept = replace(row, handle=None)
            else:
                taken[row.handle] = len(result)
        result.append(kept)
    sockets = []
    for handle in handles:
        row_index = taken.get(handle.id, -1)
        if row_index < 0 and handle.kind != "source":
            row_index = len(result)
            # What people name keeps its name; ids like these are the program's, and so are their words.
            words = tr(handle.label) if handle.id.startswith("__") else handle.label or handle.id
            result.append(Row((Part("text", words, tone="text"),), m.ROW_CHIP, handle=handle.id))
        sockets.append(Socket(handle.id, _spoken(handle, result, row_index), row_index, handle.kind == "fail"))
    return result, sockets


def _spoken(handle: HandleSpec, rows: list[Row], index: int) -> str:
    if handle.label:
        return tr(handle.label)
    if index < 0:
        return ""
    return " ".join(part.text for part in rows[index].parts if part.text)
