"""Where to cut a cycle: a minimum weighted feedback arc set, solved behind a port (decisions
11)."""

from abc import abstractmethod
from typing import Protocol

from prism.domain.cuts import CutAnswer, CutProblem

__all__ = ["CutAnswer", "CutProblem", "CutSolver"]


class CutSolver(Protocol):
    @abstractmethod
    def solve(self, problem: CutProblem) -> CutAnswer:
        """Deterministic: same problem, same answer, bounded by counts of steps, never by
        seconds. Never cuts a fixed edge; the status is one of ``domain.cuts``: PROVEN when weight
        and lower bound meet, FACADE_BOUND when fixed edges alone form a cycle, else HEURISTIC."""
