"""The JSON of the command line: one function per kind of thing, field names as in the README."""

from datetime import datetime
from typing import TYPE_CHECKING

from prism.application.ports.index_store import SymbolRow
from prism.application.queries.show_status import ProjectStatus
from prism.domain.blueprints.model import StoredBlueprint
from prism.domain.credentials import Credential
from prism.domain.facts.runs import Edge, LanguageCoverage, Notice, ResolvedImport, Run, StageReport
from prism.domain.findings.model import Finding
from prism.domain.jobs import Job
from prism.domain.projects import Project
from prism.domain.values import Json

if TYPE_CHECKING:  # 40 ms that no other command needs
    from prism.application.blueprints.verify_blueprint import CheckedCitation, Verification


def moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="seconds")


def project_json(project: Project) -> dict[str, Json]:
    return {
        "id": project.id,
        "name": project.name,
        "source": {
            "kind": project.source.kind,
            "location": project.source.location,
            "host": project.source.host,
        },
        "credential": project.credential_id,
        "created_at": moment(project.created_at),
    }


def credential_json(credential: Credential) -> dict[str, Json]:
    """Everything but the token, encrypted or not."""
    return {
        "id": credential.id,
        "name": credential.name,
        "provider": credential.provider,
        "host": credential.host,
        "username": credential.username,
        "created_at": moment(credential.created_at),
    }


def job_json(job: Job) -> dict[str, Json]:
    return {
        "id": job.id,
        "project_id": job.project_id,
        "kind": job.kind,
        "state": job.state,
        "priority": job.priority,
        "attempt": job.attempt,
        "failures": job.failures,
        "crashes": job.crashes,
        "host": job.host,
        "worker": job.worker,
        "options": job.options,
        "progress": job.progress,
        "clone_path": job.clone_path,
        "result": job.result,
        "errors": [error.as_json() for error in job.errors],
        "rerun": job.rerun,
        "run_at": moment(job.run_at),
        "heartbeat_at": moment(job.heartbeat_at),
        "lease_until": moment(job.lease_until),
        "cancel_requested_at": moment(job.cancel_requested_at),
        "created_at": moment(job.created_at),
        "started_at": moment(job.started_at),
        "finished_at": moment(job.finished_at),
    }


def stage_json(stage: StageReport) -> dict[str, Json]:
    return {
        "name": stage.name,
        "version": stage.version,
        "status": stage.status,
        "counts": dict(stage.counts),
        "seconds": round(stage.seconds, 3),
        "error": stage.error,
    }


def coverage_json(row: LanguageCoverage) -> dict[str, Json]:
    return dict(row._asdict())


def notice_json(notice: Notice) -> dict[str, Json]:
    return dict(notice._asdict())


def run_json(run: Run) -> dict[str, Json]:
    """What belongs to the run and not to the commit: the only place with times and ids."""
    return {
        "id": run.id,
        "commit": run.commit,
        "complete": run.complete,
        "created_at": moment(run.created_at),
        "finished_at": moment(run.finished_at),
        "stages": [stage_json(stage) for stage in run.stages],
        "coverage": [coverage_json(row) for row in run.coverage],
        "notices": len(run.notices),
    }


def status_json(status: ProjectStatus) -> dict[str, Json]:
    return {
        "project": project_json(status.project),
        "published": {
            "run": status.published.run_id,
            "blueprint": status.published.blueprint_id,
        },
        "run": None if status.run is None else run_json(status.run),
        "jobs": [job_json(job) for job in status.jobs],
    }


def edge_json(edge: Edge) -> dict[str, Json]:
    return {
        "source": edge.source,
        "target": edge.target,
        "kind": edge.kind,
        "timing": edge.timing,
        "erased": edge.erased,
        "form": edge.form,
        "guard": edge.guard,
        "scope": edge.scope,
        "facade": edge.facade,
        "lines": list(edge.lines),
    }


def import_json(row: ResolvedImport) -> dict[str, Json]:
    return dict(row._asdict())


def finding_json(finding: Finding) -> dict[str, Json]:
    return {
        **finding._asdict(),
        "members": list(finding.members),
        "evidence": [dict(place._asdict()) for place in finding.evidence],
        "figures": dict(finding.figures),
    }


def symbol_json(row: SymbolRow) -> dict[str, Json]:
    symbol = row.symbol
    return {
        "path": row.path,
        "module": row.module,
        "kind": symbol.kind,
        "name": symbol.name,
        "qualname": symbol.qualname,
        "ordinal": symbol.ordinal,
        "line": symbol.start_line,
        "end_line": symbol.end_line,
        "signature": symbol.signature,
        "docstring": symbol.docstring,
        "visibility": symbol.visibility,
        "decorators": list(symbol.decorators),
        "complexity": symbol.complexity,
        "cognitive": symbol.cognitive,
        "nesting": symbol.nesting,
    }


def blueprint_meta_json(stored: StoredBlueprint) -> dict[str, Json]:
    """What belongs to the run and the row, and not to the plan itself."""
    return {
        "blueprint": stored.id,
        "id": stored.blueprint.run_id,
        "commit": stored.blueprint.commit,
        "created_at": moment(stored.created_at),
        "goal": stored.blueprint.request.goal,
        "focus": list(stored.blueprint.request.focus),
        "milestones": sum(len(phase.milestones) for phase in stored.blueprint.phases),
    }


def blueprint_json(stored: StoredBlueprint) -> dict[str, Json]:
    """The plan: equal for equal runs and requests, so the run's number stands in ``run``."""
    from prism.domain.blueprints.codec import blueprint_as_json

    plan = blueprint_as_json(stored.blueprint)
    del plan["run_id"]
    return {"run": blueprint_meta_json(stored), "blueprint": plan}


def verification_json(report: "Verification") -> dict[str, Json]:
    return {
        "run": {"blueprint": report.blueprint_id, "id": report.run_id, "commit": report.commit},
        "total": report.total,
        "holding": report.holding,
        "broken": [_checked(each) for each in report.broken],
        "unchecked": [_checked(each) for each in report.unchecked],
        "uncited": list(report.uncited),
    }


def _checked(each: "CheckedCitation") -> dict[str, Json]:
    citation = each.citation
    return {
        "id": citation.id,
        "kind": citation.kind,
        "path": citation.path,
        "line": citation.line,
        "end_line": citation.end_line,
        "ref": citation.ref,
        "reason": each.reason,
    }
