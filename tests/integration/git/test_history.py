"""History without blobs: flags, renames, .mailmap, and where it is cut."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.clones import TOKEN, cloner_for, request_for
from tests.support.git_server import git_server
from tests.support.repositories import START, CommitSpec, Files, blob_oid, git, make_repository

from prism.adapters.git.cloner import GitPythonCloner
from prism.application.ports.git import History
from prism.domain.facts.runs import Change, Commit


def history_of(path: Path, *commits: Files | CommitSpec, limit: int = 100) -> History:
    make_repository(path, *commits)
    with GitPythonCloner().open_local(str(path)) as checkout:
        return checkout.history(limit=limit)


def newest(path: Path, *commits: Files | CommitSpec) -> Commit:
    return history_of(path, *commits).commits[0]


def test_a_commit_has_time_author_subject_and_changes(tmp_path: Path) -> None:
    commit = newest(
        tmp_path,
        {"a.py": "1", "b.py": "b"},
        CommitSpec(
            {"a.py": "2", "b.py": None}, message="Subject\n\nBody", author="B <b@x.example>"
        ),
    )
    assert (commit.time, commit.author, commit.subject) == (START + 3600, "B", "Subject")
    assert commit.changes == (
        Change("M", "a.py", "", blob_oid(b"2"), blob_oid(b"1")),
        Change("D", "b.py", "", "", blob_oid(b"b")),
    )


def test_names_that_are_no_text_are_kept(tmp_path: Path) -> None:
    commit = newest(tmp_path, {"tab\there": "1", "latin-\udce9": "2", "new\nline": "3"})
    assert [c.path for c in commit.changes] == ["latin-\udce9", "new\nline", "tab\there"]


class TestRenames:
    def renames(self, tmp_path: Path, before: Files, after: Files) -> Sequence[tuple[str, ...]]:
        commit = newest(tmp_path, {"keep.py": "keep", **before}, after)
        return [(c.status, c.path, c.old_path) for c in commit.changes]

    def test_an_equal_blob_that_moved_is_one_change(self, tmp_path: Path) -> None:
        make = {"old.py": None, "new.py": "same"}
        assert self.renames(tmp_path, {"old.py": "same"}, make) == [("R", "new.py", "old.py")]

    def test_both_ids_of_a_rename_are_the_blob(self, tmp_path: Path) -> None:
        commit = newest(tmp_path, {"old.py": "same"}, {"old.py": None, "new.py": "same"})
        assert commit.changes == (
            Change("R", "new.py", "old.py", blob_oid(b"same"), blob_oid(b"same")),
        )

    def test_a_changed_file_is_not_a_rename(self, tmp_path: Path) -> None:
        assert self.renames(tmp_path, {"old.py": "1"}, {"old.py": None, "new.py": "2"}) == [
            ("A", "new.py", ""), ("D", "old.py", ""),
        ]  # fmt: skip

    def test_a_copy_is_an_addition(self, tmp_path: Path) -> None:
        assert self.renames(tmp_path, {"old.py": "same"}, {"new.py": "same"}) == [
            ("A", "new.py", "")
        ]

    def test_files_of_the_same_name_belong_together(self, tmp_path: Path) -> None:
        before: Files = {"x/a.py": "same", "x/b.py": "same"}
        after: Files = {"x/a.py": None, "x/b.py": None, "y/b.py": "same", "y/c.py": "same"}
        assert self.renames(tmp_path, before, after) == [
            ("R", "y/b.py", "x/b.py"), ("R", "y/c.py", "x/a.py"),
        ]  # fmt: skip

    def test_empty_files_move_only_under_their_name(self, tmp_path: Path) -> None:
        before: Files = {"x/__init__.py": "", "x/other.py": ""}
        after: Files = {
            "x/__init__.py": None, "x/other.py": None, "y/__init__.py": "", "y/new.py": "",
        }  # fmt: skip
        assert self.renames(tmp_path, before, after) == [
            ("D", "x/other.py", ""), ("R", "y/__init__.py", "x/__init__.py"), ("A", "y/new.py", ""),
        ]  # fmt: skip


class TestFlags:
    @pytest.mark.parametrize(
        ("subject", "flags"),
        [
            ("Fix the door", ("fix",)), ("fixes #12", ("fix",)), ("BUG: wrong sum", ("fix",)),
            ("bugfix", ("fix",)), ("Add prefix and suffix", ()), ("Debug output", ()),
        ],
    )  # fmt: skip
    def test_a_fix_says_so(self, tmp_path: Path, subject: str, flags: tuple[str, ...]) -> None:
        assert newest(tmp_path, CommitSpec({"a": "1"}, message=subject)).flags == flags

    @pytest.mark.parametrize(
        ("author", "flags"),
        [
            ("dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>", ("bot",)),
            ("Renovate Bot <bot@renovateapp.com>", ("bot",)),
            ("CI <github-actions@github.com>", ("bot",)),
            ("Abbott Talbot <talbot@example.org>", ()),
        ],
    )
    def test_a_bot_is_known(self, tmp_path: Path, author: str, flags: tuple[str, ...]) -> None:
        assert newest(tmp_path, CommitSpec({"a": "1"}, author=author)).flags == flags

    @pytest.mark.parametrize(("files", "flags"), [(30, ()), (31, ("bulk",))])
    def test_many_files_are_bulk(self, tmp_path: Path, files: int, flags: tuple[str, ...]) -> None:
        assert newest(tmp_path, {f"{n}.py": "1" for n in range(files)}).flags == flags

    def test_a_merge_has_no_changes_of_its_own(self, tmp_path: Path) -> None:
        commit = newest(
            tmp_path,
            {"a": "1"},
            {"b": "1"},
            CommitSpec({"c": "1"}, parents=(0,)),
            CommitSpec({"c": "1"}, message="Merge the fix", parents=(1, 2)),
        )
        assert (commit.flags, commit.changes) == (("fix", "merge"), ())


def test_authors_are_by_the_mailmap_of_the_commit(tmp_path: Path) -> None:
    commits = history_of(
        tmp_path,
        CommitSpec({"a": "1"}, author="ada <old@example.org>"),
        {".mailmap": "Ada L. <ada@example.org>\nAda L. <ada@example.org> <old@example.org>\n"},
    ).commits
    assert [commit.author for commit in commits] == ["Ada L.", "Ada L."]


def test_a_mailmap_of_the_work_tree_is_not_read(tmp_path: Path) -> None:
    make_repository(tmp_path, {"a": "1"}, work_tree=True)
    (tmp_path / ".mailmap").write_text("Wrong <ada@example.org>\n")
    with GitPythonCloner().open_local(str(tmp_path)) as checkout:
        assert [c.author for c in checkout.history(limit=1).commits] == ["Ada Tester"]


def test_children_come_before_parents_and_newer_ones_first(tmp_path: Path) -> None:
    commits = history_of(
        tmp_path,
        CommitSpec({"a": "1"}, message="root"),
        CommitSpec({"a": "2"}, message="left", time=START + 50),
        CommitSpec({"b": "2"}, message="right", time=START + 40, parents=(0,)),
        CommitSpec({"b": "2"}, message="merge", time=START - 100, parents=(1, 2)),
    ).commits
    assert [commit.subject for commit in commits] == ["merge", "left", "right", "root"]


def test_times_beyond_any_calendar_are_bounded(tmp_path: Path) -> None:
    make_repository(tmp_path, {"a": "1"})
    tree = git(tmp_path, "rev-parse", "HEAD^{tree}").decode().strip()
    raw = (
        f"tree {tree}\nauthor A <a@x> 99999999999999999 +0000\n"
        "committer A <a@x> 9223372036854775000 +0000\n\nLater\n"
    ).encode()
    commit = git(tmp_path, "hash-object", "-t", "commit", "--literally", "-w", "--stdin", stdin=raw)
    git(tmp_path, "update-ref", "HEAD", commit.decode().strip())
    with GitPythonCloner().open_local(str(tmp_path)) as checkout:
        assert 0 <= checkout.history(limit=1).commits[0].time < 2**40


def test_commits_at_the_shallow_boundary_are_dropped(tmp_path: Path) -> None:
    commits = [{f"{n}.py": str(n)} for n in range(5)]
    make_repository(tmp_path / "full", *commits)
    git(tmp_path, "clone", "--quiet", "--depth=3", f"file://{tmp_path / 'full'}", "shallow")
    with GitPythonCloner().open_local(str(tmp_path / "shallow")) as checkout:
        history = checkout.history(limit=100)
    assert [[c.path for c in commit.changes] for commit in history.commits] == [["4.py"], ["3.py"]]
    assert history.truncated


def test_a_clone_has_the_same_window_as_a_local_path(tmp_path: Path) -> None:
    commits = [CommitSpec({f"{n}.py": str(n)}, message=str(n)) for n in range(12)]
    commits.append(
        CommitSpec({"side.py": "1"}, message="side", parents=(3,), time=START + 9 * 3600)
    )
    commits.append(CommitSpec({"side.py": "1"}, message="merge", parents=(11, 12)))
    make_repository(tmp_path / "served" / "r.git", *commits, bare=True)
    with git_server(tmp_path / "served", token=TOKEN) as server:
        for limit in (1, 4, 9, 50):
            with GitPythonCloner().open_local(str(server.root / "r.git")) as local:
                expected = local.history(limit=limit)
            request = request_for(server, tmp_path / "scratch", token=TOKEN)
            with cloner_for(server).clone(request) as clone:
                assert clone.history(limit=limit) == expected


def test_a_clone_of_a_detached_head_and_sha256(tmp_path: Path) -> None:
    path = tmp_path / "served" / "r.git"
    make_repository(
        path, {"a.py": "1"}, {"a.py": "2"}, {"a.py": "3"}, bare=True, algorithm="sha256"
    )
    middle = git(path, "rev-parse", "HEAD~1").decode().strip()
    (path / "HEAD").write_text(f"{middle}\n")
    with (
        git_server(tmp_path / "served") as server,
        cloner_for(server).clone(request_for(server, tmp_path / "scratch")) as clone,
    ):
        assert (clone.commit, clone.algorithm) == (middle, "sha256")
        blobs = clone.blobs([entry.oid for entry in clone.entries()])
        assert [blob.data for blob in blobs] == [b"2"]
        assert len(clone.history(limit=10).commits) == 2
