"""Publishing without a queue, and what happens to runs and projects that nobody needs."""

from collections.abc import Callable, Sequence

import pytest
from tests.support.worker_bench import WorkerBench

from prism.adapters.memory.blueprints import MemoryBlueprintStore
from prism.adapters.memory.index_store import MemoryIndexStore
from prism.application.jobs.publish_run import PublishRun
from prism.application.jobs.sweep_project import SweepProject
from prism.application.jobs.sweep_runs import SweepRuns
from prism.domain.blueprints.model import Blueprint, BlueprintRequest
from prism.domain.errors import Conflict, NotFound
from prism.domain.facts.runs import Run
from prism.domain.jobs import JobRef, Publication, Published
from prism.domain.projects import Project


class SweepBench(WorkerBench):
    def __init__(self) -> None:
        super().__init__()
        self.index = MemoryIndexStore(self.clock)
        self.blueprints = MemoryBlueprintStore(self.clock)
        self.sweep_runs = SweepRuns(jobs=self.jobs, index=self.index, blueprints=self.blueprints)
        self.sweep_project = SweepProject(
            projects=self.projects, index=self.index, blueprints=self.blueprints
        )
        self.publish = PublishRun(jobs=self.jobs, index=self.index)

    def finished_run(self, project: Project, *, job: JobRef | None = None) -> Run:
        with self.index.begin(
            project.id, commit="c" * 40, algorithm="sha1", settings={}, job=job
        ) as writer:
            return writer.finish(stages=(), coverage=(), notices=(), cuts=(), complete=True)

    def blueprint(self, project: Project, run: Run) -> int:
        return self.blueprints.add(
            project.id,
            Blueprint(
                commit=run.commit,
                run_id=run.id,
                project_name=project.name,
                request=BlueprintRequest(),
                title="",
                summary=(),
                non_goals=(),
                acceptance=(),
                risks=(),
                phases=(),
                citations=(),
                generator="test",
            ),
        )

    def full(self, project: Project) -> list[int]:
        """Runs that still have all their rows."""
        return sorted(run.id for run in self.index.runs(project.id) if not run.thinned)


@pytest.fixture
def bench() -> SweepBench:
    return SweepBench()


# --- publish ---------------------------------------------------------------------------------


def test_a_finished_run_can_be_published_without_a_queue(bench: SweepBench) -> None:
    project = bench.project()
    run = bench.finished_run(project)
    bench.publish(project.id, run.id)
    assert bench.jobs.published(project.id) == Published(run_id=run.id)


def test_an_unfinished_run_is_not_published(bench: SweepBench) -> None:
    project = bench.project()
    with (
        bench.index.begin(project.id, commit="c", algorithm="sha1", settings={}) as writer,
        pytest.raises(Conflict),
    ):
        bench.publish(project.id, writer.run_id)
    assert bench.jobs.published(project.id) == Published()


def test_a_run_that_never_was_is_not_published(bench: SweepBench) -> None:
    with pytest.raises(NotFound):
        bench.publish(bench.project().id, 5)


# --- runs ------------------------------------------------------------------------------------


def test_old_runs_are_swept_and_the_newest_three_stay(bench: SweepBench) -> None:
    project = bench.project()
    runs = [bench.finished_run(project).id for _ in range(5)]
    assert bench.sweep_runs(project.id) == 2
    assert bench.full(project) == runs[2:]


def test_published_and_cited_runs_stay(bench: SweepBench) -> None:
    project = bench.project()
    runs = [bench.finished_run(project) for _ in range(6)]
    bench.jobs.publish(project.id, Publication(run_id=runs[0].id))
    bench.blueprint(project, runs[1])
    bench.sweep_runs(project.id)
    assert bench.full(project) == [runs[i].id for i in (0, 1, 3, 4, 5)]


def test_the_run_of_the_running_attempt_stays(bench: SweepBench) -> None:
    project = bench.project()
    bench.enqueue(project)
    claim = bench.jobs.claim(worker="w", host="here", lease_seconds=60)
    assert claim is not None
    mine = bench.finished_run(project, job=claim.ref)
    newer = [bench.finished_run(project) for _ in range(3)]
    bench.sweep_runs(project.id)
    assert bench.full(project) == [mine.id, *(run.id for run in newer)]


class StandstillIndexStore(MemoryIndexStore):
    """Whoever sweeps here stands still just before; ``meanwhile`` happens."""

    meanwhile: Callable[[], object]

    def sweep(
        self,
        project_id: int,
        *,
        keep: Sequence[int],
        running: Sequence[JobRef],
        newest: int | None = None,
    ) -> int:
        self.meanwhile()
        return super().sweep(project_id, keep=keep, running=running, newest=newest)


def test_who_stood_still_leaves_what_others_have_published_meanwhile(bench: SweepBench) -> None:
    bench.index = store = StandstillIndexStore(bench.clock)
    sweep_runs = SweepRuns(jobs=bench.jobs, index=store, blueprints=bench.blueprints)
    project = bench.project()
    old = [bench.finished_run(project).id for _ in range(5)]
    later: list[int] = []
    store.meanwhile = lambda: later.append(bench.finished_run(project).id)
    sweep_runs(project.id)
    assert bench.full(project) == [*old[2:], *later]


def test_other_projects_are_left_alone(bench: SweepBench) -> None:
    one, other = bench.project("one"), bench.project("other")
    runs = [bench.finished_run(other).id for _ in range(5)]
    bench.sweep_runs(one.id)
    assert bench.full(other) == runs


# --- projects --------------------------------------------------------------------------------


def test_nothing_of_a_removed_project_is_left(bench: SweepBench) -> None:
    project = bench.project()
    run = bench.finished_run(project)
    bench.blueprint(project, run)
    bench.publish(project.id, run.id)
    bench.projects.mark_removed(project.id)
    bench.sweep_project(project.id)
    assert bench.index.runs(project.id) == []
    assert bench.blueprints.list(project.id) == []
    assert bench.jobs.published(project.id) == Published()
    with pytest.raises(NotFound):
        bench.projects.get(project.id)


def test_a_project_that_is_not_removed_is_not_swept(bench: SweepBench) -> None:
    project = bench.project()
    bench.finished_run(project)
    with pytest.raises(Conflict):
        bench.sweep_project(project.id)
    assert len(bench.index.runs(project.id)) == 1


def test_sweeping_again_what_a_dead_worker_swept_halfway_is_fine(bench: SweepBench) -> None:
    project = bench.project()
    bench.finished_run(project)
    bench.projects.mark_removed(project.id)
    bench.projects.purge(project.id)
    bench.sweep_project(project.id)
    assert bench.index.runs(project.id) == []
