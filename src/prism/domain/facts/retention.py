"""Which runs of a project are kept in full."""

from collections.abc import Iterable

from prism.domain.facts.runs import Run, RunState

KEEP_RUNS = 3


def kept_runs(
    runs: Iterable[Run], *, published: int | None, named: Iterable[int], last: int = KEEP_RUNS
) -> tuple[int, ...]:
    """Ids, ascending: the newest *last* finished runs, the published one, and those that *named*
    (stored blueprints and baselines) lists. Ids count up, so the newest has the highest."""
    assert last >= 0
    finished = sorted((run.id for run in runs if run.state is RunState.FINISHED), reverse=True)
    keep = {*finished[:last], *named}
    if published is not None:
        keep.add(published)
    return tuple(sorted(keep))
