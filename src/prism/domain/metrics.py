"""Coupling, size and churn of files on the run graph, and the hotspot rank made of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from prism.domain.facts.runs import Edge, FileMetrics, Graph, in_graph
from prism.domain.history import Churn


class FileSize(NamedTuple):
    """What a file's own bytes say. ``functions`` counts functions, methods and constructors."""

    path: str
    lines: int
    code_lines: int
    complexity: int
    functions: int


def measure(
    sizes: Sequence[FileSize],
    edges: Sequence[Edge],
    *,
    components: Mapping[str, int],
    churn: Mapping[str, Churn] | None,
) -> list[FileMetrics]:
    """Metrics of each file, by path.

    *components* are those of ``code_graph.component_numbers``; *churn* None: there is no history
    that could tell files apart.
    """
    pairs = {(edge.source, edge.target) for edge in edges if in_graph(edge, Graph.RUN)}
    fan_in: dict[str, int] = {}
    fan_out: dict[str, int] = {}
    for source, target in pairs:
        if source != target:
            fan_out[source] = fan_out.get(source, 0) + 1
            fan_in[target] = fan_in.get(target, 0) + 1
    hotspots = {} if churn is None else hotspot_ranks(sizes, churn)
    measured = []
    for size in sorted(sizes):
        into, out = fan_in.get(size.path, 0), fan_out.get(size.path, 0)
        changed = (churn or {}).get(size.path, Churn(0, 0.0))
        measured.append(
            FileMetrics(
                path=size.path,
                lines=size.lines,
                code_lines=size.code_lines,
                complexity=size.complexity,
                functions=size.functions,
                fan_in=into,
                fan_out=out,
                instability=out / (into + out) if into + out else 0.0,
                component=components.get(size.path, 0),
                commits=changed.commits,
                recency_churn=changed.recency,
                hotspot=hotspots.get(size.path, 0),
            )
        )
    return measured


def hotspot_ranks(sizes: Sequence[FileSize], churn: Mapping[str, Churn]) -> dict[str, int]:
    """Path -> 1 for the worst, 2 for the next, …: by the product of the ranks of recency churn and
    of lines; then by lines, then by path.

    Of six rankings this one found most of later bug fixes, by little: .451 of them in the top tenth
    of the files, against .430 for lines alone.
    """
    recency = _ranks({size.path: churn.get(size.path, Churn(0, 0.0)).recency for size in sizes})
    lines = _ranks({size.path: float(size.lines) for size in sizes})
    worst_first = sorted(
        sizes, key=lambda size: (recency[size.path] * lines[size.path], -size.lines, size.path)
    )
    return {size.path: place for place, size in enumerate(worst_first, start=1)}


def _ranks(values: Mapping[str, float]) -> dict[str, int]:
    """1 for the largest value; equal values share the better rank."""
    ranks: dict[str, int] = {}
    last_value, last_rank = None, 0
    for place, (path, value) in enumerate(
        sorted(values.items(), key=lambda item: (-item[1], item[0])), start=1
    ):
        if value != last_value:
            last_value, last_rank = value, place
        ranks[path] = last_rank
    return ranks
