"""Texts that databases refuse are stored reversibly, and all others as they are."""

from hypothesis import given, settings
from hypothesis import strategies as st

from prism.adapters.sql.texts import decode_text, encode_json, encode_text

_any_text = st.text(st.characters(exclude_categories=()))


@given(text=_any_text)
@settings(max_examples=200)
def test_every_text_comes_back(text: str) -> None:
    assert decode_text(encode_text(text)) == text


@given(text=_any_text)
@settings(max_examples=200)
def test_what_is_stored_is_utf8_without_nul(text: str) -> None:
    assert b"\0" not in encode_text(text).encode("utf-8")


@given(text=st.text())
def test_ordinary_text_is_stored_as_it_is(text: str) -> None:
    ordinary = text.replace("\x00", "").replace("\x1a", "")
    assert encode_text(ordinary) == ordinary


def test_text_that_looks_encoded_is_not_taken_for_it() -> None:
    assert encode_text("\x1a0041") == "\x1a001a0041"
    assert decode_text("\x1a001a0041") == "\x1a0041"


def test_json_of_odd_texts_is_what_databases_take() -> None:
    assert encode_json({"caf\udce9": ("\x00", 1.0)}) == '{"caf\\u001adce9":["\\u001a0000",1.0]}'
