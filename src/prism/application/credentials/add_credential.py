"""Store a token, encrypted and bound to a credential id, a provider and one host."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from prism.application.ports.clock import Clock
from prism.application.ports.projects import CredentialRepository
from prism.application.ports.tokens import TokenEncryptor
from prism.domain.credentials import Credential, Provider, Secret
from prism.domain.errors import InvalidInput

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?|\[[0-9a-f:.]+\](:[0-9]{1,5})?")
TOKEN_LENGTH_MAX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCredentialRequest:
    """``username`` None: the provider's constant."""

    name: str
    provider: str
    host: str
    token: Secret
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCredential:
    """One transaction. ``new_id`` makes ids (UUIDs): the id is part of what the token is bound to,
    so it must exist before the row does."""

    credentials: CredentialRepository
    tokens: TokenEncryptor
    clock: Clock
    new_id: Callable[[], str]

    def __call__(self, request: AddCredentialRequest) -> Credential:
        """Raises InvalidInput for bad fields or a missing key, Conflict for a taken name."""
        provider = _provider(request.provider)
        host = _host(request.host)
        _check_token(request.token)
        credential_id = self.new_id()
        credential = Credential(
            id=credential_id,
            name=_printable("name", request.name),
            provider=provider,
            host=host,
            username=_printable("user name", request.username or provider.username),
            encrypted_token=self.tokens.encrypt(
                request.token, credential_id=credential_id, provider=provider, host=host
            ),
            created_at=self.clock.now(),
        )
        self.credentials.add(credential)
        return credential


def _provider(text: str) -> Provider:
    try:
        return Provider(text.lower())
    except ValueError:
        known = ", ".join(Provider)
        raise InvalidInput(f"unknown provider {text!r}", hint=f"one of {known}") from None


def _host(text: str) -> str:
    host = text.strip().lower().removesuffix(":443")
    if not _HOST.fullmatch(host):
        raise InvalidInput(
            f"{text!r} is not a host name", hint="give HOST or HOST:PORT, without https:// or path"
        )
    return host


def _printable(what: str, text: str) -> str:
    if not text or len(text) > 100 or not text.isprintable():
        raise InvalidInput(f"a credential's {what} has 1 to 100 printable characters")
    return text


def _check_token(token: Secret) -> None:
    text = token.reveal()
    if not text:
        raise InvalidInput("the token is empty", hint="pipe it in, or type it at the prompt")
    if len(text) > TOKEN_LENGTH_MAX or not text.isascii() or not text.isprintable():
        raise InvalidInput(
            f"a token has at most {TOKEN_LENGTH_MAX} printable ASCII characters and no line breaks",
            hint="check what was piped in",
        )
