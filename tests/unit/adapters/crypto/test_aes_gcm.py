"""AES-256-GCM tokens: format, key ring, tampering, and the predecessor's rows."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.token_cipher import TOKEN, Cipher, TokenCipherContract, stored

from prism.adapters.crypto.aes_gcm import AesGcmTokens, key_id_of
from prism.adapters.crypto.keys import generate_key, read_keys
from prism.domain.credentials import Credential, Secret
from prism.domain.errors import InvalidInput, Permanent

KEY = "00112233445566778899aabbccddeeff" * 2
OTHER_KEY = "ff" * 32
#: Fixed by the format: first 8 hex digits of SHA-256("prism key id\0" + key).
KEY_ID = "45596330"
LEGACY_TOKEN = "legacy-token-0123456789"
#: Made by the crypto module of Node 20, which Prism's predecessor used.
FROM_NODE = (
    "76767676767676767676767676767676:"
    "9ed22fb13336c788a7b0dd470a13e35a48a130de6e9d53:f7bf71b097cef6febafe5fad2ecb279e"
)


def tokens(keys: str = KEY) -> AesGcmTokens:
    return AesGcmTokens(Secret(keys))


def legacy(vector: bytes, key: str = KEY) -> str:
    sealed = AESGCM(bytes.fromhex(key)).encrypt(vector, LEGACY_TOKEN.encode(), None)
    return ":".join(part.hex() for part in (vector, sealed[:-16], sealed[-16:]))


CREDENTIAL = stored(tokens())


class TestAesGcm(TokenCipherContract):
    @pytest.fixture
    def cipher(self) -> Cipher:
        return tokens()


def test_the_format_says_version_and_key() -> None:
    version, key_id, text = CREDENTIAL.encrypted_token.split(".")
    assert (version, key_id) == ("prism1", tokens().key_ids()[0])
    assert len(base64.urlsafe_b64decode(text + "==")) == 12 + len(TOKEN) + 16
    assert key_id_of(CREDENTIAL.encrypted_token) == key_id


def test_the_same_token_is_never_encrypted_to_the_same_text() -> None:
    assert stored(tokens()).encrypted_token != stored(tokens()).encrypted_token


def test_key_ids_are_fixed_by_the_format() -> None:
    assert tokens().key_ids() == (KEY_ID,)


def test_a_row_of_an_earlier_release_is_still_read() -> None:
    text = (
        "prism1.45596330."
        "gjzzvcYWFzrrdmPBLNvc26I_6Q0UjHGt9ZpWD-crQXBlrZkJYeqvWdUDBL7fq11YPV8wzoEqfLtMSCQ"
    )
    assert tokens().decrypt(replace(CREDENTIAL, encrypted_token=text)).reveal() == TOKEN


@pytest.mark.parametrize("position", range(len(CREDENTIAL.encrypted_token)))
def test_no_altered_character_is_accepted(position: int) -> None:
    text = CREDENTIAL.encrypted_token
    for character in {"A", "b", "0", "-", "_", ".", "=", " "} - {text[position]}:
        altered = text[:position] + character + text[position + 1 :]
        with pytest.raises(Permanent):
            tokens().decrypt(replace(CREDENTIAL, encrypted_token=altered))


@given(st.binary(max_size=80))
def test_no_invented_row_is_accepted(data: bytes) -> None:
    text = base64.urlsafe_b64encode(data).decode().rstrip("=")
    invented = replace(CREDENTIAL, encrypted_token=f"prism1.{tokens().key_ids()[0]}.{text}")
    with pytest.raises(Permanent):
        tokens().decrypt(invented)


@given(st.text(max_size=80))
def test_any_text_in_a_row_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(Permanent) as caught:
        tokens().decrypt(replace(CREDENTIAL, encrypted_token=text))
    assert len(text) < 12 or text not in str(caught.value)


class TestKeyRing:
    def test_the_first_key_encrypts_and_all_decrypt(self) -> None:
        both = tokens(f"{OTHER_KEY}, {KEY}")
        assert both.decrypt(CREDENTIAL).reveal() == TOKEN
        assert key_id_of(stored(both).encrypted_token) == tokens(OTHER_KEY).key_ids()[0]
        assert len(both.key_ids()) == 2

    def test_an_unknown_key_is_named_with_those_that_are_there(self) -> None:
        with pytest.raises(Permanent) as caught:
            tokens(OTHER_KEY).decrypt(CREDENTIAL)
        assert KEY_ID in str(caught.value)
        assert tokens(OTHER_KEY).key_ids()[0] in str(caught.value)
        assert CREDENTIAL.id in str(caught.value)

    @pytest.mark.parametrize(
        "text",
        [
            KEY.upper(),
            f"  {KEY}\n",
            base64.b64encode(bytes.fromhex(KEY)).decode(),
            base64.b64encode(bytes.fromhex(KEY)).decode().rstrip("="),
            base64.urlsafe_b64encode(bytes.fromhex(KEY)).decode(),
            f"{KEY},{KEY}",
        ],
    )
    def test_a_key_may_be_written_in_several_ways(self, text: str) -> None:
        assert tokens(text).key_ids() == (KEY_ID,)

    @pytest.mark.parametrize("keys", [None, Secret(""), Secret("  \n")])
    def test_a_missing_key_is_named(self, keys: Secret | None) -> None:
        for use in (AesGcmTokens(keys).key_ids, lambda: AesGcmTokens(keys).decrypt(CREDENTIAL),
                    lambda: stored(AesGcmTokens(keys))):  # fmt: skip
            with pytest.raises(
                InvalidInput, match="CREDENTIAL_ENCRYPTION_KEY is not set"
            ) as caught:
                use()
            assert "keygen" in caught.value.hint

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (KEY[:-1], "KEY has 63 hex digits; 64 hex digits, or"),
            (base64.b64encode(b"k" * 31).decode(), "KEY has 44 characters (31 bytes); 64"),
            ("not a key!", "KEY has 10 characters; 64 hex digits"),
            (f"{KEY},", "key 2 of 2 in CREDENTIAL_ENCRYPTION_KEY has 0 characters"),
            (f"{KEY},abcde,{KEY}", "key 2 of 3 in CREDENTIAL_ENCRYPTION_KEY has 5 hex digits"),
        ],
    )
    def test_a_malformed_key_is_measured_and_not_shown(self, text: str, words: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            tokens(text).key_ids()
        assert words in str(caught.value)
        assert text not in str(caught.value)

    def test_a_new_key_is_a_key_and_new(self) -> None:
        assert tokens(generate_key()).key_ids() != tokens(generate_key()).key_ids()


class TestThePredecessorsRows:
    @pytest.mark.parametrize("vector", [b"v" * 16, b"v" * 12])
    def test_they_are_read_with_any_key_of_the_ring(self, vector: bytes) -> None:
        credential = replace(CREDENTIAL, encrypted_token=legacy(vector))
        assert tokens(f"{OTHER_KEY},{KEY}").decrypt(credential).reveal() == LEGACY_TOKEN

    def test_one_that_node_wrote_is_read(self) -> None:
        credential = replace(CREDENTIAL, encrypted_token=FROM_NODE)
        assert tokens().decrypt(credential).reveal() == LEGACY_TOKEN

    def test_they_say_no_key(self) -> None:
        assert key_id_of(legacy(b"v" * 16)) is None

    @pytest.mark.parametrize("position", [0, 40, -1])
    def test_an_altered_one_is_refused(self, position: int) -> None:
        text = list(legacy(b"v" * 16))
        text[position] = "0" if text[position] != "0" else "1"
        with pytest.raises(Permanent, match="old format"):
            tokens().decrypt(replace(CREDENTIAL, encrypted_token="".join(text)))


def test_nothing_shows_a_key_or_a_token() -> None:
    cipher = tokens()
    shown: list[object] = [cipher, read_keys(Secret(KEY)), cipher.decrypt(CREDENTIAL)]
    assert KEY not in repr(shown)
    assert str(bytes.fromhex(KEY)) not in repr(shown)
    assert TOKEN not in repr(shown)


def test_a_credential_is_shown_with_its_encrypted_token_only() -> None:
    assert isinstance(CREDENTIAL, Credential)
    assert TOKEN not in repr(CREDENTIAL)
