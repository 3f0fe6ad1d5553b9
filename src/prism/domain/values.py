"""Small values that every part of the domain shares."""

from collections.abc import Mapping, Sequence
from typing import Union

#: What JSON can hold. Recursive; immutable containers so that literals of any precision fit.
Json = Union[None, bool, int, float, str, Sequence["Json"], Mapping[str, "Json"]]  # noqa: UP007
JsonObject = Mapping[str, Json]
