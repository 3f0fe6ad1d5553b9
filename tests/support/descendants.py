"""The processes that a test has started, in whatever way."""

from collections.abc import Sequence

import psutil

#: The test run's own server, which may be there or not.
_SERVER = "postgres"


def descendants() -> Sequence[psutil.Process]:
    """All below this process, without the database server of the test run."""
    return [p for p in psutil.Process().children(recursive=True) if p.name() != _SERVER]
