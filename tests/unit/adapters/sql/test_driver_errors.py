"""A refused connection brings only a text: what it means decides whether anybody waits."""

import psycopg
import pytest

from prism.adapters.sql.driver_errors import translate
from prism.domain.errors import NoSpace, Permanent, PrismError, Transient


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("FATAL:  the database system is starting up", Transient, "starting"),
        ("FATAL:  the database system is shutting down", Transient, "stopping"),
        ("FATAL:  the database system is in recovery mode", Transient, "starting"),
        ("FATAL:  the database system is not yet accepting connections", Transient, "starting"),
        ("FATAL:  sorry, too many clients already", Transient, "resources"),
        ("FATAL:  remaining connection slots are reserved for roles", Transient, "resources"),
        ('FATAL:  database "prism" does not exist', Permanent, "no such database"),
        ('FATAL:  role "prism" does not exist', Permanent, "login"),
        ('FATAL:  password authentication failed for user "prism"', Permanent, "login"),
        ("connection refused", Transient, "cannot reach"),
    ],
)
def test_a_refused_connection(text: str, kind: type[PrismError], words: str) -> None:
    error = translate(psycopg.OperationalError(f"connection failed: {text}"), "Postgres at db:1")
    assert type(error) is kind
    assert words in error.message
    assert "db:1" in error.message


def test_a_full_disk_of_the_server() -> None:
    error = translate(psycopg.errors.DiskFull("could not extend file"), "Postgres at db:1")
    assert type(error) is NoSpace
