"""Frames between the parent and a parser process: fixed headers, then so many bytes."""

from enum import IntEnum
from struct import Struct

#: number of the job, bytes of the language's name, bytes of the source; then both of them.
JOB = Struct(">IHI")
#: kind (``Answer``), number of the job, bytes of the payload; then the payload.
ANSWER = Struct(">BII")
#: No record is longer; a longer one comes from a process that is not itself any more.
PAYLOAD_MAX = 128 * 1024 * 1024


class Answer(IntEnum):
    """STARTED: this job is in hand, no payload. DONE: its record. FAILED: what went wrong, as text.
    BROKEN: the process cannot work at all (job 0), why."""

    STARTED = 0
    DONE = 1
    FAILED = 2
    BROKEN = 3
