"""The floor: a bare psycopg loop around a table, with the SQL of a prototype and nothing else.

No threads, no retries, no leases renewed, no errors handled: what any queue pays at least.
``python -m benchmarks.queue_peers.floor`` is its worker.
"""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import psycopg
from benchmarks.queue_peers.peer import ClaimSeries, Enqueue, Peer
from benchmarks.queue_peers.recording import worker_arguments
from psycopg.types.json import Jsonb

TABLE = """
CREATE TABLE floor_jobs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id bigint NOT NULL, kind text NOT NULL, dedup_key text,
  status text NOT NULL DEFAULT 'pending', priority smallint NOT NULL DEFAULT 0,
  run_at timestamptz NOT NULL DEFAULT now(), attempt int NOT NULL DEFAULT 0,
  worker_id text, lease_until timestamptz, rerun boolean NOT NULL DEFAULT false,
  options jsonb NOT NULL DEFAULT '{}', result jsonb,
  created_at timestamptz NOT NULL DEFAULT now(), started_at timestamptz, finished_at timestamptz
) WITH (fillfactor=70);
CREATE INDEX ON floor_jobs (priority DESC, run_at, id) WHERE status = 'pending';
CREATE INDEX ON floor_jobs (lease_until) WHERE status = 'running';
CREATE UNIQUE INDEX ON floor_jobs (dedup_key) WHERE status IN ('pending', 'running');
CREATE UNIQUE INDEX ON floor_jobs (project_id) WHERE status = 'running';
CREATE INDEX ON floor_jobs (project_id, id DESC);
CREATE INDEX ON floor_jobs (finished_at) WHERE finished_at IS NOT NULL;
"""
ENQUEUE = """
WITH new AS (
  INSERT INTO floor_jobs (project_id, kind, dedup_key, options) VALUES (%s, 'noop', %s, %s)
  ON CONFLICT (dedup_key) WHERE status IN ('pending', 'running') DO UPDATE SET rerun = true
  RETURNING id)
SELECT id, pg_notify('floor_jobs', '') FROM new"""
CLAIM = """
WITH next AS MATERIALIZED (
  SELECT id FROM floor_jobs j WHERE status = 'pending' AND run_at <= now() AND NOT EXISTS (
    SELECT 1 FROM floor_jobs r WHERE r.project_id = j.project_id AND r.status = 'running')
  ORDER BY priority DESC, run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
UPDATE floor_jobs j SET status = 'running', attempt = attempt + 1, worker_id = %s,
  started_at = clock_timestamp(), lease_until = now() + make_interval(secs => 60)
FROM next WHERE j.id = next.id RETURNING j.id, j.attempt, j.options"""
FINISH = """
UPDATE floor_jobs SET status = 'completed', result = '{}', finished_at = now(),
  lease_until = NULL, worker_id = NULL
WHERE id = %s AND attempt = %s AND status = 'running'"""
FILL = """
INSERT INTO floor_jobs (project_id, kind, status, finished_at)
SELECT i %% 1000, 'noop', %s, CASE WHEN %s THEN now() END FROM generate_series(1, %s) AS i"""
PROJECTS = 50


class Floor(Peer):
    name = "floor (bare psycopg)"
    configured = f"psycopg {psycopg.__version__}, one connection, one thread, prepared statements"

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = psycopg.connect(url, autocommit=True)

    def prepare(self) -> None:
        self._connection.execute(TABLE)

    @contextmanager
    def enqueuing(self) -> Iterator[Enqueue]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            yield lambda number: enqueue(connection, number)

    def worker_command(self) -> Sequence[str]:
        return ("benchmarks.queue_peers.floor", "--at", self._url)

    def done(self) -> int:
        return self._count("status = 'completed' AND attempt = 1")

    def leftover(self) -> int:
        return self._count("status <> 'completed' OR attempt <> 1")

    def fill(self, *, finished: int, pending: int) -> None:
        self._connection.execute(FILL, ("completed", True, finished))
        self._connection.execute(FILL, ("pending", False, pending))
        self._connection.execute("VACUUM ANALYZE")

    def claims(self, samples: int) -> Iterator[ClaimSeries]:
        times = []
        for _ in range(samples):
            began = time.perf_counter()
            job = claim(self._connection)
            times.append((time.perf_counter() - began) * 1000)
            assert job is not None
            self._connection.execute(FINISH, job[:2])
        yield ClaimSeries(shape="pending spread over 1000 projects", milliseconds=times)

    def close(self) -> None:
        self._connection.close()

    def _count(self, where: str) -> int:
        query = f"SELECT count(*) FROM floor_jobs WHERE {where}"
        row = self._connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])


def enqueue(connection: psycopg.Connection, number: int) -> None:
    connection.execute(ENQUEUE, (number % PROJECTS, f"noop:{number}", Jsonb({"n": number})))


def claim(connection: psycopg.Connection) -> tuple[int, int, dict[str, int]] | None:
    return connection.execute(CLAIM, ("floor",)).fetchone()


def work() -> None:
    """Claim, note, finish; wait for a notification when nothing is due. SIGTERM ends it."""
    place, recorder, *_ = worker_arguments()
    stopped: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)

    signal.signal(signal.SIGTERM, stop)
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("LISTEN floor_jobs")
        while not stopped:
            job = claim(connection)
            if job is None:
                list(connection.notifies(timeout=0.5, stop_after=1))
                continue
            recorder(job[2]["n"])
            connection.execute(FINISH, job[:2])
    recorder.write()


if __name__ == "__main__":
    work()
