"""The facts of a stored run in the form in which rules and plans take them."""

from prism.application.ports.index_store import IndexReader
from prism.domain.facts.runs import StageStatus
from prism.domain.facts.structure import Symbol
from prism.domain.findings.model import Material


def run_facts(reader: IndexReader) -> Material:
    """Everything but imports, findings and texts; two bounded passes over the run's rows."""
    symbols: dict[str, list[Symbol]] = {}
    for row in reader.symbols():
        symbols.setdefault(row.path, []).append(row.symbol)
    metrics = reader.metrics()
    run = reader.run
    return Material(
        files=reader.files(),
        metrics=metrics,
        edges=reader.edges(),
        cut_edges=reader.cut_edges(),
        cuts=run.cuts,
        symbols=symbols,
        cochanges=reader.cochanges(),
        coverage=run.coverage,
        has_history=any(row.hotspot for row in metrics),
        failed_stages=frozenset(
            stage.name for stage in run.stages if stage.status is not StageStatus.COMPLETED
        ),
    )
