"""What a plan is made of: the facts of one run, and a way to read the text it cites."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from prism.domain.blueprints.citations import ReadSources
from prism.domain.code_graph import CodeGraph, code_graph
from prism.domain.facts.files import RunFile
from prism.domain.facts.runs import FileMetrics, ResolvedImport
from prism.domain.findings.model import Finding, Material


@dataclass(frozen=True, kw_only=True)
class PlanMaterial:
    """``read_sources`` gives the texts of those of the paths it is asked for that the index keeps.

    Its answer must depend on the run only. ``facts`` and ``findings`` are those of the run.
    """

    project_name: str
    commit: str
    run_id: int
    facts: Material
    imports: Sequence[ResolvedImport]
    findings: Sequence[Finding]
    read_sources: ReadSources

    @cached_property
    def code(self) -> CodeGraph:
        return code_graph(self.facts.files, self.facts.edges)

    @cached_property
    def files(self) -> Mapping[str, RunFile]:
        return {file.path: file for file in self.facts.files}

    @cached_property
    def metrics(self) -> Mapping[str, FileMetrics]:
        return {row.path: row for row in self.facts.metrics}

    @cached_property
    def imports_of(self) -> Mapping[str, Sequence[ResolvedImport]]:
        """Path -> its resolved imports in the order of its bindings."""
        rows: dict[str, list[ResolvedImport]] = {}
        for row in self.imports:
            rows.setdefault(row.path, []).append(row)
        return rows

    @cached_property
    def importers_of(self) -> Mapping[str, Sequence[ResolvedImport]]:
        """Path -> the imports that take something from it, directly or as the home of a name."""
        rows: dict[str, list[ResolvedImport]] = {}
        for row in self.imports:
            for path in sorted({row.target, row.home} - {""}):
                rows.setdefault(path, []).append(row)
        return rows

    def definition_of(self, path: str, name: str) -> tuple[str, str] | None:
        """Home and qualified name of what *path* offers as *name*, through star imports too."""
        seen = {path}
        waiting = [path]
        while waiting:
            file = waiting.pop(0)
            if any(each.qualname == name for each in self.facts.symbols.get(file, ())):
                return file, name
            for row in self.imports_of.get(file, ()):
                if row.local == name and (row.home or row.target):
                    return row.home or row.target, row.home_symbol
                if row.imported == "*" and row.target and row.target not in seen:
                    seen.add(row.target)
                    waiting.append(row.target)
        return None

    def findings_of(self, rule: str) -> Sequence[Finding]:
        return [finding for finding in self.findings if finding.rule == rule]
