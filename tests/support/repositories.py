"""Real git repositories from literals: one ``git fast-import`` each, the same ids every time."""

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

#: Committer time of the first commit; each further one is an hour later.
START = 1_700_000_000
AUTHOR = "Ada Tester <ada@example.org>"
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
    "GIT_CONFIG_KEY_1": "core.fsync", "GIT_CONFIG_VALUE_1": "none",
    "GIT_CONFIG_KEY_2": "gc.auto", "GIT_CONFIG_VALUE_2": "0",
    "GIT_AUTHOR_NAME": "Ada Tester", "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": f"{START} +0000", "GIT_COMMITTER_DATE": f"{START} +0000",
    "GIT_COMMITTER_NAME": "Ada Tester", "GIT_COMMITTER_EMAIL": "ada@example.org",
}  # fmt: skip


class Entry(NamedTuple):
    """A tree entry with a mode of its own; ``data`` is the id of the commit for a submodule."""

    mode: str
    data: bytes


#: path -> text, bytes, an entry, or None to delete it.
Files = Mapping[str, str | bytes | Entry | None]


def executable(data: str) -> Entry:
    return Entry("100755", data.encode())


def link(target: str) -> Entry:
    return Entry("120000", target.encode())


def submodule(oid: str) -> Entry:
    return Entry("160000", oid.encode())


class CommitSpec(NamedTuple):
    """What one commit changes against its first parent (by default the commit before it).

    ``parents`` are indexes of earlier commits; () starts a new root.
    """

    files: Files
    message: str = "Change"
    author: str = AUTHOR
    time: int | None = None
    parents: tuple[int, ...] | None = None


def git(directory: Path | str, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run git there in a clean environment; raises CalledProcessError with git's words."""
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env=_ENVIRONMENT, input=stdin, capture_output=True
    )
    if done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, ["git", *arguments], done.stdout, done.stderr.decode(errors="replace")
        )
    return done.stdout


def make_repository(
    path: Path,
    *commits: Files | CommitSpec,
    bare: bool = False,
    branch: str = "main",
    algorithm: str = "sha1",
    work_tree: bool = False,
) -> str:
    """Make a repository at *path* with these commits on *branch*; returns the last commit's id.

    No commits: an empty repository, and ''. ``work_tree`` checks the files out.
    """
    path.mkdir(parents=True, exist_ok=True)
    options = ["--bare"] if bare else []
    git(path, "init", "--quiet", "--template=", f"--initial-branch={branch}",
        f"--object-format={algorithm}", *options)  # fmt: skip
    if not commits:
        return ""
    specs = [c if isinstance(c, CommitSpec) else CommitSpec(c) for c in commits]
    git(path, "fast-import", "--quiet", "--done", "--force", stdin=_stream(specs, branch))
    if work_tree:
        git(path, "reset", "--quiet", "--hard")
    return head(path)


def head(path: Path | str) -> str:
    return git(path, "rev-parse", "HEAD").decode().strip()


def blob_oid(data: bytes, algorithm: str = "sha1") -> str:
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data).hexdigest()


def _stream(specs: Sequence[CommitSpec], branch: str) -> bytes:
    parts: list[bytes] = []
    for number, spec in enumerate(specs):
        time = START + 3600 * number if spec.time is None else spec.time
        parents = spec.parents if spec.parents is not None else ((number - 1,) if number else ())
        parts.append(b"commit refs/heads/%s\nmark :%d\n" % (branch.encode(), number + 1))
        parts.append(b"author %s %d +0000\n" % (spec.author.encode(), time))
        parts.append(b"committer %s %d +0000\n" % (AUTHOR.encode(), time))
        parts.append(_data(spec.message.encode()))
        for index, parent in enumerate(parents):
            parts.append(b"%s :%d\n" % (b"merge" if index else b"from", parent + 1))
        if number and not parents:
            parts.append(b"deleteall\n")
        parts.extend(_change(name, content) for name, content in spec.files.items())
    if any(s.parents == () for s in specs[1:]):
        # without `from`, fast-import goes on from the branch's tip: a new root needs a reset
        parts = _with_resets(parts, branch)
    return b"".join([*parts, b"done\n"])


def _with_resets(parts: Sequence[bytes], branch: str) -> list[bytes]:
    out: list[bytes] = []
    for part in parts:
        if part.startswith(b"commit "):
            out.append(b"reset refs/heads/%s\n\n" % branch.encode())
        out.append(part)
    return out


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _change(name: str, content: str | bytes | Entry | None) -> bytes:
    quoted = b'"%s"' % b"".join(
        b"\\%03o" % byte for byte in name.encode("utf-8", "surrogateescape")
    )
    if content is None:
        return b"D %s\n" % quoted
    entry = content if isinstance(content, Entry) else Entry("100644", _bytes(content))
    if entry.mode == "160000":
        return b"M 160000 %s %s\n" % (entry.data, quoted)
    return b"M %s inline %s\n%s" % (entry.mode.encode(), quoted, _data(entry.data))


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
