"""A clock that moves only when told to."""

from datetime import UTC, datetime, timedelta

from prism.application.ports.clock import Clock

START = datetime(2026, 1, 1, tzinfo=UTC)


class ManualClock(Clock):
    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = timedelta()

    def now(self) -> datetime:
        return self._start + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed.total_seconds()

    def advance(self, seconds: float) -> None:
        """Move time forward by *seconds*."""
        assert seconds >= 0
        self._elapsed += timedelta(seconds=seconds)
