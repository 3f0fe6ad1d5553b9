"""The figures of a run that plans quote: by name, so that verifying computes them again."""

from collections.abc import Mapping, Sequence
from posixpath import dirname

from prism.domain import graph
from prism.domain.code_graph import CodeGraph, code_graph
from prism.domain.facts.files import FileStatus, Scope
from prism.domain.facts.runs import Graph, in_graph
from prism.domain.findings.model import Finding, Material
from prism.domain.findings.rules import RULES

Figure = int | float


def run_figures(facts: Material, findings: Sequence[Finding], code: CodeGraph) -> dict[str, Figure]:
    """Counts are integers, ``propagation_cost`` has four digits; *code* is the run graph of the
    production files, of which they speak."""
    components = code.components()
    figures: dict[str, Figure] = {
        "files": len(facts.files),
        "code_files": sum(row.files for row in facts.coverage),
        "parsed_files": sum(row.parsed for row in facts.coverage),
        "files_with_parse_problems": sum(row.with_problems for row in facts.coverage),
        "production_files": len(code.paths),
        "production_lines": sum(_lines(facts, Scope.PRODUCTION)),
        "test_files": len(_lines(facts, Scope.TEST)),
        "imports": sum(row.imports for row in facts.coverage),
        "resolved_imports": sum(row.imports - row.unresolved for row in facts.coverage),
        "dependencies": len(code.arcs),
        "deferred_dependencies": sum(not arc.eager for arc in code.arcs),
        "facade_dependencies": sum(arc.facade for arc in code.arcs),
        "type_dependencies": _type_only(facts, code),
        "propagation_cost": round(graph.propagation_cost(code.successors()), 4),
        "circles": len(components),
        "files_in_circles": sum(len(component.nodes) for component in components),
        "files_in_circles_with_types": _in_circles_with_types(facts),
        "folders_in_circles": folders_in_circles(code),
        "failed_stages": len(facts.failed_stages),
    }
    for summary in facts.cuts:
        name = f"circle_{summary.component}"
        figures[f"{name}_files"] = summary.size
        figures[f"{name}_cut_imports"] = summary.edges
        figures[f"{name}_cut_statements"] = summary.weight
        figures[f"{name}_cut_statements_at_least"] = summary.lower_bound
    for code_of_rule in sorted({rule.code for rule in RULES} | {each.rule for each in findings}):
        figures[f"findings_{code_of_rule}"] = sum(each.rule == code_of_rule for each in findings)
    return figures


def _in_circles_with_types(facts: Material) -> int:
    """Files in circles of all imports: those of types only close circles for people, not at run
    time."""
    components = code_graph(facts.files, facts.edges, Graph.ALL).components()
    return sum(len(component.nodes) for component in components)


def language_lines(facts: Material) -> Mapping[str, int]:
    """Language -> lines of its production files, the largest first, then by name."""
    counts: dict[str, int] = {}
    for file in facts.files:
        if file.status == FileStatus.INDEXED and file.scope == Scope.PRODUCTION:
            counts[file.language] = counts.get(file.language, 0) + file.lines
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def folders_in_circles(code: CodeGraph) -> int:
    """Folders that import each other in a circle: files without circles don't rule that out."""
    folders = sorted({dirname(path) for path in code.paths})
    place = {folder: at for at, folder in enumerate(folders)}
    of_node = [place[dirname(path)] for path in code.paths]
    ends = ((of_node[arc.source], of_node[arc.target]) for arc in code.arcs)
    rows = graph.from_edges(len(folders), (pair for pair in ends if pair[0] != pair[1]))
    return sum(map(len, graph.cyclic_components(rows)))


def _lines(facts: Material, scope: Scope) -> list[int]:
    return [
        file.lines
        for file in facts.files
        if file.scope == scope and file.status == FileStatus.INDEXED
    ]


def _type_only(facts: Material, code: CodeGraph) -> int:
    """Pairs of production files that only types connect: no dependency at run time."""
    production = set(code.paths)
    pairs = {
        (edge.source, edge.target)
        for edge in facts.edges
        if in_graph(edge, Graph.ALL) and edge.source in production and edge.target in production
    }
    return len(pairs) - len({(code.paths[arc.source], code.paths[arc.target]) for arc in code.arcs})
