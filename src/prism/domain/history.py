"""What the project's commits say about its files: churn, and what changes together.

Blobs of older commits are not there, so churn is the number of commits that touch a file, and a
rename is an equal blob under another path (decisions 8).
"""

from collections.abc import Collection, Sequence
from itertools import combinations
from typing import NamedTuple

from prism.domain.facts.runs import CoChange, Commit

#: Larger commits say nothing about what belongs together (decisions 17).
COCHANGE_FILES_MAX = 30
COCHANGE_SUPPORT_MIN = 3
HALF_LIFE_SECONDS = 365 * 86_400
_AGE_SECONDS_MAX = 100 * HALF_LIFE_SECONDS


class Churn(NamedTuple):
    """``recency`` weighs a commit by 2^(-age / 365 days), age against the indexed commit."""

    commits: int
    recency: float


class FileHistory(NamedTuple):
    """``changing`` is the number of commits that change a file at all: from two on, churn tells
    files apart."""

    changing: int
    churn: dict[str, Churn]
    cochanges: list[CoChange]

    @property
    def tells(self) -> bool:
        return self.changing > 1


def file_history(commits: Sequence[Commit], alive: Collection[str]) -> FileHistory:
    """Churn of the paths in *alive* and their co-changes, from *commits*, newest first.

    A change of a file that was renamed later counts for its present path. Merges change nothing of
    their own.
    """
    touched = _touched(commits, alive)
    reference = commits[0].time if commits else 0
    counts: dict[str, int] = {}
    recency: dict[str, float] = {}
    pairs: dict[tuple[str, str], int] = {}
    for commit, size, paths in touched:
        age = min(max(reference - commit.time, 0), _AGE_SECONDS_MAX)
        weight = 2.0 ** (-age / HALF_LIFE_SECONDS)
        for path in paths:
            counts[path] = counts.get(path, 0) + 1
            recency[path] = recency.get(path, 0.0) + weight
        if size <= COCHANGE_FILES_MAX:
            for pair in combinations(paths, 2):
                pairs[pair] = pairs.get(pair, 0) + 1
    return FileHistory(
        changing=len(touched),
        churn={path: Churn(counts[path], recency[path]) for path in sorted(counts)},
        cochanges=[
            CoChange(first, second, together)
            for (first, second), together in sorted(pairs.items())
            if together >= COCHANGE_SUPPORT_MIN
        ],
    )


def _touched(
    commits: Sequence[Commit], alive: Collection[str]
) -> list[tuple[Commit, int, list[str]]]:
    """(commit, number of its changes, present paths it touched, sorted) of each that changes."""
    living = alive if isinstance(alive, set | frozenset) else frozenset(alive)
    present: dict[str, str] = {}
    touched = []
    for commit in commits:
        if not commit.changes or "merge" in commit.flags:
            continue
        paths = {present.get(change.path, change.path) for change in commit.changes}
        touched.append((commit, len(commit.changes), sorted(paths & living)))
        # Going back in time: before a rename the file had its old path, and before a file was
        # added its path meant another one.
        renamed = {
            change.old_path: present.get(change.path, change.path)
            for change in commit.changes
            if change.status == "R" and change.old_path
        }
        for change in commit.changes:
            if change.status in ("A", "R"):
                present.pop(change.path, None)
        present.update(renamed)
    return touched
