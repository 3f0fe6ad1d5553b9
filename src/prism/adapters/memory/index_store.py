"""The index in this process's memory: for embedding, and for tests of use cases."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import RLock

from prism.adapters.memory.database import stored
from prism.adapters.memory.index_reader import MemoryIndexReader, RunRows
from prism.application.ports.clock import Clock
from prism.application.ports.index_store import BlobFacts, IndexReader, IndexStore, IndexWriter
from prism.domain.errors import LeaseLost, NotFound, Transient
from prism.domain.facts.files import BlobKey, RunFile
from prism.domain.facts.runs import (
    CoChange,
    Commit,
    CutEdge,
    CutSummary,
    DocBlock,
    Edge,
    FileMetrics,
    LanguageCoverage,
    Notice,
    ResolvedImport,
    Run,
    RunState,
    StageReport,
)
from prism.domain.findings.model import Finding
from prism.domain.jobs import JobRef
from prism.domain.values import JsonObject


@dataclass(slots=True)
class _Project:
    runs: dict[int, RunRows] = field(default_factory=dict)
    blobs: dict[BlobKey, BlobFacts] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)


class MemoryIndexStore(IndexStore):
    """Thread-safe. What a finished run consists of is never changed or taken away, only replaced by
    a shorter copy, so a reader that holds it has its snapshot."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = RLock()
        self._projects: dict[int, _Project] = {}
        # Outlives a purge: ids do not come back.
        self._last_run: dict[int, int] = {}

    @contextmanager
    def begin(
        self,
        project_id: int,
        *,
        commit: str,
        algorithm: str,
        settings: JsonObject,
        job: JobRef | None = None,
    ) -> Iterator[IndexWriter]:
        with self._lock:
            run_id = self._last_run[project_id] = self._last_run.get(project_id, 0) + 1
            run = Run(
                project_id=project_id,
                id=run_id,
                commit=commit,
                algorithm=algorithm,
                state=RunState.BUILDING,
                complete=False,
                stages=(),
                coverage=(),
                notices=(),
                cuts=(),
                settings=stored(settings),
                job=job,
                created_at=self._clock.now(),
                finished_at=None,
            )
            project = self._projects.setdefault(project_id, _Project())
            project.runs[run_id] = RunRows(run)
        writer = _MemoryIndexWriter(self._lock, self._clock, project, run_id)
        try:
            yield writer
        finally:
            if not writer.finished:
                with self._lock:
                    project.runs.pop(run_id, None)

    def outlines(self, project_id: int, keys: Sequence[BlobKey]) -> Mapping[BlobKey, bytes]:
        with self._lock:
            blobs = self._project(project_id).blobs
            return {key: blobs[key].outline_record for key in keys if key in blobs}

    def run(self, project_id: int, run_id: int) -> Run:
        return self._rows(project_id, run_id).run

    def runs(self, project_id: int) -> Sequence[Run]:
        with self._lock:
            runs = self._project(project_id).runs
            return [runs[run_id].run for run_id in sorted(runs, reverse=True)]

    @contextmanager
    def read(self, project_id: int, run_id: int) -> Iterator[IndexReader]:
        with self._lock:
            rows = self._rows(project_id, run_id)
            if rows.run.state is not RunState.FINISHED:
                raise _no_run(project_id, run_id)
            project = self._project(project_id)
            reader = MemoryIndexReader(rows, project.blobs, project.commits)
        yield reader

    def sweep(
        self,
        project_id: int,
        *,
        keep: Sequence[int],
        running: Sequence[JobRef],
        newest: int | None = None,
    ) -> int:
        with self._lock:
            project = self._project(project_id)
            unwanted = [
                rows
                for rows in project.runs.values()
                if (newest is None or rows.run.id <= newest)
                and rows.run.id not in keep
                and rows.run.job not in running
                and not rows.run.thinned
            ]
            for rows in unwanted:
                if rows.run.state is RunState.FINISHED:
                    project.runs[rows.run.id] = rows.thinned()
                else:
                    del project.runs[rows.run.id]
            _sweep_shared(project)
            return len(unwanted)

    def purge(self, project_id: int) -> None:
        with self._lock:
            project = self._projects.pop(project_id, _Project())
            # A writer that still holds the project finds its run gone.
            project.runs.clear()

    def _project(self, project_id: int) -> _Project:
        return self._projects.get(project_id, _Project())

    def _rows(self, project_id: int, run_id: int) -> RunRows:
        with self._lock:
            rows = self._project(project_id).runs.get(run_id)
        if rows is None:
            raise _no_run(project_id, run_id)
        return rows


