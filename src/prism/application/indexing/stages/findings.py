"""Stage ``findings``: what is worth changing, with its evidence."""

from dataclasses import dataclass

from prism.application.indexing.index_run import IndexRun
from prism.domain.coverage import language_coverage
from prism.domain.findings.model import Material
from prism.domain.findings.rules import judge


@dataclass(frozen=True, slots=True)
class JudgeFacts:
    """Rules are told which stages failed, so that none concludes from facts that are missing."""

    name: str = "findings"
    version: int = 1
    needs: tuple[str, ...] = ("structure", "resolve", "metrics")
    essential: bool = False

    def run(self, run: IndexRun) -> dict[str, int]:
        files = list(run.files.values())
        findings = judge(
            Material(
                files=files,
                metrics=run.metrics,
                edges=run.edges,
                cut_edges=run.cut_edges,
                cuts=run.cuts,
                symbols={path: outline.symbols for path, outline in run.outlines.items()},
                cochanges=run.history.cochanges if run.history is not None else (),
                coverage=language_coverage(
                    files, run.imports, problems=run.problems(), extracted=run.extractors
                ),
                has_history=run.history is not None and run.history.tells,
                failed_stages=frozenset(run.failed),
            )
        )
        run.write(run.writer.add_findings, findings)
        return {"findings": len(findings)}
