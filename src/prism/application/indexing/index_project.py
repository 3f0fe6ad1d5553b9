"""Index a project: check its commit out, run the stages, leave a finished, unpublished run."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from prism.application.indexing.index_run import IndexRun
from prism.application.indexing.pipeline import STAGES, Stage, run_stages
from prism.application.indexing.settings import IndexSettings
from prism.application.indexing.up_to_date import FindUpToDateRun
from prism.application.ports.clock import Clock
from prism.application.ports.cuts import CutSolver
from prism.application.ports.git import Checkout, CloneRequest, GitCloner
from prism.application.ports.index_store import IndexStore
from prism.application.ports.projects import CredentialRepository, ProjectRepository
from prism.application.ports.runner import JobReporter
from prism.application.ports.source import ImportResolver, SourceParser
from prism.application.ports.tokens import TokenDecryptor
from prism.application.projects.add_project import check_host
from prism.domain.credentials import Credential, Secret
from prism.domain.errors import Cancelled, InvalidInput, NotFound
from prism.domain.facts.runs import Run, StageStatus
from prism.domain.jobs import JobRef, Progress
from prism.domain.projects import Project, SourceKind
from prism.domain.values import JsonObject

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRequest:
    """``scratch`` is an empty directory for the clone. ``token`` None: the project's credential is
    decrypted here, if it has one. ``options``: see ``IndexSettings.with_options``. ``force``: index
    also what is indexed already."""

    project_id: int
    scratch: str
    job: JobRef | None = None
    token: Secret | None = None
    options: JsonObject = field(default_factory=dict)
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexProject:
    """Read one commit by git objects and run the stages over it.

    The store commits short transactions all along; nothing of them is visible until somebody
    publishes the run. The clone is removed in any case, and so are the run's rows when this raises.
    ``tokens`` None: only requests that bring their token can use a credential. ``up_to_date`` None:
    a commit is indexed again although nothing has changed.
    """

    projects: ProjectRepository
    credentials: CredentialRepository
    cloner: GitCloner
    index: IndexStore
    parser: SourceParser
    resolvers: Sequence[ImportResolver]
    solver: CutSolver
    clock: Clock
    tokens: TokenDecryptor | None = None
    up_to_date: FindUpToDateRun | None = None
    settings: IndexSettings = field(default_factory=IndexSettings)
    stages: Sequence[Stage] = STAGES

    def __call__(self, request: IndexRequest, reporter: JobReporter) -> Run:
        """A finished run, unpublished; ``complete`` is False when a stage failed. Or the published
        run, when indexing the commit would give the same again.

        Raises NotFound (project), InvalidInput (options, credential or key, empty repository),
        Refused (URL, size), ExternalFailure (git, network, store), Cancelled and LeaseLost.
        """
        settings = self.settings.with_options(request.options)
        project = self.projects.get(request.project_id)
        if project.removed_at is not None:
            raise NotFound(f"project {project.name!r} was removed")
        reporter.progress(Progress(stage="checkout"))
        with self._checkout(project, request, settings, reporter) as checkout:
            if self.up_to_date is not None and not request.force:
                current = self.up_to_date(project, checkout.commit, settings=settings)
                if current is not None:
                    log.info(
                        "nothing to index", extra={"action": "up_to_date", "run_id": current.id}
                    )
                    return current
            return self._index(project, request.job, checkout, settings, reporter)

    @contextmanager
    def _checkout(
        self,
        project: Project,
        request: IndexRequest,
        settings: IndexSettings,
        reporter: JobReporter,
    ) -> Iterator[Checkout]:
        if project.source.kind is SourceKind.LOCAL:
            location = project.source.location
            with self.cloner.open_local(location, scratch=request.scratch) as checkout:
                yield checkout
            return
        credential = self._credential(project)
        clone = CloneRequest(
            url=project.source.location,
            directory=request.scratch,
            credential=credential,
            token=self._token(credential, request.token),
            history_limit=settings.history_limit,
            cancelled=lambda: _is_cancelled(reporter),
        )
        with self.cloner.clone(clone) as checkout:
            reporter.cloned(checkout.path)
            yield checkout

    def _credential(self, project: Project) -> Credential | None:
        if project.credential_id is None:
            return None
        credential = self.credentials.get(project.credential_id)
        check_host(project.source, credential)
        return credential

    def _token(self, credential: Credential | None, given: Secret | None) -> Secret | None:
        if credential is None or given is not None:
            return given if credential is not None else None
        if self.tokens is None:
            raise InvalidInput(
                f"the token of credential {credential.name!r} cannot be decrypted here: no "
                "CREDENTIAL_ENCRYPTION_KEY",
                hint="set CREDENTIAL_ENCRYPTION_KEY to the key it was added under",
            )
        return self.tokens.decrypt(credential)

    def _index(
        self,
        project: Project,
        job: JobRef | None,
        checkout: Checkout,
        settings: IndexSettings,
        reporter: JobReporter,
    ) -> Run:
        extractors = self.parser.languages()
        with self.index.begin(
            project.id,
            commit=checkout.commit,
            algorithm=checkout.algorithm,
            settings=settings.as_json(extractors),
            job=job,
        ) as writer:
            run = IndexRun(
                project_id=project.id,
                checkout=checkout,
                store=self.index,
                writer=writer,
                parser=self.parser,
                resolvers=self.resolvers,
                solver=self.solver,
                settings=settings,
                reporter=reporter,
                extractors=extractors,
            )
            reports = run_stages(self.stages, run, clock=self.clock)
            run.write(writer.add_files, list(run.files.values()))
            reporter.check_cancelled()
            return writer.finish(
                stages=reports,
                coverage=run.coverage,
                notices=run.notices,
                cuts=run.cuts,
                complete=all(r.status is StageStatus.COMPLETED for r in reports),
            )


def _is_cancelled(reporter: JobReporter) -> bool:
    try:
        reporter.check_cancelled()
    except Cancelled:
        return True
    return False
