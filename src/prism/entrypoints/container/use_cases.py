"""The use cases, each constructed from its ports."""

import os
import secrets
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from prism.application.ports.jobs import Wakeup
from prism.application.projects.find_project import FindProject, ReadSource
from prism.entrypoints.container.adapters import Adapters

if TYPE_CHECKING:
    from prism.application.blueprints.generate_blueprint import GenerateBlueprint
    from prism.application.blueprints.verify_blueprint import VerifyBlueprint
    from prism.application.credentials.add_credential import AddCredential
    from prism.application.indexing.index_project import IndexProject
    from prism.application.indexing.settings import IndexSettings
    from prism.application.indexing.up_to_date import FindUpToDateRun
    from prism.application.jobs.cancel_job import CancelJob
    from prism.application.jobs.claim_and_execute import ClaimAndExecuteJob
    from prism.application.jobs.enqueue_job import EnqueueJob
    from prism.application.jobs.prune_jobs import PruneJobs
    from prism.application.jobs.reap_expired_jobs import ReapExpiredJobs
    from prism.application.jobs.retry_job import RetryJob
    from prism.application.jobs.run_or_follow_job import RunOrFollowJob
    from prism.application.jobs.sample_queue import SampleQueue
    from prism.application.jobs.stopping import StopSwitch
    from prism.application.jobs.sweep_project import SweepProject
    from prism.application.jobs.sweep_runs import SweepRuns
    from prism.application.jobs.worker_loop import WorkerLoop
    from prism.application.projects.add_project import AddProject
    from prism.application.projects.remove_project import RemoveProject
    from prism.application.queries.current_index import OpenCurrentIndex
    from prism.application.queries.export_run import ExportRun
    from prism.application.queries.show_queue import ShowQueue
    from prism.application.queries.show_status import ShowStatus
    from prism.entrypoints.worker import WorkerTimes


