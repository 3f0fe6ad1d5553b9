"""Local repositories: of every shape, and such that try to run something."""

import os
import shutil
import stat
from pathlib import Path

import pytest
from tests.support.repositories import (
    git,
    head,
    make_repository,
    submodule,
)

from prism.adapters.git.cloner import GitPythonCloner, git_version
from prism.adapters.git.command import Git
from prism.adapters.git.local import GitRepositoryLocator
from prism.application.ports.git import Checkout
from prism.domain.errors import ExternalFailure, InvalidInput, Permanent, Refused

#: What a program of the repository would leave behind.
CANARY = "canary"


def everything(checkout: Checkout) -> tuple[list[str], list[bytes | None], list[str]]:
    entries = list(checkout.entries())
    blobs = [blob.data for blob in checkout.blobs([e.oid for e in entries if e.size >= 0])]
    subjects = [commit.subject for commit in checkout.history(limit=100).commits]
    return [entry.path for entry in entries], blobs, subjects


def read(path: Path) -> tuple[list[str], list[bytes | None], list[str]]:
    with GitPythonCloner().open_local(str(path)) as checkout:
        return everything(checkout)


EXPECTED = (["a.py", "src/b.py"], [b"a = 1\n", b"b = 1\n"], ["Change"])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "code" / "shop"
    make_repository(path, {"a.py": "a = 1\n", "src/b.py": "b = 1\n"}, work_tree=True)
    return path


