"""A worker's metrics by prometheus_client, in a registry of their own.

Of this process (all loops of ``--concurrency`` together):

* ``prism_worker_info{version, host, worker}`` 1 for each loop at work, and ``prism_worker_loops``
  their number: 0 while the worker waits for its database, and once it has stopped;
* ``prism_worker_heartbeat_timestamp_seconds`` when the database last answered a loop (the one that
  heard of it longest ago): idle each poll interval, with a job each second;
* ``prism_running_jobs`` jobs at work here;
* ``prism_attempts_total{kind, outcome}`` attempts that ended: completed, failed (for good), retried
  (failed, to be tried again), cancelled, handed_back (the worker was stopped), lease_lost,
  out_of_reach (of the database);
* ``prism_attempt_duration_seconds{kind}`` histogram, from the claim to the recorded end;
* ``prism_pickup_seconds{kind}`` histogram: how long a job had been due when it was claimed, by the
  database's clock; what it waited for its project's running job or for a free worker counts;
* ``prism_reaped_jobs_total{state}`` attempts of dead workers that this one ended, by what the job
  became: pending, failed, cancelled;
* ``prism_database_failures_total{code}`` questions to the database that failed and were, or will
  be, asked again;
* ``prism_process_…`` CPU time, memory, open files and start of the worker's process itself (Linux).

Of the whole queue, the same for every worker (take ``max``, not ``sum``), as last sampled:

* ``prism_queue_sample_timestamp_seconds`` when that was;
* ``prism_jobs{state}`` all jobs there are;
* ``prism_pending_jobs{kind, host}``, of them ``prism_due_jobs{kind, host}`` whose time has come,
  and of these ``prism_blocked_jobs{kind, host}`` behind a running job of their project; ``host`` is
  empty for jobs that any host may run;
* ``prism_oldest_due_job_age_seconds{kind, host}`` how long the oldest due one has waited, else 0.

Kinds that this version does not know count as ``other``: labels must stay few.

Names and units: https://prometheus.io/docs/practices/naming/
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from prism.application.ports.metrics import AttemptEnd, JobMetrics, pickup_seconds
from prism.domain.backlog import Backlog, Waiting
from prism.domain.errors import Transient
from prism.domain.jobs import Job, JobState

#: Seconds: a no-op takes some 10 ms, a large repository minutes, the default time limit is 1800.
DURATION_BUCKETS = (
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600,
)  # fmt: skip
#: Seconds: an idle worker hears of a job within milliseconds.
PICKUP_BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600,
)  # fmt: skip
OTHER = "other"
_REAPED_TO = (JobState.PENDING, JobState.FAILED, JobState.CANCELLED)


class PrometheusMetrics(JobMetrics):
    """``changed`` is set whenever a figure changes that somebody may wait for; who waits clears
    it."""

    def __init__(
        self,
        *,
        version: str,
        host: str,
        kinds: Collection[str],
        now: Callable[[], float] = time.time,
    ) -> None:
        """*now*: seconds since 1970, by the clock of whoever reads the metrics."""
        self.registry = CollectorRegistry()
        self.changed = threading.Event()
        self._kinds = frozenset(kinds)
        self._state = _State(version=version, host=host, kinds=sorted(kinds), now=now)
        self._make()
        self.registry.register(self._state)
        ProcessCollector(namespace="prism", registry=self.registry)

    def _make(self) -> None:
        own = self.registry
        self._attempts = Counter(
            "prism_attempts", "Attempts that ended.", ["kind", "outcome"], registry=own
        )
        self._durations = Histogram(
            "prism_attempt_duration_seconds", "From the claim to the recorded end of an attempt.",
            ["kind"], registry=own, buckets=DURATION_BUCKETS,
        )  # fmt: skip
        self._pickups = Histogram(
            "prism_pickup_seconds", "How long a job had been due when it was claimed.",
            ["kind"], registry=own, buckets=PICKUP_BUCKETS,
        )  # fmt: skip
        self._reaped = Counter(
            "prism_reaped_jobs", "Jobs taken from dead workers, by what they became.", ["state"],
            registry=own,
        )  # fmt: skip
        self._failures = Counter(
            "prism_database_failures", "Questions to the database that failed.", ["code"],
            registry=own,
        )  # fmt: skip
        # From the beginning, or the first of each would not show as an increase.
        for kind in sorted(self._kinds):
            for end in AttemptEnd:
                self._attempts.labels(kind, end.value)
            self._durations.labels(kind)
            self._pickups.labels(kind)
        for state in _REAPED_TO:
            self._reaped.labels(state.value)
        self._failures.labels(Transient.code)

    def _kind(self, kind: str) -> str:
        return kind if kind in self._kinds else OTHER

    def working(self, worker: str) -> None:
        self._state.begin(worker)
        self.changed.set()

    def stopped(self, worker: str) -> None:
        self._state.end(worker)
        self.changed.set()

    def heard(self, worker: str) -> None:
        """Not a change: it happens all the time."""
        self._state.hear(worker)

    def claimed(self, job: Job) -> None:
        self._state.add_running(1)
        self._pickups.labels(self._kind(job.kind)).observe(pickup_seconds(job))
        self.changed.set()

    def ended(self, job: Job, end: AttemptEnd, *, seconds: float) -> None:
        kind = self._kind(job.kind)
        self._state.add_running(-1)
        self._attempts.labels(kind, end.value).inc()
        self._durations.labels(kind).observe(seconds)
        self.changed.set()

    def reaped(self, job: Job) -> None:
        self._reaped.labels(job.state.value).inc()
        self.changed.set()

    def failed(self, code: str) -> None:
        self._failures.labels(code).inc()
        self.changed.set()

    def sampled(self, counts: Mapping[JobState, int], backlog: Backlog) -> None:
        self._state.sample(counts, backlog)
        self.changed.set()


class _State(Collector):
    """What is a state and not a count: put into words when somebody reads it."""

    def __init__(
        self, *, version: str, host: str, kinds: Collection[str], now: Callable[[], float]
    ) -> None:
        self._version = version
        self._host = host
        self._kinds = kinds
        self._now = now
        self._lock = threading.Lock()
        #: Workers at work, and when the database answered each of them.
        self._heard_at: dict[str, float] = {}
        self._running = 0
        self._sample: tuple[float, Mapping[JobState, int], Backlog] | None = None

    def begin(self, worker: str) -> None:
        with self._lock:
            self._heard_at.setdefault(worker, self._now())

    def end(self, worker: str) -> None:
        with self._lock:
            self._heard_at.pop(worker, None)

    def hear(self, worker: str) -> None:
        with self._lock:
            self._heard_at[worker] = self._now()

    def add_running(self, jobs: int) -> None:
        with self._lock:
            self._running += jobs

    def sample(self, counts: Mapping[JobState, int], backlog: Backlog) -> None:
        with self._lock:
            self._sample = (self._now(), counts, backlog)

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            heard_at, running, sample = dict(self._heard_at), self._running, self._sample
        yield self._info(sorted(heard_at))
        yield _gauge("prism_worker_loops", "Loops at work in this process.", len(heard_at))
        if heard_at:
            text = "When the database last answered the loop that heard of it longest ago."
            oldest = min(heard_at.values())
            yield _gauge("prism_worker_heartbeat_timestamp_seconds", text, oldest)
        yield _gauge("prism_running_jobs", "Jobs at work in this process.", running)
        if sample is not None:
            yield from self._queue(*sample)

    def _info(self, workers: Collection[str]) -> Metric:
        info = InfoMetricFamily("prism_worker", "Loops at work.", labels=["worker"])
        for worker in workers:
            info.add_metric([worker], {"version": self._version, "host": self._host})
        return info

    def _queue(
        self, at: float, counts: Mapping[JobState, int], backlog: Backlog
    ) -> Iterable[Metric]:
        text = "When the figures of the whole queue were read."
        yield _gauge("prism_queue_sample_timestamp_seconds", text, at)
        jobs = GaugeMetricFamily(
            "prism_jobs", "Jobs in the queue, ended ones too.", labels=["state"]
        )
        for state, count in counts.items():
            jobs.add_metric([state.value], count)
        yield jobs
        names = ("pending", "due", "blocked")
        texts = (
            "Pending jobs.",
            "Pending jobs whose time has come.",
            "Due jobs behind a running job of their project.",
        )
        groups = self._groups(backlog.waiting)
        for place, (name, text) in enumerate(zip(names, texts, strict=True)):
            family = GaugeMetricFamily(f"prism_{name}_jobs", text, labels=["kind", "host"])
            for labels, members in groups.items():
                family.add_metric(labels, sum((w.jobs, w.due, w.blocked)[place] for w in members))
            yield family
        text = "How long the oldest due job has waited."
        ages = GaugeMetricFamily("prism_oldest_due_job_age_seconds", text, labels=["kind", "host"])
        for labels, members in groups.items():
            age = max((each.due_seconds(backlog.at) for each in members), default=0.0)
            ages.add_metric(labels, age)
        yield ages

    def _groups(self, waiting: Collection[Waiting]) -> Mapping[tuple[str, str], list[Waiting]]:
        """By the labels kind and host; each known kind for any host, also where none waits."""
        groups: dict[tuple[str, str], list[Waiting]] = {(kind, ""): [] for kind in self._kinds}
        for each in waiting:
            kind = each.kind if each.kind in self._kinds else OTHER
            groups.setdefault((kind, each.host or ""), []).append(each)
        return groups


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
