"""How the index lies in the database: keys, sharing, statements, transactions, indexes."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select
from sqlalchemy.engine.interfaces import DBAPICursor
from tests.support.facts import (
    COMMIT,
    RunFacts,
    a_commit,
    a_file,
    a_symbol,
    an_edge,
    an_import,
    facts_of,
    finish,
    metrics_of,
    oid,
    store_run,
    whole_run,
)
from tests.support.plans import a_blueprint

from prism.adapters.memory.clock import ManualClock
from prism.adapters.sql import facts_tables as tables
from prism.adapters.sql.blueprints import SqlBlueprintStore
from prism.adapters.sql.bulk import ROWS_MAX
from prism.adapters.sql.engine import Database, open_database, reading
from prism.adapters.sql.index_store import SqlIndexStore
from prism.adapters.sql.repositories import moments
from prism.application.ports.index_store import IndexReader, IndexStore


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "sqlite":
        directory: Path = request.getfixturevalue("sqlite_directory")
        opened = open_database(url=None, data_dir=str(directory))
    else:
        opened = open_database(url=request.getfixturevalue("postgres_database"), data_dir="")
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> IndexStore:
    return SqlIndexStore(database, moments(database, ManualClock()))


def counts(database: Database, project_id: int) -> dict[str, int]:
    """Rows of the project in every table that has some."""
    with reading(database.facts) as connection:
        found = {
            table.name: connection.execute(
                select(func.count()).where(table.c.project_id == project_id)
            ).scalar_one()
            for table in tables.metadata.sorted_tables
        }
    return {name: count for name, count in found.items() if count}


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is executed meanwhile, without COPY."""
    seen: list[str] = []

    def listen(_c: Connection, _cursor: object, statement: str, *_others: object) -> None:
        seen.append(statement)

    event.listen(database.facts, "before_cursor_execute", listen)
    yield seen
    event.remove(database.facts, "before_cursor_execute", listen)


@contextmanager
def transactions(database: Database) -> Iterator[list[Connection]]:
    """Those that are committed meanwhile."""
    ended: list[Connection] = []

    def listen(connection: Connection) -> None:
        ended.append(connection)

    event.listen(database.facts, "commit", listen)
    yield ended
    event.remove(database.facts, "commit", listen)


def test_every_key_leads_with_the_project() -> None:
    leading = {
        table.name: next(iter(table.primary_key.columns)).name
        for table in tables.metadata.sorted_tables
    }
    assert set(leading.values()) == {"project_id"}


def test_unique_constraints_hold_the_project() -> None:
    """Postgres can partition a table only by what each of its unique constraints holds."""
    for table in tables.metadata.sorted_tables:
        assert not table.foreign_keys
        for constraint in table.constraints:
            if type(constraint).__name__ == "UniqueConstraint":
                assert table.c.project_id in list(constraint.columns)  # type: ignore[attr-defined]


def test_a_second_run_adds_no_facts_of_blobs(database: Database, store: IndexStore) -> None:
    facts = whole_run()
    store_run(store, facts)
    first = counts(database, 1)
    store_run(store, facts)
    second = counts(database, 1)
    shared = {
        f"prism_{name}" for name in ("blobs", "blob_sources", "symbols", "commits", "changes")
    }
    assert {name: second[name] for name in shared} == {name: first[name] for name in shared}
    of_runs = {name for name in first if name.startswith("prism_run") or name == "prism_findings"}
    assert {name: second[name] for name in of_runs} == {name: 2 * first[name] for name in of_runs}
    assert first.keys() == shared | of_runs | {"prism_counters"}


def test_a_purge_leaves_only_the_counters(database: Database, store: IndexStore) -> None:
    blueprints = SqlBlueprintStore(database, moments(database, ManualClock()))
    for project_id in (1, 2):
        run = store_run(store, whole_run(), project_id=project_id)
        blueprints.add(project_id, a_blueprint(run_id=run.id))
    everything = counts(database, 1)
    assert len(everything) == len(tables.metadata.sorted_tables)
    store.purge(1)
    blueprints.purge(1)
    assert counts(database, 1) == {"prism_counters": 3}
    assert counts(database, 2) == everything


