"""The canonical dump of an index: two dumps are equal exactly when the facts are (decisions 9)."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prism.application.ports.index_store import IndexReader, SymbolRow
from prism.domain.facts.runs import Run
from prism.domain.findings.model import Finding
from prism.domain.values import Json, JsonObject


def _digest(record: bytes) -> str:
    return hashlib.sha256(record).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRun:
    """Every fact of a run as one JSON object a line, in the order of natural keys.

    ``fact`` names its kind. There are no ids of rows or runs, no times and no durations, and no
    counts of how the work went (a run that finds stored facts parses less). What only the packed
    record of a file holds is compared by ``digest`` of it: a parser's own for dumps of several
    machines (compressors differ), by default the hash of its bytes. Lines are ASCII: a name that
    is no
    UTF-8 keeps its lone surrogates as escapes. Reads lazily, while the reader is open.
    """

    digest: Callable[[bytes], str] = _digest

    def __call__(self, reader: IndexReader) -> Iterator[str]:
        for kind, document in _facts(reader, self.digest):
            yield json.dumps({"fact": kind, **document}, sort_keys=True, separators=(",", ":"))


def _facts(reader: IndexReader, digest: Callable[[bytes], str]) -> Iterator[tuple[str, JsonObject]]:
    yield "run", _run(reader.run)
    for kind, tuples in (
        ("coverage", sorted(reader.run.coverage)),
        ("notice", sorted(reader.run.notices)),
        ("cut", sorted(reader.run.cuts)),
    ):
        yield from _each(kind, (fact._asdict() for fact in tuples))
    yield from _each("file", _files(reader, digest))
    yield from _each("symbol", map(_symbol, reader.symbols()))
    yield from _each("import", (fact._asdict() for fact in reader.imports()))
    yield from _each("edge", (fact._asdict() for fact in reader.edges()))
    yield from _each("metrics", (fact._asdict() for fact in reader.metrics()))
    yield from _each("cut-edge", (fact._asdict() for fact in reader.cut_edges()))
    yield from _each("doc", (fact._asdict() for fact in reader.docs()))
    yield from _each("commit", _commits(reader))
    yield from _each("co-change", (fact._asdict() for fact in reader.cochanges()))
    yield from _each("finding", map(_finding, reader.findings()))


def _each(kind: str, documents: Iterable[JsonObject]) -> Iterator[tuple[str, JsonObject]]:
    return ((kind, document) for document in documents)


def _run(run: Run) -> JsonObject:
    stages: dict[str, Json] = {
        stage.name: {"version": stage.version, "status": stage.status.value} for stage in run.stages
    }
    return {
        "commit": run.commit,
        "algorithm": run.algorithm,
        "complete": run.complete,
        "settings": run.settings,
        "stages": stages,
    }


def _files(reader: IndexReader, digest: Callable[[bytes], str]) -> Iterator[JsonObject]:
    """Both come by path, so the records are read beside the files, not before them."""
    records = reader.records(())
    path, record = next(records, ("", b""))
    for file in reader.files():
        document = file._asdict()
        if file.path == path:
            document["record_sha256"] = digest(record)
            path, record = next(records, ("", b""))
        yield document


def _symbol(row: SymbolRow) -> Mapping[str, Json]:
    symbol = row.symbol._asdict()
    del symbol["windows"]  # in the record
    return {"path": row.path, "module": row.module, **symbol}


def _commits(reader: IndexReader) -> Iterator[JsonObject]:
    for place, commit in enumerate(reader.commits()):
        changes = [change._asdict() for change in commit.changes]
        yield {"place": place, **commit._asdict(), "changes": changes}


def _finding(finding: Finding) -> JsonObject:
    evidence = [place._asdict() for place in finding.evidence]
    return {**finding._asdict(), "evidence": evidence}
