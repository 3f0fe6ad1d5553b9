"""Tokens without encryption, for tests and for embedding without stored credentials."""

import base64
import json
from collections.abc import Sequence

from prism.application.ports.tokens import TokenDecryptor, TokenEncryptor
from prism.domain.credentials import Credential, Provider, Secret
from prism.domain.errors import Permanent

_PREFIX = "plain."


class PlainTokens(TokenDecryptor, TokenEncryptor):
    """Anybody can read what it writes. Like the real one it is bound to credential, provider and
    host, so that what would not decrypt there does not here."""

    def key_ids(self) -> Sequence[str]:
        return ("plain",)

    def encrypt(self, token: Secret, *, credential_id: str, provider: Provider, host: str) -> str:
        fields = [credential_id, provider.value, host, token.reveal()]
        return _PREFIX + base64.b64encode(json.dumps(fields).encode("utf-8")).decode("ascii")

    def decrypt(self, credential: Credential) -> Secret:
        try:
            text = base64.b64decode(credential.encrypted_token.removeprefix(_PREFIX), validate=True)
            *bound, token = json.loads(text)
        except (ValueError, TypeError):
            raise _altered(credential) from None
        if bound != [credential.id, credential.provider.value, credential.host]:
            raise _altered(credential)
        return Secret(token)


def _altered(credential: Credential) -> Permanent:
    return Permanent(
        f"the token of credential {credential.name!r} ({credential.id}) cannot be decrypted",
        hint="its row was changed: store the token again",
    )
