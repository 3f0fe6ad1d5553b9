"""No text leaves with the token, in whatever form, or with what could steer a terminal."""

import base64
import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism.adapters.git.scrub import PIECE, TEXT_LENGTH_MAX, Scrubber
from prism.domain.credentials import Secret

TOKEN = "s3cr3t+Token/of=the~tests%0123456789"
PRINTABLE = string.ascii_letters + string.digits + string.punctuation

tokens = st.text(PRINTABLE, min_size=8, max_size=60)
usernames = st.text(string.ascii_letters + "-", max_size=20)
around = st.text(max_size=40)


def basic(username: str, token: str) -> str:
    return base64.b64encode(f"{username}:{token}".encode()).decode()


@pytest.mark.parametrize(
    "leak",
    [
        TOKEN,
        TOKEN.upper(),
        quote(TOKEN, safe=""),
        quote(TOKEN, safe="").lower(),
        quote(quote(TOKEN, safe=""), safe=""),
        basic("x-access-token", TOKEN),
        base64.b64encode(TOKEN.encode()).decode(),
        base64.urlsafe_b64encode(TOKEN.encode()).decode(),
        TOKEN[3:20],
    ],
)
def test_every_form_of_the_token_is_masked(leak: str) -> None:
    scrubbed = Scrubber(Secret(TOKEN), username="x-access-token")(f"before {leak} after")
    assert scrubbed.startswith("before ")
    assert scrubbed.endswith(" after")
    pieces = {leak[i : i + PIECE] for i in range(len(leak) - PIECE + 1)}
    assert not {piece for piece in pieces if piece in scrubbed}


def test_a_header_with_another_user_name_keeps_nothing_of_the_token() -> None:
    header = basic("somebody-else", TOKEN)
    scrubbed = Scrubber(Secret(TOKEN), username="x-access-token")(f"before {header} after")
    # what is left: the name, and the base64 digits that hold only a few bits of the token's ends
    assert scrubbed == f"before {base64.b64encode(b'somebody-else').decode()[:16]}ZTp***k= after"


@given(tokens, usernames, around, around)
def test_no_piece_of_the_token_survives_in_any_form(
    token: str, username: str, before: str, after: str
) -> None:
    scrub = Scrubber(Secret(token), username=username)
    for form in (token, quote(token, safe=""), basic(username, token)):
        scrubbed = scrub(before + form + after).lower()
        for start in range(len(token) - PIECE + 1):
            assert token[start : start + PIECE].lower() not in scrubbed
        assert form.lower() not in scrubbed


@given(tokens, st.integers(0, 80), st.integers(0, 80))
def test_a_text_that_was_cut_within_the_token_keeps_nothing_of_it(
    token: str, start: int, stop: int
) -> None:
    text = f"Authorization {token} end"[start : len(token) + stop]
    scrubbed = Scrubber(Secret(token))(text)
    assert not any(token[i : i + PIECE] in scrubbed for i in range(len(token) - PIECE + 1))


@given(st.text(max_size=300))
def test_the_result_is_one_printable_line_of_limited_length(text: str) -> None:
    scrubbed = Scrubber()(text * 20)
    assert len(scrubbed) <= TEXT_LENGTH_MAX
    assert all(c.isprintable() or c == "\xa0" for c in scrubbed)


@given(st.text(max_size=200))
def test_scrubbing_again_changes_nothing_that_matters(text: str) -> None:
    scrub = Scrubber(Secret(TOKEN))
    assert TOKEN not in scrub(scrub(text + TOKEN))


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://user:pa@ss@host.example/x", "https://***@host.example/x"),
        ("HTTPS://token@host.example/x", "HTTPS://***@host.example/x"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: ***"),
        ("proxy-authorization=Bearer abc", "proxy-authorization= ***"),
        ("sent Basic dXNlcjpwYXNz here", "sent Basic *** here"),
        ("GET /x?access_token=abc&b=1", "GET /x?access_token=***&b=1"),
        ("key ghp_0123456789abcdefghijABCDEFGHIJ!", "key ***!"),
        ("key glpat-0123456789abcdefghij", "key ***"),
        ("github_pat_11AAAAAAA0123456789_abcdefghijk", "***"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("one\ntwo\r\n\n  three ", "one; two; three"),
        ("red \x1b[31mtext\x07", "red ?[31mtext?"),
        ("left\u202eright", "left?right"),
        ("fatal: repository 'https://host/x/' not found",
         "fatal: repository 'https://host/x/' not found"),
    ],
)  # fmt: skip
def test_what_looks_like_a_credential_of_anyone_is_masked(text: str, clean: str) -> None:
    assert Scrubber()(text) == clean


def test_a_short_token_is_masked_as_a_whole() -> None:
    assert Scrubber(Secret("pass5"))("a pass5 b PASS5") == "a *** b ***"


def test_masks_that_meet_do_not_make_a_new_token() -> None:
    assert Scrubber(Secret("***aaaaa"))("***aaaaaaaaaa") == "***"
