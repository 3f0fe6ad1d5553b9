"""How a worker is asked to stop: once to finish, twice to drop everything."""

from enum import IntEnum


class StopRequest(IntEnum):
    """Ordered by urgency."""

    NONE = 0
    #: Take no new job; the current one may finish (within the grace, where there is one).
    FINISH = 1
    #: Kill the current job and hand it back.
    NOW = 2


class StopSwitch:
    """Counts requests to stop. ``request`` only assigns a number: safe in a signal handler."""

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        self._asked = StopRequest.NONE

    def request(self) -> StopRequest:
        """Ask once more: the first request lets the job finish, the second does not."""
        self._asked = StopRequest.FINISH if self._asked is StopRequest.NONE else StopRequest.NOW
        return self._asked

    def __call__(self) -> StopRequest:
        return self._asked


def never_stopping() -> StopRequest:
    """For callers that cannot be asked to stop."""
    return StopRequest.NONE
