"""The decryptor of a job's process: it has one token and no key."""

from prism.application.ports.tokens import TokenDecryptor
from prism.domain.credentials import Credential, Secret
from prism.domain.errors import Permanent


class BoundToken(TokenDecryptor):
    """Gives *token*, which the worker handed over, for the credential it belongs to only."""

    def __init__(self, credential_id: str | None, token: Secret | None) -> None:
        self._credential_id = credential_id
        self._token = token

    def decrypt(self, credential: Credential) -> Secret:
        if self._token is None or credential.id != self._credential_id:
            raise Permanent(
                f"this job was given no token for credential {credential.name!r}",
                hint="the project's credential changed meanwhile: run the job again",
            )
        return self._token
