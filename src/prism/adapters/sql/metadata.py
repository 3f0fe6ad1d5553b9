"""The two families of tables, and the column types that both databases share.

The jobs line (``jobs_tables.py``: projects, credentials, jobs, pointers) and the facts
line (``facts_tables.py``: the index and the blueprints) have a metadata, a version table and a
folder of migrations each: on SQLite they are two files, on Postgres one database (decisions 12).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

_NAMES = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}

jobs_metadata = MetaData(naming_convention=_NAMES)
facts_metadata = MetaData(naming_convention=_NAMES)

#: Surrogate ids: 64 bits on Postgres, the row id on SQLite (AUTOINCREMENT needs that very type).
Id = BigInteger().with_variant(Integer(), "sqlite")

#: JSON that can be indexed on Postgres; None is SQL's NULL.
JsonDocument = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 (UTC): how SQLite stores a moment, exact and ordered."""
    return (moment - _EPOCH) // _MICROSECOND


class UtcTime(TypeDecorator[datetime]):
    """An aware moment in UTC: ``timestamptz`` on Postgres, microseconds since 1970 on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        if value is None:
            return None
        assert value.tzinfo is not None, "a moment without a zone"
        return microseconds(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: object | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if isinstance(value, int):
            return _EPOCH + value * _MICROSECOND
        assert isinstance(value, datetime)
        return value.astimezone(UTC)
