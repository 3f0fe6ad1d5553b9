"""Clones for tests: a cloner that trusts the test server, and a credential for it."""

from datetime import UTC, datetime
from pathlib import Path

from tests.support.git_server import GitServer

from prism.adapters.git.cloner import GitPythonCloner
from prism.adapters.git.remote import CloneLimits
from prism.adapters.git.urls import UrlPolicy
from prism.application.ports.git import CloneRequest
from prism.domain.credentials import Credential, Provider, Secret

TOKEN = "a-token-of-the-tests-0123456789"


def credential_for(host: str, provider: Provider = Provider.GITHUB) -> Credential:
    return Credential(
        id="c1", name="ci", provider=provider, host=host, username=provider.username,
        encrypted_token="", created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def cloner_for(
    server: GitServer,
    *,
    limits: CloneLimits | None = None,
    environment: dict[str, str] | None = None,
) -> GitPythonCloner:
    return GitPythonCloner(
        policy=UrlPolicy(allow_private_networks=True),
        environment={**server.git_environment, **(environment or {})},
        limits=limits or CloneLimits(),
    )


def request_for(
    server: GitServer,
    scratch: Path,
    name: str = "r.git",
    *,
    token: str | None = None,
    provider: Provider = Provider.GITHUB,
) -> CloneRequest:
    """*scratch* is made. Without a token: without a credential."""
    scratch.mkdir(exist_ok=True)
    return CloneRequest(
        url=server.url(name),
        directory=str(scratch),
        credential=None if token is None else credential_for(server.host, provider),
        token=None if token is None else Secret(token),
    )
