"""Facts of a run, made up: small ones by keyword, and a whole run that holds every kind."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from random import Random

from prism.application.ports.index_store import BlobFacts, IndexReader, IndexStore, IndexWriter
from prism.domain.facts.files import BlobKey, FileStatus, RunFile, Scope
from prism.domain.facts.runs import (
    Change,
    CoChange,
    Commit,
    CutEdge,
    CutSummary,
    DocBlock,
    Edge,
    FileMetrics,
    LanguageCoverage,
    Notice,
    ResolvedImport,
    Run,
    StageReport,
    StageStatus,
)
from prism.domain.facts.structure import Symbol, SymbolFlag
from prism.domain.findings.model import Evidence, Finding
from prism.domain.jobs import JobRef
from prism.domain.values import JsonObject

COMMIT = "c" * 40
EXTRACTOR = "1.0.25"
#: A file name in Latin-1 as git gives it, with the character that marks stored oddities.
ODD_PATH = "caf\udce9/\x1a\U0001f600 \\n.py"


def oid(number: int) -> str:
    """A blob or commit id."""
    return f"{number:040x}"


def a_symbol(qualname: str = "f", *, start: int = 0, **others: object) -> Symbol:
    symbol = Symbol(
        kind="function",
        name=qualname.rpartition(".")[2],
        qualname=qualname,
        ordinal=0,
        parent=-1,
        start_byte=start,
        end_byte=start + 10,
        start_line=1 + start // 10,
        end_line=2 + start // 10,
        signature=f"def {qualname}()",
        docstring="",
        visibility="public",
        flags=0,
        decorators=(),
        body_hash="0" * 16,
        complexity=1,
        cognitive=0,
        nesting=0,
    )
    return symbol._replace(**others)


def facts_of(
    blob: str,
    *symbols: Symbol,
    source: bytes | None = None,
    extractor: str = EXTRACTOR,
    record: bytes | None = None,
) -> BlobFacts:
    return BlobFacts(
        key=BlobKey("sha1", blob, "python", extractor),
        outline_record=b"outline " + blob.encode(),
        record=b"record " + blob.encode() if record is None else record,
        source=source,
        symbols=symbols,
    )


def a_file(path: str, blob: str, **others: object) -> RunFile:
    """An indexed file."""
    file = RunFile(
        path=path,
        blob=blob,
        mode="100644",
        size=10,
        language="python",
        status="indexed",
        scope="production",
        module=path.removesuffix(".py").replace("/", "."),
        lines=3,
        extractor=EXTRACTOR,
    )
    return file._replace(**others)


def an_import(path: str, binding: int, **others: object) -> ResolvedImport:
    return ResolvedImport(
        path=path,
        binding=binding,
        line=binding + 1,
        module=".b",
        imported="g",
        local="g",
        status="internal",
        target="b.py",
        home="b.py",
        home_symbol="g",
        distribution="",
        reason="",
    )._replace(**others)


def an_edge(source: str, target: str, *lines: int, **others: object) -> Edge:
    return Edge(
        source=source,
        target=target,
        kind="import",
        timing="eager",
        erased="no",
        form="import",
        guard="none",
        scope="production",
        facade=False,
        lines=lines or (1,),
    )._replace(**others)


def metrics_of(path: str, **others: object) -> FileMetrics:
    return FileMetrics(
        path=path,
        lines=10,
        code_lines=8,
        complexity=3,
        functions=1,
        fan_in=1,
        fan_out=2,
        instability=2 / 3,
        component=0,
        commits=4,
        recency_churn=0.1 + 0.2,
        hotspot=1,
    )._replace(**others)


def a_commit(number: int, *changes: Change, **others: object) -> Commit:
    return Commit(
        oid=oid(number),
        time=1_700_000_000 + number,
        author="Ada <ada@example.org>",
        subject=f"Change {number}",
        flags=(),
        changes=changes,
    )._replace(**others)


def a_finding(anchor: str = "a.py", *, rule: str = "cycle", **others: object) -> Finding:
    return Finding(
        rule=rule,
        fingerprint=f"{rule}-{anchor}",
        severity="high",
        confidence=0.9,
        confidence_reason="all imports are resolved",
        title=f"Cycle at {anchor}",
        why="2 files load each other",
        graph="run",
        anchor=anchor,
        members=(anchor, "b.py"),
        evidence=(Evidence(anchor, 1, 2, "imports b"),),
        figures={"size": 2, "weight": 1.0},
    )._replace(**others)


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """All that is written for one run, one field per ``add_`` method of the writer."""

    blobs: Sequence[BlobFacts] = ()
    files: Sequence[RunFile] = ()
    imports: Sequence[ResolvedImport] = ()
    edges: Sequence[Edge] = ()
    metrics: Sequence[FileMetrics] = ()
    cut_edges: Sequence[CutEdge] = ()
    docs: Sequence[DocBlock] = ()
    commits: Sequence[Commit] = ()
    cochanges: Sequence[CoChange] = ()
    findings: Sequence[Finding] = ()
    stages: Sequence[StageReport] = field(
        default=(StageReport(name="files", version=1, status=StageStatus.COMPLETED),)
    )
    coverage: Sequence[LanguageCoverage] = ()
    notices: Sequence[Notice] = ()
    cuts: Sequence[CutSummary] = ()
    settings: JsonObject = field(default_factory=lambda: {"history": 1000})


def whole_run() -> RunFacts:
    """Every kind of row, with shared blobs, odd names and every flag; each kind in its order."""
    method = a_symbol(
        "Model.save",
        start=20,
        kind="method",
        parent=0,
        signature="def save(self, force: bool = False) -> None",
        docstring="Ends in NUL: \x00.\nÜber \U0001f600 \udcff",
        flags=int(SymbolFlag.ASYNC | SymbolFlag.EXPORTED),
        decorators=("@atomic(using='x')", "@\udc80"),
        complexity=7,
        cognitive=4,
        nesting=2,
    )
    return RunFacts(
        blobs=(
            facts_of(oid(1), a_symbol("Model", kind="class"), method, source=b"class Model: ..."),
            facts_of(oid(2), a_symbol("g"), record=bytes(range(256))),
            facts_of(oid(3), source=b""),
        ),
        files=(
            a_file("a.py", oid(1)),
            a_file("b.py", oid(2), scope="test", module="tests.b"),
            a_file(ODD_PATH, oid(1), module=""),
            a_file("data.csv", oid(9), status="listed", language="", size=1 << 40, extractor=""),
            a_file("empty.py", oid(3), lines=0),
            a_file("x/broken.py", oid(8), status="failed", problem="deadline", extractor=""),
        ),
        imports=(
            an_import("a.py", 0),
            an_import("a.py", 1, module="react", status="external", distribution="react"),
            an_import(ODD_PATH, 0, target=ODD_PATH, home="", home_symbol="", local="\udc80"),
            an_import("empty.py", 0, status="unresolved", reason="no file \x1a of that name"),
        ),
        edges=(
            an_edge("a.py", "b.py", 1, 5, 9),
            an_edge("a.py", "b.py", 7, timing="deferred", guard="try"),
            an_edge("b.py", "a.py", 2, erased="use", facade=True, form="re-export", scope="test"),
            an_edge("b.py", ODD_PATH, 3, kind="parent"),
        ),
        metrics=(
            metrics_of("a.py", component=1),
            metrics_of("b.py", instability=0.0, recency_churn=1e-300),
            metrics_of(ODD_PATH, instability=1.0, recency_churn=1e22),
        ),
        cut_edges=(
            CutEdge(1, "b.py", "a.py", 1, (2,)),
            CutEdge(2, ODD_PATH, "a.py", 3, (1, 2, 3)),
        ),
        docs=(
            DocBlock("README.md", 1, "heading", 1, "Prism", "What it is\x00"),
            DocBlock("README.md", 9, "heading", 2, "Use", ""),
            DocBlock(ODD_PATH, 1, "docstring", 0, "", "Text " * 1000),
        ),
        commits=(
            a_commit(7, Change("R", "b.py", "old\udce9.py", oid(2), oid(2)), flags=("bot", "fix")),
            a_commit(
                3,
                Change("M", "b.py", "", oid(2), oid(5)),
                Change("A", "a.py", "", oid(1), ""),
                author="J\udcf6rg <j@example.org>",
            ),
            a_commit(5, subject="Nothing"),
        ),
        cochanges=(CoChange("a.py", "b.py", 4), CoChange("a.py", ODD_PATH, 2)),
        findings=(
            a_finding(rule="cycle"),
            a_finding(
                ODD_PATH,
                rule="god-module",
                members=(),
                evidence=(),
                figures={"lines": 1e22, "of": [1, 2.0, None, True], "\udc80": {"é": "\x00"}},
            ),
            a_finding("a.py", rule="hotspot", severity="low", confidence=1.0),
        ),
        stages=(
            StageReport(
                name="structure",
                version=3,
                status=StageStatus.CUT_SHORT,
                counts={"parsed": 3},
                seconds=1.25,
                error="stopped at \udc80",
            ),
        ),
        coverage=(LanguageCoverage("python", 4, 3, 1, 1, 4, 2, 1, 0, 1),),
        notices=(Notice(ODD_PATH, "failed", "deadline"),),
        cuts=(CutSummary(1, 2, 1, 1, 1, "proven"), CutSummary(2, 3, 1, 3, 2, "heuristic")),
        settings={"history": 1000, "odd": "\udc80", "float": 1.0, "list": [1, None]},
    )


def plain_values(facts: RunFacts) -> RunFacts:
    """What a store gives back of *facts*: the windows of symbols stay in the record."""
    blobs = [
        each._replace(symbols=tuple(symbol._replace(windows=()) for symbol in each.symbols))
        for each in facts.blobs
    ]
    return replace(facts, blobs=blobs)


def _kinds() -> list[str]:
    return [each.name for each in fields(RunFacts)][:10]


def write_in_order(writer: IndexWriter, facts: RunFacts) -> None:
    for kind in _kinds():
        getattr(writer, f"add_{kind}")(getattr(facts, kind))


def write_shuffled(writer: IndexWriter, facts: RunFacts, random: Random) -> None:
    """In batches of random sizes, kinds and rows in random order (but commits, whose order
    counts)."""
    batches: list[tuple[str, Sequence[object]]] = []
    for kind in _kinds():
        rows = list(getattr(facts, kind))
        if kind != "commits":
            random.shuffle(rows)
        size = random.randint(1, 4)
        batches += [(kind, rows[start : start + size]) for start in range(0, len(rows), size)]
    places = sorted(range(len(batches)), key=lambda _: random.random())
    commits = iter([batch for batch in batches if batch[0] == "commits"])
    for place in places:
        kind, rows = next(commits) if batches[place][0] == "commits" else batches[place]
        add: Callable[[Sequence[object]], None] = getattr(writer, f"add_{kind}")
        add(rows)


def finish(writer: IndexWriter, facts: RunFacts, *, complete: bool = True) -> Run:
    return writer.finish(
        stages=facts.stages,
        coverage=facts.coverage,
        notices=facts.notices,
        cuts=facts.cuts,
        complete=complete,
    )


def store_run(
    store: IndexStore,
    facts: RunFacts,
    *,
    project_id: int = 1,
    job: JobRef | None = None,
    shuffle: Random | None = None,
) -> Run:
    """Write a whole run and finish it."""
    with store.begin(
        project_id, commit=COMMIT, algorithm="sha1", settings=facts.settings, job=job
    ) as writer:
        if shuffle is None:
            write_in_order(writer, facts)
        else:
            write_shuffled(writer, facts, shuffle)
        return finish(writer, facts)


def symbols_of(reader: IndexReader, name: str) -> list[tuple[str, str]]:
    """(path, qualified name) of what is called *name*."""
    return [(row.path, row.symbol.qualname) for row in reader.symbols(name=name)]


def enum_members() -> Iterator[RunFile]:
    """Files whose texts are members of enumerations, as the pipeline may pass them."""
    yield a_file("a.py", oid(1), status=FileStatus.INDEXED, scope=Scope.TEST)
