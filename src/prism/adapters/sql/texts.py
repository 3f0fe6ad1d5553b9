"""Texts that databases refuse, stored reversibly: NUL and the lone surrogates of odd file names.

A path whose bytes are no UTF-8 holds lone surrogates (PEP 383), a docstring may hold NUL. Postgres
takes neither, SQLite no surrogates. Each is written as U+001A SUBSTITUTE and four hex digits, and
so is U+001A itself; every other text is stored as it is.
"""

import json
import re
from collections.abc import Mapping, Sequence

from sqlalchemy import JSON, Dialect, Text
from sqlalchemy.types import TypeDecorator

from prism.domain.values import Json

_ODD = re.compile("[\x00\x1a\ud800-\udfff]")
_MARK = "\x1a"
_WRITTEN = re.compile(_MARK + "([0-9a-f]{4})")

#: Is there anything to encode? The search of one joined text is far cheaper than one per value.
is_odd = _ODD.search


def encode_text(text: str) -> str:
    """The form in which *text* is stored."""
    return _ODD.sub(lambda found: f"{_MARK}{ord(found[0]):04x}", text)


def decode_text(stored: str) -> str:
    """The text that was stored."""
    if _MARK not in stored:
        return stored
    return _WRITTEN.sub(lambda found: chr(int(found[1], 16)), stored)


def encode_json(value: Json) -> str:
    """JSON text with every string of it (keys too) in its stored form. Tuples become lists."""
    return json.dumps(_encoded(value), ensure_ascii=False, separators=(",", ":"))


def _encoded(value: Json) -> Json:
    if isinstance(value, str):
        return encode_text(value)
    if isinstance(value, Mapping):
        return {encode_text(name): _encoded(inner) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [_encoded(inner) for inner in value]
    return value


def _decoded(value: Json) -> Json:
    if isinstance(value, str):
        return decode_text(value)
    if isinstance(value, Mapping):
        return {decode_text(name): _decoded(inner) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [_decoded(inner) for inner in value]
    return value


class AnyText(TypeDecorator[str]):
    """Any text. Compared and ordered by its bytes, so that no index depends on a server's locale
    or its version of it."""

    impl = Text
    cache_ok = True

    def __init__(self) -> None:
        super().__init__()

    def load_dialect_impl(self, dialect: Dialect) -> Text:
        return Text(collation="C" if dialect.name == "postgresql" else None)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else encode_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else decode_text(value)


class AnyJson(TypeDecorator[Json]):
    """JSON with any texts in it; None is SQL's NULL.

    ``json`` on Postgres, not ``jsonb``, which would turn 1e22 into an integer and -0.0 into 0.
    """

    impl = JSON
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(none_as_null=True)

    def process_bind_param(self, value: Json, dialect: Dialect) -> Json:  # noqa: ARG002
        return _encoded(value)

    def process_result_value(self, value: Json, dialect: Dialect) -> Json:  # noqa: ARG002
        return _decoded(value)
