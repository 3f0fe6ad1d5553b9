"""What facts cost beside a bare parse: CPU ratios per language, and the pool's wall seconds.

``python -m benchmarks.extraction PATH [PROCESSES]`` reads every file below PATH that has an
extractor. Ratios are medians over interleaved chunks of files, so that other load on the machine
moves both sides alike.
"""

import gc
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tree_sitter import Language, Parser

from prism.adapters.languages.detection import detect
from prism.adapters.languages.pool import TreeSitterParser
from prism.adapters.languages.records import pack
from prism.adapters.languages.registry import LANGUAGES, load_engine
from prism.application.ports.source import SourceBlob
from prism.domain.facts.structure import FILE_BYTES_MAX

CHUNKS, ROUNDS = 20, 3


def sources_by_language(root: Path) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and 0 < path.stat().st_size <= FILE_BYTES_MAX:
            data = path.read_bytes()
            language = detect(path.as_posix(), data[:1000])
            if language in LANGUAGES:
                found.setdefault(language, []).append(data)
    return found


def grammar_of(language: str) -> Language:
    entry = LANGUAGES[language]
    module = __import__(entry.grammar)
    return Language(getattr(module, entry.factory)())


def ratios(language: str, sources: Sequence[bytes]) -> Iterator[tuple[float, float, float]]:
    """(seconds of a bare parse, extraction / parse, extraction and packing / parse) of chunks."""
    engine, parser = load_engine(language), Parser(grammar_of(language))
    for chunk in [sources[at::CHUNKS] for at in range(CHUNKS)] * ROUNDS:
        if not chunk:
            continue
        started = time.thread_time()
        for source in chunk:
            parser.parse(source)
        parsed = time.thread_time()
        facts = [engine.extract(source) for source in chunk]
        extracted = time.thread_time()
        for one in facts:
            pack(one)
        raw = parsed - started
        packed = time.thread_time() - parsed
        yield raw, (extracted - parsed) / raw, packed / raw


def main(root: Path, processes: int | None) -> None:
    gc.disable()  # as parser processes do
    languages = sources_by_language(root)
    for language, sources in languages.items():
        rows = list(ratios(language, sources))
        megabytes = sum(map(len, sources)) / 1e6
        speed = megabytes * ROUNDS / sum(row[0] for row in rows)
        extracting, packing = (statistics.median(row[at] for row in rows) for at in (1, 2))
        print(
            f"{language}: {len(sources)} files, {megabytes:.1f} MB; bare parse {speed:.1f} MB/s; "
            f"facts x{extracting:.2f}; facts and records x{packing:.2f}"
        )
    blobs = [(language, data) for language, found in languages.items() for data in found]
    started = time.monotonic()
    answers = TreeSitterParser(processes=processes).parse(
        SourceBlob(number, language, data) for number, (language, data) in enumerate(blobs)
    )
    problems, stored = [], 0
    for answer in answers:
        stored += len(answer.record)
        problems += [answer.problem] if answer.problem else []
    seconds = time.monotonic() - started
    print(f"pool: {len(blobs)} files in {seconds:.2f} s, {stored / 1e6:.1f} MB of records")
    print(f"failed: {len(problems)} {sorted(set(problems))}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
