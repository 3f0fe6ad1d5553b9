"""What every index store does."""

import json
import threading
from collections.abc import Callable
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.facts import (
    COMMIT,
    ODD_PATH,
    RunFacts,
    a_commit,
    a_file,
    a_finding,
    a_symbol,
    an_edge,
    an_import,
    enum_members,
    facts_of,
    finish,
    metrics_of,
    oid,
    store_run,
    symbols_of,
    whole_run,
)

from prism.adapters.memory.clock import ManualClock
from prism.adapters.memory.index_store import MemoryIndexStore
from prism.application.ports.index_store import IndexStore, IndexWriter
from prism.application.queries.export_run import ExportRun
from prism.domain.errors import LeaseLost, NotFound, Transient
from prism.domain.facts.files import BlobKey
from prism.domain.facts.runs import Change, Commit, DocBlock, RunState, StageReport, StageStatus
from prism.domain.facts.structure import SymbolFlag, SymbolKind, is_named
from prism.domain.jobs import JobRef

_examples = settings(max_examples=25, deadline=None)
#: One store serves all examples of a test: each takes a project of its own.
_projects = count(1000)
#: Any code point, lone surrogates and NUL too.
_any_text = st.text(st.characters(exclude_categories=()), max_size=20)


def dump(store: IndexStore, run_id: int, project_id: int = 1) -> list[str]:
    with store.read(project_id, run_id) as reader:
        return list(ExportRun()(reader))


def _check_texts(store: IndexStore, project_id: int, texts: tuple[str, ...]) -> None:
    """All six texts come back from wherever they are stored."""
    path, qualname, docstring, title, value, decorator = texts
    symbol = a_symbol(qualname, docstring=docstring, decorators=(decorator,))
    doc = DocBlock(path, 1, "heading", 1, title, value)
    finding = a_finding(path, fingerprint="f", title=title, figures={value: [title, {}]})
    commit = a_commit(1, Change("M", path, title, "", ""), author=value)
    stage = StageReport(name=title, version=1, status=StageStatus.FAILED, error=value)
    facts = RunFacts(
        blobs=[facts_of(oid(1), symbol)],
        files=[a_file(path, oid(1))],
        docs=[doc],
        findings=[finding],
        commits=[commit],
        stages=[stage],
        settings={value: [path]},
    )
    run = store_run(store, facts, project_id=project_id)
    with store.read(project_id, run.id) as reader:
        assert [(r.path, r.symbol) for r in reader.symbols(name=qualname)] == [(path, symbol)]
        assert [each.path for each in reader.files()] == [path]
        assert list(reader.docs()) == [doc]
        assert list(reader.findings()) == [finding]
        assert list(reader.commits()) == [commit]
        assert reader.run.settings == {value: [path]}
        assert reader.run.stages == (stage,)


def _write_and_raise(store: IndexStore, error: Exception, *, finished: bool) -> None:
    with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}) as writer:
        writer.add_edges([an_edge("a.py", "b.py")])
        if finished:
            finish(writer, RunFacts())
        raise error