class TestShapes:
    def test_a_folder_inside_is_read_as_its_repository(self, repository: Path) -> None:
        assert read(repository / "src") == EXPECTED

    def test_the_work_tree_is_not_read(self, repository: Path) -> None:
        (repository / "a.py").write_text("changed = True\n")
        (repository / "new.py").write_text("")
        git(repository, "add", "new.py")
        assert read(repository) == EXPECTED

    def test_a_bare_repository(self, repository: Path, tmp_path: Path) -> None:
        git(tmp_path, "clone", "--quiet", "--bare", str(repository), "bare.git")
        assert read(tmp_path / "bare.git") == EXPECTED
        assert GitRepositoryLocator().locate(str(tmp_path / "bare.git" / "objects")) == str(
            tmp_path / "bare.git"
        )

    def test_a_linked_work_tree_has_its_own_head(self, repository: Path, tmp_path: Path) -> None:
        git(repository, "worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
        git(repository, "commit", "--quiet", "--allow-empty", "-m", "Later")
        assert read(tmp_path / "linked") == EXPECTED
        assert read(repository)[2] == ["Later", "Change"]

    def test_a_submodule_is_a_repository_of_its_own(self, repository: Path, tmp_path: Path) -> None:
        outer = tmp_path / "outer"
        make_repository(outer, {"lib": submodule(head(repository))}, work_tree=True)
        git_dir = outer / ".git" / "modules" / "lib"
        git(tmp_path, "clone", "--quiet", "--bare", str(repository), str(git_dir))
        git(git_dir, "config", "core.worktree", "../../../lib")
        git(git_dir, "config", "core.bare", "false")
        (outer / "lib" / ".git").write_text("gitdir: ../.git/modules/lib\n")
        assert read(outer / "lib") == EXPECTED
        assert GitRepositoryLocator().locate(str(outer / "lib")) == str(outer / "lib")
        with GitPythonCloner().open_local(str(outer)) as checkout:
            assert [(e.path, e.mode) for e in checkout.entries()] == [("lib", "160000")]

    def test_a_detached_head(self, repository: Path) -> None:
        first = head(repository)
        git(repository, "commit", "--quiet", "--allow-empty", "-m", "Later")
        git(repository, "checkout", "--quiet", first)
        assert read(repository) == EXPECTED

    def test_packed_refs_and_objects(self, repository: Path) -> None:
        git(repository, "pack-refs", "--all")
        git(repository, "repack", "-adq")
        assert read(repository) == EXPECTED

    def test_sha256(self, tmp_path: Path) -> None:
        commit = make_repository(tmp_path / "r", {"a.py": "a = 1\n"}, algorithm="sha256")
        with GitPythonCloner().open_local(str(tmp_path / "r")) as checkout:
            assert (checkout.commit, checkout.algorithm) == (commit, "sha256")
            assert len(checkout.commit) == 64
            assert everything(checkout) == (["a.py"], [b"a = 1\n"], ["Change"])

    def test_a_path_with_strange_characters(self, tmp_path: Path) -> None:
        path = tmp_path / ' "#\nü\\'
        make_repository(path, {"a.py": "a = 1\n"})
        assert read(path)[0] == ["a.py"]

    def test_a_link_to_a_repository_is_resolved(self, repository: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(repository)
        assert GitRepositoryLocator().locate(str(tmp_path / "link")) == str(repository)

    def test_objects_borrowed_from_another_repository(
        self, repository: Path, tmp_path: Path
    ) -> None:
        git(tmp_path, "clone", "--quiet", "--shared", str(repository), "borrower")
        assert read(tmp_path / "borrower") == EXPECTED

    def test_a_partial_clone_reads_what_it_has(self, repository: Path, tmp_path: Path) -> None:
        git(repository, "config", "uploadpack.allowFilter", "true")
        git(tmp_path, "clone", "--quiet", "--bare", "--filter=blob:none",
            f"file://{repository}", "partial.git")  # fmt: skip
        with GitPythonCloner().open_local(str(tmp_path / "partial.git")) as checkout:
            assert [(e.path, e.size) for e in checkout.entries()] == [
                ("a.py", -1),
                ("src/b.py", -1),
            ]

    def test_what_is_needed_beside_it_lies_in_the_scratch_directory(
        self, repository: Path, tmp_path: Path
    ) -> None:
        """Whose owner removes it when the job's process is killed: nobody else would."""
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        with GitPythonCloner().open_local(str(repository), scratch=str(scratch)) as checkout:
            assert everything(checkout) == EXPECTED
            assert len(list(scratch.iterdir())) == 1
        assert list(scratch.iterdir()) == []

    def test_the_repository_of_another_user(self, repository: Path) -> None:
        # git's own switch for its tests, so that no root is needed to change an owner
        environment = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
        cloner = GitPythonCloner(environment=environment)
        with cloner.open_local(str(repository)) as checkout:
            assert everything(checkout) == EXPECTED
        locator = GitRepositoryLocator(git=Git(environment=environment))
        assert locator.head(str(repository)) == head(repository)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
    def test_the_repository_of_nobody(self, repository: Path) -> None:
        for folder, _, names in os.walk(repository):
            for name in ["", *names]:
                os.chown(Path(folder) / name, 65534, 65534)
        assert read(repository) == EXPECTED


class TestLocating:
    def test_the_root_is_found_from_inside(self, repository: Path) -> None:
        locator = GitRepositoryLocator()
        for place in (repository, repository / "src", repository / "a.py", repository / ".git",
                      repository / ".git" / "objects"):  # fmt: skip
            assert locator.locate(str(place)) == str(repository)
        assert locator.head(str(repository)) == head(repository)

    def test_a_folder_without_a_repository_gets_a_hint(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="not in a git repository") as caught:
            GitRepositoryLocator().locate(str(tmp_path))
        assert "git init && git add -A && git commit" in caught.value.hint

    def test_a_path_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="No such file"):
            GitRepositoryLocator().locate(str(tmp_path / "nothing"))

    def test_an_empty_git_folder_is_no_repository(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        with pytest.raises(InvalidInput, match="not in a git repository"):
            GitRepositoryLocator().locate(str(tmp_path))

    def test_a_repository_without_commits_has_no_head(self, tmp_path: Path) -> None:
        make_repository(tmp_path / "empty")
        with pytest.raises(InvalidInput, match="has no commit yet") as caught:
            GitRepositoryLocator().head(str(tmp_path / "empty"))
        assert "git commit" in caught.value.hint

    def test_a_git_file_that_leads_nowhere_is_told(self, tmp_path: Path) -> None:
        (tmp_path / ".git").write_text("gitdir: /nowhere\n")
        with pytest.raises(ExternalFailure, match="cannot read"):
            GitRepositoryLocator().head(str(tmp_path))

    def test_urls_are_checked_by_the_policy(self) -> None:
        assert (
            GitRepositoryLocator().check_url("https://GitHub.com/x/y/") == "https://github.com/x/y"
        )
        with pytest.raises(Refused):
            GitRepositoryLocator().check_url("https://127.0.0.1/x/y")


class TestHostileRepositories:
    def make_evil(self, repository: Path, canary: Path) -> None:
        """Configuration, attributes and hooks that run a program at every chance git gives."""
        program = repository / ".git" / "evil.sh"
        program.write_text(f"#!/bin/sh\necho ran >> {canary}\ncat\n")
        program.chmod(0o755)
        for key in (
            "core.fsmonitor", "core.pager", "pager.log", "pager.ls-tree", "core.editor",
            "core.sshCommand", "core.askPass", "core.gitProxy", "core.alternateRefsCommand",
            "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean",
            "filter.evil.smudge", "filter.evil.process", "gpg.program", "credential.helper",
            "alias.log", "alias.ls-tree", "alias.cat-file", "alias.rev-parse",
            "uploadpack.packObjectsHook",
        ):  # fmt: skip
            value = f"!{program}" if key.startswith(("alias", "credential")) else str(program)
            git(repository, "config", key, value)
        for key, value in (
            ("log.showSignature", "true"), ("core.hooksPath", str(repository / ".git" / "hooks")),
            ("core.worktree", "/"), ("mailmap.file", "/etc/passwd"),
            ("extensions.partialClone", "x"),
            ("remote.x.url", f"ext::{program}"), ("remote.x.promisor", "true"),
            ("protocol.ext.allow", "always"),
        ):  # fmt: skip
            git(repository, "config", key, value)
        hooks = repository / ".git" / "hooks"
        hooks.mkdir(exist_ok=True)
        for hook in ("post-checkout", "pre-auto-gc", "reference-transaction", "post-index-change"):
            shutil.copy(program, hooks / hook)
        info = repository / ".git" / "info"
        info.mkdir(exist_ok=True)
        (info / "attributes").write_text("* diff=evil filter=evil\n")
        (info / "grafts").write_text(f"{head(repository)} {'0' * 40}\n")

    def test_the_trap_is_real(self, repository: Path, tmp_path: Path) -> None:
        self.make_evil(repository, tmp_path / CANARY)
        git(repository, "config", "--unset", "core.worktree")
        git(repository, "status")
        assert (tmp_path / CANARY).exists()

    def test_nothing_of_it_runs(self, repository: Path, tmp_path: Path) -> None:
        canary = tmp_path / CANARY
        self.make_evil(repository, canary)
        assert read(repository) == EXPECTED
        assert GitRepositoryLocator().locate(str(repository / "src")) == str(repository)
        assert not canary.exists()

    def test_nothing_is_written_into_it(self, repository: Path, tmp_path: Path) -> None:
        self.make_evil(repository, tmp_path / CANARY)

        def state() -> list[tuple[str, int, int]]:
            return sorted(
                (str(p), p.lstat().st_mtime_ns, p.lstat().st_size) for p in repository.rglob("*")
            )

        before = state()
        read(repository)
        assert state() == before

    def test_a_read_only_repository_is_read(self, repository: Path) -> None:
        for path in [repository, *repository.rglob("*")]:
            path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        assert read(repository) == EXPECTED

    def test_replace_refs_change_nothing(self, repository: Path) -> None:
        evil = git(repository, "hash-object", "-w", "--stdin", stdin=b"evil\n").decode().strip()
        real = git(repository, "rev-parse", "HEAD:a.py").decode().strip()
        git(repository, "replace", real, evil)
        assert read(repository) == EXPECTED

    def test_names_of_an_invalid_tree_are_told_once_and_in_order(self, repository: Path) -> None:
        blob = bytes.fromhex(
            git(repository, "hash-object", "-w", "--stdin", stdin=b"x").decode().strip()
        )
        names = [b"z", b"..", b"a.py", b".git", b"/etc/passwd", b"a.py", b"../up", b"b\xff", b"b"]
        raw = b"".join(b"100644 " + name + b"\0" + blob for name in names)
        self._set_tree(repository, raw)
        paths, blobs, _ = read(repository)
        assert paths == ["..", "../up", ".git", "/etc/passwd", "a.py", "b", "b\udcff", "z"]
        assert blobs == [b"x"] * len(paths)

    def test_an_entry_that_lies_about_its_type_is_no_blob(self, repository: Path) -> None:
        tree = git(repository, "rev-parse", "HEAD^{tree}").decode().strip()
        self._set_tree(repository, b"100644 lie.py\0" + bytes.fromhex(tree))
        with GitPythonCloner().open_local(str(repository)) as checkout:
            entries = list(checkout.entries())
            answers = list(checkout.blobs([entry.oid for entry in entries]))
        assert [(a.data, a.problem) for a in answers] == [(None, "a tree")]

    def test_a_corrupt_blob_costs_itself_only(self, repository: Path) -> None:
        bad = git(repository, "hash-object", "-w", "--stdin", stdin=b"bad\n").decode().strip()
        place = repository / ".git" / "objects" / bad[:2] / bad[2:]
        place.chmod(0o644)
        place.write_bytes(b"rubbish")
        good = git(repository, "rev-parse", "HEAD:a.py").decode().strip()
        with GitPythonCloner().open_local(str(repository)) as checkout:
            answers = list(checkout.blobs([bad, good]))
        assert [(a.data, a.problem) for a in answers] == [(None, "missing"), (b"a = 1\n", "")]

    def test_a_missing_tree_is_an_error(self, repository: Path) -> None:
        self._set_tree(repository, b"40000 gone\0" + b"\x11" * 20)
        with pytest.raises(Permanent, match="cannot read the repository"):
            read(repository)

    def test_a_tree_that_is_too_deep_is_refused(self, repository: Path) -> None:
        make_repository(repository / "deep", {"d/" * 1001 + "x.py": "x"})
        with pytest.raises(Refused, match=r"deeper than 1,000 folders"):
            read(repository / "deep")

    def test_a_tree_of_a_thousand_million_names_is_refused_early(self, repository: Path) -> None:
        blob = git(repository, "hash-object", "-w", "--stdin", stdin=b"x").decode().strip()
        kind, oid = "blob", blob
        for _ in range(3):
            mode = "100644" if kind == "blob" else "040000"
            lines = "".join(f"{mode} {kind} {oid}\t{n:04}\n" for n in range(1000))
            kind, oid = "tree", git(repository, "mktree", stdin=lines.encode()).decode().strip()
        commit = git(repository, "commit-tree", oid, "-m", "bomb").decode().strip()
        git(repository, "update-ref", "HEAD", commit)
        with pytest.raises(Refused, match=r"more than 1,000,000 entries"):
            read(repository)

    def _set_tree(self, repository: Path, raw: bytes) -> None:
        tree = git(
            repository, "hash-object", "-t", "tree", "--literally", "-w", "--stdin", stdin=raw
        )
        commit = git(repository, "commit-tree", tree.decode().strip(), "-m", "Change")
        git(repository, "update-ref", "HEAD", commit.decode().strip())


def test_the_version_of_git_is_told() -> None:
    assert git_version().split(".")[0].isdigit()
