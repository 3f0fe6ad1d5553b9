"""A client of the queue, as a program of its own that may be killed at any moment.

``python -m benchmarks.chaos.client JSON`` commits to repositories, asks for jobs, cancels, retries
and removes, and writes into its journal what was acknowledged: a line is there only after the
answer, and before it a line that it was going to ask.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.chaos.plan import module_text, path_of
from benchmarks.chaos.world import Place, Repository, read_repositories
from tests.support.repositories import git, head

from prism.domain.errors import PrismError
from prism.domain.jobs import JobKind, JobRequest, JobState
from prism.domain.values import Json
from prism.entrypoints.container import Container, opened

#: The machine whose workers know toy jobs.
TOYS_HOST = "b"
_GOALS = ("", "untangle-cycles", "split-god-modules", "tame-hotspots")
_WEIGHTS: Mapping[str, int] = {
    "commit": 30,
    "again": 8,
    "blueprint": 10,
    "effect": 26,
    "toy": 12,
    "command": 1,
    "hurry": 12,
    "cancel": 7,
    "retry": 8,
    "remove": 1,
}
#: Toy -> how often, and with which part of the longest nap.
_TOYS: Mapping[str, tuple[int, float]] = {
    "nap": (3, 1.0),
    "nap_deaf": (1, 40.0),
    "fail_at_first": (3, 0.0),
    "segfault": (1, 0.0),
    "leave_grandchild": (3, 0.0),
    "start_grandchild": (1, 0.0),
}
#: Toys that only the time limit ends.
_HANGS = ("nap_deaf", "start_grandchild")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOrder:
    """``name`` is unique, ``slot`` is not: one that was killed is started again. It commits to
    each repository whose number is *slot* modulo *clients*, so nobody else does. ``hangs``: it
    also asks for jobs that only a time limit ends. ``remove_after``: seconds since 1970."""

    root: str
    name: str
    slot: int
    clients: int
    seed: int
    pause: float
    nap: float
    hangs: bool
    remove_after: float


class Client:
    def __init__(self, order: ClientOrder, container: Container) -> None:
        self._order = order
        self._container = container
        self._rng = random.Random(f"{order.seed}:client:{order.name}")
        self._repositories = read_repositories(Path(order.root))
        self._own = self._repositories[order.slot :: order.clients]
        self._toys = {kind: of for kind, of in _TOYS.items() if order.hangs or kind not in _HANGS}
        self._count = 0
        place = Place(root=Path(order.root), url=None)
        self._ledger = str(place.ledger)
        journal = place.journals / f"client-{order.name}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._journal = os.open(journal, flags, 0o600)

    def act(self) -> None:
        """One random step."""
        steps: Mapping[str, Callable[[], None]] = {
            "commit": self._commit,
            "again": lambda: self._index(self._any()),
            "blueprint": self._blueprint,
            "effect": self._effect,
            "toy": self._toy,
            "command": self._command,
            "hurry": self._hurry,
            "cancel": self._cancel,
            "retry": self._retry,
            "remove": self._remove,
        }
        step = self._rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        try:
            steps[step]()
        except PrismError as error:
            self._note("refused", step=step, code=error.code, message=error.message)

    def pause(self) -> float:
        return self._rng.uniform(0.0, self._order.pause)

    def _any(self) -> Repository:
        return self._rng.choice(self._repositories)

    def _commit(self) -> None:
        """Nobody else writes to this repository; one killed meanwhile may have, or not."""
        repository = self._rng.choice(self._own)
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            _commit_to(repository, self._rng)
        self._index(repository)

    def _index(self, repository: Repository) -> None:
        project = self._container.projects().get(repository.project)
        priority = self._rng.choice((0, 0, 0, 1, 5))
        commit = head(repository.path)
        request = self._going_to("index", repository, commit=commit)
        done = self._container.enqueue_job()(project, JobKind.INDEX, priority=priority)
        self._note("requested", **request, job=done.job_id, created=done.created)

    def _blueprint(self) -> None:
        repository = self._any()
        project = self._container.projects().get(repository.project)
        options: dict[str, Json] = {"goal": self._rng.choice(_GOALS), "focus": []}
        request = self._going_to("blueprint", repository)
        done = self._container.enqueue_job()(project, JobKind.BLUEPRINT, options=options)
        self._note("requested", **request, job=done.job_id, created=done.created)

    def _effect(self) -> None:
        """The attempt that serves the request names it."""
        self._count += 1
        mark = f"request:{self._order.name}:{self._count}"
        nap = round(self._rng.uniform(0.0, self._order.nap), 3)
        self._enqueue("leave_effect", {"ledger": self._ledger, "seconds": nap, mark: True})

    def _toy(self) -> None:
        kind = self._rng.choices(list(self._toys), [often for often, _ in self._toys.values()])[0]
        self._enqueue(kind, {"seconds": round(self._toys[kind][1] * self._order.nap, 3)})

    def _enqueue(self, kind: str, options: dict[str, Json]) -> None:
        repository = self._any()
        marks = [name for name in options if name.startswith("request:")]
        request = self._going_to(kind, repository, mark=marks[0] if marks else None)
        done = self._container.jobs().enqueue(
            JobRequest(project_id=repository.project, kind=kind, host=TOYS_HOST, options=options)
        )
        self._note("requested", **request, job=done.job_id, created=done.created)

    def _command(self) -> None:
        """The same by the real command."""
        repository = self._any()
        request = self._going_to("index", repository, commit=head(repository.path))
        answer = subprocess.run(
            [sys.executable, "-m", "prism", "job", "add", "index", repository.name, "--json"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if answer.returncode != 0:
            self._note("refused", step="command", code=answer.returncode, message=answer.stderr)
            return
        told = json.loads(answer.stdout)
        self._note("requested", **request, job=told["job"]["id"], created=told["created"])

    def _hurry(self) -> None:
        """Ask again for what waits for its next try: it is due at once, perhaps while whoever had
        it last stands still."""
        jobs = self._container.jobs().list(states=(JobState.PENDING,), limit=30)
        waiting = [job for job in jobs if job.attempt and job.run_at > datetime.now(UTC)]
        if not waiting:
            return
        job = self._rng.choice(waiting)
        [repository] = [r for r in self._repositories if r.project == job.project_id]
        if job.kind == JobKind.INDEX:
            self._index(repository)
        else:
            request = self._going_to(job.kind, repository)
            again = JobRequest(
                project_id=job.project_id, kind=job.kind, host=job.host, options=job.options
            )
            done = self._container.jobs().enqueue(again)
            self._note("requested", **request, job=done.job_id, created=done.created)

    def _cancel(self) -> None:
        active = self._container.jobs().list(states=(JobState.PENDING, JobState.RUNNING), limit=30)
        if active:
            job = self._rng.choice(active)
            self._note("cancelling", job=job.id)
            state = self._container.cancel_job()(job.id)
            self._note("cancelled", job=job.id, state=state.value)

    def _retry(self) -> None:
        ended = self._container.jobs().list(states=(JobState.FAILED, JobState.CANCELLED), limit=20)
        if ended:
            job = self._rng.choice(ended)
            self._note("retrying", job=job.id)
            attempt = self._container.retry_job()(job.id).attempt
            self._note("retried", job=job.id, attempt=attempt)

    def _remove(self) -> None:
        doomed = [repository for repository in self._repositories if repository.doomed]
        if time.time() < self._order.remove_after:
            return
        repository = self._rng.choice(doomed)
        self._note("removing", project=repository.project)
        done = self._container.remove_project()(repository.project)
        self._note("removed", project=repository.project, job=done.job_id)

    def _going_to(self, kind: str, repository: Repository, **more: object) -> dict[str, object]:
        request = {"kind": kind, "project": repository.project, "asked_at": time.time(), **more}
        self._note("requesting", **request)
        return request

    def _note(self, what: str, **fields: object) -> None:
        """One write: a line is there as a whole, or not at all."""
        line = json.dumps({"what": what, "client": self._order.name, "at": time.time(), **fields})
        os.write(self._journal, line.encode() + b"\n")


def _commit_to(repository: Repository, rng: random.Random) -> None:
    number = rng.randrange(repository.files)
    content = module_text(rng, number, repository.files).encode()
    stream = (
        b"commit refs/heads/main\ncommitter Ada Tester <ada@example.org> %d +0000\n"
        b"data 6\nChange\nfrom refs/heads/main^0\nM 100644 inline %s\ndata %d\n%s\ndone\n"
    ) % (int(time.time()), path_of(number).encode(), len(content), content)
    git(repository.path, "fast-import", "--quiet", "--done", stdin=stream)


def main(order: ClientOrder) -> None:
    """Until SIGTERM: then the step at hand is ended."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    with opened() as container:
        client = Client(order, container)
        while not stop.wait(client.pause()):
            client.act()


if __name__ == "__main__":
    main(ClientOrder(**json.loads(sys.argv[1])))
