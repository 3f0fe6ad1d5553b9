"""Behind a real PgBouncer that gives each transaction to another session of Postgres."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url
from tests.contracts.job_queue import a_claim, a_project
from tests.support.storage import postgres_storage

from prism.adapters.sql.engine import open_database
from prism.adapters.sql.jobs_postgres import PostgresJobRepository
from prism.adapters.sql.moments import ServerMoments
from prism.domain.jobs import JobRequest, JobState

#: More than the driver prepares statements after, for each of the threads.
ROUNDS = 20
CONFIGURATION = """
[databases]
* = host={host} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
"""


@pytest.fixture
def pooled_url(postgres_database: str, tmp_path: Path) -> Iterator[str]:
    straight = make_url(postgres_database)
    if shutil.which("pgbouncer") is None:
        pytest.skip("pgbouncer is not installed")
    if not isinstance(straight.query.get("host"), str):
        pytest.skip("needs the private server on a Unix socket")
    with pgbouncer(straight, tmp_path / "pgbouncer.ini") as port:
        pooled = straight.set(host="127.0.0.1", port=port, query={"sslmode": "disable"})
        yield pooled.render_as_string(hide_password=False)


@contextmanager
def pgbouncer(server: URL, file: Path) -> Iterator[int]:
    """A pooler before *server*, which answers already; gives its port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    file.write_text(
        CONFIGURATION.format(host=server.query["host"], user=server.username, port=port)
    )
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = ["pgbouncer", *user, str(file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _answers(port):
            assert process.poll() is None, "pgbouncer did not start"
            threading.Event().wait(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", port)) == 0


def test_many_threads_work_through_few_sessions(postgres_database: str, pooled_url: str) -> None:
    with postgres_storage(postgres_database) as storage:
        projects = [a_project(storage, f"shop{number}") for number in range(4)]
    with closing(open_database(url=pooled_url, data_dir="", pooler=True)) as database:
        jobs = PostgresJobRepository(database.jobs, ServerMoments())

        def work(project: int) -> None:
            for _ in range(ROUNDS):
                job = jobs.enqueue(JobRequest(project_id=project, kind="index")).job_id
                jobs.complete(a_claim(jobs, only=job), result={})

        threads = [threading.Thread(target=work, args=(project,)) for project in projects]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert jobs.counts()[JobState.COMPLETED] == ROUNDS * len(projects)