class IndexStoreContract:
    @pytest.fixture
    def store(self) -> IndexStore:
        raise NotImplementedError

    # Round trips

    def test_every_kind_of_row_comes_back(self, store: IndexStore) -> None:
        facts = whole_run()
        run = store_run(store, facts)
        with store.read(1, run.id) as reader:
            assert list(reader.files()) == sorted(facts.files)
            assert list(reader.imports()) == sorted(facts.imports)
            assert list(reader.edges()) == sorted(facts.edges)
            assert list(reader.metrics()) == sorted(facts.metrics)
            assert list(reader.cut_edges()) == sorted(facts.cut_edges)
            assert list(reader.docs()) == sorted(facts.docs)
            assert list(reader.commits()) == list(facts.commits)
            assert list(reader.cochanges()) == sorted(facts.cochanges)
            assert list(reader.findings()) == list(facts.findings)
            assert reader.run == run

    def test_tuples_come_back_as_tuples(self, store: IndexStore) -> None:
        run = store_run(store, whole_run())
        with store.read(1, run.id) as reader:
            finding, symbol = reader.findings()[0], next(reader.symbols(name="save")).symbol
            assert [type(v) for v in (finding.members, finding.evidence)] == [tuple, tuple]
            assert [type(v) for v in (symbol.decorators, reader.edges()[0].lines)] == [tuple, tuple]
            assert [type(v) for v in (reader.commits()[0].flags,)] == [tuple]
            hash((finding.evidence, symbol, reader.edges()[0], reader.commits()[0]))

    def test_figures_keep_their_types(self, store: IndexStore) -> None:
        facts = whole_run()
        run = store_run(store, facts)
        with store.read(1, run.id) as reader:
            written = [json.dumps(each.figures, sort_keys=True) for each in facts.findings]
            assert [json.dumps(f.figures, sort_keys=True) for f in reader.findings()] == written

    def test_symbols_come_with_every_path_of_their_blob(self, store: IndexStore) -> None:
        facts = whole_run()
        run = store_run(store, facts)
        with store.read(1, run.id) as reader:
            found = [(row.path, row.module, row.symbol) for row in reader.symbols()]
        model, save = facts.blobs[0].symbols
        assert found == [
            ("a.py", "a", model),
            ("a.py", "a", save),
            ("b.py", "tests.b", facts.blobs[1].symbols[0]),
            (ODD_PATH, "", model),
            (ODD_PATH, "", save),
        ]

    def test_windows_of_symbols_stay_in_the_record(self, store: IndexStore) -> None:
        symbol = a_symbol(windows=(1, 2**63))
        run = store_run(
            store, RunFacts(blobs=[facts_of(oid(1), symbol)], files=[a_file("a.py", oid(1))])
        )
        with store.read(1, run.id) as reader:
            assert [row.symbol for row in reader.symbols()] == [symbol._replace(windows=())]

    def test_sources_are_those_of_indexed_files_that_have_one(self, store: IndexStore) -> None:
        run = store_run(store, whole_run())
        with store.read(1, run.id) as reader:
            paths = ["a.py", "b.py", ODD_PATH, "empty.py", "data.csv", "missing.py"]
            text = b"class Model: ..."
            assert reader.sources(paths) == {"a.py": text, ODD_PATH: text, "empty.py": b""}
            assert reader.sources(["b.py"]) == {}
            assert reader.sources([]) == {}

    def test_records_come_by_path(self, store: IndexStore) -> None:
        facts = whole_run()
        run = store_run(store, facts)
        first, second, third = (each.record for each in facts.blobs)
        everything = [("a.py", first), ("b.py", second), (ODD_PATH, first), ("empty.py", third)]
        with store.read(1, run.id) as reader:
            assert list(reader.records([])) == everything
            assert list(reader.records(["b.py", "a.py", "data.csv", "a.py"])) == everything[:2]

    def test_a_run_comes_back_as_it_was_finished(self, store: IndexStore) -> None:
        facts = whole_run()
        job = JobRef(job_id=7, attempt=2)
        with store.begin(
            1, commit=COMMIT, algorithm="sha256", settings=facts.settings, job=job
        ) as writer:
            run = finish(writer, facts, complete=False)
        assert run == store.run(1, run.id)
        assert (run.commit, run.algorithm, run.job) == (COMMIT, "sha256", job)
        assert (run.state, run.complete, run.thinned) == (RunState.FINISHED, False, False)
        assert (run.stages, run.coverage) == (facts.stages, facts.coverage)
        assert (run.notices, run.cuts) == (facts.notices, facts.cuts)
        assert run.settings == facts.settings
        assert run.finished_at is not None
        assert run.created_at <= run.finished_at

    def test_members_of_enumerations_are_stored_as_their_values(self, store: IndexStore) -> None:
        symbol = a_symbol(kind=SymbolKind.CLASS, flags=SymbolFlag.ASYNC | SymbolFlag.STATIC)
        files = list(enum_members())
        run = store_run(store, RunFacts(blobs=[facts_of(oid(1), symbol)], files=files))
        with store.read(1, run.id) as reader:
            assert [row.symbol for row in reader.symbols()] == [symbol]
            assert list(reader.files()) == files

    def test_any_text_comes_back(self, store: IndexStore) -> None:
        @_examples
        @given(texts=st.tuples(*[_any_text] * 6))
        def check(texts: tuple[str, ...]) -> None:
            _check_texts(store, next(_projects), texts)

        check()

    def test_the_dump_hangs_on_the_facts_only(self, store: IndexStore) -> None:
        reference = MemoryIndexStore(ManualClock())
        expected = dump(reference, store_run(reference, whole_run()).id)

        @_examples
        @given(seed=st.integers(0, 2**32))
        def check(seed: int) -> None:
            project_id = next(_projects)
            run = store_run(store, whole_run(), project_id=project_id, shuffle=Random(seed))
            assert dump(store, run.id, project_id) == expected

        check()

    # Looking up

    def test_a_symbol_is_found_by_any_end_of_its_qualified_name(self, store: IndexStore) -> None:
        names = ["base.Model.save", "save", "Model.save_all", "Save", "autosave"]
        symbols = [a_symbol(name, start=10 * place) for place, name in enumerate(names)]
        run = store_run(
            store, RunFacts(blobs=[facts_of(oid(1), *symbols)], files=[a_file("a.py", oid(1))])
        )
        with store.read(1, run.id) as reader:
            assert symbols_of(reader, "save") == [("a.py", "base.Model.save"), ("a.py", "save")]
            assert symbols_of(reader, "Model.save") == [("a.py", "base.Model.save")]
            assert symbols_of(reader, "odel.save") == []
            assert symbols_of(reader, "%") == []

    def test_a_symbol_that_is_named_so_twice_is_found_once(self, store: IndexStore) -> None:
        """By its name, and by a qualified name that does not end in it."""
        symbol = a_symbol("b", name="a.b")
        facts = RunFacts(blobs=[facts_of(oid(1), symbol)], files=[a_file("a.py", oid(1))])
        run = store_run(store, facts)
        with store.read(1, run.id) as reader:
            assert symbols_of(reader, "a.b") == [("a.py", "b")]

    def test_the_index_of_names_finds_what_is_named_so(self, store: IndexStore) -> None:
        """Also where the qualified name does not end in the name."""
        text = st.text("ab.", max_size=4)

        @_examples
        @given(names=st.lists(st.tuples(text, text), max_size=6), wanted=text)
        def check(names: list[tuple[str, str]], wanted: str) -> None:
            symbols = [
                a_symbol(qualname, start=place, name=name)
                for place, (name, qualname) in enumerate(names)
            ]
            facts = RunFacts(blobs=[facts_of(oid(1), *symbols)], files=[a_file("a.py", oid(1))])
            project_id = next(_projects)
            run = store_run(store, facts, project_id=project_id)
            with store.read(project_id, run.id) as reader:
                found = [row.symbol for row in reader.symbols(name=wanted)]
            assert found == [symbol for symbol in symbols if is_named(symbol, wanted)]

        check()

    def test_symbols_are_narrowed_by_path(self, store: IndexStore) -> None:
        run = store_run(store, whole_run())
        with store.read(1, run.id) as reader:
            assert [r.symbol.name for r in reader.symbols(path=ODD_PATH)] == ["Model", "save"]
            assert [r.path for r in reader.symbols(name="save", path="a.py")] == ["a.py"]
            assert list(reader.symbols(name="save", path="b.py")) == []
            assert list(reader.symbols(path="missing.py")) == []

    def test_symbols_of_one_place_come_outer_first(self, store: IndexStore) -> None:
        inner = a_symbol("a", start=0, end_byte=5)
        outer = a_symbol("b", start=0, end_byte=9)
        run = store_run(
            store, RunFacts(blobs=[facts_of(oid(1), inner, outer)], files=[a_file("a.py", oid(1))])
        )
        with store.read(1, run.id) as reader:
            assert [row.symbol for row in reader.symbols()] == [outer, inner]

    def test_names_and_paths_of_any_length_are_found(self, store: IndexStore) -> None:
        # Without repetition, so that no compression makes it fit into an index entry.
        random = Random(1)
        long = "".join(chr(random.randint(0x100, 0x2FFF)) for _ in range(20_000))
        other = long[:-1] + "x"
        facts = RunFacts(
            blobs=[facts_of(oid(1), a_symbol(long), a_symbol(other, start=9))],
            files=[a_file(long, oid(1))],
            imports=[an_import(long, 0), an_import(other, 0)],
            edges=[an_edge(long, other), an_edge(other, "a.py")],
            metrics=[metrics_of(long)],
            commits=[a_commit(1, Change("A", long, other, "", ""))],
            findings=[a_finding(long, fingerprint="f")],
        )
        run = store_run(store, facts)
        with store.read(1, run.id) as reader:
            assert symbols_of(reader, long) == [(long, long)]
            assert [row.path for row in reader.symbols(path=long)] == [long, long]
            assert list(reader.imports(path=long)) == [facts.imports[0]]
            assert list(reader.edges(path=long)) == [facts.edges[0]]
            assert list(reader.edges(path=other)) == sorted(facts.edges)
            assert list(reader.commits()) == facts.commits

    def test_imports_of_a_file_and_edges_at_it(self, store: IndexStore) -> None:
        facts = whole_run()
        run = store_run(store, facts)
        with store.read(1, run.id) as reader:
            assert list(reader.imports(path=ODD_PATH)) == [facts.imports[2]]
            assert list(reader.edges(path="a.py")) == sorted(facts.edges[:3])
            assert list(reader.edges(path=ODD_PATH)) == [facts.edges[3]]
            assert list(reader.imports(path="missing.py")) == []

    # Facts of blobs are shared

    def test_outlines_are_those_of_stored_keys(self, store: IndexStore) -> None:
        store_run(store, RunFacts(blobs=[facts_of(oid(1)), facts_of(oid(2))]))
        key = facts_of(oid(1)).key
        others = [
            BlobKey("sha256", *key[1:]),
            key._replace(blob=oid(3)),
            key._replace(language="typescript"),
            key._replace(extractor="2.0.25"),
        ]
        expected = {key: b"outline " + oid(1).encode()}
        assert store.outlines(1, [key, *others, key]) == expected
        assert store.outlines(2, [key]) == {}
        assert store.outlines(1, []) == {}

    def test_facts_that_are_there_already_stay_as_they_are(self, store: IndexStore) -> None:
        first = facts_of(oid(1), a_symbol("f"), source=b"f")
        second = first._replace(record=b"other", symbols=(a_symbol("g"),), source=b"g")
        files = [a_file("a.py", oid(1))]
        store_run(store, RunFacts(blobs=[first], files=files))
        run = store_run(store, RunFacts(blobs=[second, facts_of(oid(2))], files=files))
        with store.read(1, run.id) as reader:
            assert [row.symbol.name for row in reader.symbols()] == ["f"]
            assert list(reader.records([])) == [("a.py", first.record)]
            assert reader.sources(["a.py"]) == {"a.py": b"f"}

    def test_one_blob_twice_in_a_batch_is_stored_once(self, store: IndexStore) -> None:
        facts = facts_of(oid(1), a_symbol("f"))
        run = store_run(store, RunFacts(blobs=[facts, facts], files=[a_file("a.py", oid(1))]))
        with store.read(1, run.id) as reader:
            assert [row.symbol.name for row in reader.symbols()] == ["f"]

    def test_a_file_has_the_facts_of_its_extractor(self, store: IndexStore) -> None:
        old, new = "1.0.25", "2.0.25"
        blobs = [
            facts_of(oid(1), a_symbol("old"), extractor=old),
            facts_of(oid(1), a_symbol("new"), extractor=new),
        ]
        first = store_run(
            store, RunFacts(blobs=blobs, files=[a_file("a.py", oid(1), extractor=old)])
        )
        second = store_run(store, RunFacts(files=[a_file("a.py", oid(1), extractor=new)]))
        for run, name in ((first, "old"), (second, "new")):
            with store.read(1, run.id) as reader:
                assert [row.symbol.name for row in reader.symbols()] == [name]
                assert symbols_of(reader, name) == [("a.py", name)]

    def test_projects_share_nothing(self, store: IndexStore) -> None:
        facts = whole_run()
        first = store_run(store, facts, project_id=1)
        assert store.outlines(2, [each.key for each in facts.blobs]) == {}
        with pytest.raises(NotFound):
            store.run(2, first.id)
        second = store_run(store, facts, project_id=2)
        store.purge(1)
        assert dump(store, second.id, 2) != []

    def test_commits_belong_to_the_project_and_their_order_to_the_run(
        self, store: IndexStore
    ) -> None:
        old = a_commit(1, Change("A", "a.py", "", oid(1), ""))
        newer = a_commit(2, Change("M", "a.py", "", oid(2), oid(1)))
        first = store_run(store, RunFacts(commits=[old]))
        altered = old._replace(subject="rewritten", changes=())
        second = store_run(store, RunFacts(commits=[newer, altered]))
        assert self._commits(store, first.id) == [old]
        assert self._commits(store, second.id) == [newer, old]

    @staticmethod
    def _commits(store: IndexStore, run_id: int) -> list[Commit]:
        with store.read(1, run_id) as reader:
            return list(reader.commits())

    # The life of a run

    def test_run_ids_count_from_one_in_each_project(self, store: IndexStore) -> None:
        ids = [store_run(store, RunFacts(), project_id=p).id for p in (1, 1, 2)]
        assert ids == [1, 2, 1]

    def test_runs_are_listed_newest_first_unfinished_ones_too(self, store: IndexStore) -> None:
        store_run(store, RunFacts())
        with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}) as writer:
            listed = store.runs(1)
            assert [(run.id, run.state) for run in listed] == [
                (2, RunState.BUILDING),
                (1, RunState.FINISHED),
            ]
            assert listed[0].finished_at is None
            with pytest.raises(NotFound), store.read(1, writer.run_id):
                pass

    def test_a_run_left_without_finish_is_gone(self, store: IndexStore) -> None:
        with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}) as writer:
            writer.add_files([a_file("a.py", oid(1))])
        assert store.runs(1) == []
        with pytest.raises(NotFound):
            store.run(1, writer.run_id)
        assert store_run(store, RunFacts()).id == writer.run_id + 1

    def test_an_error_while_writing_deletes_the_run_and_goes_on(self, store: IndexStore) -> None:
        error = RuntimeError("the stage broke")
        with pytest.raises(RuntimeError) as raised:
            _write_and_raise(store, error, finished=False)
        assert raised.value is error
        assert store.runs(1) == []

    def test_an_error_after_finish_leaves_the_run(self, store: IndexStore) -> None:
        with pytest.raises(RuntimeError):
            _write_and_raise(store, RuntimeError("later"), finished=True)
        assert [run.state for run in store.runs(1)] == [RunState.FINISHED]

    def test_a_run_whose_facts_were_removed_does_not_finish(self, store: IndexStore) -> None:
        with pytest.raises(Transient, match="of 1 blobs"):
            store_run(
                store, RunFacts(files=[a_file("a.py", oid(1)), a_file("b", "", extractor="")])
            )
        assert store.runs(1) == []

    def test_empty_batches_are_fine(self, store: IndexStore) -> None:
        run = store_run(store, RunFacts())
        assert [json.loads(line)["fact"] for line in dump(store, run.id)] == ["run"]

    def test_a_missing_run_is_not_found(self, store: IndexStore) -> None:
        with pytest.raises(NotFound):
            store.run(1, 1)
        with pytest.raises(NotFound), store.read(1, 1):
            pass
        assert store.runs(1) == []

    def test_two_who_store_the_same_blobs_at_once_share_them(self, store: IndexStore) -> None:
        blobs = [facts_of(oid(n), a_symbol("f"), a_symbol("g", start=9)) for n in range(40)]
        commits = [a_commit(n, Change("M", "a.py", "", "", "")) for n in range(40)]
        files = [a_file(f"{n:02}.py", oid(n)) for n in range(40)]
        barrier = threading.Barrier(2)
        ids: list[int] = []

        def write(order: int) -> None:
            with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}) as writer:
                barrier.wait()
                for start in range(0, 40, 4):
                    writer.add_blobs(blobs[::order][start : start + 4])
                    writer.add_commits(commits[start : start + 4])
                writer.add_files(files)
                ids.append(finish(writer, RunFacts()).id)

        threads = [threading.Thread(target=write, args=(order,)) for order in (1, -1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ids) == [1, 2]
        assert dump(store, 1) == dump(store, 2)
        with store.read(1, 2) as reader:
            assert len(list(reader.symbols())) == 80
            assert list(reader.commits()) == commits


class IndexUpkeepContract:
    """Snapshots, sweeping and purging."""

    @pytest.fixture
    def store(self) -> IndexStore:
        raise NotImplementedError

    def test_a_reader_sees_its_snapshot_whatever_happens(self, store: IndexStore) -> None:
        facts = whole_run()
        old = store_run(store, facts)
        before = dump(store, old.id)
        with store.read(1, old.id) as reader:
            new = store_run(store, RunFacts(files=[a_file("a.py", oid(1))]))
            assert store.sweep(1, keep=[new.id], running=[]) == 1
            assert list(ExportRun()(reader)) == before
            assert reader.sources(["a.py"]) == {"a.py": b"class Model: ..."}
            store.purge(1)
            assert list(ExportRun()(reader)) == before

    def test_a_sweep_leaves_what_is_kept(self, store: IndexStore) -> None:
        runs = [store_run(store, whole_run()) for _ in range(3)]
        before = [dump(store, run.id) for run in runs]
        assert store.sweep(1, keep=[run.id for run in runs], running=[]) == 0
        assert [dump(store, run.id) for run in runs] == before

    def test_a_thinned_run_keeps_metrics_and_findings(self, store: IndexStore) -> None:
        facts = whole_run()
        run = store_run(store, facts)
        kept = store_run(store, facts)
        assert store.sweep(1, keep=[kept.id], running=[]) == 1
        thinned = store.run(1, run.id)
        assert thinned.thinned
        assert (thinned.coverage, thinned.stages) == (run.coverage, run.stages)
        with store.read(1, run.id) as reader:
            assert list(reader.metrics()) == sorted(facts.metrics)
            assert list(reader.findings()) == list(facts.findings)
            assert not reader.files()
            assert not reader.imports()
            assert not reader.edges()
            assert not reader.cut_edges()
            assert not reader.docs()
            assert not reader.commits()
            assert not reader.cochanges()
            assert not list(reader.symbols())
            assert not list(reader.symbols(name="save"))
            assert not list(reader.records([]))
            assert not reader.sources(["a.py"])
        assert store.sweep(1, keep=[kept.id], running=[]) == 0

    def test_runs_of_running_attempts_are_left_alone(self, store: IndexStore) -> None:
        live, dead = JobRef(job_id=1, attempt=2), JobRef(job_id=1, attempt=1)
        finished = store_run(store, whole_run(), job=live)
        before = dump(store, finished.id)
        left = store_run(store, RunFacts(), job=dead)
        with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}, job=live) as writer:
            writer.add_files([a_file("a.py", oid(1))])
            assert store.sweep(1, keep=[], running=[live]) == 1
            building = finish(writer, RunFacts())
        assert store.run(1, left.id).thinned
        assert dump(store, finished.id) == before
        with store.read(1, building.id) as reader:
            assert [file.path for file in reader.files()] == ["a.py"]

    def test_an_unfinished_run_of_no_running_attempt_goes(self, store: IndexStore) -> None:
        dead, live = JobRef(job_id=1, attempt=1), JobRef(job_id=1, attempt=2)
        with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}, job=dead) as writer:
            writer.add_files([a_file("a.py", oid(1))])
            assert store.sweep(1, keep=[], running=[live]) == 1
            assert store.runs(1) == []
            with pytest.raises(LeaseLost):
                writer.add_files([a_file("b.py", oid(1))])
        assert store.runs(1) == []

    @pytest.mark.parametrize("call", ["add_blobs", "add_commits", "finish"])
    def test_a_writer_without_a_run_stores_nothing(self, store: IndexStore, call: str) -> None:
        calls: dict[str, Callable[[IndexWriter], object]] = {
            "add_blobs": lambda writer: writer.add_blobs([facts_of(oid(1))]),
            "add_commits": lambda writer: writer.add_commits([a_commit(1)]),
            "finish": lambda writer: finish(writer, RunFacts()),
        }
        with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}) as writer:
            store.purge(1)
            with pytest.raises(LeaseLost):
                calls[call](writer)
        assert store.outlines(1, [facts_of(oid(1)).key]) == {}
        assert store.runs(1) == []

    def test_blobs_that_no_run_lists_go(self, store: IndexStore) -> None:
        shared, lost = facts_of(oid(1), a_symbol("f")), facts_of(oid(2), a_symbol("g"))
        other = facts_of(oid(1), extractor="2.0.25")
        never_listed = facts_of(oid(3))
        store_run(
            store,
            RunFacts(
                blobs=[shared, lost, other, never_listed],
                files=[
                    a_file("a.py", oid(1)),
                    a_file("b.py", oid(2)),
                    a_file("c.py", oid(1), extractor="2.0.25"),
                ],
            ),
        )
        kept = store_run(store, RunFacts(files=[a_file("a.py", oid(1))]))
        keys = [each.key for each in (shared, lost, other, never_listed)]
        assert store.sweep(1, keep=[1, kept.id], running=[]) == 0
        assert set(store.outlines(1, keys)) == set(keys[:3])
        assert store.sweep(1, keep=[kept.id], running=[]) == 1
        assert set(store.outlines(1, keys)) == {shared.key}
        with store.read(1, kept.id) as reader:
            assert [row.symbol.name for row in reader.symbols()] == ["f"]

    def test_commits_that_no_run_lists_go(self, store: IndexStore) -> None:
        old = a_commit(1, Change("M", "a.py", "", "", ""))
        store_run(store, RunFacts(commits=[old, a_commit(2)]))
        kept = store_run(store, RunFacts(commits=[a_commit(2)]))
        store.sweep(1, keep=[kept.id], running=[])
        rewritten = old._replace(subject="stored anew", changes=())
        run = store_run(store, RunFacts(commits=[a_commit(2), rewritten]))
        with store.read(1, run.id) as reader:
            assert list(reader.commits()) == [a_commit(2), rewritten]

    def test_blobs_stay_while_a_run_is_written(self, store: IndexStore) -> None:
        """It found them stored, and lists its files at the end."""
        facts = facts_of(oid(1), a_symbol("f"))
        store_run(store, RunFacts(blobs=[facts], files=[a_file("a.py", oid(1))]))
        job = JobRef(job_id=1, attempt=1)
        with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}, job=job) as writer:
            assert store.outlines(1, [facts.key])
            assert store.sweep(1, keep=[], running=[job]) == 1
            writer.add_files([a_file("b.py", oid(1))])
            run = finish(writer, RunFacts())
        assert store.sweep(1, keep=[run.id], running=[]) == 0
        with store.read(1, run.id) as reader:
            assert [row.path for row in reader.symbols()] == ["b.py"]

    def test_many_batches_are_swept(self, store: IndexStore) -> None:
        count = 450
        blobs = [facts_of(oid(n), a_symbol("f")) for n in range(count)]
        files = [a_file(f"{n}.py", oid(n)) for n in range(count)]
        commits = [a_commit(n) for n in range(count)]
        store_run(store, RunFacts(blobs=blobs, files=files, commits=commits))
        kept = store_run(store, RunFacts(files=files[7:8], commits=commits[7:8]))
        store.sweep(1, keep=[kept.id], running=[])
        assert set(store.outlines(1, [each.key for each in blobs])) == {blobs[7].key}
        with store.read(1, kept.id) as reader:
            assert list(reader.commits()) == commits[7:8]

    def test_a_sweep_leaves_runs_that_its_caller_does_not_know(self, store: IndexStore) -> None:
        known, unknown = (store_run(store, RunFacts()) for _ in range(2))
        with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}) as writer:
            assert store.sweep(1, keep=[], running=[], newest=known.id) == 1
            finish(writer, RunFacts())
        assert [run.id for run in store.runs(1) if not run.thinned] == [writer.run_id, unknown.id]

    def test_a_sweep_minds_its_own_project(self, store: IndexStore) -> None:
        other = store_run(store, whole_run(), project_id=2)
        before = dump(store, other.id, 2)
        store_run(store, whole_run(), project_id=1)
        store.sweep(1, keep=[], running=[])
        assert dump(store, other.id, 2) == before

    def test_a_purge_leaves_nothing_and_may_be_repeated(self, store: IndexStore) -> None:
        facts = whole_run()
        store_run(store, facts)
        store.purge(1)
        store.purge(1)
        assert store.runs(1) == []
        assert store.outlines(1, [each.key for each in facts.blobs]) == {}

    def test_ids_of_runs_do_not_come_back_after_a_purge(self, store: IndexStore) -> None:
        first = store_run(store, whole_run())
        store.purge(1)
        again = store_run(store, whole_run())
        assert again.id == first.id + 1
        assert dump(store, again.id) != []

    def test_purging_what_never_was_is_fine(self, store: IndexStore) -> None:
        store.purge(99)
        assert store.sweep(99, keep=[], running=[]) == 0
