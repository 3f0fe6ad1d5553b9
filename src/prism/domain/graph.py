"""Directed graphs on plain ints: components, orders, reachability and shortest cycles.

A graph is its adjacency: ``successors[i]`` lists the nodes that node ``i`` points at. Nothing here
recurses, and every result is a function of the adjacency alone (the order inside a row included),
so whoever numbers nodes by name and sorts the rows gets the same answer every time.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

Successors = Sequence[Sequence[int]]

#: Columns of the reachability matrix that are held at once: 50,000 rows of these are about 50 MB.
_COLUMNS_MAX = 8192


class Condensation(NamedTuple):
    """The graph of strongly connected components.

    ``components[c]`` are the nodes of component ``c``, ``member_of[i]`` the component of node
    ``i``, ``successors[c]`` the other components that ``c`` points at, sorted; all of them have
    smaller numbers than ``c``.
    """

    components: list[list[int]]
    member_of: list[int]
    successors: list[list[int]]


def from_edges(nodes: int, edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Adjacency of *nodes* nodes: sorted rows, parallel edges once."""
    rows: list[set[int]] = [set() for _ in range(nodes)]
    for source, target in edges:
        rows[source].add(target)
    return [sorted(row) for row in rows]


def strongly_connected(successors: Successors) -> list[list[int]]:
    """Strongly connected components, each sorted; a component comes after all that it points at.

    Tarjan 1972 with an explicit stack; O(nodes + edges).
    """
    count = len(successors)
    index = [0] * count  # 1-based order of discovery; 0: not seen
    low = [0] * count
    on_stack = bytearray(count)
    stack: list[int] = []
    components: list[list[int]] = []
    discovered = 0
    for root in range(count):
        if index[root]:
            continue
        work = [(root, 0)]
        while work:
            node, place = work.pop()
            if place == 0:
                discovered += 1
                index[node] = low[node] = discovered
                stack.append(node)
                on_stack[node] = 1
            row = successors[node]
            while place < len(row):
                child = row[place]
                place += 1
                if not index[child]:
                    work.append((node, place))
                    work.append((child, 0))
                    break
                if on_stack[child]:
                    low[node] = min(low[node], index[child])
            else:
                if low[node] == index[node]:
                    components.append(_pop_component(stack, on_stack, node))
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
    return components


def _pop_component(stack: list[int], on_stack: bytearray, root: int) -> list[int]:
    component: list[int] = []
    while True:
        member = stack.pop()
        on_stack[member] = 0
        component.append(member)
        if member == root:
            return sorted(component)


def cyclic_components(successors: Successors) -> list[list[int]]:
    """The components of two or more nodes, the largest first, then by their first node."""
    found = [component for component in strongly_connected(successors) if len(component) > 1]
    return sorted(found, key=lambda component: (-len(component), component[0]))


def condense(successors: Successors) -> Condensation:
    components = strongly_connected(successors)
    member_of = [0] * len(successors)
    for number, component in enumerate(components):
        for node in component:
            member_of[node] = number
    rows = [
        sorted({member_of[child] for node in component for child in successors[node]} - {number})
        for number, component in enumerate(components)
    ]
    return Condensation(components, member_of, rows)


def topological_order(successors: Successors) -> list[int]:
    """Every node before what it points at; among those that are free, the smallest number first.

    Raises ValueError when the graph has a cycle (a loop from a node to itself is one).
    """
    incoming = [0] * len(successors)
    for row in successors:
        for child in row:
            incoming[child] += 1
    free = [node for node, count in enumerate(incoming) if count == 0]
    heapify(free)
    order: list[int] = []
    while free:
        node = heappop(free)
        order.append(node)
        for child in successors[node]:
            incoming[child] -= 1
            if incoming[child] == 0:
                heappush(free, child)
    if len(order) < len(successors):
        raise ValueError(f"{len(successors) - len(order)} nodes are on or behind a cycle")
    return order


def is_acyclic(successors: Successors) -> bool:
    """No cycle, loops from a node to itself included."""
    try:
        topological_order(successors)
    except ValueError:
        return False
    return True


def reachable_pairs(successors: Successors) -> int:
    """Number of pairs (i, j) with a path of zero or more edges from i to j.

    Bitset closure over the condensation, in blocks of columns so that memory stays bounded.
    """
    components, _, rows = condense(successors)
    sizes = [len(component) for component in components]
    starts = _starts(sizes)
    total = 0
    for low in range(0, len(successors), _COLUMNS_MAX):
        high = min(low + _COLUMNS_MAX, len(successors))
        reach: list[int] = []
        for number, row in enumerate(rows):
            first = max(starts[number], low) - low
            last = min(starts[number] + sizes[number], high) - low
            bits = ((1 << (last - first)) - 1) << first if last > first else 0
            for child in row:
                bits |= reach[child]
            reach.append(bits)
            total += bits.bit_count() * sizes[number]
    return total


def _starts(sizes: Sequence[int]) -> list[int]:
    """Where each component's columns begin when they stand side by side."""
    starts: list[int] = []
    place = 0
    for size in sizes:
        starts.append(place)
        place += size
    return starts


def propagation_cost(successors: Successors) -> float:
    """|{(i, j): j reachable from i, i = j included}| / n² (MacCormack, Rusnak, Baldwin 2006).

    0.0 for an empty graph, 1/n for n isolated nodes, 1.0 for one component of all nodes.
    """
    count = len(successors)
    return reachable_pairs(successors) / (count * count) if count else 0.0


def shortest_path(successors: Successors, start: int, goal: int) -> list[int] | None:
    """Nodes of a shortest path, both ends included, by breadth first search; None: there is none.

    Among equally short ones the one found first in the order of the rows.
    """
    came_from = {start: start}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        if node == goal:
            return _walk_back(came_from, start, goal)
        for child in successors[node]:
            if child not in came_from:
                came_from[child] = node
                waiting.append(child)
    return None


def _walk_back(came_from: dict[int, int], start: int, goal: int) -> list[int]:
    path = [goal]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]


def shortest_cycle_through(successors: Successors, source: int, target: int) -> list[int] | None:
    """Nodes of a shortest cycle over the edge source -> target, beginning with *source*.

    The cycle goes from the last node back to the first. None when no path leads from *target* back.
    """
    if source == target:
        return [source]
    back = shortest_path(successors, target, source)
    return None if back is None else [source, *back[:-1]]
