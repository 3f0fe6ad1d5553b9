"""A finding: something in the code worth changing, with the evidence for it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from prism.domain.facts.files import RunFile
from prism.domain.facts.runs import (
    CoChange,
    CutEdge,
    CutSummary,
    Edge,
    FileMetrics,
    LanguageCoverage,
)
from prism.domain.facts.structure import Symbol
from prism.domain.values import JsonObject


class Severity(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Evidence(NamedTuple):
    """A place that shows it. Lines count from 1; end_line is inclusive."""

    path: str
    line: int
    end_line: int
    note: str


class Finding(NamedTuple):
    """``anchor`` and ``discriminator`` make the fingerprint; ``graph`` names the import graph used.

    ``why`` says why it matters, with figures; ``confidence`` in [0, 1] says how sure the rule is,
    ``confidence_reason`` what that rests on (coverage included). ``figures`` are the numbers
    quoted.
    """

    rule: str
    fingerprint: str
    severity: str
    confidence: float
    confidence_reason: str
    title: str
    why: str
    graph: str
    anchor: str
    members: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    figures: JsonObject


def fingerprint(rule: str, anchor: str, discriminator: str = "") -> str:
    """16 hex digits from content only, so that it survives re-indexing (decisions 9, 16)."""
    text = "\0".join((rule, anchor, discriminator))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What rules judge: the facts of one run. Sequences are sorted by their natural keys.

    ``has_history`` False means that nothing may be concluded from churn. ``failed_stages`` names
    stages whose facts are missing.
    """

    files: Sequence[RunFile]
    metrics: Sequence[FileMetrics]
    edges: Sequence[Edge]
    cut_edges: Sequence[CutEdge] = ()
    cuts: Sequence[CutSummary] = ()
    symbols: Mapping[str, Sequence[Symbol]] = field(default_factory=dict)
    cochanges: Sequence[CoChange] = ()
    coverage: Sequence[LanguageCoverage] = ()
    has_history: bool = False
    failed_stages: frozenset[str] = frozenset()
