"""What must be true of the queue after a campaign, by the database's own record of it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from benchmarks.chaos.audit import Note
from benchmarks.chaos.evidence import Evidence, Line
from benchmarks.chaos.rules import Broken, Rule

from prism.domain.jobs import CRASHES_MAX, FAILURES_MAX, Job, JobState

_TERMINAL = ("completed", "failed", "cancelled")


@dataclass(slots=True)
class Replay:
    """The record gone through step by step. ``completed``: job -> the attempt that completed it;
    ``claims``, ``cancels``: when, by dedup key; ``moves`` counts the kinds of transitions."""

    broken: list[Broken] = field(default_factory=list)
    moves: Counter[str] = field(default_factory=Counter)
    completed: dict[int, int] = field(default_factory=dict)
    claims: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cancels: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    takeovers: int = 0
    _last: dict[int, Note] = field(default_factory=dict)
    _running: dict[int, int] = field(default_factory=dict)
    _reaped: set[int] = field(default_factory=set)

    def add(self, note: Note) -> None:
        if note.event == "pointer" or note.job is None:
            return
        last = self._last.get(note.job)
        if (None if last is None else last.after) != note.before:
            self._complain(note, f"was {note.before}, but the record left it {last and last.after}")
        self._last[note.job] = note
        if note.event == "insert":
            self.moves["created"] += 1
            if (note.after, note.attempt) != ("pending", 0):
                self._complain(note, "a new job is not pending, or has an attempt")
        elif note.event == "update":
            self._transition(note, note.job)

    def _transition(self, note: Note, job: int) -> None:
        grew = (note.attempt or 0) - (note.attempt_before or 0)
        if grew != (1 if (note.before, note.after) == ("pending", "running") else 0):
            self._complain(note, f"the attempt went from {note.attempt_before} to {note.attempt}")
        match (note.before, note.after):
            case ("pending", "running"):
                self._claimed(note, job)
            case ("running", _):
                self._ended(note, job)
            case ("pending", "cancelled"):
                self.moves["cancelled while pending"] += 1
                self.cancels[note.dedup or ""].append(note.at)
            case ("failed" | "cancelled", "pending"):
                self.moves["retried by a client"] += 1
                if note.failures or note.crashes:
                    self._complain(note, "retried without fresh budgets")
            case _:
                self._complain(note, f"went from {note.before} to {note.after}")
        if (note.failures or 0) > FAILURES_MAX or (note.crashes or 0) > CRASHES_MAX:
            self._complain(note, f"{note.failures} failures and {note.crashes} crashes")

    def _claimed(self, note: Note, job: int) -> None:
        self.moves["claimed"] += 1
        self.claims[note.dedup or ""].append(note.at)
        other = self._running.get(note.project)
        if other is not None:
            self._complain(note, f"began while job {other} of its project ran", Rule.TWO_RUNNING)
        self._running[note.project] = job
        if job in self._reaped:
            self._reaped.remove(job)
            self.takeovers += 1

    def _ended(self, note: Note, job: int) -> None:
        if self._running.pop(note.project, None) != job:
            self._complain(note, "ended, but did not run")
        failed = (note.failures or 0) - (note.failures_before or 0)
        crashed = (note.crashes or 0) - (note.crashes_before or 0)
        self.moves["failures charged"] += failed
        self.moves["crashes charged"] += crashed
        if note.after == "completed":
            self.moves["completed"] += 1
            if job in self.completed:
                self._complain(note, "completed twice", Rule.TWICE)
            self.completed[job] = note.attempt or 0
        if (failed, crashed) not in ((0, 0), (1, 0), (0, 1)):
            self._complain(note, f"charged {failed} failures and {crashed} crashes at once")
        if note.after == "pending":
            self.moves["handed back uncharged"] += not (failed or crashed)
            spent = note.failures == FAILURES_MAX or note.crashes == CRASHES_MAX
            if spent and (failed or crashed):
                self._complain(note, "pending again with its budget spent")
            if crashed:
                self._reaped.add(job)
        if note.after == "failed":
            self.moves["failed"] += 1
            if not (failed or crashed):
                self._complain(note, "failed without a charge")
        if note.after == "cancelled":
            self.moves["cancelled while running"] += 1
            self.cancels[note.dedup or ""].append(note.at)

    def _complain(self, note: Note, what: str, rule: Rule = Rule.TRANSITION) -> None:
        where = f"job {note.job}, attempt {note.attempt}, note {note.seq}"
        self.broken.append(Broken(rule, f"{where}: {what}"))


def replay(evidence: Evidence) -> Replay:
    replayed = Replay()
    for note in evidence.notes:
        replayed.add(note)
    return replayed


def check_queue(evidence: Evidence, replayed: Replay) -> Iterator[Broken]:
    """The record itself, and that rows, logs and requests fit it."""
    yield from replayed.broken
    yield from _rest(evidence)
    yield from _follow_ups(evidence.notes)
    yield from _completions(evidence, replayed)
    yield from _lost_leases(evidence)
    yield from _cancellations(evidence)
    yield from _served(evidence, replayed)


def _rest(evidence: Evidence) -> Iterator[Broken]:
    for job in evidence.jobs.values():
        if not job.state.terminal:
            yield Broken(Rule.REST, f"job {job.id} ({job.kind}) is {job.state}")


def _follow_ups(notes: Sequence[Note]) -> Iterator[Broken]:
    """Every end of a job that was asked for again inserts its follow-up in the transaction."""
    of_jobs = [note for note in notes if note.event != "pointer"]
    inserted = {(n.transaction, n.dedup) for n in of_jobs if n.event == "insert"}
    for note, following in zip_longest(of_jobs, of_jobs[1:]):
        if note.event != "update" or not note.rerun_before or note.after not in _TERMINAL:
            continue
        if note.transaction:
            found = (note.transaction, note.dedup) in inserted
        else:  # one writer at a time: what is of one transaction stands together
            wanted = ("insert", note.dedup)
            found = following is not None and (following.event, following.dedup) == wanted
        if not found:
            yield Broken(Rule.LOST, f"job {note.job} ended {note.after}, and nothing follows")


def _completions(evidence: Evidence, replayed: Replay) -> Iterator[Broken]:
    """A worker that says completed is in the record, and no job has two of them."""
    said: dict[int, list[Line]] = defaultdict(list)
    for line in evidence.logs:
        if line.get("action") == "job_ended" and line.get("state") == "completed":
            said[line["job_id"]].append(line)
    for job, lines in said.items():
        if len(lines) > 1:
            yield Broken(Rule.TWICE, f"job {job}: {[line['worker'] for line in lines]} say so")
        for line in lines:
            if replayed.completed.get(job) != line["attempt"]:
                yield Broken(
                    Rule.TWICE,
                    f"{line['worker']} says that attempt {line['attempt']} completed job {job}, the"
                    f" record says {replayed.completed.get(job)}",
                )
    for row in evidence.jobs.values():
        recorded = replayed.completed.get(row.id)
        if recorded != (row.attempt if row.state is JobState.COMPLETED else None):
            yield Broken(
                Rule.TRANSITION,
                f"job {row.id} is {row.state} in attempt {row.attempt}, the record: {recorded}",
            )


def _lost_leases(evidence: Evidence) -> Iterator[Broken]:
    """Who loses its job loses it to a reaper, which charges a crash: nobody else hands it back."""
    handed_back = {
        (note.job, note.attempt)
        for note in evidence.notes
        if (note.before, note.after) == ("running", "pending")
        and (note.failures, note.crashes) == (note.failures_before, note.crashes_before)
    }
    for line in evidence.logs:
        if line.get("action") != "job_ended" or line.get("state") != "none":
            continue
        by_itself = line["ending"] in ("handed back", "out of reach", "not started")
        if not by_itself and (line["job_id"], line["attempt"]) in handed_back:
            yield Broken(Rule.TRANSITION, f"somebody else handed it back: {line}")


def _cancellations(evidence: Evidence) -> Iterator[Broken]:
    """Nothing is cancelled that nobody asked to cancel."""
    asked = {line["job"] for line in evidence.journal if line["what"] == "cancelling"}
    for job in evidence.jobs.values():
        excused = job.id in asked or job.project_id in evidence.removed
        if job.state is JobState.CANCELLED and not excused:
            yield Broken(Rule.CANCELLED, f"job {job.id}")


def _served(evidence: Evidence, replayed: Replay) -> Iterator[Broken]:
    """After every acknowledged request an attempt began, or somebody cancelled."""
    for request in evidence.requests:
        job = evidence.jobs.get(request["job"])
        if job is None:
            if request["project"] not in evidence.removed:
                yield Broken(Rule.LOST, f"the promised job is gone: {request}")
            continue
        key = job.dedup_key or ""
        later = [*replayed.claims[key], *replayed.cancels[key]]
        # The clock of SQLite's record counts milliseconds.
        served = any(at >= request["asked_at"] - 0.002 for at in later)
        if not served and not evidence.was_cancelled(request):
            yield Broken(Rule.LOST, f"never served: {request}")


def reasons(jobs: Sequence[Job]) -> Counter[str]:
    """Why jobs are failed: kind and code."""
    return Counter(
        f"{job.kind}: {job.error.code if job.error else 'no error'}"
        for job in jobs
        if job.state is JobState.FAILED
    )
