"""Statements run by the driver itself: the same values, the same errors, no dead connections."""

from datetime import timedelta

import pytest
from sqlalchemy import bindparam, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from tests.contracts.job_queue import a_claim
from tests.support.queue_rows import Queue

from prism.adapters.sql.driver_statements import DriverStatement
from prism.adapters.sql.engine import reading, writing
from prism.adapters.sql.jobs_tables import jobs, projects
from prism.domain.errors import Transient
from prism.domain.jobs import Progress


def _statement(queue: Queue, statement: object) -> DriverStatement:
    return DriverStatement(statement, queue.database.jobs.dialect)  # type: ignore[arg-type]  # a test's select or update


def _renamed(queue: Queue) -> DriverStatement:
    named = update(projects).where(projects.c.id == bindparam("project"))
    return _statement(queue, named.values(name=bindparam("new")).returning(projects.c.name))


def _run(queue: Queue, statement: DriverStatement, *, alone: bool, **values: object) -> None:
    if alone:
        statement.alone(queue.database.jobs, **values)
    else:
        with writing(queue.database.jobs) as connection:
            statement.one(connection, **values)


def _name(queue: Queue, project: int) -> object:
    return queue.scalar(f"SELECT name FROM prism_projects WHERE id = {project}")


def test_values_have_the_types_that_sqlalchemy_gives_them(queue: Queue) -> None:
    (project,) = queue.projects(1)
    queue.insert(project, count=1)
    claim = a_claim(queue.jobs)
    queue.jobs.renew(claim, lease_seconds=60.0, progress=Progress(stage="s", done=1, total=2))
    by_driver = _statement(queue, select(jobs)).alone(queue.database.jobs)
    with reading(queue.database.jobs) as connection:
        (row,) = connection.execute(select(jobs)).mappings()
    assert by_driver == dict(row)
    assert by_driver["progress"] == {"stage": "s", "done": 1, "total": 2}
    assert by_driver["rerun"] is False
    assert by_driver["started_at"].utcoffset() == timedelta()


def test_without_a_row_there_is_none(queue: Queue) -> None:
    assert _renamed(queue).alone(queue.database.jobs, project=7, new="n") is None


def test_a_statement_alone_is_committed(queue: Queue) -> None:
    (project,) = queue.projects(1)
    assert _renamed(queue).alone(queue.database.jobs, project=project, new="n") == {"name": "n"}
    assert _name(queue, project) == "n"


def test_a_statement_in_a_transaction_goes_with_it(queue: Queue) -> None:
    """Also on a connection that ran one alone before."""
    (project,) = queue.projects(1)
    renamed = _renamed(queue)
    renamed.alone(queue.database.jobs, project=project, new="first")
    with queue.database.jobs.connect() as connection, connection.begin() as transaction:
        assert renamed.one(connection, project=project, new="second") == {"name": "second"}
        transaction.rollback()
    assert _name(queue, project) == "first"


@pytest.mark.parametrize("alone", [True, False])
def test_a_violated_constraint_is_told_as_by_sqlalchemy(queue: Queue, alone: bool) -> None:
    one, other = queue.projects(2)
    renamed = _renamed(queue)
    with pytest.raises(IntegrityError) as told:
        _run(queue, renamed, alone=alone, project=other, new="p0")
    assert "p0" not in str(told.value).partition("[SQL")[2]
    assert renamed.alone(queue.database.jobs, project=one, new="free") == {"name": "free"}


def test_a_value_that_is_written_out_needs_no_parameter(queue: Queue) -> None:
    row = _statement(queue, select(literal(3).label("three"))).alone(queue.database.jobs)
    assert row == {"three": 3}


@pytest.mark.parametrize("alone", [True, False])
def test_a_lost_connection_is_told_and_not_used_again(postgres_queue: Queue, alone: bool) -> None:
    engine = postgres_queue.database.jobs
    asked = _statement(postgres_queue, select(func.pg_backend_pid().label("pid")))
    ended = select(func.pg_terminate_backend(func.pg_backend_pid()).label("ended"))
    killed = _statement(postgres_queue, ended)
    before = asked.alone(engine)
    with pytest.raises(Transient):
        _run(postgres_queue, killed, alone=alone)
    assert asked.alone(engine) not in (before, None)


def test_a_locked_file_is_told(sqlite_queue: Queue) -> None:
    (project,) = sqlite_queue.projects(1)
    engine = sqlite_queue.database.jobs
    with writing(engine) as connection:
        connection.execute(update(projects).values(name="held"))
        impatient = engine.raw_connection()
        impatient.cursor().execute("PRAGMA busy_timeout = 10")
        impatient.close()
        with pytest.raises(Transient, match="locked"):
            _renamed(sqlite_queue).alone(engine, project=project, new="n")
    assert _renamed(sqlite_queue).alone(engine, project=project, new="n") == {"name": "n"}


def test_an_insertion_tells_what_the_database_made_of_it(queue: Queue) -> None:
    new = insert(projects).values(
        name="n", source_kind="remote", source_location="l", source_key=bindparam("key"),
        created_at=bindparam("at", type_=projects.c.created_at.type),
    )  # fmt: skip
    now = _statement(queue, select(queue.moments.now().label("now"))).alone(queue.database.jobs)
    assert now is not None
    inserted = _statement(queue, new.returning(projects.c.id, projects.c.created_at))
    row = inserted.alone(queue.database.jobs, key="k", at=now["now"])
    assert row is not None
    assert row["created_at"] == now["now"]
    assert _name(queue, row["id"]) == "n"