def test_an_abandoned_run_leaves_no_rows(database: Database, store: IndexStore) -> None:
    facts = whole_run()
    with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}) as writer:
        writer.add_files(facts.files)
        writer.add_imports(facts.imports)
        writer.add_edges(facts.edges)
        writer.add_metrics(facts.metrics)
        writer.add_cut_edges(facts.cut_edges)
        writer.add_docs(facts.docs)
        writer.add_cochanges(facts.cochanges)
        writer.add_findings(facts.findings)
    assert counts(database, 1) == {"prism_counters": 1}


def test_a_thinned_run_leaves_metrics_and_findings(database: Database, store: IndexStore) -> None:
    store_run(store, whole_run())
    before = counts(database, 1)
    store.sweep(1, keep=[], running=[])
    left = {"prism_counters", "prism_runs", "prism_run_metrics", "prism_findings"}
    assert counts(database, 1) == {name: before[name] for name in left}


def test_a_sweep_that_was_stopped_half_way_is_finished(
    database: Database, store: IndexStore
) -> None:
    """As a process leaves it that was killed: the run is marked, some of its rows are gone."""
    store_run(store, whole_run())
    left_by_sweep = _sweep_and_count(database, store)
    run = store_run(store, whole_run())
    with database.facts.begin() as connection:
        in_run = tables.runs.c.run_id == run.id
        connection.execute(tables.runs.update().where(in_run).values(state="thinning"))
        connection.execute(tables.run_edges.delete())
    with store.read(1, run.id) as reader:
        assert reader.run.thinned
        assert not reader.files()
    store.sweep(1, keep=[run.id], running=[])
    doubled = {name: 2 * count for name, count in left_by_sweep.items() if name != "prism_counters"}
    assert counts(database, 1) == {**doubled, "prism_counters": 2}


def _sweep_and_count(database: Database, store: IndexStore) -> dict[str, int]:
    store.sweep(1, keep=[], running=[])
    return counts(database, 1)


def test_a_discarded_run_that_was_left_is_invisible_and_swept(
    database: Database, store: IndexStore
) -> None:
    store_run(store, whole_run())
    with database.facts.begin() as connection:
        connection.execute(tables.runs.update().values(state="discarded"))
    assert store.runs(1) == []
    assert store.sweep(1, keep=[1], running=[]) == 1
    assert counts(database, 1) == {"prism_counters": 2}


def test_blobs_stay_when_a_run_begins_during_the_sweep(
    database: Database, store: IndexStore
) -> None:
    """It may have found them stored, and will list them."""
    facts = facts_of(oid(1), a_symbol("f"))
    store_run(store, RunFacts(blobs=[facts], files=[a_file("a.py", oid(1))]))
    begun: list[object] = []

    def begin_a_run(_c: Connection, _cursor: object, statement: str, *_others: object) -> None:
        if "DISTINCT" in statement and not begun:
            begun.append(store.begin(1, commit=COMMIT, algorithm="sha1", settings={}))
            begun[0].__enter__()  # type: ignore[attr-defined]  # a context manager

    event.listen(database.facts, "after_cursor_execute", begin_a_run)
    store.sweep(1, keep=[], running=[])
    event.remove(database.facts, "after_cursor_execute", begin_a_run)
    assert begun
    assert store.outlines(1, [facts.key])
    begun[0].__exit__(None, None, None)  # type: ignore[attr-defined]


def test_rows_are_never_written_one_by_one(database: Database, store: IndexStore) -> None:
    def how_many(size: int, project_id: int) -> int:
        symbols = [a_symbol(f"f{n}", start=n) for n in range(5)]
        facts = RunFacts(
            blobs=[facts_of(oid(n), *symbols, source=b"x") for n in range(size)],
            files=[a_file(f"{n}.py", oid(n)) for n in range(size)],
            imports=[an_import("a.py", n) for n in range(size)],
            edges=[an_edge("a.py", f"{n}.py") for n in range(size)],
            metrics=[metrics_of(f"{n}.py") for n in range(size)],
            commits=[a_commit(n) for n in range(size)],
        )
        with statements(database) as seen:
            store_run(store, facts, project_id=project_id)
        return len(seen)

    assert how_many(100, project_id=1) == how_many(10, project_id=2)


