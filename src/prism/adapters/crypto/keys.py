"""The key ring: its text, its keys and their ids."""

import base64
import binascii
import hashlib
import re
import secrets
from typing import NamedTuple

from prism.domain.credentials import Secret
from prism.domain.errors import InvalidInput

KEY_VARIABLE = "CREDENTIAL_ENCRYPTION_KEY"
KEY_BYTES = 32


class Key(NamedTuple):
    """``id``: 8 hex digits that name the key and tell nothing of it."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.id})"


def generate_key() -> str:
    """A new key as 64 hex digits, from the system's random source."""
    return secrets.token_hex(KEY_BYTES)


def read_keys(text: Secret | None) -> tuple[Key, ...]:
    """The keys of a comma list, without repetition; the first one encrypts.

    Raises InvalidInput, which tells the length of what was given and never the text.
    """
    if text is None or not text.reveal().strip():
        raise InvalidInput(
            f"{KEY_VARIABLE} is not set",
            hint="set it to the key that the tokens were stored with; "
            "`prism credential keygen` makes a first one",
        )
    parts = [part.strip() for part in text.reveal().split(",")]
    keys = [_key(part, number, len(parts)) for number, part in enumerate(parts, 1)]
    return tuple({key.id: key for key in keys}.values())


def _key(text: str, number: int, count: int) -> Key:
    secret = _decode(text)
    if len(secret) == KEY_BYTES:
        return Key(hashlib.sha256(b"prism key id\0" + secret).hexdigest()[:8], secret)
    which = KEY_VARIABLE if count == 1 else f"key {number} of {count} in {KEY_VARIABLE}"
    raise InvalidInput(
        f"{which} has {_measured(text, secret)}; 64 hex digits, or base64 of {KEY_BYTES} bytes, "
        "are needed",
        hint="`prism credential keygen` makes a key",
    )


def _measured(text: str, secret: bytes) -> str:
    if re.fullmatch(r"[0-9A-Fa-f]+", text):
        return f"{len(text)} hex digits"
    return f"{len(text)} characters" + (f" ({len(secret)} bytes)" if secret else "")


def _decode(text: str) -> bytes:
    """The bytes of hex or base64 (either alphabet, padded or not); b'' for anything else."""
    if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        return bytes.fromhex(text)
    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