class Container(Adapters):
    """Plain constructor calls, so that mypy checks each dependency by name and type.

    Each imports its use case when it is called: a command pays for what it uses.
    """

    def read_source(self) -> ReadSource:
        return ReadSource(locator=self.locator(), host=self.settings().host)

    def find_project(self) -> FindProject:
        return FindProject(projects=self.projects(), read_source=self.read_source())

    def add_project(self) -> "AddProject":
        from prism.application.projects.add_project import AddProject

        return AddProject(
            projects=self.projects(), credentials=self.credentials(), read_source=self.read_source()
        )

    def remove_project(self) -> "RemoveProject":
        from prism.application.projects.remove_project import RemoveProject

        return RemoveProject(projects=self.projects())

    def add_credential(self) -> "AddCredential":
        from prism.application.credentials.add_credential import AddCredential

        return AddCredential(
            credentials=self.credentials(),
            tokens=self.token_encryptor(),
            clock=self.clock(),
            new_id=lambda: str(uuid.uuid4()),
        )

    def enqueue_job(self) -> "EnqueueJob":
        from prism.application.jobs.enqueue_job import EnqueueJob

        return EnqueueJob(jobs=self.jobs())

    def cancel_job(self) -> "CancelJob":
        from prism.application.jobs.cancel_job import CancelJob

        return CancelJob(jobs=self.jobs())

    def retry_job(self) -> "RetryJob":
        from prism.application.jobs.retry_job import RetryJob

        return RetryJob(jobs=self.jobs())

    def reap_expired_jobs(self) -> "ReapExpiredJobs":
        from prism.application.jobs.reap_expired_jobs import ReapExpiredJobs

        return ReapExpiredJobs(
            jobs=self.jobs(),
            presence=self.presence(),
            clock=self.clock(),
            evict=self.database().embedded,
            metrics=self.metrics(),
        )

    def claim_and_execute_job(self) -> "ClaimAndExecuteJob":
        """Each call is a worker of its own, with a name that no other ever had."""
        from prism.application.jobs.claim_and_execute import ClaimAndExecuteJob

        host = self.settings().host
        worker = f"{host}:{os.getpid()}:{secrets.token_hex(4)}"
        self.presence().announce(worker)
        return ClaimAndExecuteJob(
            jobs=self.jobs(),
            projects=self.projects(),
            credentials=self.credentials(),
            tokens=self.token_decryptor(),
            runner=self.runner(),
            scratch=self.scratch(),
            clock=self.clock(),
            worker=worker,
            host=host,
            metrics=self.metrics(),
        )

    def run_or_follow(self) -> "RunOrFollowJob":
        from prism.application.jobs.run_or_follow_job import RunOrFollowJob

        execute = replace(self.claim_and_execute_job(), settle_seconds=3.0)
        return RunOrFollowJob(jobs=self.jobs(), execute=execute, reap=self.reap_expired_jobs())

    def worker_loop(
        self, times: "WorkerTimes", *, wakeup: Wakeup, switch: "StopSwitch"
    ) -> "WorkerLoop":
        from prism.application.jobs.worker_loop import WorkerLoop

        execute = replace(
            self.claim_and_execute_job(),
            lease_seconds=times.lease,
            renew_seconds=times.lease / 4,
            grace_seconds=times.grace,
            limit_seconds=times.limit,
            kill_seconds=times.kill,
        )
        return WorkerLoop(
            jobs=self.jobs(),
            execute=execute,
            reap=replace(self.reap_expired_jobs(), patience_seconds=times.lease / 3),
            scratch=self.scratch(),
            wakeup=wakeup,
            clock=self.clock(),
            poll_seconds=times.poll,
            switch=switch,
            metrics=self.metrics(),
        )

    def sample_queue(self) -> "SampleQueue":
        from prism.application.jobs.sample_queue import SampleQueue

        return SampleQueue(jobs=self.jobs(), metrics=self.metrics(), clock=self.clock())

    def prune_jobs(self) -> "PruneJobs":
        from prism.application.jobs.prune_jobs import PruneJobs

        return PruneJobs(jobs=self.jobs())

    def index_settings(self) -> "IndexSettings":
        from prism.application.indexing.settings import IndexSettings

        return IndexSettings(
            store_source=self.settings().store_source, history_limit=self.settings().history_limit
        )

    def index_project(self) -> "IndexProject":
        """For a job's process: there the token comes with the request, and no key is at hand."""
        from prism.application.indexing.index_project import IndexProject

        return IndexProject(
            projects=self.projects(),
            credentials=self.credentials(),
            cloner=self.cloner(),
            index=self.index_store(),
            parser=self.parser(),
            resolvers=self.resolvers(),
            solver=self.solver(),
            clock=self.clock(),
            up_to_date=self.up_to_date(),
            settings=self.index_settings(),
        )

    def up_to_date(self) -> "FindUpToDateRun":
        from prism.application.indexing.up_to_date import FindUpToDateRun

        return FindUpToDateRun(
            jobs=self.jobs(),
            index=self.index_store(),
            parser=self.parser(),
            settings=self.index_settings(),
        )

    def generate_blueprint(self) -> "GenerateBlueprint":
        from prism.application.blueprints.generate_blueprint import GenerateBlueprint

        return GenerateBlueprint(
            jobs=self.jobs(),
            index=self.index_store(),
            blueprints=self.blueprints(),
            projects=self.projects(),
        )

    def verify_blueprint(self) -> "VerifyBlueprint":
        from prism.application.blueprints.verify_blueprint import VerifyBlueprint

        return VerifyBlueprint(index=self.index_store(), blueprints=self.blueprints())

    def sweep_project(self) -> "SweepProject":
        from prism.application.jobs.sweep_project import SweepProject

        return SweepProject(
            projects=self.projects(), index=self.index_store(), blueprints=self.blueprints()
        )

    def sweep_runs(self) -> "SweepRuns":
        from prism.application.jobs.sweep_runs import SweepRuns

        return SweepRuns(jobs=self.jobs(), index=self.index_store(), blueprints=self.blueprints())

    def open_current_index(self) -> "OpenCurrentIndex":
        from prism.application.queries.current_index import OpenCurrentIndex

        return OpenCurrentIndex(jobs=self.jobs(), index=self.index_store())

    def export_run(self) -> "ExportRun":
        from prism.application.queries.export_run import ExportRun

        return ExportRun(digest=self.parser().digest)

    def show_queue(self) -> "ShowQueue":
        from prism.application.queries.show_queue import ShowQueue

        return ShowQueue(jobs=self.jobs())

    def show_status(self) -> "ShowStatus":
        from prism.application.queries.show_status import ShowStatus

        return ShowStatus(projects=self.projects(), jobs=self.jobs(), index=self.index_store())
