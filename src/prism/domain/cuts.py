"""Which imports to cut so that no cycle is left: the problem, its answer, and public API kept out.

Cutting is done per strongly connected component of the run graph between production files; the
weight of an edge is its number of import statements. Facade edges (public re-exports) are fixed.
"""

from collections.abc import Callable, Sequence
from posixpath import basename, dirname
from typing import NamedTuple

from prism.domain.code_graph import CodeGraph, Component
from prism.domain.facts.runs import CutEdge, CutSummary
from prism.domain.facts.structure import Binding, Erased, Export, ImportForm, Timing

PROVEN = "proven"
HEURISTIC = "heuristic"
FACADE_BOUND = "facade-bound"

#: Names (without ending) of files that stand for their folder.
_FOLDER_FILES = frozenset({"__init__", "index"})


class CutProblem(NamedTuple):
    """One strongly connected component: node count, and edges (source, target, weight).

    ``fixed[i]`` is True for an edge that must not be cut (public API). Nodes and edges are numbered
    in the order of their names, which is how ties are broken.
    """

    nodes: int
    edges: Sequence[tuple[int, int, int]]
    fixed: Sequence[bool]


class CutAnswer(NamedTuple):
    """``cut``: indexes of edges, sorted; without them and the fixed edges that alone form cycles
    (``left_cyclic`` True) the component is acyclic. ``lower_bound`` on the weight, proven."""

    cut: tuple[int, ...]
    weight: int
    lower_bound: int
    status: str
    left_cyclic: bool


def is_facade(source: str, target: str, *, reexports: bool) -> bool:
    """Is an import of *target* by *source* public API, which a plan must not cut?

    That is an edge that re-exports names (*reexports*, see ``reexported``) from a package or
    barrel file to a file below its own folder.
    """
    folder = dirname(source)
    return reexports and source != target and (not folder or target.startswith(folder + "/"))


def reexported(
    path: str, language: str, bindings: Sequence[Binding], exports: Sequence[Export]
) -> frozenset[int]:
    """Indexes of the *bindings* of file *path* whose names others can take from it as its own.

    An explicit re-export and an exported import always count. Python has no other mark than the
    place: every public name that an ``__init__`` binds as it loads counts, and so does what an
    ``index`` file requires. Erring towards yes only forgoes a cut; erring towards no breaks users.
    """
    named = {export.binding for export in exports} | {
        number for number, binding in enumerate(bindings) if binding.form == ImportForm.REEXPORT
    }
    if basename(path).split(".", 1)[0] in _FOLDER_FILES:
        named |= {number for number, binding in enumerate(bindings) if _offered(binding, language)}
    if language == "python":
        listed = {export.local or export.name for export in exports}
        named |= {number for number, binding in enumerate(bindings) if binding.local in listed}
    return frozenset(number for number in named if 0 <= number < len(bindings))


def _offered(binding: Binding, language: str) -> bool:
    """Does a file that stands for its folder offer this name to whoever imports the folder?"""
    if binding.timing != Timing.EAGER or binding.erased != Erased.NO:
        return False
    if language != "python":
        return binding.form == ImportForm.REQUIRE
    return binding.imported == "*" or not binding.local.startswith("_")


def cut_problem(component: Component) -> CutProblem:
    """The problem of one component, its nodes renumbered from 0 in the order of their paths."""
    place = {node: number for number, node in enumerate(component.nodes)}
    return CutProblem(
        nodes=len(component.nodes),
        edges=tuple((place[arc.source], place[arc.target], arc.weight) for arc in component.arcs),
        fixed=tuple(arc.facade for arc in component.arcs),
    )


def cut_cycles(
    code: CodeGraph, solve: Callable[[CutProblem], CutAnswer]
) -> tuple[list[CutEdge], list[CutSummary]]:
    """Cut every component of *code*: edges by (component, source, target), one summary each."""
    edges: list[CutEdge] = []
    summaries: list[CutSummary] = []
    for component in code.components():
        answer = solve(cut_problem(component))
        chosen = [component.arcs[place] for place in answer.cut]
        edges.extend(
            CutEdge(
                component=component.number,
                source=code.paths[arc.source],
                target=code.paths[arc.target],
                weight=arc.weight,
                lines=arc.lines,
            )
            for arc in chosen
        )
        summaries.append(
            CutSummary(
                component=component.number,
                size=len(component.nodes),
                edges=len(chosen),
                weight=answer.weight,
                lower_bound=answer.lower_bound,
                status=answer.status,
            )
        )
    return edges, summaries
