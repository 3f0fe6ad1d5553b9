"""Contract of ``TokenEncryptor`` with ``TokenDecryptor``: what one wrote, the other reads."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from prism.application.ports.tokens import TokenDecryptor, TokenEncryptor
from prism.domain.credentials import Credential, Provider, Secret
from prism.domain.errors import Permanent

TOKEN = "a-token-of-the-tests-0123456789"


class Cipher(TokenDecryptor, TokenEncryptor, Protocol):
    """Both ports in one object, as the container gives it."""


def stored(cipher: TokenEncryptor, token: str = TOKEN) -> Credential:
    """A credential whose row was written by *cipher*."""
    provider, host = Provider.GITLAB, "git.example:8443"
    encrypted = cipher.encrypt(Secret(token), credential_id="9f1c", provider=provider, host=host)
    return Credential(
        id="9f1c", name="ci", username="oauth2", encrypted_token=encrypted,
        created_at=datetime(2026, 1, 1, tzinfo=UTC), provider=provider, host=host,
    )  # fmt: skip


class TokenCipherContract:
    """Subclasses give ``cipher``."""

    @pytest.fixture
    def cipher(self) -> Cipher:
        raise NotImplementedError

    @pytest.mark.parametrize("token", [TOKEN, "x", "ü and\ttab", "t" * 4096])
    def test_a_token_comes_back_as_it_was(self, cipher: Cipher, token: str) -> None:
        assert cipher.decrypt(stored(cipher, token)).reveal() == token

    def test_the_stored_text_does_not_show_the_token(self, cipher: Cipher) -> None:
        assert TOKEN not in stored(cipher).encrypted_token

    @pytest.mark.parametrize(
        "change",
        [
            {"id": "9f1d"}, {"provider": Provider.GENERIC}, {"host": "evil.example"},
            {"host": "git.example"},
        ],
        ids=str,
    )  # fmt: skip
    def test_a_row_moved_to_another_credential_provider_or_host_is_not_decrypted(
        self, cipher: Cipher, change: dict[str, Any]
    ) -> None:
        with pytest.raises(Permanent, match="ci") as caught:
            cipher.decrypt(replace(stored(cipher), **change))
        assert TOKEN not in str(caught.value)
        assert caught.value.hint

    @pytest.mark.parametrize("text", ["", "rubbish", "prism1.", "plain.", "ü"])
    def test_what_it_did_not_write_is_not_decrypted(self, cipher: Cipher, text: str) -> None:
        with pytest.raises(Permanent):
            cipher.decrypt(replace(stored(cipher), encrypted_token=text))

    def test_name_and_user_name_are_not_part_of_what_is_bound(self, cipher: Cipher) -> None:
        renamed = replace(stored(cipher), name="other", username="me")
        assert cipher.decrypt(renamed).reveal() == TOKEN

    def test_it_names_its_keys(self, cipher: Cipher) -> None:
        assert len(cipher.key_ids()) >= 1
