"""What must be true of results, processes and files after a campaign."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.chaos.audit import Note
from benchmarks.chaos.checks_queue import Replay
from benchmarks.chaos.evidence import Evidence, count_orphans, count_rows_of
from benchmarks.chaos.processes import strays
from benchmarks.chaos.rules import Broken, Rule
from benchmarks.chaos.world import Place

from prism.adapters.sql.blueprints import SqlBlueprintStore
from prism.adapters.sql.engine import Database
from prism.adapters.sql.index_store import SqlIndexStore
from prism.adapters.sql.repositories import job_repository, moments, project_repository
from prism.adapters.system import SystemClock
from prism.application.jobs.sweep_runs import SweepRuns
from prism.domain.errors import NotFound
from prism.domain.facts.retention import kept_runs
from prism.domain.jobs import JobKind, JobState


def check_results(evidence: Evidence, replayed: Replay) -> Iterator[Broken]:
    yield from _publications(evidence, replayed)
    yield from _pointers(evidence, replayed)
    yield from _effects(evidence, replayed)


def _publications(evidence: Evidence, replayed: Replay) -> Iterator[Broken]:
    """A job publishes at most once, in the transaction that completes it; all that had a result
    did."""
    by_job: dict[int, list[Note]] = defaultdict(list)
    ends = {(n.job, n.attempt): n for n in evidence.notes if n.after == "completed"}
    for note in evidence.notes:
        if note.event == "pointer" and note.job is not None:
            by_job[note.job].append(note)
            end = ends.get((note.job, note.attempt))
            if end is None or not _together(end, note):
                yield Broken(
                    Rule.RESULT,
                    f"{note.job}/{note.attempt} published, but did not complete",
                )
    for job, notes in by_job.items():
        if len(notes) > 1:
            yield Broken(Rule.PUBLISHED_TWICE, f"job {job} published {len(notes)} times")
    for row in evidence.jobs.values():
        without_result = row.kind not in (JobKind.INDEX, JobKind.BLUEPRINT)
        if without_result or row.project_id in evidence.removed:
            continue
        if row.state is JobState.COMPLETED and row.id not in by_job:
            yield Broken(Rule.RESULT, f"job {row.id} ({row.kind}) completed, but published nothing")
    yield from _first_publishers(evidence, replayed)


def _together(one: Note, other: Note) -> bool:
    """Of one transaction? On SQLite, which tells none apart, such notes stand together."""
    adjacent = one.transaction > 0 or abs(one.seq - other.seq) == 1
    return one.transaction == other.transaction and adjacent


def _first_publishers(evidence: Evidence, replayed: Replay) -> Iterator[Broken]:
    """Every run was first published by the attempt that wrote it."""
    current: dict[int, int | None] = {}
    seen: set[tuple[int, int]] = set()
    for note in evidence.notes:
        if note.event != "pointer" or note.run is None or current.get(note.project) == note.run:
            continue
        current[note.project] = note.run
        run = evidence.runs.get((note.project, note.run))
        if run is None or (note.project, note.run) in seen:
            continue
        seen.add((note.project, note.run))
        if (run.job, run.attempt) != (note.job, note.attempt):
            yield Broken(
                Rule.RESULT,
                f"run {note.run} of project {note.project} was written by {run.job}/{run.attempt}"
                f" and published by {note.job}/{note.attempt}",
            )
        if replayed.completed.get(run.job or 0) != run.attempt:
            yield Broken(
                Rule.RESULT,
                f"run {note.run} of project {note.project} never completed",
            )


def _pointers(evidence: Evidence, replayed: Replay) -> Iterator[Broken]:
    """No result without its job, and none of it is missing."""
    for project, pointer in evidence.pointers.items():
        if replayed.completed.get(pointer.job or 0) != pointer.attempt:
            yield Broken(
                Rule.RESULT,
                f"project {project} shows {pointer}, which did not complete",
            )
        run = evidence.runs.get((project, pointer.run or 0))
        if pointer.run is not None and (run is None or run.state != "finished"):
            yield Broken(
                Rule.RESULT,
                f"project {project} shows {pointer}: {run}",
            )
        if pointer.blueprint is not None and (project, pointer.blueprint) not in (
            evidence.blueprints
        ):
            yield Broken(
                Rule.RESULT,
                f"project {project} shows {pointer}: no such blueprint",
            )


def _effects(evidence: Evidence, replayed: Replay) -> Iterator[Broken]:
    """An attempt has its effect once, and a completed job that of its last attempt; every request
    was seen by an attempt that completed, or ended with a job that did not."""
    done = Counter((e["job"], e["attempt"]) for e in evidence.ledger if e["what"] == "done")
    for ref, count in done.items():
        if count > 1:
            yield Broken(Rule.EFFECT, f"{ref[0]}/{ref[1]} left {count}")
    served: set[str] = set()
    for line in evidence.ledger:
        if line["what"] == "begun" and replayed.completed.get(line["job"]) == line["attempt"]:
            served.update(line["requests"])
            if (line["job"], line["attempt"]) not in done:
                yield Broken(Rule.EFFECT, f"job {line['job']} completed without its own")
    excused = {
        name
        for job in evidence.jobs.values()
        if job.state in (JobState.FAILED, JobState.CANCELLED)
        for name in job.options
    }
    for request in evidence.requests:
        mark = request.get("mark")
        if mark is None or request["project"] in evidence.removed:
            continue
        if mark not in served | excused and not evidence.was_cancelled(request):
            yield Broken(Rule.LOST, f"no attempt that completed has seen {mark}: {request}")


def behind(evidence: Evidence) -> tuple[Sequence[str], Sequence[str]]:
    """Projects whose published commit is older than the last acknowledged one: those without an
    excuse, and those whose last job ended badly after that request."""
    lost, excused = [], []
    for repository in evidence.repositories:
        project = repository.project
        asked = [r for r in evidence.requests if r["project"] == project and r["kind"] == "index"]
        asked = [r for r in asked if not evidence.was_cancelled(r)]
        if project in evidence.removed or not asked:
            continue
        order = {commit: number for number, commit in enumerate(evidence.commits[project])}
        wanted = max(asked, key=lambda r: order[r["commit"]])
        pointer = evidence.pointers.get(project)
        run = evidence.runs.get((project, pointer.run or 0)) if pointer else None
        if run is not None and order[run.commit] >= order[wanted["commit"]]:
            continue
        ended = [
            j for j in evidence.jobs.values()
            if j.project_id == project and j.kind == "index" and j.finished_at is not None
        ]  # fmt: skip
        last = max(ended, key=lambda j: (j.finished_at, j.id), default=None)
        told = f"project {project}: {wanted['commit'][:12]} was asked for by {wanted['client']}"
        if (
            last is not None
            and last.state is not JobState.COMPLETED
            and last.finished_at is not None
            and last.finished_at.timestamp() >= wanted["asked_at"] - 0.002
        ):
            excused.append(f"{told}, job {last.id} ended {last.state}")
        else:
            lost.append(f"{told}, published is {run and run.commit[:12]}")
    return lost, excused


def late_effects(evidence: Evidence) -> int:
    """Attempts that went on after a later one of their job had begun, until they were killed: the
    fence kept what they had to say out."""
    begun: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for line in evidence.ledger:
        if line["what"] == "begun":
            begun[line["job"]].append((line["monotonic"], line["attempt"]))
    done = [line for line in evidence.ledger if line["what"] == "done"]
    return sum(
        any(
            at < line["monotonic"] and attempt > line["attempt"]
            for at, attempt in begun[line["job"]]
        )
        for line in done
    )


def sweep_and_check(database: Database, evidence: Evidence) -> Iterator[Broken]:
    """Sweep each project once more, as its next job would: nothing but what is kept is left."""
    now = moments(database, SystemClock())
    jobs, index = job_repository(database, now), SqlIndexStore(database, now)
    blueprints = SqlBlueprintStore(database, now)
    sweep = SweepRuns(jobs=jobs, index=index, blueprints=blueprints)
    for repository in evidence.repositories:
        if repository.project in evidence.removed:
            continue
        sweep(repository.project)
        runs = index.runs(repository.project)
        named = [stored.blueprint.run_id for stored in blueprints.list(repository.project)]
        published = jobs.published(repository.project).run_id
        kept = kept_runs(runs, published=published, named=named)
        left = [run.id for run in runs if run.id not in kept and not run.thinned]
        if left:
            yield Broken(Rule.LEFT, f"runs {left} of project {repository.project}")
    for table, count in count_orphans(database).items():
        yield Broken(Rule.LEFT, f"{count} rows of {table} belong to nothing")


def check_removed(database: Database, evidence: Evidence) -> Iterator[Broken]:
    """Nothing is left of a removed project."""
    projects = project_repository(database, moments(database, SystemClock()))
    for project in sorted(evidence.removed):
        try:
            there = projects.get(project)
        except NotFound:
            there = None
        if there is not None and there.removed_at is None:
            continue  # its client was killed before it asked
        if there is not None:
            yield Broken(Rule.LEFT, f"project {project} was removed, but no sweep has taken it")
        for table, count in count_rows_of(database, project).items():
            yield Broken(Rule.LEFT, f"{count} rows of {table} of removed project {project}")
        if project in evidence.pointers:
            yield Broken(Rule.LEFT, f"the removed project {project} still has pointers")


def check_machine(place: Place) -> Iterator[Broken]:
    """No process and no file is left of what ran, once the last worker has stopped."""
    for pid, command in strays(place.root):
        yield Broken(Rule.STRAY, f"process {pid} is still there: {command}")
    for directory in place.data_dirs:
        for path in [*directory.glob("scratch/*"), *directory.glob("workers/*")]:
            yield Broken(Rule.LEFT, f"{path.relative_to(place.root)}")
    for path in place.tmp.iterdir():
        yield Broken(Rule.LEFT, f"{path.relative_to(place.root)}")


def check_logs(evidence: Evidence, ends: Mapping[str, Sequence[int]]) -> Iterator[Broken]:
    """No worker ends but by a signal or a request to stop, nothing is called a bug, and nothing but
    the log is written into it (tracebacks, warnings of the interpreter)."""
    for text in evidence.unreadable:
        yield Broken(Rule.BUG, text)
    for line in evidence.logs:
        if line.get("code") == "bug":
            yield Broken(Rule.BUG, f"{line}")
    for job in evidence.jobs.values():
        for error in job.errors:
            if error.code == "bug":
                yield Broken(Rule.BUG, f"job {job.id}, attempt {error.attempt}: {error.message}")
    for name, codes in ends.items():
        for code in sorted(set(codes) - _ENDS):
            yield Broken(Rule.BUG, f"{name} ended with {code}")


#: 0: asked to stop; 130: asked twice; 6: its database was away when it started; and signals.
_ENDS = {0, 130, 6, -9, -15, -2}
