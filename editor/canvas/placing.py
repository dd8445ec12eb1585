"""Where new and pasted nodes go: the numbers of the editor inventory (C8, C9, C21). Pure functions over the scene."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from editor.canvas import metrics as m
from editor.canvas.index import Box
from editor.canvas.scene import CanvasScene

Place = tuple[float, float]
USUAL = (m.CARD_WIDTH, 110.0)
"""Width and height of a card whose type is not known yet."""


def after(scene: CanvasScene, source: str, size: tuple[float, float] = USUAL) -> Place:
    """Right of the source with a gap of 60; below the lowest branch that is already there with a gap of 39. What is
    `size` wide and high overlaps nothing there."""
    graph = scene.graph
    box = scene.items[source].box
    x, y = box.right + m.GAP_NEXT, box.top
    if graph is not None:
        branches = [scene.items[e.target].box for e in graph.out_edges(source) if e.target in scene.items]
        if branches:
            lowest = max(branches, key=lambda branch: branch.bottom)
            x, y = lowest.left, lowest.bottom + m.GAP_BRANCH
    return free_below(scene, x, y, size[1], width=size[0], within=scene.items[source].parent)


def free_below(
    scene: CanvasScene,
    x: float,
    y: float,
    height: float = USUAL[1],
    *,
    width: float = m.CARD_WIDTH,
    but: Sequence[str] = (),
    within: str | None = None,
) -> Place:
    """The place, moved down until what is to stand there overlaps nothing but some nodes that will move away, and the
    container that it stands in, which grows."""
    leaving, around = set(but), set()
    while within is not None and within in scene.items:
        around.add(within)
        within = scene.items[within].parent
    for _ in range(200):
        wanted = Box(x, y, x + width, y + height)
        hit = [item for item in scene.in_area(wanted) if item.kind in ("card", "start", "room")]
        hit = [i for i in hit if i.id not in leaving and i.parent not in leaving and i.id not in around]
        hit = [item for item in hit if not (item.kind == "room" and item.box.covers(wanted))]
        if not hit:
            break
        y = max(item.box.bottom for item in hit) + m.GAP_BRANCH
    return x, y


def downstream(scene: CanvasScene, first: str) -> list[str]:
    """`first` and every node that comes after it on the same level."""
    graph = scene.graph
    if graph is None:
        return []
    found: dict[str, None] = {}
    waiting = [first]
    while waiting:
        node_id = waiting.pop()
        if node_id in found or node_id not in graph.nodes:
            continue
        found[node_id] = None
        waiting.extend(edge.target for edge in graph.out_edges(node_id))
    return list(found)


def aligned(scene: CanvasScene, node_ids: list[str], kind: str) -> dict[str, Place]:
    """Absolute places after aligning: `left`, `center`, `right`, `top`, `middle`, `bottom`."""
    boxes = {node_id: scene.items[node_id].box for node_id in node_ids}
    left, right = min(b.left for b in boxes.values()), max(b.right for b in boxes.values())
    top, bottom = min(b.top for b in boxes.values()), max(b.bottom for b in boxes.values())
    places: dict[str, Place] = {}
    for node_id, box in boxes.items():
        x = {"left": left, "center": (left + right - box.width) / 2, "right": right - box.width}.get(kind, box.left)
        y = {"top": top, "middle": (top + bottom - box.height) / 2, "bottom": bottom - box.height}.get(kind, box.top)
        places[node_id] = (round(x), round(y))
    return places


def distributed(scene: CanvasScene, node_ids: list[str], kind: str) -> dict[str, Place]:
    """Absolute places with equal gaps between neighbours, `horizontal` or `vertical`; empty when there is no room."""
    if len(node_ids) < 3:
        return {}
    across = kind == "horizontal"
    boxes = sorted(
        ((node_id, scene.items[node_id].box) for node_id in node_ids),
        key=lambda entry: entry[1].left if across else entry[1].top,
    )
    first, last = boxes[0][1], boxes[-1][1]
    span = (last.right - first.left) if across else (last.bottom - first.top)
    taken = sum(box.width if across else box.height for _, box in boxes)
    gap = (span - taken) / (len(boxes) - 1)
    if gap < 0:
        return {}
    places: dict[str, Place] = {}
    at = first.left if across else first.top
    for node_id, box in boxes:
        places[node_id] = (round(at), box.top) if across else (box.left, round(at))
        at += (box.width if across else box.height) + gap
    return places


def can_distribute(scene: CanvasScene, node_ids: Iterable[str], kind: str) -> bool:
    """Whether spacing evenly would do something sensible."""
    return bool(distributed(scene, [n for n in node_ids if n in scene.items], kind))
