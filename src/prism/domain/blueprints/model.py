"""The hierarchical blueprint: plan -> phases -> milestones -> steps, every sentence with its facts.

Ids come from content, so the same run, goal and focus give the same blueprint byte for byte.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PhaseKind(StrEnum):
    FOUNDATION = "foundation"
    UNTANGLE = "untangle"
    RESTRUCTURE = "restructure"
    CONSOLIDATE = "consolidate"


class CitationKind(StrEnum):
    """What a citation points at. LINES needs the file's text; the others a fact of the run."""

    LINES = "lines"  # path:line-end_line of the indexed commit
    FILE = "file"  # the file as a whole: its metrics or its presence
    FINDING = "finding"  # ref = fingerprint
    EDGE = "edge"  # ref = 'source -> target', with path:line of a statement
    CUT = "cut"  # ref = component number
    RUN = "run"  # ref = name of a figure of the run (coverage, totals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """``id`` = 'c' + 12 hex of kind, path, lines and ref. ``span_hash`` = 16 hex of the cited
    lines'
    bytes (SHA-256), '' where the kind cites no lines."""

    id: str
    kind: CitationKind
    ref: str
    path: str = ""
    line: int = 0
    end_line: int = 0
    span_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence and the ids of the citations it rests on (at least one, or it is a bug)."""

    text: str
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    action: Statement
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The one number a milestone improves (decisions 16), by simulation on the run's graph."""

    name: str
    before: float
    after: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    id: str
    number: str  # '2.3': phase and place
    title: str
    intent: Statement
    key_files: tuple[str, ...]
    steps: tuple[Step, ...]
    measure: Measure
    verification: str  # a command whose output shows that it is done
    evidence: tuple[str, ...]  # citation ids
    findings: tuple[str, ...]  # fingerprints it serves
    depends_on: tuple[str, ...]  # milestone ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    kind: PhaseKind
    title: str
    goal: Statement
    milestones: tuple[Milestone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueprintRequest:
    """``goal``: free text or a goal's name; ``focus``: path prefixes that come first."""

    goal: str = ""
    focus: tuple[str, ...] = ()
    milestones_max: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """Everything but ``id``, ``project_id`` and ``created_at`` is a function of run and request."""

    commit: str
    run_id: int
    project_name: str
    request: BlueprintRequest
    title: str
    summary: tuple[Statement, ...]
    non_goals: tuple[Statement, ...]
    acceptance: tuple[Statement, ...]
    risks: tuple[Statement, ...]
    phases: tuple[Phase, ...]
    citations: tuple[Citation, ...]
    generator: str  # name and version of the generator


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBlueprint:
    """``id`` counts from 1 within the project and never comes back."""

    project_id: int
    id: int
    created_at: datetime
    blueprint: Blueprint