def _sweep_shared(project: _Project) -> None:
    runs = project.runs.values()
    if any(rows.run.state is RunState.BUILDING for rows in runs):
        return
    keys = {file.key(rows.run.algorithm) for rows in runs for file in rows.files}
    oids = {oid for rows in runs for oid in rows.commits}
    project.blobs = {key: facts for key, facts in project.blobs.items() if key in keys}
    project.commits = {oid: commit for oid, commit in project.commits.items() if oid in oids}


def _no_run(project_id: int, run_id: int) -> NotFound:
    return NotFound(
        f"project {project_id} has no finished run {run_id}",
        hint="index it again, or read its current run",
    )


class _MemoryIndexWriter(IndexWriter):
    def __init__(self, lock: RLock, clock: Clock, project: _Project, run_id: int) -> None:
        self._lock = lock
        self._clock = clock
        self._project = project
        self._run_id = run_id
        self.finished = False

    @property
    def run_id(self) -> int:
        return self._run_id

    def add_blobs(self, batch: Sequence[BlobFacts]) -> None:
        with self._writing():
            for facts in batch:
                symbols = tuple(symbol._replace(windows=()) for symbol in facts.symbols)
                self._project.blobs.setdefault(facts.key, facts._replace(symbols=symbols))

    def add_files(self, batch: Sequence[RunFile]) -> None:
        with self._writing() as rows:
            rows.files.extend(batch)

    def add_imports(self, batch: Sequence[ResolvedImport]) -> None:
        with self._writing() as rows:
            rows.imports.extend(batch)

    def add_edges(self, batch: Sequence[Edge]) -> None:
        with self._writing() as rows:
            rows.edges.extend(batch)

    def add_metrics(self, batch: Sequence[FileMetrics]) -> None:
        with self._writing() as rows:
            rows.metrics.extend(batch)

    def add_cut_edges(self, batch: Sequence[CutEdge]) -> None:
        with self._writing() as rows:
            rows.cut_edges.extend(batch)

    def add_docs(self, batch: Sequence[DocBlock]) -> None:
        with self._writing() as rows:
            rows.docs.extend(batch)

    def add_commits(self, batch: Sequence[Commit]) -> None:
        with self._writing() as rows:
            for commit in batch:
                self._project.commits.setdefault(commit.oid, commit)
                rows.commits.append(commit.oid)

    def add_cochanges(self, batch: Sequence[CoChange]) -> None:
        with self._writing() as rows:
            rows.cochanges.extend(batch)

    def add_findings(self, batch: Sequence[Finding]) -> None:
        with self._writing() as rows:
            rows.findings.extend(each._replace(figures=stored(each.figures)) for each in batch)

    def finish(
        self,
        *,
        stages: Sequence[StageReport],
        coverage: Sequence[LanguageCoverage],
        notices: Sequence[Notice],
        cuts: Sequence[CutSummary],
        complete: bool,
    ) -> Run:
        with self._writing() as rows:
            keys = {file.key(rows.run.algorithm) for file in rows.files} - {None}
            missing = len(keys - self._project.blobs.keys())
            if missing:
                raise Transient(
                    f"the stored facts of {missing} blobs were removed while run {self._run_id}"
                    " was written",
                    hint="index again; do not sweep a project while it is indexed",
                )
            rows.run = replace(
                rows.run,
                state=RunState.FINISHED,
                complete=complete,
                stages=tuple(stages),
                coverage=tuple(coverage),
                notices=tuple(notices),
                cuts=tuple(cuts),
                finished_at=self._clock.now(),
            )
            self.finished = True
            return rows.run

    @contextmanager
    def _writing(self) -> Iterator[RunRows]:
        """The run's rows, under the lock. Raises LeaseLost when somebody swept the run."""
        assert not self.finished, "written to after finish"
        with self._lock:
            rows = self._project.runs.get(self._run_id)
            if rows is None:
                raise LeaseLost(
                    f"run {self._run_id} was removed while it was written",
                    hint="another worker has taken the job over; nothing is to be done here",
                )
            yield rows
