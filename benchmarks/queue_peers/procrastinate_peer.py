"""Procrastinate: its own worker with its defaults, an async no-op task, jobs deferred by sync code.

``python -m benchmarks.queue_peers.procrastinate_peer`` is its worker.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version

import psycopg
from benchmarks.queue_peers.peer import ClaimSeries, Enqueue, Peer
from benchmarks.queue_peers.recording import Recorder, worker_arguments
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager

# Triggers do not fire for rows written so: a million rows of events say nothing about a claim.
FILL = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)
SELECT 'default', 'noop', jsonb_build_object('n', i), %s::procrastinate_job_status, %s
FROM generate_series(1, %s) AS i"""


class Procrastinate(Peer):
    name = "Procrastinate"
    configured = (
        f"procrastinate {version('procrastinate')}: run_worker_async() with its defaults"
        " (concurrency 1, LISTEN, poll 5 s, finished jobs kept), PsycopgConnector, async no-op"
        " task; enqueued by task.defer() on SyncPsycopgConnector"
    )

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = psycopg.connect(url, autocommit=True)

    def prepare(self) -> None:
        self._connection.execute(SchemaManager.get_schema())

    @contextmanager
    def enqueuing(self) -> Iterator[Enqueue]:
        app = _app(SyncPsycopgConnector(conninfo=self._url), None)
        task = app.tasks["noop"]
        with app.open():
            yield lambda number: _defer(task.defer(n=number))

    def worker_command(self) -> Sequence[str]:
        return ("benchmarks.queue_peers.procrastinate_peer", "--at", self._url)

    def done(self) -> int:
        return self._count("status = 'succeeded' AND attempts = 1")

    def leftover(self) -> int:
        return self._count("status <> 'succeeded' OR attempts <> 1")

    def fill(self, *, finished: int, pending: int) -> None:
        with self._connection.transaction():
            self._connection.execute("SET LOCAL session_replication_role = replica")
            self._connection.execute(FILL, ("succeeded", 1, finished))
            self._connection.execute(FILL, ("todo", 0, pending))
        self._connection.execute("VACUUM ANALYZE")

    def claims(self, samples: int) -> Iterator[ClaimSeries]:
        times = asyncio.run(self._claims(samples))
        yield ClaimSeries(shape="pending jobs without lock", milliseconds=times)

    async def _claims(self, samples: int) -> list[float]:
        app = _app(PsycopgConnector(conninfo=self._url), None)
        times = []
        async with app.open_async():
            worker = await app.job_manager.register_worker()
            for _ in range(samples):
                began = time.perf_counter()
                job = await app.job_manager.fetch_job(queues=None, worker_id=worker)
                times.append((time.perf_counter() - began) * 1000)
                assert job is not None
                await app.job_manager.finish_job(job, Status.SUCCEEDED, delete_job=False)
        return times

    def close(self) -> None:
        self._connection.close()

    def _count(self, where: str) -> int:
        query = f"SELECT count(*) FROM procrastinate_jobs WHERE {where}"
        row = self._connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])


def _defer(_job_id: int) -> None:
    """The id is not needed."""


def _app(connector: BaseConnector, recorder: Recorder | None) -> App:
    app = App(connector=connector)

    @app.task(name="noop")
    async def noop(n: int) -> None:
        if recorder is not None:
            recorder(n)

    return app


async def work() -> None:
    """Until SIGTERM, which the library's worker handles itself."""
    place, recorder, *_ = worker_arguments()
    app = _app(PsycopgConnector(conninfo=place), recorder)
    async with app.open_async():
        await app.run_worker_async()
    recorder.write()


if __name__ == "__main__":
    # By its name: the library warns of an app in __main__.
    from benchmarks.queue_peers import procrastinate_peer

    asyncio.run(procrastinate_peer.work())
