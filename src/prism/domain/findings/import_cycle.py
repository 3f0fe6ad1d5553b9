"""Rule ``import-cycle``: production files that import each other in a circle (run graph)."""

from collections.abc import Mapping, Sequence

from prism.domain import graph
from prism.domain.code_graph import Arc, CodeGraph, Component, code_graph
from prism.domain.cuts import FACADE_BOUND, PROVEN
from prism.domain.facts.runs import CutEdge, CutSummary, Graph
from prism.domain.findings.basis import Basis, basis_of, counted, percent
from prism.domain.findings.model import Evidence, Finding, Material, Severity, fingerprint
from prism.domain.values import Json

CODE = "import-cycle"

_LARGE = 10


def check(material: Material) -> list[Finding]:
    """One finding per strongly connected component of two files or more.

    Its anchor is its first path. Evidence: the imports that the run's cut removes, or one shortest
    cycle where no cut was computed.
    """
    code = code_graph(material.files, material.edges, Graph.RUN)
    cut_edges: dict[int, list[CutEdge]] = {}
    for edge in material.cut_edges:
        cut_edges.setdefault(edge.component, []).append(edge)
    summaries = {summary.component: summary for summary in material.cuts}
    return [
        _finding(
            material,
            code,
            component,
            cut_edges.get(component.number, []),
            summaries.get(component.number),
        )
        for component in code.components()
    ]


def _finding(
    material: Material,
    code: CodeGraph,
    component: Component,
    cut: Sequence[CutEdge],
    summary: CutSummary | None,
) -> Finding:
    members = tuple(code.paths[node] for node in component.nodes)
    load_circles = _load_circles(component)
    loaded = sum(load_circles)
    basis = basis_of(material, members)
    figures: dict[str, Json] = {
        "files": len(members),
        "production_files": len(code.paths),
        "imports": len(component.arcs),
        "statements": sum(arc.weight for arc in component.arcs),
        "files_in_load_cycles": loaded,
        "largest_load_cycle": max(load_circles, default=0),
    }
    if summary is not None:
        figures |= {
            "cut_imports": summary.edges,
            "cut_statements": summary.weight,
            "cut_statements_at_least": summary.lower_bound,
            "cut_status": summary.status,
        }
    return Finding(
        rule=CODE,
        fingerprint=fingerprint(CODE, members[0]),
        severity=_severity(len(members), loaded),
        confidence=round(0.9 + 0.09 * basis.share, 2),
        confidence_reason=_confidence_reason(basis),
        title=f"{len(members)} files import each other in a circle, {members[0]} among them",
        why=_why(figures, summary),
        graph=Graph.RUN,
        anchor=members[0],
        members=members,
        evidence=_cut_evidence(cut) or _cycle_evidence(code, component),
        figures=figures,
    )


def _load_circles(component: Component) -> list[int]:
    """Sizes of the circles that imports form which run while a module loads, the largest first."""
    place = {node: at for at, node in enumerate(component.nodes)}
    rows = graph.from_edges(
        len(place),
        ((place[arc.source], place[arc.target]) for arc in component.arcs if arc.eager),
    )
    return [len(nodes) for nodes in graph.cyclic_components(rows)]


def _severity(size: int, loaded: int) -> Severity:
    if size >= _LARGE:
        return Severity.HIGH
    return Severity.MEDIUM if loaded or size > 2 else Severity.LOW


def _why(figures: Mapping[str, Json], summary: CutSummary | None) -> str:
    files, total = int(str(figures["files"])), int(str(figures["production_files"]))
    loaded = int(str(figures["files_in_load_cycles"]))
    text = (
        f"a change in any of the {files} files ({percent(files, total)} of {total} production "
        "files) can reach all the others, and none can be tested or moved alone; "
    )
    text += (
        f"{loaded} of them also need each other while they load "
        f"({figures['largest_load_cycle']} in the largest such circle), so that the order of "
        "imports decides what is defined"
        if loaded
        else "none need each other while they load: imports inside functions close the circle"
    )
    return text if summary is None else f"{text}; {_cut_sentence(summary)}"


def _cut_sentence(summary: CutSummary) -> str:
    text = (
        f"removing {counted(summary.edges, 'import')} "
        f"({counted(summary.weight, 'statement')}) opens it"
    )
    if summary.status == PROVEN:
        return f"{text}, proven the least without touching public re-exports"
    if summary.status == FACADE_BOUND:
        return f"{text} but for cycles made of public re-exports alone"
    return f"{text}; at least {counted(summary.lower_bound, 'statement')} must go"


def _confidence_reason(basis: Basis) -> str:
    return (
        "each edge is an import statement of the indexed commit, imports of types only left out; "
        f"{basis}, so more files may belong to it"
    )


def _cut_evidence(cut: Sequence[CutEdge]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(edge.source, line, line, f"imports {edge.target}; part of the cut")
        for edge in sorted(cut, key=lambda edge: (edge.source, edge.target))
        for line in edge.lines
    )


def _cycle_evidence(code: CodeGraph, component: Component) -> tuple[Evidence, ...]:
    """A shortest cycle through the first file: one import per step."""
    place = {node: at for at, node in enumerate(component.nodes)}
    arcs: dict[tuple[int, int], Arc] = {
        (place[arc.source], place[arc.target]): arc for arc in component.arcs
    }
    rows = graph.from_edges(len(place), arcs)
    cycles = [graph.shortest_cycle_through(rows, 0, target) or [] for target in rows[0]]
    cycle = min(cycles, key=lambda nodes: (len(nodes), nodes))
    return tuple(
        Evidence(
            code.paths[arcs[ends].source],
            arcs[ends].lines[0],
            arcs[ends].lines[0],
            f"imports {code.paths[arcs[ends].target]}",
        )
        for ends in zip(cycle, [*cycle[1:], cycle[0]], strict=True)
    )
