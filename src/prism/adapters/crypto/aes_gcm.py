"""AES-256-GCM tokens: ``prism1.<key id>.<base64url of nonce, ciphertext and tag>``."""

import base64
import binascii
import os
import re
from collections.abc import Sequence

from prism.adapters.crypto.keys import Key, read_keys
from prism.application.ports.tokens import TokenDecryptor, TokenEncryptor
from prism.domain.credentials import Credential, Provider, Secret
from prism.domain.errors import Permanent

_VERSION = "prism1"
_PURPOSE = "git-credential"
_NONCE_BYTES = 12
_FORM = re.compile(r"prism1\.([0-9a-f]{8})\.([A-Za-z0-9_-]+)")
#: Rows of Prism's predecessor: initialisation vector, ciphertext and tag in hex, bound to nothing.
_LEGACY = re.compile(r"([0-9a-f]{24}|[0-9a-f]{32}):((?:[0-9a-f]{2})+):([0-9a-f]{32})", re.I)


class AesGcmTokens(TokenDecryptor, TokenEncryptor):
    """``keys``: the text of the key ring (keys.py), or None where no key is set. It is read when
    it is first needed: who has no private repository needs no key.

    The associated data binds a token to its credential, provider and host: a row that was changed
    to another host does not decrypt, so that no worker sends the token there.
    """

    def __init__(self, keys: Secret | None) -> None:
        self._text = keys

    def key_ids(self) -> Sequence[str]:
        return tuple(key.id for key in read_keys(self._text))

    def encrypt(self, token: Secret, *, credential_id: str, provider: Provider, host: str) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = read_keys(self._text)[0]
        bound = _bound_to(credential_id, provider, host, key)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + AESGCM(key.secret).encrypt(nonce, token.reveal().encode("utf-8"), bound)
        return f"{_VERSION}.{key.id}.{_encoded(sealed)}"

    def decrypt(self, credential: Credential) -> Secret:
        keys = read_keys(self._text)
        form = _FORM.fullmatch(credential.encrypted_token)
        if form is not None:
            return _open(credential, keys, key_id=form[1], text=form[2])
        legacy = _LEGACY.fullmatch(credential.encrypted_token)
        if legacy is not None:
            return _open_legacy(
                credential, keys, *(bytes.fromhex(part) for part in legacy.groups())
            )
        raise _altered(credential, "it is in no known format")


def key_id_of(encrypted_token: str) -> str | None:
    """Id of the key a stored token needs; None for the predecessor's rows, which do not say."""
    form = _FORM.fullmatch(encrypted_token)
    return None if form is None else form[1]


def _open(credential: Credential, keys: Sequence[Key], *, key_id: str, text: str) -> Secret:
    key = next((key for key in keys if key.id == key_id), None)
    if key is None:
        present = ", ".join(k.id for k in keys)
        raise Permanent(
            f"credential {credential.name!r} ({credential.id}) needs key {key_id}; "
            f"the keys that are set are {present}",
            hint="add that key to CREDENTIAL_ENCRYPTION_KEY, or store the token again",
        )
    sealed = _decoded(text)
    bound = _bound_to(credential.id, credential.provider, credential.host, key)
    opened = _unseal(key, sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
    if opened is None:
        raise _altered(credential, f"key {key.id} does not fit")
    return opened


def _open_legacy(
    credential: Credential, keys: Sequence[Key], vector: bytes, ciphertext: bytes, tag: bytes
) -> Secret:
    for key in keys:
        opened = _unseal(key, vector, ciphertext + tag, None)
        if opened is not None:
            return opened
    present = ", ".join(key.id for key in keys)
    raise _altered(credential, f"none of the keys {present} fits its old format")


def _unseal(key: Key, nonce: bytes, sealed: bytes, bound: bytes | None) -> Secret | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return Secret(AESGCM(key.secret).decrypt(nonce, sealed, bound).decode("utf-8"))
    except (InvalidTag, ValueError):  # ValueError: too short a nonce, or no text
        return None


def _bound_to(credential_id: str, provider: Provider, host: str, key: Key) -> bytes:
    parts = (_VERSION, _PURPOSE, credential_id, provider.value, host, key.id)
    assert not any("\0" in part for part in parts)
    return "\0".join(parts).encode("utf-8")


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    """b'' for what is not the one way to write its bytes: the last character has spare bits, and
    not even those may be altered unnoticed."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
    return data if _encoded(data) == text else b""


def _altered(credential: Credential, why: str) -> Permanent:
    return Permanent(
        f"the token of credential {credential.name!r} ({credential.id}) cannot be decrypted: {why}",
        hint="its row was changed, or the key is another: store the token again with "
        "`prism credential add`",
    )
