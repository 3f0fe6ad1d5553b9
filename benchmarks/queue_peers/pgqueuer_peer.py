"""PgQueuer with either of its drivers: its own worker with its defaults and an async no-op.

``python -m benchmarks.queue_peers.pgqueuer_peer --variant psycopg|asyncpg`` is its worker.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import timedelta
from importlib.metadata import version

import psycopg
from benchmarks.queue_peers.peer import ClaimSeries, Enqueue, Peer
from benchmarks.queue_peers.recording import worker_arguments
from pgqueuer import PgQueuer, Queries, run
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.models import Job
from pgqueuer.ports.driver import Driver
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.types import QueueEntrypoint, QueueManagerId

HISTORY = """
INSERT INTO pgqueuer_log (job_id, status, priority, entrypoint, aggregated)
SELECT -i, 'successful', 0, 'noop', true FROM generate_series(1, %s) AS i"""
WAITING = """
INSERT INTO pgqueuer (priority, entrypoint, payload, status)
SELECT 0, 'noop', convert_to(i::text, 'UTF8'), 'queued' FROM generate_series(1, %s) AS i"""


class PgQueuerPeer(Peer):
    """``driver``: psycopg or asyncpg."""

    def __init__(self, url: str, driver: str) -> None:
        self.name = f"PgQueuer ({driver})"
        self.configured = (
            f"pgqueuer {version('pgqueuer')}: pgqueuer.run() with its defaults (batches of 10,"
            " no limit on concurrent jobs, completions buffered up to 0.1 s, finished jobs moved"
            f" to a log table), {driver} {version(driver)}, one connection, async no-op"
        )
        self._url = url
        self._driver = driver
        self._connection = psycopg.connect(url, autocommit=True)

    def prepare(self) -> None:
        asyncio.run(self._install())

    async def _install(self) -> None:
        async with _connected(self._url, self._driver) as driver:
            await Queries(driver).install()

    @contextmanager
    def enqueuing(self) -> Iterator[Enqueue]:
        with asyncio.Runner() as runner:
            connecting = _connected(self._url, self._driver)
            queries = Queries(runner.run(_enter(connecting)))
            try:
                yield lambda number: runner.run(_enqueue(queries, number))
            finally:
                runner.run(_leave(connecting))

    def worker_command(self) -> Sequence[str]:
        module = "benchmarks.queue_peers.pgqueuer_peer"
        return (module, "--at", self._url, "--variant", self._driver)

    def done(self) -> int:
        return self._count("pgqueuer_log WHERE status = 'successful'")

    def leftover(self) -> int:
        failed = self._count("pgqueuer_log WHERE status NOT IN ('queued', 'picked', 'successful')")
        return failed + self._count("pgqueuer")

    def fill(self, *, finished: int, pending: int) -> None:
        self._connection.execute(HISTORY, (finished,))
        self._connection.execute(WAITING, (pending,))
        self._connection.execute("VACUUM ANALYZE")

    def claims(self, samples: int) -> Iterator[ClaimSeries]:
        times = asyncio.run(self._claims(samples))
        note = "one job at a time (batch_size 1); its worker asks for batches of 10"
        yield ClaimSeries(shape="pending, finished in the log", milliseconds=times, notes=(note,))

    async def _claims(self, samples: int) -> list[float]:
        times = []
        async with _connected(self._url, self._driver) as driver:
            queries = Queries(driver)
            for _ in range(samples):
                began = time.perf_counter()
                (job,) = await _dequeue(queries)
                times.append((time.perf_counter() - began) * 1000)
                await queries.log_jobs([(job, "successful", None)])
        return times

    def close(self) -> None:
        self._connection.close()

    def _count(self, rows: str) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM {rows}".encode()).fetchone()
        assert row is not None
        return int(row[0])


async def _dequeue(queries: Queries) -> list[Job]:
    return await queries.dequeue(
        batch_size=1,
        entrypoints={QueueEntrypoint("noop"): EntrypointExecutionParameter(concurrency_limit=0)},
        queue_manager_id=QueueManagerId(uuid.UUID(int=1)),
        global_concurrency_limit=None,
        heartbeat_timeout=timedelta(seconds=30),
    )


async def _enqueue(queries: Queries, number: int) -> None:
    await queries.enqueue("noop", str(number).encode())


@asynccontextmanager
async def _connected(url: str, driver: str) -> AsyncIterator[Driver]:
    if driver == "psycopg":
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            yield PsycopgDriver(connection)
    else:
        import asyncpg

        other = await asyncpg.connect(url)
        try:
            yield AsyncpgDriver(other)
        finally:
            await other.close()


async def _enter(connecting: AbstractAsyncContextManager[Driver]) -> Driver:
    return await connecting.__aenter__()


async def _leave(connecting: AbstractAsyncContextManager[Driver]) -> None:
    await connecting.__aexit__(None, None, None)


async def work() -> None:
    """Until SIGTERM, which the library's runner handles itself."""
    place, recorder, variant, _ = worker_arguments()

    @asynccontextmanager
    async def factory() -> AsyncIterator[PgQueuer]:
        async with _connected(place, variant) as driver:
            application = PgQueuer(driver)

            @application.entrypoint("noop")
            async def noop(job: Job) -> None:
                recorder(int(job.payload or b""))

            yield application

    await run(factory)
    recorder.write()


if __name__ == "__main__":
    asyncio.run(work())
