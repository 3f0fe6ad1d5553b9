"""Make a blueprint from a project's current index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prism.application.blueprints.run_facts import run_facts
from prism.application.ports.blueprints import BlueprintStore
from prism.application.ports.index_store import IndexReader, IndexStore
from prism.application.ports.jobs import JobRepository
from prism.application.ports.projects import ProjectRepository
from prism.application.queries.current_index import OpenCurrentIndex
from prism.domain.blueprints.material import PlanMaterial
from prism.domain.blueprints.model import Blueprint, BlueprintRequest
from prism.domain.blueprints.planner import plan
from prism.domain.jobs import JobRef


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """``job``: the attempt that asks, None when there is no queue."""

    project_id: int
    request: BlueprintRequest = field(default_factory=BlueprintRequest)
    job: JobRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateBlueprint:
    """Plan from the published run and store the plan, unpublished.

    The run is read from one snapshot; storing is one transaction of its own.
    """

    jobs: JobRepository
    index: IndexStore
    blueprints: BlueprintStore
    projects: ProjectRepository

    def __call__(self, request: GenerateRequest) -> int:
        """The id of the blueprint within its project.

        Raises NotFound when there is no such project, or none of its runs was published: the hint
        says to index first.
        """
        project = self.projects.get(request.project_id)
        opened = OpenCurrentIndex(jobs=self.jobs, index=self.index)(project)
        with opened as reader:
            blueprint = _plan(reader, project.name, request.request)
        return self.blueprints.add(project.id, blueprint, job=request.job)


def _plan(reader: IndexReader, project_name: str, request: BlueprintRequest) -> Blueprint:
    def read_sources(paths: Sequence[str]) -> Mapping[str, bytes]:
        return reader.sources(paths) if paths else {}

    material = PlanMaterial(
        project_name=project_name,
        commit=reader.run.commit,
        run_id=reader.run.id,
        facts=run_facts(reader),
        imports=reader.imports(),
        findings=reader.findings(),
        read_sources=read_sources,
    )
    return plan(material, request)
