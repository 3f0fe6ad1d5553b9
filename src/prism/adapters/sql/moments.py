"""What time it is, as an expression in a statement: the database's own, or an injected clock's.

The expressions look at the time when the statement runs, so that a statement can be built once.
"""

from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, Interval, bindparam, func, type_coerce

from prism.adapters.sql.metadata import UtcTime
from prism.application.ports.clock import Clock


class Moments(Protocol):
    def now(self) -> ColumnElement[datetime]:
        """Now."""

    def after(self, seconds: float) -> ColumnElement[datetime]:
        """*seconds* from now; before now when negative."""


class ServerMoments:
    """The Postgres server's time, the same for all hosts. Only tests set *offset*."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def now(self) -> ColumnElement[datetime]:
        return self.after(0.0)

    def after(self, seconds: float) -> ColumnElement[datetime]:
        """Relative to the beginning of the transaction."""
        shift = bindparam(
            None, callable_=lambda: self.offset + timedelta(seconds=seconds), type_=Interval()
        )
        return type_coerce(func.now() + shift, UtcTime)


class ClockMoments:
    """The clock of the one host that an embedded database is on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> ColumnElement[datetime]:
        return self.after(0.0)

    def after(self, seconds: float) -> ColumnElement[datetime]:
        return bindparam(
            None, callable_=lambda: self._clock.now() + timedelta(seconds=seconds), type_=UtcTime
        )
