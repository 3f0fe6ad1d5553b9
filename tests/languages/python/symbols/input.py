"""Symbols: kinds, nesting, visibility, flags."""

import abc
import enum
from functools import cached_property
from typing import Final, Protocol, overload

LIMIT = 10
ratio: Final = 0.5
counter: int = 0
first, _second = 1, 2
counter = 5


def plain(a, b: int = LIMIT, *rest, key=None, **others) -> str:
    """Says what it does."""

    def inner():
        pass

    return inner


async def waits(): ...


def generates():
    yield from plain(1)


@overload
def over(x: int) -> int: ...
@overload
def over(x: str) -> str: ...
def over(x): return x


def _hidden(): "not public"


class Base(Protocol):
    """An interface."""

    @abc.abstractmethod
    def must(self): ...


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


@decorate(kind="x")
@other.decorator
class Child(Base, metaclass=abc.ABCMeta):
    r"""Raw \n docstring."""

    attribute: int = 3
    __secret = 1

    def __init__(self): self.x = 1

    @property
    def size(self) -> int: return 1

    @size.setter
    def size(self, value): self._size = value

    @staticmethod
    def s(): ...

    @classmethod
    def c(cls): ...

    @cached_property
    def cached(self): return self.size

    class Inner:
        def deep(self): ...


if LIMIT:
    def conditional(): ...
else:
    def conditional(): ...

type Alias[T] = list[T]


def generic[T: Base](value: T) -> T: return value
