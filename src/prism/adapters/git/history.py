"""The newest commits and what they changed, without a single blob (decisions 8)."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from prism.adapters.git.command import Git, GitCommand
from prism.adapters.git.git_directory import shallow_commits
from prism.adapters.git.process import RunLimits
from prism.application.ports.git import History
from prism.domain.facts.runs import Change, Commit

#: A commit that touches more files says nothing about how files hang together.
BULK_FILES = 30
#: Changes of all commits together; where they are reached, older commits are not read.
CHANGES_MAX = 1_000_000
SUBJECT_LENGTH_MAX = 500
AUTHOR_LENGTH_MAX = 200
#: 9999-12-31: commit times go up to 2**63.
_TIME_MAX = 253_402_300_799
_LIMITS = RunLimits(seconds=600.0)
_FIELDS = ("%H", "%ct", "%P", "%aN", "%aE", "%s")
_SUBMODULE = "160000"
_EMPTY = frozenset(hashlib.new(name, b"blob 0\0").hexdigest() for name in ("sha1", "sha256"))

_FIX = re.compile(r"\b(fix(e[sd]|ing)?|bug(s|fix(es)?)?|hotfix|regressions?|defects?)\b", re.I)
_BOT = re.compile(
    r"\[bot\]|\b(dependabot|renovate|greenkeeper|snyk|pre-commit-ci|github-actions|mergify|weblate"
    r"|imgbot|pyup|allcontributors|semantic-release)(-?bot)?\b|(^|[\s_-])bot$",
    re.I,
)


class _Header(NamedTuple):
    oid: str
    time: int
    parents: int
    author: str
    email: str
    subject: str


class _Raw(NamedTuple):
    """A line of ``--raw``: what happened to one path; '' for the id of what is not there."""

    old_oid: str
    new_oid: str
    status: str
    path: str
    submodule: bool


def read_history(git: Git, git_dir: str, commit: str, *, limit: int) -> History:
    """The newest *limit* commits from *commit* on, in ``--date-order``. Raises GitFailed.

    Commits at the shallow boundary are dropped: without their parents they look as if they had
    added every file. A merge carries no changes of its own. Renames are equal blobs within one
    commit: what git would have to read blobs for is a deletion and an addition here.
    """
    boundary = shallow_commits(Path(git_dir))
    commits: list[Commit] = []
    changes, cut = 0, False
    with git.start(_command(git_dir, commit, limit + 1 + len(boundary))) as running:
        for header, raws in _grouped(running.records()):
            changes += len(raws)
            if header.oid in boundary:
                cut = True
            elif len(commits) == limit or changes > CHANGES_MAX:
                return History(commits=commits, truncated=True)
            else:
                commits.append(_commit(header, raws))
        running.finish()
    return History(commits=commits, truncated=cut)


def _command(git_dir: str, commit: str, count: int) -> GitCommand:
    arguments = [
        "log", "--date-order", f"--max-count={count}", "--no-renames", "--raw", "-z", "--no-abbrev",
        "--diff-merges=off",
        "--no-color", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-notes",
        "--no-decorate", "--encoding=UTF-8", "--use-mailmap",
        "--format=" + "%x00".join(_FIELDS), "--end-of-options", commit,
    ]  # fmt: skip
    config = [
        ("mailmap.blob", f"{commit}:.mailmap"), ("log.showRoot", "true"),
        ("log.follow", "false"), ("diff.renames", "false"),
    ]  # fmt: skip
    return GitCommand(arguments, git_dir, git_dir=git_dir, config=config, limits=_LIMITS)


def _grouped(records: Iterator[bytes]) -> Iterator[tuple[_Header, Sequence[_Raw]]]:
    """Per commit six fields, then for each path a line that starts with ':', and the path."""
    first = next(records, None)
    while first is not None:
        fields = [first, *islice(records, len(_FIELDS) - 1)]
        raws: list[_Raw] = []
        while (first := next(records, None)) is not None and first.lstrip(b"\n")[:1] == b":":
            raws.append(_raw(first.lstrip(b"\n"), next(records, b"")))
        yield _header(fields), raws


def _header(fields: Sequence[bytes]) -> _Header:
    oid, time, parents, author, email, subject = [f.decode("utf-8", "replace") for f in fields]
    seconds = int(time) if time.isdigit() else 0
    return _Header(
        oid, min(seconds, _TIME_MAX), len(parents.split()), author[:AUTHOR_LENGTH_MAX],
        email[:AUTHOR_LENGTH_MAX], subject[:SUBJECT_LENGTH_MAX],
    )  # fmt: skip


def _raw(line: bytes, path: bytes) -> _Raw:
    old_mode, new_mode, old_oid, new_oid, status = line[1:].decode("ascii").split(" ")
    return _Raw(
        "" if old_oid.strip("0") == "" else old_oid,
        "" if new_oid.strip("0") == "" else new_oid,
        status if status in "AD" else "M",  # a change of type is one of content too
        path.decode("utf-8", "surrogateescape"),
        _SUBMODULE in (old_mode, new_mode),
    )


def _commit(header: _Header, raws: Sequence[_Raw]) -> Commit:
    changes = _changes(raws)
    return Commit(
        header.oid, header.time, header.author, header.subject,
        tuple(sorted(_flags(header, len(changes)))), changes,
    )  # fmt: skip


def _flags(header: _Header, files: int) -> Iterator[str]:
    if header.parents > 1:
        yield "merge"
    if files > BULK_FILES:
        yield "bulk"
    if _BOT.search(header.author) or _BOT.search(header.email.partition("@")[0]):
        yield "bot"
    if _FIX.search(header.subject):
        yield "fix"


def _changes(raws: Sequence[_Raw]) -> tuple[Change, ...]:
    """By path; a deletion and an addition of the same blob are one rename (status R)."""
    origins = dict(_renames(raws))
    gone = set(origins.values())
    changes = []
    for raw in raws:
        origin = origins.get(raw.path) if raw.status == "A" else None
        if origin is not None:
            changes.append(Change("R", raw.path, origin, raw.new_oid, raw.new_oid))
        elif raw.status != "D" or raw.path not in gone:
            changes.append(Change(raw.status, raw.path, "", raw.new_oid, raw.old_oid))
    return tuple(sorted(changes, key=lambda change: change.path))


def _renames(raws: Sequence[_Raw]) -> Iterator[tuple[str, str]]:
    """(new path, old path): files of the same name first, then in the order of their paths.

    Empty files are all equal: only those that keep their name count as renamed.
    """
    added: dict[str, list[str]] = {}
    deleted: dict[str, list[str]] = {}
    for raw in raws:
        if not raw.submodule and raw.status in "AD":
            group, oid = (added, raw.new_oid) if raw.status == "A" else (deleted, raw.old_oid)
            group.setdefault(oid, []).append(raw.path)
    for oid in sorted(added.keys() & deleted.keys()):
        news, olds = sorted(added[oid]), sorted(deleted[oid])
        yield from _paired(news, olds, names_only=oid in _EMPTY)


def _paired(news: list[str], olds: list[str], *, names_only: bool) -> Iterator[tuple[str, str]]:
    by_name: dict[str, list[str]] = {}
    for old in olds:
        by_name.setdefault(old.rpartition("/")[2], []).append(old)
    taken: dict[str, str] = {}
    for new in news:
        same = by_name.get(new.rpartition("/")[2])
        if same:
            taken[new] = same.pop(0)
    yield from taken.items()
    if not names_only:
        left = sorted(set(olds) - set(taken.values()))
        yield from zip([new for new in news if new not in taken], left, strict=False)
