"""Text for people: status, dependencies, findings, coverage."""

from typing import TYPE_CHECKING

from prism.application.queries.show_dependencies import Dependencies
from prism.application.queries.show_status import ProjectStatus
from prism.domain.facts.runs import Run, StageStatus
from prism.domain.findings.model import Finding
from prism.domain.jobs import Job, JobState
from prism.domain.projects import Project
from prism.entrypoints.cli.output import emit, emit_table, say
from prism.entrypoints.cli.shapes import moment
from prism.entrypoints.terminal import printable

if TYPE_CHECKING:  # 40 ms that no other command needs
    from prism.application.blueprints.verify_blueprint import Verification


def coverage_sentence(run: Run) -> str:
    """What every answer rests on: files parsed, imports resolved, parts that failed."""
    files = sum(row.files for row in run.coverage)
    parsed = sum(row.parsed for row in run.coverage)
    imports = sum(row.imports for row in run.coverage)
    unresolved = sum(row.unresolved for row in run.coverage)
    text = (
        f"this rests on {parsed} of {files} code files parsed and "
        f"{imports - unresolved} of {imports} imports resolved"
    )
    failed = [s.name for s in run.stages if s.status is not StageStatus.COMPLETED]
    if failed:
        text += f"; INCOMPLETE: {', '.join(failed)} failed"
    return text


def print_status(status: ProjectStatus, *, host: str, in_full: bool) -> None:
    project, run = status.project, status.run
    emit(f"{project.name} (project {project.id})")
    emit(f"  source   {printable(project.source.location)}")
    if run is None:
        emit("  index    none yet")
    else:
        emit(
            f"  index    run {run.id} of commit {run.commit[:12]}, {moment(run.finished_at)}, "
            f"{'complete' if run.complete else 'INCOMPLETE'}"
        )
        emit(f"  coverage {coverage_sentence(run)}")
    for job in status.jobs if in_full else status.jobs[:1]:
        emit(f"  job      {job_sentence(job, host=host)}")
    if in_full and run is not None:
        print_run(run)
    emit("")


def job_sentence(job: Job, *, host: str) -> str:
    text = f"{job.id}: {job.kind} {job.state}"
    if job.state is JobState.RUNNING and job.progress:
        text += f", {job.progress.get('stage')} {job.progress.get('done')}"
        text += f"/{job.progress['total']}" if job.progress.get("total") else ""
        text += f", clone at {job.clone_path}" if job.clone_path else ""
    if job.state is JobState.PENDING and job.host not in (None, host):
        text += f", waits for host {job.host}"
    if job.error is not None and job.state is not JobState.COMPLETED:
        text += f": {job.error.message}"
    return printable(text)


def print_run(run: Run) -> None:
    emit("")
    emit_table(
        ["STAGE", "STATUS", "SECONDS", "COUNTS"],
        [
            [
                stage.name,
                stage.status,
                f"{stage.seconds:.2f}",
                stage.error or ", ".join(f"{n} {c}" for n, c in sorted(stage.counts.items())),
            ]
            for stage in run.stages
        ],
    )
    if run.coverage:
        emit("")
        emit_table(
            ["LANGUAGE", "FILES", "PARSED", "PROBLEMS", "FAILED", "IMPORTS", "INTERNAL",
             "EXTERNAL", "STDLIB", "UNRESOLVED"],
            [list(row) for row in run.coverage],
        )  # fmt: skip
    if run.notices:
        emit("")
        by_reason: dict[str, int] = {}
        for notice in run.notices:
            by_reason[notice.status] = by_reason.get(notice.status, 0) + 1
        counted = ", ".join(f"{count} {status}" for status, count in sorted(by_reason.items()))
        emit(f"not (fully) indexed: {counted} (`--json` of `prism export` lists each)")


def print_dependencies(answer: Dependencies) -> None:
    for title, edges in (("imports", answer.uses), ("imported by", answer.used_by)):
        emit(f"{title}:")
        for edge in edges:
            other = edge.target if title == "imports" else edge.source
            lines = ",".join(str(line) for line in edge.lines)
            axes = [edge.timing, edge.form] + ([] if edge.erased == "no" else ["erased"])
            emit(f"  {printable(other)}  (line {lines}; {', '.join(axes)})")
    outside = sorted(
        {(row.status, row.distribution or row.module) for row in answer.imports if not row.target}
    )
    if outside:
        emit("outside the repository or unresolved:")
        for status, name in outside:
            emit(f"  {printable(name)}  ({status})")
    if not answer.known:
        say(f"this file has no code facts: it is {answer.file.status}")


def print_finding(finding: Finding) -> None:
    emit(f"{finding.severity.upper()} {finding.rule} {finding.fingerprint}")
    emit(f"  {printable(finding.title)}")
    emit(f"  {printable(finding.why)}")
    emit(f"  confidence {finding.confidence:.2f}: {printable(finding.confidence_reason)}")
    for place in finding.evidence:
        emit(f"  {printable(place.path)}:{place.line}  {printable(place.note)}")
    emit("")


def print_indexed(project: Project, run: Run) -> None:
    """What an index run found, in a few lines; a stage that failed has no figures here."""
    counts: dict[str, int] = {}
    for stage in run.stages:
        counts |= stage.counts
    emit(f"project {project.id}: {project.name}, run {run.id}, commit {run.commit}")
    for line in _FIGURES:
        figures = [f"{counts[name]} {words}" for name, words in line if name in counts]
        if figures:
            emit(f"  {', '.join(figures)}")
    emit(f"  {coverage_sentence(run)}")


#: Names of counts and the words for them, a tuple per line.
_FIGURES = (
    (
        ("files", "files"),
        ("code_files", "of them with code facts"),
        ("left_out", "left out"),
        ("lines", "lines of code files"),
        ("symbols", "symbols"),
    ),
    (
        ("imports", "imports"),
        ("edges", "import edges between files"),
        ("cycles", "import cycles at run time between production files"),
        ("files_in_cycles", "files in them"),
        ("commits", "commits read"),
        ("findings", "findings"),
    ),
)


def print_verification(report: "Verification") -> None:
    emit(
        f"blueprint {report.blueprint_id}, run {report.run_id}, commit {report.commit[:12]}: "
        f"{report.holding} of {report.total} citations hold, {len(report.broken)} are broken, "
        f"{len(report.unchecked)} could not be checked"
    )
    for what, entries in (("broken", report.broken), ("unchecked", report.unchecked)):
        for each in entries:
            citation = each.citation
            place = f"{citation.path}:{citation.line}" if citation.line else citation.path
            emit(f"{what}: {printable(place or citation.ref)}  {printable(each.reason)}")
    for sentence in report.uncited:
        emit(f"without a citation: {printable(sentence)}")
