"""From a request to a finished, unpublished run."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from tests.support.indexing import (
    SCRATCH,
    URL,
    Bench,
    WatchedParser,
    canonical,
    repository,
)

from prism.adapters.memory.index_store import MemoryIndexStore
from prism.application.indexing.index_project import IndexRequest
from prism.domain.credentials import Credential, Provider, Secret
from prism.domain.errors import InvalidInput, NotFound, Transient
from prism.domain.facts.files import BlobKey, FileStatus
from prism.domain.facts.runs import RunState
from prism.domain.jobs import JobRef
from prism.domain.projects import Source

FILES = {
    "pkg/__init__.py": '"""A package."""\nfrom .a import run\n',
    "pkg/a.py": "from pkg import b\n\ndef run():\n    return b.X\n",
    "pkg/b.py": "import os\nfrom pkg.a import run\nX = os.name\n",
    "pkg/c.py": "def broken(:\n",
    "web/index.ts": 'export * from "./x";\n',
    "web/x.ts": "export const x = 1;\n",
    "README.md": "# Title\n",
}


class LockedStore(MemoryIndexStore):
    def outlines(self, project_id: int, keys: Sequence[BlobKey]) -> Mapping[BlobKey, bytes]:
        raise Transient("the database is locked")


def credential(host: str = "git.example.org") -> Credential:
    token = Bench().tokens
    assert token is not None
    return Credential(
        id="c1",
        name="work",
        provider=Provider.GENERIC,
        host=host,
        username="git",
        encrypted_token=token.encrypt(
            Secret("s3cret"), credential_id="c1", provider=Provider.GENERIC, host=host
        ),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_the_run_is_finished_and_names_its_commit_and_job() -> None:
    bench = Bench()
    bench.cloner.repositories[URL] = repository(FILES)
    job = JobRef(job_id=4, attempt=2)
    request = IndexRequest(project_id=bench.project().id, scratch=SCRATCH, job=job)
    run = bench.use_case()(request, bench.reporter)
    assert (run.state, run.complete, run.job) == (RunState.FINISHED, True, job)
    assert run.commit == bench.cloner.repositories[URL].head


def test_settings_that_decide_facts_stand_in_the_run() -> None:
    run = Bench().run(FILES, store_source=False, history_limit=5, exclude=["web"])
    assert run.settings["store_source"] is False
    assert run.settings["history_limit"] == 5
    assert run.settings["exclude"] == ["web"]
    assert run.settings["extractors"] == dict(WatchedParser().languages())


def test_an_unknown_option_is_refused_before_anything_is_cloned() -> None:
    bench = Bench()
    with pytest.raises(InvalidInput, match="'speed'"):
        bench.run(FILES, speed=9)
    assert bench.cloner.requests == []


def test_a_clone_is_told_and_goes_to_the_scratch_directory() -> None:
    bench = Bench()
    bench.run(FILES)
    assert [request.directory for request in bench.cloner.requests] == [SCRATCH]
    assert bench.reporter.clones == [f"{SCRATCH}/repo.git"]


def test_a_local_repository_is_read_in_place() -> None:
    bench = Bench()
    project = bench.projects.add(name="local", source=Source.local("here", "/src/project"))
    bench.cloner.repositories["/src/project"] = repository(FILES)
    request = IndexRequest(project_id=project.id, scratch=SCRATCH)
    assert bench.use_case()(request, bench.reporter).complete
    assert (bench.cloner.requests, bench.reporter.clones) == ([], [])


def test_the_token_is_decrypted_when_the_request_brings_none() -> None:
    bench = Bench()
    bench.credentials.add(credential())
    bench.project(credential_id="c1")
    bench.run(FILES)
    (request,) = bench.cloner.requests
    assert request.token is not None
    assert request.token.reveal() == "s3cret"


def test_a_token_that_comes_with_the_request_is_used_as_it_is() -> None:
    bench = Bench()
    bench.tokens = None
    bench.credentials.add(credential())
    bench.cloner.repositories[URL] = repository(FILES)
    project = bench.project(credential_id="c1")
    request = IndexRequest(project_id=project.id, scratch=SCRATCH, token=Secret("given"))
    bench.use_case()(request, bench.reporter)
    (asked,) = bench.cloner.requests
    assert asked.token is not None
    assert asked.token.reveal() == "given"


def test_a_missing_key_is_named() -> None:
    bench = Bench()
    bench.tokens = None
    bench.credentials.add(credential())
    bench.project(credential_id="c1")
    with pytest.raises(InvalidInput, match="CREDENTIAL_ENCRYPTION_KEY"):
        bench.run(FILES)


def test_a_credential_of_another_host_is_not_used() -> None:
    bench = Bench()
    bench.credentials.add(credential("elsewhere.example.org"))
    bench.project(credential_id="c1")
    with pytest.raises(InvalidInput):
        bench.run(FILES)
    assert bench.cloner.requests == []


def test_a_removed_project_is_not_indexed() -> None:
    bench = Bench()
    project = bench.project()
    bench.projects.mark_removed(project.id)
    request = IndexRequest(project_id=project.id, scratch=SCRATCH)
    with pytest.raises(NotFound):
        bench.use_case()(request, bench.reporter)


def test_facts_that_are_stored_are_not_extracted_again() -> None:
    bench = Bench()
    bench.run(FILES)
    first = bench.parser.parsed
    bench.run({**FILES, "pkg/b.py": "X = 2\n"})
    assert (first, bench.parser.parsed) == (6, 7)


def test_a_run_of_reused_facts_equals_one_of_fresh_facts() -> None:
    bench = Bench()
    dumps = []
    for _ in range(2):
        run = bench.run(FILES)
        with bench.index.read(run.project_id, run.id) as reader:
            dumps.append(canonical(reader))
    assert bench.parser.parsed == 6
    assert dumps[0] == dumps[1]


def test_the_order_of_the_parsers_answers_changes_nothing() -> None:
    dumps = []
    for seed in (1, 2, None):
        bench = Bench(parser=WatchedParser(shuffle=seed))
        run = bench.run(FILES)
        with bench.index.read(run.project_id, run.id) as reader:
            dumps.append(canonical(reader))
    assert dumps[0] == dumps[1] == dumps[2]


def test_a_file_that_kills_its_parser_costs_that_file() -> None:
    bench = Bench(parser=WatchedParser(lost=[FILES["pkg/b.py"].encode()]))
    run = bench.run(FILES)
    with bench.index.read(run.project_id, run.id) as reader:
        failed = [file for file in reader.files() if file.status == FileStatus.FAILED]
    assert [(file.path, file.problem) for file in failed] == [("pkg/b.py", "crashed: signal 11")]
    assert run.complete
    assert ("pkg/b.py", "failed") in [(n.path, n.status) for n in run.notices]


def test_a_crash_is_not_cached() -> None:
    bench = Bench(parser=WatchedParser(lost=[FILES["pkg/b.py"].encode()]))
    bench.run(FILES)
    bench.parser = WatchedParser()
    run = bench.run(FILES)
    assert bench.parser.parsed == 1
    assert "pkg/b.py" not in [notice.path for notice in run.notices]


def test_a_parser_that_breaks_down_leaves_what_it_answered() -> None:
    bench = Bench(parser=WatchedParser(broken=RuntimeError("the pool is gone")))
    run = bench.run(FILES)
    with bench.index.read(run.project_id, run.id) as reader:
        by_status = dict.fromkeys(FileStatus, 0)
        for file in reader.files():
            by_status[FileStatus(file.status)] += 1
        assert len({row.path for row in reader.symbols()}) <= 2
    assert not run.complete
    assert (by_status[FileStatus.INDEXED], by_status[FileStatus.FAILED]) == (2, 4)


def test_a_failing_store_fails_the_job_and_leaves_no_rows() -> None:
    bench = Bench()
    bench.index = LockedStore(bench.clock)
    with pytest.raises(Transient):
        bench.run(FILES)
    assert bench.index.runs(bench.project().id) == []


def test_a_repository_without_code_has_a_complete_and_honest_index() -> None:
    run = Bench().run({"README.md": "# Only words\n", "main.go": "package main\n"})
    assert run.complete
    assert [(row.language, row.files, row.parsed) for row in run.coverage] == [("go", 1, 0)]


def test_the_source_is_stored_unless_that_is_switched_off() -> None:
    for switch, expected in ((True, {"pkg/a.py"}), (False, set())):
        bench = Bench()
        run = bench.run(FILES, store_source=switch)
        with bench.index.read(run.project_id, run.id) as reader:
            assert set(reader.sources(["pkg/a.py"])) == expected
