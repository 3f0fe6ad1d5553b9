"""Parsing in isolated processes: a source that crashes the grammar's native code costs itself."""

import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from prism.adapters.languages.detection import detect
from prism.adapters.languages.inline import DEADLINE_SECONDS
from prism.adapters.languages.process import Launch
from prism.adapters.languages.records import content_digest, unpack_outline
from prism.adapters.languages.registry import LANGUAGES, extractor_versions
from prism.adapters.languages.scheduler import Scheduler
from prism.application.ports.source import Outline, ParsedBlob, SourceBlob, SourceParser

PROCESSES_MAX = 4
#: A file of 1 MiB needs some 300 MB for its tree and its facts.
MEMORY_BYTES = 1024 * 1024 * 1024


class TreeSitterParser(SourceParser):
    """Parses in *processes* child processes (None: one per usable core, at most PROCESSES_MAX).

    They start when the first blob comes, one alone for small inputs, and end with the iteration. A
    process that dies costs the file it had in hand; *deadline_seconds* bounds one file's parsing,
    *memory_bytes* one process' memory. Their environment is *environment*: nothing, unless Python
    itself needs a variable to find its libraries.
    """

    def __init__(
        self,
        *,
        processes: int | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._processes = processes or min(_usable_cores(), PROCESSES_MAX)
        self._deadline_seconds = deadline_seconds
        self._memory_bytes = memory_bytes
        self._environment = environment or {}

    def languages(self) -> Mapping[str, str]:
        return extractor_versions()

    def parse(self, blobs: Iterable[SourceBlob]) -> Iterator[ParsedBlob]:
        launch = Launch(
            command=_command(self._deadline_seconds, self._memory_bytes),
            environment=self._environment,
            # Three nets, each wider: the parser's own deadline, the processor limit that the
            # process sets itself, and the parent's patience.
            patience_seconds=3 * self._deadline_seconds + 5,
        )
        with Scheduler(launch, self._processes) as scheduler:
            yield from scheduler.run(iter(blobs))

    def outline(self, record: bytes) -> Outline:
        return unpack_outline(record)

    def digest(self, record: bytes) -> str:
        return content_digest(record)

    def detect(self, path: str, head: bytes) -> str:
        return detect(path, head)


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _command(deadline_seconds: float, memory_bytes: int) -> list[str]:
    """Python without site, environment or current directory; only the folders that are needed.

    ``site`` would run what ``.pth`` files say, and takes longer than all of the worker's imports.
    """
    code = (
        f"import sys; sys.path.extend({_folders()!r}); "
        "from prism.adapters.languages.worker import main; "
        f"main({deadline_seconds!r}, {memory_bytes!r})"
    )
    return [sys.executable, "-I", "-S", "-B", "-c", code]


def _folders() -> list[str]:
    modules = ["prism", "tree_sitter", "msgpack", *(entry.grammar for entry in LANGUAGES.values())]
    folders: dict[str, None] = {}
    for module in modules:
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.origin is not None:
            folders.setdefault(str(Path(spec.origin).resolve().parents[1]))
    return list(folders)
