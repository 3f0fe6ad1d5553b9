"""What a whole index costs, beside two floors and a peer, all in the same run.

``python -m benchmarks.index_repository PATH`` (a git repository, like Django's source package after
``git init && git add -A && git commit``) prints CPU and wall seconds, peak memory and the store's
size of ``prism index`` as its users run it, and the ratios to

* reading the same blobs by git alone (floor of any reader),
* parsing the same files with bare tree-sitter in one process (floor of any extractor),
* ``ctags`` over the same tree, where it is installed (definitions only).
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

PARSE = """
import subprocess, sys
from tree_sitter import Language, Parser
import tree_sitter_javascript as js, tree_sitter_python as py, tree_sitter_typescript as ts
grammars = {".py": py.language(), ".js": js.language(), ".jsx": js.language(),
            ".mjs": js.language(), ".cjs": js.language(), ".ts": ts.language_typescript(),
            ".tsx": ts.language_tsx()}
parsers = {ending: Parser(Language(g)) for ending, g in grammars.items()}
size = 0
for path in subprocess.run(["git", "-C", sys.argv[1], "ls-files", "-z"], capture_output=True,
                           check=True).stdout.decode("utf-8", "surrogateescape").split("\\0"):
    parser = parsers.get(path[path.rfind("."):])
    if parser is not None:
        data = open(sys.argv[1] + "/" + path, "rb").read()
        if len(data) <= 1024 * 1024:
            size += len(data)
            parser.parse(data)
print(size)
"""
READ = "git -C {0} ls-tree -r HEAD | cut -c13-52 | git -C {0} cat-file --batch >/dev/null"


class Cost(NamedTuple):
    """CPU and wall in seconds over all processes; ``peak`` MB of all of them together (PSS)."""

    cpu: float
    wall: float
    peak: float


def measure(command: Sequence[str], environment: dict[str, str] | None = None) -> Cost:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        peak = _Peak(process.pid)
        peak.start()
        _, errors = process.communicate()
        peak.done.set()
        peak.join()
    if process.returncode:
        raise SystemExit(f"{command[0]} exited with {process.returncode}: {errors[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, time.perf_counter() - began, peak.megabytes)


class _Peak(threading.Thread):
    """Samples the memory of a process and all below it: proportional shares, so that pages that a
    fork shares are counted once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.megabytes = 0.0
        self._pid = pid

    def run(self) -> None:
        while not self.done.wait(0.1):
            total = 0
            try:
                root = psutil.Process(self._pid)
                for each in (root, *root.children(recursive=True)):
                    total += each.memory_full_info().pss
            except psutil.Error:
                continue
            self.megabytes = max(self.megabytes, total / 1e6)


def main(repository: str) -> None:
    root = str(Path(repository).resolve())
    prism = [sys.executable, "-m", "prism"]
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "PRISM_DATA_DIR": scratch}
        start = measure([*prism, "status"], environment)
        index = measure([*prism, "index", root], environment)
        again = measure([*prism, "index", root], environment)
        forced = measure([*prism, "index", root, "--force"], environment)
        store = sum(file.stat().st_size for file in Path(scratch).glob("*.db*")) / 1e6
    read = measure(["sh", "-c", READ.format(root)])
    parse = measure([sys.executable, "-c", PARSE, root])
    rows = [
        ("prism index", index),
        ("  again, nothing changed", again),
        ("  again, forced (facts are reused)", forced),
        ("prism status (start-up)", start),
        ("git reads the same blobs", read),
        ("bare tree-sitter, same files", parse),
    ]
    if shutil.which("ctags"):
        rows.append(("ctags -R (definitions only)", measure(
            ["ctags", "-R", "-f", "/dev/null", "--languages=Python,JavaScript,TypeScript", root]
        )))  # fmt: skip
    print(f"{'':36} {'CPU s':>7} {'wall s':>7} {'peak MB':>8}")
    for name, cost in rows:
        print(f"{name:36} {cost.cpu:7.2f} {cost.wall:7.2f} {cost.peak:8.0f}")
    print(f"store {store:.1f} MB")
    for name, cost in rows[4:]:
        print(f"prism index / {name}: CPU x{index.cpu / max(cost.cpu, 0.01):.2f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
