"""The real ``prism`` as its users run it: a process with an environment of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Generous: how long things take is a benchmark's business.
DEADLINE_SECONDS = 120.0


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def expect(self, code: int = 0) -> "Answer":
        """This answer, if it ended with *code*; otherwise the test shows what was printed."""
        assert self.code == code, f"exit {self.code}, not {code}\n{self.out}\n{self.err}"
        return self


@dataclass
class CommandLine:
    """Runs ``prism`` with data in *data_dir* and nothing else of this process's environment."""

    data_dir: Path
    variables: dict[str, str] = field(default_factory=dict)
    cwd: Path | None = None

    def environment(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        home = {"HOME": str(self.data_dir / "home"), "PRISM_DATA_DIR": str(self.data_dir)}
        return {**kept, **home, **self.variables}

    def __call__(self, *arguments: str, stdin: str = "") -> Answer:
        done = subprocess.run(
            [sys.executable, "-m", "prism", *arguments],
            env=self.environment(), cwd=self.cwd, input=stdin, capture_output=True, text=True,
            timeout=DEADLINE_SECONDS,
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> "Running":
        """Start it and go on; the caller stops it (use as a context manager)."""
        log = self.data_dir / f"log-{len(list(self.data_dir.glob('log-*')))}"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with log.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "prism", *arguments],
                env=self.environment(), cwd=self.cwd, stdin=subprocess.DEVNULL,
                stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip
        return Running(process, log)


@dataclass
class Running:
    """A started ``prism`` whose output goes to a file."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_SECONDS)

    def output(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit code, -N for signal N."""
        return self.process.wait(DEADLINE_SECONDS)

    def wait_for_output(self, text: str) -> None:
        wait_until(lambda: text in self.output() or self.process.poll() is not None)
        assert text in self.output(), self.output()


def wait_until(state: Callable[[], bool], *, seconds: float = DEADLINE_SECONDS) -> None:
    """Look again and again until *state* holds; fails after a deadline that only a fault
    reaches."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if state():
            return
        pause.wait(0.02)
    raise AssertionError(f"not reached in {seconds} s: {state}")
