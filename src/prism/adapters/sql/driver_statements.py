"""Statements that a worker repeats all day, compiled once and run by the driver itself.

SQLAlchemy's own execution takes several times what Postgres takes for a claim: it looks the
statement up, prepares its context, and describes each column of the result anew (measured: .12 ms
of .40). What is left here is what it does for correctness: values and results in the types of the
columns, errors that say what happened, and no dead connection back into the pool.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BindParameter, Connection, Dialect, Engine, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.type_api import TypeEngine

from prism.adapters.sql.driver_errors import translate
from prism.adapters.sql.engine import PLACE_OPTION

Returning = Select[*tuple[Any, ...]] | ReturningUpdate[*tuple[Any, ...]]

_Processor = Callable[[Any], Any]


class DriverStatement:
    """One SELECT, or one statement with RETURNING, for the dialect it was compiled for.

    Parameters are given by name, as to SQLAlchemy. What it cannot do, and does not notice: lists of
    values, several rows at once.
    """

    def __init__(self, statement: Returning, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self._dialect = dialect
        self._text = compiled.string
        self._order = tuple(compiled.positiontup) if compiled.positiontup else None
        self._fixed: dict[str, Any] = {}
        self._moving: list[tuple[str, Callable[[], Any], _Processor | None]] = []
        self._given: list[tuple[str, str, _Processor | None]] = []
        for parameter, name in compiled.bind_names.items():
            self._take(parameter, name)
        columns = list(statement.exported_columns)
        self._names = tuple(str(column.key) for column in columns)
        results = ((n, _result_processor(column.type, dialect)) for n, column in enumerate(columns))
        self._results = [(n, process) for n, process in results if process is not None]

    def _take(self, parameter: "BindParameter[Any]", name: str) -> None:
        process = _bind_processor(parameter.type, self._dialect)
        if parameter.callable is not None:
            self._moving.append((name, parameter.callable, process))
        elif parameter.required:
            self._given.append((name, parameter.key, process))
        else:
            self._fixed[name] = parameter.value if process is None else process(parameter.value)

    def one(self, connection: Connection, **values: object) -> Mapping[str, Any] | None:
        """Run it in the transaction of *connection*; the row by names of columns, None without.

        Raises what SQLAlchemy's execution would: Prism's errors, or DBAPIError (IntegrityError …).
        """
        raw = connection.connection
        try:
            return self._run(raw, values)
        except self._dialect.loaded_dbapi.Error as error:
            if self._is_lost(raw, error):
                connection.invalidate(error)
            raise self._explained(error, connection.engine) from error

    def alone(self, engine: Engine, **values: object) -> Mapping[str, Any] | None:
        """``one`` in a transaction of its own, begun and ended by the database with the statement:
        no round trips for that."""
        raw = self._connected(engine)
        try:
            with _committing_itself(raw):
                return self._run(raw, values)
        except self._dialect.loaded_dbapi.Error as error:
            if self._is_lost(raw, error):
                raw.invalidate(error)
            raise self._explained(error, engine) from error
        finally:
            raw.close()

    def _connected(self, engine: Engine) -> PoolProxiedConnection:
        try:
            return engine.raw_connection()
        except self._dialect.loaded_dbapi.Error as error:
            raise self._explained(error, engine) from error

    def _run(
        self, raw: PoolProxiedConnection, values: Mapping[str, object]
    ) -> Mapping[str, Any] | None:
        cursor = raw.cursor()
        try:
            cursor.execute(self._text, self._parameters(values))
            # All of them: only behind the last one SQLite ends the statement, and says if it fails.
            rows = cursor.fetchall()
        finally:
            cursor.close()
        return self._row(rows[0]) if rows else None

    def _parameters(self, values: Mapping[str, object]) -> Any:
        bound = dict(self._fixed)
        for name, moment, process in self._moving:
            bound[name] = moment() if process is None else process(moment())
        for name, key, process in self._given:
            bound[name] = values[key] if process is None else process(values[key])
        return bound if self._order is None else [bound[name] for name in self._order]

    def _row(self, row: Sequence[Any]) -> Mapping[str, Any]:
        found = list(row)
        for n, process in self._results:
            found[n] = process(found[n])
        return dict(zip(self._names, found, strict=True))

    def _is_lost(self, raw: PoolProxiedConnection, error: Exception) -> bool:
        return self._dialect.is_disconnect(error, raw, None)  # type: ignore[arg-type]  # the driver's base class

    def _explained(self, error: Exception, engine: Engine) -> BaseException:
        translated = translate(error, engine.get_execution_options()[PLACE_OPTION])
        if translated is not None:
            return translated
        return DBAPIError.instance(
            self._text,
            None,
            error,
            self._dialect.loaded_dbapi.Error,
            hide_parameters=True,
            dialect=self._dialect,
        )


@contextmanager
def _committing_itself(raw: PoolProxiedConnection) -> Iterator[None]:
    """Each statement is a transaction. On SQLite it is anyway: there the driver begins none, and a
    statement that writes has the file's write lock before it reads."""
    connection: Any = raw.driver_connection
    if isinstance(connection, sqlite3.Connection):
        yield
        return
    connection.autocommit = True
    try:
        yield
    finally:
        if not connection.closed:
            connection.autocommit = False


def _bind_processor(type_: TypeEngine[Any], dialect: Dialect) -> _Processor | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _result_processor(type_: TypeEngine[Any], dialect: Dialect) -> _Processor | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)
