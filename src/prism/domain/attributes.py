"""What a repository says itself about its files: linguist marks in ``.gitattributes``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from prism.domain.globs import Glob

FILE_NAME = ".gitattributes"
#: Rules beyond these are ignored: each of them is tried on every path.
RULES_MAX = 300
_GENERATED, _VENDORED = "linguist-generated", "linguist-vendored"


class Marks(NamedTuple):
    """True and False are said by the repository, None leaves the question to conventions."""

    generated: bool | None = None
    vendored: bool | None = None


class _Rule(NamedTuple):
    glob: Glob
    settings: Mapping[str, bool | None]


@dataclass(frozen=True, slots=True)
class Attributes:
    """All rules of a tree, the strongest first: deeper files win, then later lines."""

    rules: tuple[_Rule, ...] = ()

    @staticmethod
    def of(files: Iterable[tuple[str, str]]) -> "Attributes":
        """Read (path, text) of the tree's ``.gitattributes`` files."""
        rules: list[_Rule] = []
        for path, text in sorted(files, key=lambda file: (file[0].count("/"), file[0])):
            directory = path.rpartition("/")[0]
            rules.extend(
                rule for line in text.splitlines() if (rule := _rule(line, directory)) is not None
            )
        return Attributes(tuple(rules[:RULES_MAX][::-1]))

    def marks(self, path: str) -> Marks:
        said: dict[str, bool | None] = {}
        for rule in self.rules:
            if any(name not in said for name in rule.settings) and rule.glob.matches(path):
                for name, value in rule.settings.items():
                    said.setdefault(name, value)
        return Marks(said.get(_GENERATED), said.get(_VENDORED))


def _rule(line: str, directory: str) -> _Rule | None:
    words = line.split()
    if len(words) < 2 or words[0].startswith("#"):
        return None
    settings = dict(
        setting for word in words[1:] if (setting := _setting(word))[0] in (_GENERATED, _VENDORED)
    )
    glob = Glob.of(words[0].strip('"'), directory) if settings else None
    return None if glob is None else _Rule(glob, settings)


def _setting(word: str) -> tuple[str, bool | None]:
    name, _, value = word.partition("=")
    if name.startswith("!"):
        return name[1:], None
    if name.startswith("-"):
        return name[1:], False
    return name, value.lower() != "false"
