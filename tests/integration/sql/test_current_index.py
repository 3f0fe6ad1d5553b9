"""Reading the current index while the server ends the reader's session."""

import pytest
from tests.support.database_sessions import sessions_of
from tests.support.facts import store_run, whole_run
from tests.support.storage import postgres_storage

from prism.adapters.memory.clock import ManualClock
from prism.adapters.sql.engine import open_database
from prism.adapters.sql.index_store import SqlIndexStore
from prism.adapters.sql.repositories import moments
from prism.application.queries.current_index import OpenCurrentIndex
from prism.domain.errors import Transient
from prism.domain.jobs import Publication
from prism.domain.projects import Source


def test_a_lost_session_is_told_as_that(postgres_database: str) -> None:
    """And not as a transaction that could not be ended after it."""
    database = open_database(url=postgres_database, data_dir="")
    with postgres_storage(postgres_database) as storage:
        project = storage.projects.add(name="p", source=Source.remote("https://example.org/p"))
        index = SqlIndexStore(database, moments(database, ManualClock()))
        run = store_run(index, whole_run(), project_id=project.id)
        storage.jobs.publish(project.id, Publication(run_id=run.id))
        current = OpenCurrentIndex(jobs=storage.jobs, index=index)

        def read_while_the_session_ends() -> None:
            with current(project) as reader, sessions_of(postgres_database) as sessions:
                sessions.terminate()
                reader.files()

        with pytest.raises(Transient):
            read_while_the_session_ends()
    database.close()
