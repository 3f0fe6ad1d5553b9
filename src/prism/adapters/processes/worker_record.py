"""What a worker's file says: who works there, as which process, with which jobs' groups."""

import json
import zlib
from dataclasses import dataclass

from prism.adapters.processes.process_table import Kernel, Process
from prism.domain.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class JobGroup:
    """A running job: the leader of its process group, and which worker of the process has it."""

    leader: Process
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecord:
    """One process. ``server``: the fork server of its jobs, which leads a group of its own."""

    workers: tuple[str, ...]
    process: Process
    kernel: Kernel
    server: Process | None = None
    jobs: tuple[JobGroup, ...] = ()

    def to_bytes(self) -> bytes:
        """A line of JSON and one with its CRC-32: a reader tells a half-written text from it."""
        fields: dict[str, Json] = {
            "workers": list(self.workers),
            "process": list(self.process),
            "kernel": list(self.kernel),
            "server": None if self.server is None else list(self.server),
            "jobs": [[*job.leader, job.worker] for job in self.jobs],
        }
        text = json.dumps(fields).encode()
        return text + f"\n{zlib.crc32(text):08x}\n".encode()

    @staticmethod
    def from_bytes(data: bytes) -> "WorkerRecord | None":
        """None unless *data* begins with a complete record; what follows it is not looked at."""
        text, _, rest = data.partition(b"\n")
        if rest[:9] != f"{zlib.crc32(text):08x}\n".encode():
            return None
        try:
            fields = json.loads(text)
            return WorkerRecord(
                workers=tuple(str(name) for name in fields["workers"]),
                process=_process(*fields["process"]),
                kernel=Kernel(*(str(part) for part in fields["kernel"])),
                server=None if fields["server"] is None else _process(*fields["server"]),
                jobs=tuple(
                    JobGroup(leader=_process(pid, started), worker=str(worker))
                    for pid, started, worker in fields["jobs"]
                ),
            )
        except (KeyError, TypeError, ValueError):  # of a version with other fields
            return None


def _process(pid: object, started: object) -> Process:
    if not isinstance(pid, int):
        raise ValueError("a process id that is no number")
    return Process(pid, str(started))
