"""The drawing of one graph in layers: which column, which order, which height. Knows boxes and links, no workflow.

After Sugiyama: links that close a circle are left out of account, each node stands one column behind the last of those
before it, long links get a lane of their own in every column they pass, columns are ordered by where their neighbours
stand, and heights follow the middle of the neighbours as far as order and gaps allow.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Place = tuple[float, float]
Size = tuple[float, float]
HEADER = 26.0
"""How far below the top of a box the sockets of its plain input and output sit."""
ROUNDS = 6
"""Times that the order of all columns is looked over in both directions."""
SETTLES = 10


@dataclass(frozen=True, slots=True)
class Link:
    """A connection; `order` is the place of its socket on the source, from the top."""

    source: str
    target: str
    order: int = 0


class Layering:
    """Places one connected graph. `sizes` are the boxes in file order, which decides where nothing else does."""

    def __init__(self, sizes: Mapping[str, Size], links: Iterable[Link], gap_x: float, gap_y: float) -> None:
        self._sizes = dict(sizes)
        self._real = list(sizes)
        self._gap_x, self._gap_y = gap_x, gap_y
        links = sorted(_acyclic(self._real, list(links)), key=lambda link: link.order)
        self._column = _columns(self._real, links)
        self._lanes: set[str] = set()
        self._before: dict[str, list[Link]] = defaultdict(list)
        self._after: dict[str, list[Link]] = defaultdict(list)
        for link in links:
            self._add(link)
        self._rows: list[list[str]] = self._first_order()

    def placed(self) -> tuple[dict[str, Place], Size]:
        """Top left corners from (0, 0) on, and the whole extent."""
        self._reorder()
        heights = self._heights()
        top = min((heights[n] for n in self._real), default=0.0)
        places: dict[str, Place] = {}
        x = width = 0.0
        for row in self._rows:
            cards = [n for n in row if n not in self._lanes]
            for node in cards:
                places[node] = (x, heights[node] - top)
            column = max((self._sizes[n][0] for n in cards), default=0.0)
            width = x + column
            x += column + self._gap_x
        height = max((places[n][1] + self._sizes[n][1] for n in places), default=0.0)
        return places, (width, height)

    # -- lanes -------------------------------------------------------------------------------------------------------

    def _add(self, link: Link) -> None:
        """Take a link in; in every column between its ends it gets a lane."""
        source, order = link.source, link.order
        for column in range(self._column[link.source] + 1, self._column[link.target]):
            lane = f"\0{link.source}\0{link.order}\0{link.target}\0{column}"
            if lane not in self._column:
                self._column[lane] = column
                self._sizes[lane] = (0.0, 0.0)
                self._lanes.add(lane)
                self._join(Link(source, lane, order))
            source, order = lane, 0
        self._join(Link(source, link.target, order))

    def _join(self, link: Link) -> None:
        if link not in self._after[link.source]:
            self._after[link.source].append(link)
            self._before[link.target].append(link)

    # -- order -------------------------------------------------------------------------------------------------------

    def _first_order(self) -> list[list[str]]:
        """Columns in the order of a walk from the entries that takes the upper socket first."""
        rows: list[list[str]] = [[] for _ in range(max(self._column.values(), default=-1) + 1)]
        seen: set[str] = set()
        stack = [n for n in reversed(self._real) if not self._before.get(n)]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            rows[self._column[node]].append(node)
            stack.extend(link.target for link in reversed(self._after.get(node, [])))
        return rows

    def _reorder(self) -> None:
        """Look the columns over from left and from right; keep the order with the fewest crossings."""
        for row_number in range(1, len(self._rows)):
            self._keep_sockets(row_number)
        best, fewest = [list(row) for row in self._rows], self._crossings()
        for _ in range(ROUNDS):
            if not fewest:
                break
            for number in range(1, len(self._rows)):
                self._sort(number, self._before, number - 1)
                self._keep_sockets(number)
            for number in range(len(self._rows) - 2, -1, -1):
                self._sort(number, self._after, number + 1)
                if number:
                    self._keep_sockets(number)
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(row) for row in self._rows], crossings
        self._rows = best

    def _sort(self, number: int, links: Mapping[str, list[Link]], other: int) -> None:
        """Order one column by the average place of the neighbours in the other."""
        place = {node: index for index, node in enumerate(self._rows[other])}
        forward = other < number
        row = self._rows[number]
        wish: dict[str, float] = {}
        for index, node in enumerate(row):
            near = []
            for link in links.get(node, ()):
                end = link.source if forward else link.target
                step = (link.order + 1) / (len(self._after[end]) + link.order + 2) if forward else 0.0
                near.append(place[end] + step)
            wish[node] = sum(near) / len(near) if near else float(index)
        row.sort(key=wish.__getitem__)

    def _keep_sockets(self, number: int) -> None:
        """What follows one node stands in the order of its sockets, in the slots that it has."""
        row = self._rows[number]
        slot = {node: index for index, node in enumerate(row)}
        for source in reversed(self._rows[number - 1]):
            links = self._after.get(source, [])
            if len({link.order for link in links}) < 2:
                continue
            targets = list(dict.fromkeys(link.target for link in links))
            for index, node in zip(sorted(slot[t] for t in targets), targets, strict=True):
                row[index] = node
                slot[node] = index

    def _crossings(self) -> int:
        """How many pairs of links cross, all columns together."""
        count = 0
        for number in range(len(self._rows) - 1):
            place = {node: index for index, node in enumerate(self._rows[number + 1])}
            passed: list[int] = []
            for node in self._rows[number]:
                ends = [place[link.target] for link in self._after.get(node, ())]
                for end in ends:
                    count += len(passed) - bisect_right(passed, end)
                for end in ends:
                    insort(passed, end)
        return count

    # -- heights -----------------------------------------------------------------------------------------------------

    def _gap(self, upper: str, lower: str) -> float:
        """Least distance between two neighbours of a column; lanes of lines need half."""
        return self._gap_y / 2 if upper in self._lanes or lower in self._lanes else self._gap_y

    def _heights(self) -> dict[str, float]:
        y: dict[str, float] = {}
        for row in self._rows:
            top = 0.0
            for index, node in enumerate(row):
                top += self._gap(row[index - 1], node) if index else 0.0
                y[node] = top
                top += self._sizes[node][1]
        numbers = range(len(self._rows))
        for step in range(SETTLES):
            back = step % 2 == 1
            for number in reversed(numbers) if back else numbers:
                self._settle(self._rows[number], y, back=back)
        return {node: float(round(value)) for node, value in y.items()}

    def _settle(self, row: Sequence[str], y: dict[str, float], *, back: bool) -> None:
        """Move a column's boxes level with their neighbours, keeping order and gaps: those that would meet move
        as one block to the average of what they wish (pool adjacent violators)."""
        offsets: list[float] = []
        blocks: list[tuple[float, int]] = []  # wish and count, in a scale without heights and gaps
        offset = 0.0
        for index, node in enumerate(row):
            if index:
                offset += self._sizes[row[index - 1]][1] + self._gap(row[index - 1], node)
            offsets.append(offset)
            wish, count = self._wish(node, y, back=back) - offset, 1
            while blocks and blocks[-1][0] > wish:
                above, number = blocks.pop()
                wish = (above * number + wish * count) / (number + count)
                count += number
            blocks.append((wish, count))
        position = 0
        for wish, count in blocks:
            for index in range(position, position + count):
                y[row[index]] = wish + offsets[index]
            position += count

    def _wish(self, node: str, y: Mapping[str, float], *, back: bool) -> float:
        ends = (
            [link.target for link in self._after.get(node, ())]
            if back
            else [link.source for link in self._before.get(node, ())]
        )
        if not ends:
            return y[node]
        wanted = sum(y[end] + self._anchor(end, leaves=not back) for end in ends) / len(ends)
        return wanted - self._anchor(node, leaves=back)

    def _anchor(self, node: str, *, leaves: bool) -> float:
        """Where on a box's side its lines count from: at the header, so that a chain of boxes of different heights is
        a straight line; in the middle where lines leave from several sockets."""
        height = self._sizes[node][1]
        several = leaves and len({link.order for link in self._after.get(node, ())}) > 1
        return height / 2 if several else min(HEADER, height / 2)


def _acyclic(nodes: Sequence[str], links: list[Link]) -> list[Link]:
    """The links without those that close a circle, found in file order from the entries on."""
    after: dict[str, list[Link]] = defaultdict(list)
    entered = set()
    for link in links:
        after[link.source].append(link)
        entered.add(link.target)
    state: dict[str, int] = {}
    closing: set[Link] = set()
    for root in (*(n for n in nodes if n not in entered), *nodes):
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(after[root]))]
        while stack:
            node, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                state[node] = 2
                stack.pop()
            elif state.get(following.target) == 1:
                closing.add(following)
            elif following.target not in state:
                state[following.target] = 1
                stack.append((following.target, iter(after[following.target])))
    return [link for link in links if link not in closing]


def _columns(nodes: Sequence[str], links: Iterable[Link]) -> dict[str, int]:
    """One column behind the last node before; entries beside the first stand just before what they lead to."""
    after: dict[str, list[str]] = defaultdict(list)
    waiting = dict.fromkeys(nodes, 0)
    for link in links:
        after[link.source].append(link.target)
        waiting[link.target] += 1
    entries = [n for n in nodes if not waiting[n]]
    column = dict.fromkeys(nodes, 0)
    ready = list(entries)
    for node in ready:
        for target in after[node]:
            column[target] = max(column[target], column[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for node in entries[1:]:
        if after[node]:
            column[node] = min(column[target] for target in after[node]) - 1
    return column
