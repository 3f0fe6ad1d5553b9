"""Stage ``metrics``: size, coupling, components and hotspots of each file."""

from dataclasses import dataclass

from prism.application.indexing.index_run import IndexRun
from prism.application.ports.source import Outline
from prism.domain.code_graph import component_numbers
from prism.domain.facts.structure import SymbolKind
from prism.domain.metrics import FileSize, measure

_FUNCTIONS = frozenset({SymbolKind.FUNCTION, SymbolKind.METHOD, SymbolKind.CONSTRUCTOR})


@dataclass(frozen=True, slots=True)
class MeasureFiles:
    """Takes the history where there is one; without it churn and hotspots are 0."""

    name: str = "metrics"
    version: int = 1
    needs: tuple[str, ...] = ("structure", "resolve")
    essential: bool = False

    def run(self, run: IndexRun) -> dict[str, int]:
        components = component_numbers(list(run.files.values()), run.edges)
        history = run.history
        metrics = measure(
            [_size(path, outline) for path, outline in run.outlines.items()],
            run.edges,
            components=components,
            churn=history.churn if history is not None and history.tells else None,
        )
        run.write(run.writer.add_metrics, metrics)
        run.metrics = metrics
        return {
            "cycles": max(components.values(), default=0),
            "files_in_cycles": len(components),
        }


def _size(path: str, outline: Outline) -> FileSize:
    return FileSize(
        path=path,
        lines=outline.lines,
        code_lines=outline.code_lines,
        complexity=outline.complexity,
        functions=sum(1 for symbol in outline.symbols if symbol.kind in _FUNCTIONS),
    )
