"""Time, for waits and durations only: what the queue calls now is the database's (decisions 4)."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    @abstractmethod
    def now(self) -> datetime:
        """Aware UTC time, for what is shown and stored by the embedded adapters."""

    @abstractmethod
    def monotonic(self) -> float:
        """Seconds since an arbitrary moment, never going back."""
