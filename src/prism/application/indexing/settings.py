"""The settings of an index that decide which facts it holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from prism.domain.errors import InvalidInput
from prism.domain.facts.structure import FILE_BYTES_MAX
from prism.domain.globs import Glob
from prism.domain.values import Json, JsonObject

HISTORY_LIMIT_MAX = 100_000
PATTERNS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """``include`` and ``exclude`` are patterns as in gitattributes(5); a pattern that matches a
    directory covers all below it. With ``include`` only what it covers has code facts, and what
    ``exclude`` covers never has."""

    store_source: bool = True
    history_limit: int = 1000
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def with_options(self, options: JsonObject) -> "IndexSettings":
        """These settings with the options of one job on top.

        Raises InvalidInput, naming the option, for an unknown one or one of the wrong type.
        """
        changed = self
        for name, value in options.items():
            if name == "store_source" and isinstance(value, bool):
                changed = replace(changed, store_source=value)
            elif name == "history_limit" and _is_count(value):
                changed = replace(changed, history_limit=int(str(value)))
            elif name == "include":
                changed = replace(changed, include=_patterns(name, value))
            elif name == "exclude":
                changed = replace(changed, exclude=_patterns(name, value))
            else:
                raise _unusable(name)
        return changed

    def as_json(self, extractors: Mapping[str, str]) -> dict[str, Json]:
        """As stored with a run. *extractors*: language -> version of its extractor."""
        return {
            "store_source": self.store_source,
            "history_limit": self.history_limit,
            "file_bytes_max": FILE_BYTES_MAX,
            "include": list(self.include),
            "exclude": list(self.exclude),
            "extractors": dict(sorted(extractors.items())),
        }


def same_settings(one: JsonObject, other: JsonObject) -> bool:
    """Equal as JSON, whatever containers hold them."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _is_count(value: Json) -> bool:
    return type(value) is int and 0 <= value <= HISTORY_LIMIT_MAX


def _patterns(name: str, value: Json) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > PATTERNS_MAX:
        raise _unusable(name)
    patterns = tuple(str(pattern).rstrip("/") for pattern in value)
    if any(Glob.of(pattern) is None for pattern in patterns):
        raise _unusable(name)
    return patterns


def _unusable(name: str) -> InvalidInput:
    return InvalidInput(
        f"the option {name!r} of an index job is unknown or cannot be used as given",
        hint=f"store_source: true or false; history_limit: 0 to {HISTORY_LIMIT_MAX}; include and "
        f"exclude: lists of at most {PATTERNS_MAX} patterns",
    )
