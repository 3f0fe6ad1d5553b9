"""Lower bounds for hitting sets: Lagrangian relaxation by subgradient steps, in exact integers.

The problem: columns with weights, rows of columns; choose columns of least weight so that every row
holds a chosen one. For any multipliers u >= 0 of the rows

    L(u) = sum of u + sum over columns of min(0, weight - sum of u over the column's rows)

is at most the optimum (Held & Karp 1971; Beasley 1990 for covering). Multipliers are integers in
units of 1 / SCALE, so a bound is proven by arithmetic that rounds nowhere, on every machine alike.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

SCALE = 1 << 20
Row = tuple[int, ...]

_THETA = 1 << 10  # the step length's factor is a multiple of 1 / this
_STALLS_MAX = 8
#: A column whose reduced cost is about zero is not free: it still costs a little per row.
_CHEAP = SCALE >> 8


class Bound(NamedTuple):
    """``value`` and ``reduced`` costs in units of 1 / SCALE; ``multipliers`` by row."""

    value: int
    multipliers: list[int]
    reduced: dict[int, int]
    #: How often a column was chosen in the relaxed problems, of 1: close to the linear optimum.
    share: dict[int, float]


def whole(value: int) -> int:
    """The least whole weight that is not below *value* / SCALE."""
    return -(-value // SCALE)


def ascend(
    rows: Sequence[Row],
    weights: Mapping[int, int],
    start: Sequence[int],
    *,
    upper: int,
    steps: int,
) -> Bound:
    """The best bound of up to *steps* subgradient steps (Polyak's length) from *start*.

    *upper* is the weight of a known hitting set. Stops early when the bound reaches it.
    """
    columns = sorted({column for row in rows for column in row})
    share = dict.fromkeys(columns, 0.0)
    multipliers = list(start)
    best = Bound(-1, multipliers, {}, share)
    theta, stalls = _THETA, 0
    for _ in range(steps):
        reduced = _reduced(rows, weights, columns, multipliers)
        value = sum(multipliers) + sum(cost for cost in reduced.values() if cost < 0)
        if value > best.value:
            stalls = 0 if value > best.value + (SCALE >> 10) else stalls + 1
            best = Bound(value, multipliers, reduced, share)
        else:
            stalls += 1
        if stalls > _STALLS_MAX:
            theta, stalls = theta // 2, 0
            multipliers, reduced = best.multipliers, best.reduced
        chosen = {column for column, cost in reduced.items() if cost < 0}
        for column in columns:
            share[column] += 0.1 * ((column in chosen) - share[column])
        missing = [1 - sum(map(chosen.__contains__, row)) for row in rows]
        norm = sum(lack * lack for lack in missing)
        if norm == 0 or theta == 0 or whole(best.value) >= upper:
            break
        step = theta * max(upper * SCALE - value, SCALE >> 4) // (_THETA * norm)
        multipliers = [
            max(0, old + step * lack) for old, lack in zip(multipliers, missing, strict=True)
        ]
    return best


def _reduced(
    rows: Sequence[Row],
    weights: Mapping[int, int],
    columns: Sequence[int],
    multipliers: Sequence[int],
) -> dict[int, int]:
    reduced = {column: weights[column] * SCALE for column in columns}
    for row, multiplier in zip(rows, multipliers, strict=True):
        if multiplier:
            for column in row:
                reduced[column] -= multiplier
    return reduced


def greedy(rows: Sequence[Row], weights: Mapping[int, int], reduced: Mapping[int, int]) -> set[int]:
    """A hitting set led by reduced costs: columns of negative cost, then the cheapest per row hit,
    then without the superfluous ones. Ties by column."""
    chosen = {column for column, cost in reduced.items() if cost <= 0}
    rows_of: dict[int, list[int]] = {}
    for number, row in enumerate(rows):
        for column in row:
            rows_of.setdefault(column, []).append(number)
    open_rows = {number for number, row in enumerate(rows) if chosen.isdisjoint(row)}
    while open_rows:
        counts: dict[int, int] = {}
        for number in open_rows:
            for column in rows[number]:
                counts[column] = counts.get(column, 0) + 1
        column = min(
            counts,
            key=lambda column: (max(reduced[column], _CHEAP) // counts[column], column),
        )
        chosen.add(column)
        open_rows.difference_update(rows_of[column])
    hits = [sum(map(chosen.__contains__, row)) for row in rows]
    for column in sorted(chosen, key=lambda column: (-weights[column], -reduced[column], column)):
        if all(hits[number] > 1 for number in rows_of[column]):
            chosen.discard(column)
            for number in rows_of[column]:
                hits[number] -= 1
    return chosen


def without_implied(rows: Mapping[Row, int]) -> dict[Row, int]:
    """Rows with their multipliers, less those that contain another row: hitting that one hits them.

    The multiplier of a row that goes is added to the row it contains, which never lowers L.
    """
    counts = Counter(column for row in rows for column in row)
    kept: dict[Row, int] = {}
    by_column: dict[int, list[Row]] = {}  # kept rows by their rarest column
    for row in sorted(rows, key=lambda row: (len(row), row)):
        inside = set(row)
        smaller = next(
            (
                other
                for column in row
                for other in by_column.get(column, ())
                if inside.issuperset(other)
            ),
            None,
        )
        if smaller is None:
            kept[row] = rows[row]
            rarest = min(row, key=lambda column: (counts[column], column))
            by_column.setdefault(rarest, []).append(row)
        else:
            kept[smaller] += rows[row]
    return kept
