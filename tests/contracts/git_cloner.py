"""Contract of ``GitCloner`` and ``Checkout``: the same for memory, local paths and clones."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import pytest
from tests.support.repositories import (
    START,
    CommitSpec,
    Entry,
    blob_oid,
    executable,
    link,
    submodule,
)

from prism.application.ports.git import Blob, Checkout
from prism.domain.errors import ExternalFailure, InvalidInput
from prism.domain.facts.files import TreeEntry
from prism.domain.facts.structure import FILE_BYTES_MAX

#: Makes a repository of these commits and opens it.
Open = Callable[..., AbstractContextManager[Checkout]]

OTHER_COMMIT = "1" * 40
TOO_LARGE = "x" * (FILE_BYTES_MAX + 1)
JUST_FITS = "y" * FILE_BYTES_MAX
FILES: dict[str, str | bytes | Entry] = {
    "zeta.py": "z = 1\n",
    "a/b.py": "b = 1\n",
    "a.py": "a = 1\n",
    "a-b.py": "a = 1\n",
    "run.sh": executable("#!/bin/sh\n"),
    "link": link("a.py"),
    "vendored": submodule(OTHER_COMMIT),
    "empty": b"",
    "bytes": b"\0\xff\n\n",
    "large.js": TOO_LARGE,
    "limit.js": JUST_FITS,
    "latin-\udce9.py": "e = 1\n",
}
HISTORY = [
    CommitSpec({"a.py": "1"}, message="First"),
    CommitSpec({"a.py": "2", "b.py": "2"}, message="Second"),
    CommitSpec({"b.py": "3"}, message="Third"),
]


class GitClonerContract:
    """Subclasses give ``open_repository`` and, for what cannot be opened, ``open_missing``."""

    @pytest.fixture
    def open_repository(self) -> Open:
        raise NotImplementedError

    @pytest.fixture
    def open_missing(self) -> Open:
        raise NotImplementedError

    def test_every_entry_is_listed_once_by_path_in_byte_order(self, open_repository: Open) -> None:
        with open_repository(FILES) as checkout:
            paths = [entry.path for entry in checkout.entries()]
        assert paths == sorted(FILES, key=lambda path: path.encode("utf-8", "surrogateescape"))

    def test_entries_have_mode_blob_and_size(self, open_repository: Open) -> None:
        with open_repository(FILES) as checkout:
            entries = {entry.path: entry for entry in checkout.entries()}
        assert entries["a/b.py"] == TreeEntry("a/b.py", "100644", blob_oid(b"b = 1\n"), 6)
        assert entries["run.sh"].mode == "100755"
        assert entries["link"] == TreeEntry("link", "120000", blob_oid(b"a.py"), 4)
        assert entries["vendored"] == TreeEntry("vendored", "160000", OTHER_COMMIT, -1)
        assert entries["empty"].size == 0

    def test_a_blob_above_the_limit_is_listed_without_size_and_not_read(
        self, open_repository: Open
    ) -> None:
        with open_repository(FILES) as checkout:
            entries = {entry.path: entry for entry in checkout.entries()}
            large, limit = entries["large.js"], entries["limit.js"]
            answers = list(checkout.blobs([large.oid, limit.oid]))
        assert (large.size, limit.size) == (-1, FILE_BYTES_MAX)
        assert answers[0].data is None
        assert answers[0].problem
        assert answers[1] == Blob(limit.oid, JUST_FITS.encode())

    def test_blobs_are_answered_in_the_order_asked_and_as_often(
        self, open_repository: Open
    ) -> None:
        with open_repository(FILES) as checkout:
            oid = {entry.path: entry.oid for entry in checkout.entries()}
            asked = [oid["bytes"], oid["a.py"], oid["empty"], oid["bytes"]]
            answers = [blob.data for blob in checkout.blobs(asked)]
        assert answers == [b"\0\xff\n\n", b"a = 1\n", b"", b"\0\xff\n\n"]

    def test_an_absent_blob_is_an_answer_and_the_next_one_is_read(
        self, open_repository: Open
    ) -> None:
        with open_repository(FILES) as checkout:
            absent, known = blob_oid(b"never seen"), blob_oid(b"a = 1\n")
            answers = list(checkout.blobs([absent, known]))
        assert answers == [Blob(absent, None, "missing"), Blob(known, b"a = 1\n")]

    def test_no_question_gets_no_answer(self, open_repository: Open) -> None:
        with open_repository(FILES) as checkout:
            assert list(checkout.blobs([])) == []

    def test_reading_may_be_left_half_way(self, open_repository: Open) -> None:
        with open_repository(FILES) as checkout:
            entries = [entry for entry in checkout.entries() if entry.size >= 0]
            first = next(iter(checkout.blobs([entry.oid for entry in entries] * 100)))
            assert first.oid == entries[0].oid
            assert next(iter(checkout.entries())) == entries[0]

    def test_the_commit_is_a_full_id(self, open_repository: Open) -> None:
        with open_repository(*HISTORY) as checkout:
            assert checkout.algorithm == "sha1"
            assert len(checkout.commit) == 40
            assert int(checkout.commit, 16)

    def test_history_is_the_newest_commits_first(self, open_repository: Open) -> None:
        with open_repository(*HISTORY) as checkout:
            history = checkout.history(limit=10)
            assert history.commits[0].oid == checkout.commit
        assert [c.subject for c in history.commits] == ["Third", "Second", "First"]
        assert [c.time for c in history.commits] == [START + 7200, START + 3600, START]
        assert [[(x.status, x.path) for x in c.changes] for c in history.commits] == [
            [("M", "b.py")], [("M", "a.py"), ("A", "b.py")], [("A", "a.py")],
        ]  # fmt: skip
        assert not history.truncated

    @pytest.mark.parametrize(("limit", "truncated"), [(1, True), (2, True), (3, False), (4, False)])
    def test_a_limited_history_says_whether_something_was_left_out(
        self, open_repository: Open, limit: int, truncated: bool
    ) -> None:
        with open_repository(*HISTORY) as checkout:
            history = checkout.history(limit=limit)
        subjects: Sequence[str] = [commit.subject for commit in history.commits]
        assert (subjects, history.truncated) == (["Third", "Second", "First"][:limit], truncated)

    def test_a_repository_without_commits_is_wrong_input(self, open_repository: Open) -> None:
        with pytest.raises(InvalidInput) as caught, open_repository():
            pass
        assert caught.value.hint

    def test_what_is_no_repository_is_told_with_a_hint(self, open_missing: Open) -> None:
        with pytest.raises((InvalidInput, ExternalFailure)) as caught, open_missing():
            pass
        assert caught.value.hint
