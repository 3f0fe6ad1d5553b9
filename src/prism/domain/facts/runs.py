"""Facts that depend on the whole tree, and the run that holds them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from prism.domain.jobs import JobRef
from prism.domain.values import Json, JsonObject


class Resolution(StrEnum):
    INTERNAL = "internal"
    EXTERNAL = "external"
    STDLIB = "stdlib"
    UNRESOLVED = "unresolved"


class Graph(StrEnum):
    """LOAD = eager and not erased; RUN = load + deferred; ALL = every import (decisions 15)."""

    LOAD = "load"
    RUN = "run"
    ALL = "all"


class ResolvedImport(NamedTuple):
    """What one binding of one file stands for.

    ``target`` is the unit (file) the import goes through, ``home``/``home_symbol`` the file and the
    qualified name that define it after following re-exports ('' where not internal or unknown).
    ``distribution`` names the external package. ``reason`` says why it is unresolved.
    """

    path: str
    binding: int
    line: int
    module: str
    imported: str
    local: str
    status: str
    target: str
    home: str
    home_symbol: str
    distribution: str
    reason: str


class Edge(NamedTuple):
    """Imports from one file to another with equal axes. ``lines``: the statements, sorted.

    ``kind`` is 'import', or 'parent' for the implicit load of a parent package. ``facade`` marks an
    edge from a package or barrel file to a file under it that re-exports names: public API.
    """

    source: str
    target: str
    kind: str
    timing: str
    erased: str
    form: str
    guard: str
    scope: str
    facade: bool
    lines: tuple[int, ...]

    @property
    def weight(self) -> int:
        return len(self.lines)


def in_graph(edge: Edge, graph: Graph) -> bool:
    """Does *edge* belong to *graph*? The implicit load of parents belongs to none of them."""
    if edge.kind != "import":
        return False
    if graph == Graph.ALL:
        return True
    if edge.erased != "no":
        return False
    return graph == Graph.RUN or edge.timing == "eager"


class FileMetrics(NamedTuple):
    """Measures of one file on the run graph, production and test files alike.

    ``instability`` = fan_out / (fan_in + fan_out) (Martin 1994), 0.0 for an isolated file.
    ``component`` numbers strongly connected components of more than one file (0: none), in order of
    their size, then of their first path. ``recency_churn`` weighs a commit by 2^(-age/365 days),
    age against the indexed commit. ``hotspot`` = rank product of recency churn and lines, 1 =
    worst,
    0 where there is no history.
    """

    path: str
    lines: int
    code_lines: int
    complexity: int
    functions: int
    fan_in: int
    fan_out: int
    instability: float
    component: int
    commits: int
    recency_churn: float
    hotspot: int


class CutEdge(NamedTuple):
    """An edge of a proposed cut: without these edges component ``component`` has no cycle."""

    component: int
    source: str
    target: str
    weight: int
    lines: tuple[int, ...]


class CutSummary(NamedTuple):
    """How good the cut of a component is: its weight, a proven lower bound, and why it stopped."""

    component: int
    size: int
    edges: int
    weight: int
    lower_bound: int
    status: str  # 'proven', 'heuristic', 'facade-bound'


class CoChange(NamedTuple):
    """Two files that changed together in ``together`` commits of at most 30 files each."""

    first: str
    second: str
    together: int


class DocBlock(NamedTuple):
    """A heading with the text below it, or the docstring of a module. ``kind``: 'heading',
    'docstring'."""

    path: str
    line: int
    kind: str
    level: int
    title: str
    text: str


class Change(NamedTuple):
    """One path of a commit: status A, M, D or R; old path and blobs ('' where there is none)."""

    status: str
    path: str
    old_path: str
    blob: str
    old_blob: str


class Commit(NamedTuple):
    """A commit of the project's history. ``time`` is the committer's, in seconds since 1970 (UTC).

    ``flags``: words out of merge, bulk, bot, fix, sorted. ``author`` is by .mailmap.
    """

    oid: str
    time: int
    author: str
    subject: str
    flags: tuple[str, ...]
    changes: tuple[Change, ...]


class LanguageCoverage(NamedTuple):
    """How much of one language the index could read and resolve: counts, never shares."""

    language: str
    files: int
    parsed: int
    with_problems: int
    failed: int
    imports: int
    internal: int
    external: int
    stdlib: int
    unresolved: int


class Notice(NamedTuple):
    """A file that is not (fully) in the index, and why: shown with the coverage."""

    path: str
    status: str
    reason: str


class StageStatus(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    CUT_SHORT = "cut-short"
    SKIPPED = "skipped"  # a stage it needs failed


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """How a stage ended. ``counts`` are what it found; ``seconds`` is wall time."""

    name: str
    version: int
    status: StageStatus
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


class RunState(StrEnum):
    BUILDING = "building"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One index of one commit. ``id`` counts from 1 within the project and never comes back.

    ``complete`` is False when a stage failed or was cut short. ``settings`` are those that decide
    facts (limits, switches): same commit, same stage versions, same settings and complete means
    there is nothing to do. ``thinned``: of a run that is not kept in full any more, only this row,
    metrics and findings are left.
    """

    project_id: int
    id: int
    commit: str
    algorithm: str
    state: RunState
    complete: bool
    stages: tuple[StageReport, ...]
    coverage: tuple[LanguageCoverage, ...]
    notices: tuple[Notice, ...]
    cuts: tuple[CutSummary, ...]
    settings: JsonObject
    job: JobRef | None
    created_at: datetime
    finished_at: datetime | None
    thinned: bool = False

    def stage_versions(self) -> dict[str, Json]:
        return {stage.name: stage.version for stage in self.stages}
