"""The canonical dump: all facts, nothing of how and when they were found."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.support.facts import (
    COMMIT,
    ODD_PATH,
    RunFacts,
    a_file,
    facts_of,
    finish,
    oid,
    store_run,
    whole_run,
    write_in_order,
)

from prism.adapters.memory.clock import ManualClock
from prism.adapters.memory.index_reader import MemoryIndexReader, RunRows
from prism.adapters.memory.index_store import MemoryIndexStore
from prism.application.ports.index_store import SymbolRow
from prism.application.queries.export_run import ExportRun
from prism.domain.facts.runs import StageReport, StageStatus
from prism.domain.jobs import JobRef


def dump(facts: RunFacts) -> list[str]:
    store = MemoryIndexStore(ManualClock())
    with store.read(1, store_run(store, facts).id) as reader:
        return list(ExportRun()(reader))


def documents(facts: RunFacts, kind: str) -> list[dict[str, object]]:
    return [each for each in map(json.loads, dump(facts)) if each["fact"] == kind]


def test_every_kind_of_fact_is_in_the_dump() -> None:
    kinds = [json.loads(line)["fact"] for line in dump(whole_run())]
    assert list(dict.fromkeys(kinds)) == [
        "run", "coverage", "notice", "cut", "file", "symbol", "import", "edge", "metrics",
        "cut-edge", "doc", "commit", "co-change", "finding",
    ]  # fmt: skip


def test_run_ids_times_and_jobs_are_not_in_the_dump() -> None:
    facts = whole_run()
    clock = ManualClock()
    store = MemoryIndexStore(clock)
    store_run(store, RunFacts())
    clock.advance(1000)
    job = JobRef(job_id=9, attempt=9)
    with store.begin(
        1, commit=COMMIT, algorithm="sha1", settings=facts.settings, job=job
    ) as writer:
        write_in_order(writer, facts)
        clock.advance(1000)
        run = finish(writer, facts)
    with store.read(1, run.id) as reader:
        assert list(ExportRun()(reader)) == dump(facts)


def test_how_a_stage_went_is_not_in_the_dump_but_whether() -> None:
    quick = StageReport(name="files", version=1, status=StageStatus.COMPLETED, counts={"read": 9})
    slow = replace(quick, counts={"read": 1}, seconds=9.0)
    cut_short = replace(quick, status=StageStatus.CUT_SHORT)
    newer = replace(quick, version=2)
    dumps = [dump(RunFacts(stages=[stage])) for stage in (quick, slow, cut_short, newer)]
    assert dumps[0] == dumps[1]
    assert dumps[0] != dumps[2]
    assert dumps[0] != dumps[3]


def test_files_with_facts_carry_the_digest_of_their_record() -> None:
    facts = whole_run()
    first, second, third = (hashlib.sha256(each.record).hexdigest() for each in facts.blobs)
    found = {each["path"]: each.get("record_sha256") for each in documents(facts, "file")}
    assert found == {
        "a.py": first,
        "b.py": second,
        ODD_PATH: first,
        "data.csv": None,
        "empty.py": third,
        "x/broken.py": None,
    }


def test_another_record_gives_another_dump() -> None:
    files = [a_file("a.py", oid(1))]
    dumps = [
        dump(RunFacts(blobs=[facts_of(oid(1), record=record)], files=files))
        for record in (b"one", b"two")
    ]
    assert dumps[0] != dumps[1]


def test_lines_are_ascii_and_keep_odd_names() -> None:
    lines = dump(whole_run())
    assert all(line.isascii() and "\n" not in line for line in lines)
    assert ODD_PATH in [each["path"] for each in documents(whole_run(), "file")]


class SymbolsUnread(MemoryIndexReader):
    def symbols(self, *, name: str | None = None, path: str | None = None) -> Iterator[SymbolRow]:
        raise AssertionError("read before anybody asked")


def test_the_dump_is_read_lazily() -> None:
    files = [a_file("data.csv", oid(1), status="listed", extractor="")]
    run = store_run(MemoryIndexStore(ManualClock()), RunFacts(files=files))
    rows = RunRows(run, files=files)
    lines = ExportRun()(SymbolsUnread(rows, {}, {}))
    assert [json.loads(next(lines))["fact"] for _ in range(2)] == ["run", "file"]
    with pytest.raises(AssertionError):
        next(lines)
