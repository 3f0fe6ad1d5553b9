"""Plain tokens pass the contract of the encrypted ones."""

import pytest
from tests.contracts.token_cipher import Cipher, TokenCipherContract

from prism.adapters.memory.tokens import PlainTokens


class TestPlainTokens(TokenCipherContract):
    @pytest.fixture
    def cipher(self) -> Cipher:
        return PlainTokens()
