"""What time it is, as an expression in a statement: the database's own, or an injected clock's.

The expressions look at the time when the statement runs, so that a statement can be built once.
"""

from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, Interval, bindparam, func, literal_column, type_coerce

from prism.adapters.sql.metadata import UtcTime
from prism.application.ports.clock import Clock


class Moments(Protocol):
    def now(self) -> ColumnElement[datetime]:
        """Now."""

    def after(self, seconds: float) -> ColumnElement[datetime]:
        """*seconds* from now; before now when negative."""


class ServerMoments(Moments):
    """The Postgres server's time, the same for all hosts: that of the transaction's beginning.

    No parameter: nothing to convert, send and parse for what each statement of a worker asks.
    """

    def now(self) -> ColumnElement[datetime]:
        return type_coerce(func.now(), UtcTime)

    def after(self, seconds: float) -> ColumnElement[datetime]:
        microseconds = timedelta(seconds=seconds) // timedelta(microseconds=1)
        span = literal_column(f"interval '{microseconds} microseconds'", type_=Interval())
        return type_coerce(func.now() + span, UtcTime)


class ClockMoments(Moments):
    """The clock of the one host that an embedded database is on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> ColumnElement[datetime]:
        return self.after(0.0)

    def after(self, seconds: float) -> ColumnElement[datetime]:
        return bindparam(
            None, callable_=lambda: self._clock.now() + timedelta(seconds=seconds), type_=UtcTime
        )
