"""Where to cut a cycle: a minimum weighted feedback arc set, solved behind a port (decisions
11)."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, Protocol


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


class CutSolver(Protocol):
    @abstractmethod
    def solve(self, problem: CutProblem) -> CutAnswer:
        """Deterministic: same problem, same answer, bounded by counts of steps, never by
        seconds."""
