"""JSON as TypeScript reads it: with comments, trailing commas and a byte order mark."""

import json
import re
from collections.abc import Mapping

from prism.domain.values import Json, JsonObject

_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_COMMENT = re.compile(rf"({_STRING})|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_TRAILING_COMMA = re.compile(rf"({_STRING})|,(?=\s*[}}\]])", re.DOTALL)


def load(text: str) -> JsonObject:
    """The object in *text*; raises ValueError where there is none."""
    plain = _COMMENT.sub(lambda match: match.group(1) or " ", text.removeprefix("\ufeff"))
    plain = _TRAILING_COMMA.sub(lambda match: match.group(1) or "", plain)
    try:
        value: Json = json.loads(plain, strict=False)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def text_in(table: JsonObject, key: str) -> str:
    """The string at *key*, '' if there is none."""
    value = table.get(key)
    return value if isinstance(value, str) else ""


def object_in(table: JsonObject, key: str) -> JsonObject:
    """The object at *key*, an empty one if there is none."""
    value = table.get(key)
    return value if isinstance(value, Mapping) else {}


def texts_in(table: JsonObject, key: str) -> list[str]:
    """The strings in the list at *key*."""
    value = table.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
