"""Stage ``cuts``: for each cycle the imports whose removal would leave none."""

from dataclasses import dataclass

from prism.application.indexing.index_run import IndexRun
from prism.domain.code_graph import code_graph
from prism.domain.cuts import CutAnswer, CutProblem, cut_cycles


@dataclass(frozen=True, slots=True)
class CutCycles:
    name: str = "cuts"
    version: int = 1
    needs: tuple[str, ...] = ("resolve",)
    essential: bool = False

    def run(self, run: IndexRun) -> dict[str, int]:
        code = code_graph(list(run.files.values()), run.edges)
        solved = 0

        def solve(problem: CutProblem) -> CutAnswer:
            nonlocal solved
            run.tell(solved)
            solved += 1
            return run.solver.solve(problem)

        edges, summaries = cut_cycles(code, solve)
        run.write(run.writer.add_cut_edges, edges)
        run.cut_edges, run.cuts = edges, summaries
        return {"cut_edges": len(edges), "cut_weight": sum(each.weight for each in summaries)}
