"""Every error Prism raises on purpose, sorted by who must act.

PrismError
├── InvalidInput       exit 2   the caller gave something unusable
├── NotFound           exit 3   nothing has that id, name or path
├── Conflict           exit 4   the state of the world says no
│   ├── LeaseLost               another worker has the job now
│   └── SchemaMismatch          the database is older or newer than this program
├── Refused            exit 5   a safety limit or policy said no
├── ExternalFailure    exit 6   git, network, disk or database failed
│   ├── Transient               trying again may help
│   │   └── NoSpace             a disk is full: nobody's fault, but somebody must free some
│   └── Permanent               trying again will not help
├── Incomplete         exit 7   a result exists, but part of it failed
└── Cancelled          exit 130 somebody asked for it to stop

Assertions are for bugs, these are for the world. A message is one line without a trailing period,
says what and where, and never holds a secret; the hint says what to do.
"""

from typing import ClassVar


class PrismError(Exception):
    """Base of all expected errors. ``code`` is stable and documented in the README."""

    code: ClassVar[str] = "prism_error"
    exit_code: ClassVar[int] = 1
    #: False when running the same job again cannot help.
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInput(PrismError):
    code = "invalid_input"
    exit_code = 2


class NotFound(PrismError):
    code = "not_found"
    exit_code = 3


class Conflict(PrismError):
    code = "conflict"
    exit_code = 4


class LeaseLost(Conflict):
    code = "lease_lost"


class SchemaMismatch(Conflict):
    code = "schema_mismatch"


class Refused(PrismError):
    code = "refused"
    exit_code = 5


class ExternalFailure(PrismError):
    code = "external_failure"
    exit_code = 6


class Transient(ExternalFailure):
    code = "transient_failure"
    retryable = True


class NoSpace(Transient):
    """Whoever runs the machine has to act; no job is to blame for it."""

    code = "no_space"


class Permanent(ExternalFailure):
    code = "permanent_failure"


class Incomplete(PrismError):
    code = "incomplete"
    exit_code = 7


class Cancelled(PrismError):
    code = "cancelled"
    exit_code = 130