def test_transactions_end_after_so_many_rows(database: Database, store: IndexStore) -> None:
    rows_max = ROWS_MAX[database.facts.dialect.name]
    edges = [an_edge("a.py", f"{n}.py") for n in range(2 * rows_max + 1)]
    with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}) as writer:
        with transactions(database) as ended:
            writer.add_edges(edges)
        assert len(ended) == 3
        run = finish(writer, RunFacts())
    with store.read(1, run.id) as reader:
        assert list(reader.edges()) == sorted(edges)
    store.sweep(1, keep=[], running=[])
    assert "prism_run_edges" not in counts(database, 1)


def test_large_facts_of_blobs_are_split_by_bytes(database: Database, store: IndexStore) -> None:
    blobs = [facts_of(oid(n), record=bytes(5 << 20)) for n in range(4)]
    with store.begin(1, commit=COMMIT, algorithm="sha1", settings={}) as writer:
        with transactions(database) as ended:
            writer.add_blobs(blobs)
        # Each part takes its ids in a transaction of its own.
        assert len(ended) == 2 * (4 if database.embedded else 2)


_LOOKUPS: dict[str, tuple[Callable[[IndexReader], Iterable[object]], list[str]]] = {
    "symbols by name": (
        lambda reader: reader.symbols(name="Model.f7"),
        ["prism_symbols_lookup_idx", "prism_symbols_tail_idx", "prism_run_files_blob_idx"],
    ),
    "symbols by path": (
        lambda reader: reader.symbols(path="6.py"),
        ["prism_run_files_path_key_idx", "prism_blobs", "prism_symbols"],
    ),
    "imports by path": (
        lambda reader: reader.imports(path="6.py"),
        ["prism_run_imports_path_key_idx"],
    ),
    "edges by path": (
        lambda reader: reader.edges(path="6.py"),
        ["prism_run_edges_source_key_idx", "prism_run_edges_target_key_idx"],
    ),
}


@pytest.mark.parametrize("question", _LOOKUPS)
def test_what_is_looked_up_is_found_by_index(
    database: Database, store: IndexStore, question: str
) -> None:
    """Also in a project and a run that are younger than the planner's statistics."""
    ask, indexes = _LOOKUPS[question]
    facts = _many(2000)
    store_run(store, facts, project_id=1)
    if not database.embedded:
        with database.facts.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
    run = store_run(store, facts, project_id=2)
    with store.read(2, run.id) as reader, plans(database) as seen:
        assert len(list(ask(reader))) == 1
    assert not any("Seq Scan" in plan or "SCAN prism" in plan for plan in seen), seen
    if not database.embedded:
        # Of a run this small Postgres takes any index of its rows: they cost the same.
        indexes = [index for index in indexes if not index.startswith("prism_run_")]
    for index in indexes:
        assert any(index in plan for plan in seen), seen


def _many(count: int) -> RunFacts:
    return RunFacts(
        blobs=[facts_of(oid(n), a_symbol(f"Model.f{n}")) for n in range(count)],
        files=[a_file(f"{n}.py", oid(n)) for n in range(count)],
        imports=[an_import(f"{n}.py", 0) for n in range(count)],
        edges=[an_edge(f"{n}.py", f"{n + 1}.py") for n in range(0, count, 3)],
    )


@contextmanager
def plans(database: Database) -> Iterator[list[str]]:
    """How the database answers what is asked meanwhile."""
    seen: list[str] = []
    explain = "EXPLAIN QUERY PLAN " if database.embedded else "EXPLAIN "

    def listen(
        _c: Connection, cursor: DBAPICursor, statement: str, parameters: Any, *_others: object
    ) -> None:
        cursor.execute(explain + statement, parameters)
        seen.append("\n".join(str(row[-1]) for row in cursor.fetchall()))

    event.listen(database.facts, "before_cursor_execute", listen)
    yield seen
    event.remove(database.facts, "before_cursor_execute", listen)
