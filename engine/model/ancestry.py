"""Who stands before whom: for every node of a graph, which marks can be met on the ways that lead to it.

A plain algorithm over ids, for graphs of any size and with circles too; what "before" means is up to the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def groups_in_order(before: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """The ids in groups, each group after all that stand before it. Ids on one circle are one group."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_ids: list[str] = []
    done: set[str] = set()
    for root in before:
        if root in number:
            continue
        number[root] = lowest[root] = len(number)
        open_ids.append(root)
        stack = [(root, iter(before[root]))]
        while stack:
            current, rest = stack[-1]
            for other in rest:
                if other not in before or other in done:
                    continue
                if other not in number:
                    number[other] = lowest[other] = len(number)
                    open_ids.append(other)
                    stack.append((other, iter(before[other])))
                    break
                lowest[current] = min(lowest[current], number[other])
            else:
                stack.pop()
                if stack:
                    above = stack[-1][0]
                    lowest[above] = min(lowest[above], lowest[current])
                if lowest[current] == number[current]:
                    at = len(open_ids) - 1
                    while open_ids[at] != current:
                        at -= 1
                    group = open_ids[at:]
                    del open_ids[at:]
                    done.update(group)
                    yield group


def marks_before(before: Mapping[str, Sequence[str]], marks: Mapping[str, int]) -> dict[str, int]:
    """The marks (bits of an integer) of everything that stands before each id: its own are among them only when it
    stands on a circle."""
    met: dict[str, int] = {}
    for group in groups_in_order(before):
        found = 0
        inside = set(group)
        for node_id in group:
            for other in before[node_id]:
                if other not in inside:
                    found |= met.get(other, 0) | marks.get(other, 0)
        if len(group) > 1 or group[0] in before[group[0]]:
            for node_id in group:
                found |= marks.get(node_id, 0)
        for node_id in group:
            met[node_id] = found
    return met
