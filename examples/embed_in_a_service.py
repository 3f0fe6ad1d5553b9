"""Embed Prism in a service: construct the use cases yourself, with the in-memory adapters.

No container, no command line, no database: every field of a use case is a port, so a service hands
in
its own adapters where it has some, and its tests use these. Run it: ``python
embed_in_a_service.py``.
"""

import tempfile
from dataclasses import dataclass

from prism.adapters.languages.inline import InlineParser
from prism.adapters.languages.python.resolver import PythonImportResolver
from prism.adapters.memory.blueprints import MemoryBlueprintStore
from prism.adapters.memory.clock import ManualClock
from prism.adapters.memory.credentials import MemoryCredentialRepository
from prism.adapters.memory.database import MemoryDatabase
from prism.adapters.memory.git import MemoryGitCloner, MemoryRepository
from prism.adapters.memory.index_store import MemoryIndexStore
from prism.adapters.memory.jobs import MemoryJobRepository
from prism.adapters.memory.projects import MemoryProjectRepository
from prism.adapters.memory.tokens import PlainTokens
from prism.adapters.processes.in_process import InProcessRunner
from prism.adapters.processes.scratch import ScratchDirectories
from prism.adapters.solvers.heuristic import HeuristicCutSolver
from prism.application.blueprints.generate_blueprint import GenerateBlueprint
from prism.application.indexing.index_project import IndexProject
from prism.application.jobs.claim_and_execute import ClaimAndExecuteJob
from prism.application.jobs.enqueue_job import EnqueueJob
from prism.application.jobs.handlers import job_handlers
from prism.application.jobs.sweep_project import SweepProject
from prism.application.jobs.sweep_runs import SweepRuns
from prism.domain.blueprints.render_markdown import render_markdown
from prism.domain.jobs import JobKind, JobState
from prism.domain.projects import Source

URL = "https://git.example.org/team/shop"
REPOSITORY = MemoryRepository(
    files={
        "shop/__init__.py": b"",
        "shop/cart.py": b"from shop import prices\n\n\nclass Cart:\n    pass\n",
        "shop/prices.py": b"from shop import cart\n\n\ndef total(items):\n    return 0\n",
    }
)


@dataclass
class Service:
    """What the service keeps: the use cases it calls, and the stores it reads."""

    projects: MemoryProjectRepository
    jobs: MemoryJobRepository
    blueprints: MemoryBlueprintStore
    enqueue: EnqueueJob
    work: ClaimAndExecuteJob


def build(scratch: str) -> Service:
    """Everything by constructor; swap any adapter for one of your own."""
    clock = ManualClock()
    database = MemoryDatabase(clock)
    projects = MemoryProjectRepository(database)
    credentials = MemoryCredentialRepository(database)
    jobs = MemoryJobRepository(database)
    index = MemoryIndexStore(clock)
    blueprints = MemoryBlueprintStore(clock)
    index_project = IndexProject(
        projects=projects,
        credentials=credentials,
        cloner=MemoryGitCloner({URL: REPOSITORY}),
        index=index,
        parser=InlineParser(),
        resolvers=(PythonImportResolver(),),
        solver=HeuristicCutSolver(),
        clock=clock,
    )
    generate = GenerateBlueprint(jobs=jobs, index=index, blueprints=blueprints, projects=projects)
    handlers = job_handlers(
        index_project=lambda: index_project,
        generate_blueprint=lambda: generate,
        sweep_project=lambda: SweepProject(projects=projects, index=index, blueprints=blueprints),
        sweep_runs=lambda: SweepRuns(jobs=jobs, index=index, blueprints=blueprints),
    )
    work = ClaimAndExecuteJob(
        jobs=jobs,
        projects=projects,
        credentials=credentials,
        tokens=PlainTokens(),
        runner=InProcessRunner(handlers),
        scratch=ScratchDirectories(scratch),
        clock=clock,
        worker="example",
        host="example",
    )
    return Service(projects, jobs, blueprints, EnqueueJob(jobs=jobs), work)


def main() -> str:
    """Index a repository and plan its redesign; returns the plan as Markdown."""
    with tempfile.TemporaryDirectory() as scratch:
        service = build(scratch)
        project = service.projects.add(name="shop", source=Source.remote(URL))
        for kind in (JobKind.INDEX, JobKind.BLUEPRINT):
            service.enqueue(project, kind)
            executed = service.work()
            assert executed is not None
            assert executed.state is JobState.COMPLETED, executed.error
        blueprint_id = service.jobs.published(project.id).blueprint_id
        assert blueprint_id is not None
        return render_markdown(service.blueprints.get(project.id, blueprint_id).blueprint)


if __name__ == "__main__":
    print(main())
