"""Scratch directories: private, removed in any case, swept when their owner is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prism.adapters.processes.scratch import ScratchDirectories
from prism.domain.errors import Transient

ROOT = Path(__file__).resolve().parents[3]
#: Opens a directory, says where, and waits to be killed.
OWNER = """
import sys
from prism.adapters.processes.scratch import ScratchDirectories
with ScratchDirectories(sys.argv[1]).open("7-1") as directory:
    open(directory + "/pack", "w").close()
    sys.stdout.write(directory + "\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "scratch"


@pytest.fixture
def scratch(root: Path) -> ScratchDirectories:
    return ScratchDirectories(str(root))


def test_a_directory_is_empty_and_private(scratch: ScratchDirectories, root: Path) -> None:
    with scratch.open("7-1") as directory:
        assert directory == str(root / "7-1")
        assert list(Path(directory).iterdir()) == []
        assert Path(directory).stat().st_mode & 0o777 == 0o700
    assert root.stat().st_mode & 0o777 == 0o700


def test_nothing_is_left_afterwards(scratch: ScratchDirectories, root: Path) -> None:
    with scratch.open("7-1") as directory:
        (Path(directory) / "repo.git" / "objects").mkdir(parents=True)
        (Path(directory) / "repo.git" / "objects" / "pack").write_bytes(b"x")
    assert list(root.iterdir()) == []


def test_nothing_is_left_when_the_job_raises(scratch: ScratchDirectories, root: Path) -> None:
    with pytest.raises(RuntimeError, match="boom"), scratch.open("7-1"):
        raise RuntimeError("boom")
    assert list(root.iterdir()) == []


def test_a_directory_without_permissions_is_removed(
    scratch: ScratchDirectories, root: Path
) -> None:
    with scratch.open("7-1") as directory:
        closed = Path(directory) / "closed"
        closed.mkdir()
        (closed / "file").touch()
        closed.chmod(0)
    assert list(root.iterdir()) == []


def test_links_are_removed_not_followed(
    scratch: ScratchDirectories, root: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    with scratch.open("7-1") as directory:
        (Path(directory) / "link").symlink_to(elsewhere)
    assert (elsewhere / "file").exists()
    assert list(root.iterdir()) == []


def test_a_directory_that_vanished_is_no_error(scratch: ScratchDirectories, root: Path) -> None:
    with scratch.open("7-1") as directory:
        Path(directory).rmdir()
    assert list(root.iterdir()) == []


def test_a_name_in_use_is_refused(scratch: ScratchDirectories) -> None:
    with scratch.open("7-1"), pytest.raises(Transient, match="in use"), scratch.open("7-1"):
        pass


def test_a_name_can_be_used_again(scratch: ScratchDirectories) -> None:
    for _ in range(2):
        with scratch.open("7-1") as directory:
            assert list(Path(directory).iterdir()) == []


def test_what_a_killed_owner_left_under_the_name_is_not_seen(
    scratch: ScratchDirectories, root: Path
) -> None:
    (root / "7-1").mkdir(parents=True)
    (root / "7-1" / "old").touch()
    with scratch.open("7-1") as directory:
        assert list(Path(directory).iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a.lock", "-a", ".hidden", "a b"])
def test_a_name_is_never_a_way_out_of_the_root(scratch: ScratchDirectories, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        scratch.open(name)


def test_a_root_that_cannot_be_made_is_an_error_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    scratch = ScratchDirectories(str(tmp_path / "file" / "scratch"))
    with pytest.raises(Transient, match="Not a directory"), scratch.open("7-1"):
        pass


def test_sweeping_where_nothing_ever_was_is_fine(scratch: ScratchDirectories) -> None:
    assert scratch.sweep() == 0


def test_a_directory_in_use_is_not_swept(scratch: ScratchDirectories, root: Path) -> None:
    with scratch.open("7-1") as directory:
        assert ScratchDirectories(str(root)).sweep() == 0
        assert Path(directory).is_dir()


def test_a_directory_is_swept_once_its_owner_was_killed(
    scratch: ScratchDirectories, root: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ) as owner:  # fmt: skip
        assert owner.stdout is not None
        directory = Path(owner.stdout.readline().strip())
        assert (scratch.sweep(), directory.is_dir()) == (0, True)
        owner.kill()
        owner.wait()
    assert (scratch.sweep(), list(root.iterdir())) == (1, [])


def test_a_lock_without_a_directory_is_swept_but_not_counted(
    scratch: ScratchDirectories, root: Path
) -> None:
    root.mkdir(parents=True)
    (root / "7-1.lock").touch()
    assert (scratch.sweep(), list(root.iterdir())) == (0, [])


def test_what_is_none_of_ours_is_left_alone(scratch: ScratchDirectories, root: Path) -> None:
    (root / ".keep").mkdir(parents=True)
    assert scratch.sweep() == 0
    assert (root / ".keep").is_dir()


def test_the_directory_stays_when_it_cannot_be_removed_and_goes_with_a_later_sweep(
    scratch: ScratchDirectories, root: Path, tmp_path: Path
) -> None:
    if os.geteuid() == 0:
        pytest.skip("root can remove everything")
    with scratch.open("7-1") as directory:
        (Path(directory) / "file").touch()
        root.chmod(0o500)
    root.chmod(0o700)
    assert (scratch.sweep(), list(root.iterdir())) == (1, [])
