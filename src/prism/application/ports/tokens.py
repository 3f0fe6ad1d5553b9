"""Encryption of tokens. Split in two: what a worker must not be able to do is encrypt."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from prism.domain.credentials import Credential, Provider, Secret


class TokenDecryptor(Protocol):
    @abstractmethod
    def decrypt(self, credential: Credential) -> Secret:
        """Raises InvalidInput naming CREDENTIAL_ENCRYPTION_KEY when no key is set or it is
        malformed,
        Permanent when no key of the ring fits or the row was altered (both name credential and key
        ids, never the token or key)."""


class TokenEncryptor(Protocol):
    @abstractmethod
    def encrypt(self, token: Secret, *, credential_id: str, provider: Provider, host: str) -> str:
        """Opaque text bound to exactly these values. Raises InvalidInput as ``decrypt`` does."""

    @abstractmethod
    def key_ids(self) -> Sequence[str]:
        """Ids of the keys of the ring, the encrypting one first. Raises InvalidInput likewise."""
