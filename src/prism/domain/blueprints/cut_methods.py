"""How to cut one import: take the name from its home, move it, or invert who knows whom.

The choice follows facts. *Own*: the file defines the name itself. *Retarget*: the name's home is
another file than the one it is imported through, and importing the home closes no circle. *Move*:
the name with all it needs of its file is small, and what that imports closes no circle either.
*Invert*: nothing of that holds.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from posixpath import basename, dirname
from typing import NamedTuple

from prism.domain.blueprints.citations import code
from prism.domain.blueprints.finished_graph import FinishedGraph
from prism.domain.blueprints.material import PlanMaterial
from prism.domain.blueprints.mentions import Definitions
from prism.domain.facts.runs import CutEdge, Resolution, ResolvedImport

MOVED_LINES_MAX = 150
MOVED_NAMES_MAX = 8
#: A name that more files than this take from its file goes to a module of its own.
_OTHER_USERS_MAX = 2


class Method(StrEnum):
    OWN = "own"
    RETARGET = "retarget"
    MOVE = "move"
    INVERT = "invert"


class Rewrite(NamedTuple):
    """One way of dealing with some of the names of a cut import.

    ``to``: the home to import (retarget), where the definitions go (move), '' otherwise.
    ``moved``: names that move together. ``adds``: imports that the finished code has in addition.
    ``because``: why nothing lighter works.
    """

    method: Method
    rows: tuple[ResolvedImport, ...]
    to: str = ""
    moved: tuple[str, ...] = ()
    adds: tuple[tuple[str, str], ...] = ()
    because: str = ""


class _Moved(NamedTuple):
    """Where a name goes, and what goes with it."""

    to: str
    names: tuple[str, ...]


class CutMethods:
    """Chooses rewrites, and remembers what the chosen ones move and add to the finished graph.

    Ask in the order in which the cuts are made: a later one takes a name from where it is then.
    """

    def __init__(
        self,
        material: PlanMaterial,
        finished: FinishedGraph,
        definitions: Mapping[str, Definitions],
    ) -> None:
        self._material = material
        self._finished = finished
        self._definitions = definitions
        self._places: dict[tuple[str, str], _Moved] = {}  # by (home, name)
        self._shared: dict[str, str] = {}  # home -> the new module for what many take from it
        self._cut_sources: dict[str, set[str]] = {}
        for cut in material.facts.cut_edges:
            self._cut_sources.setdefault(cut.target, set()).add(cut.source)

    def rewrites(self, cut: CutEdge) -> list[Rewrite]:
        """One per way of dealing with the names that the cut statements import, by first line."""
        chosen: dict[tuple[Method, str, tuple[str, ...]], Rewrite] = {}
        for row in self._rows(cut):
            rewrite = self._choose(cut, row)
            key = (rewrite.method, rewrite.to, rewrite.moved)
            known = chosen.get(key)
            chosen[key] = (
                rewrite if known is None else known._replace(rows=(*known.rows, *rewrite.rows))
            )
            for source, target in rewrite.adds:
                self._finished.add(source, target)
        return list(chosen.values()) or [Rewrite(Method.INVERT, (), because="")]

    def _rows(self, cut: CutEdge) -> list[ResolvedImport]:
        """What the cut statements import; instead of a whole module the names used of it."""
        lines = set(cut.lines)
        rows: list[ResolvedImport] = []
        for row in self._material.imports_of.get(cut.source, ()):
            if row.target == cut.target and row.line in lines:
                rows += self._used_names(row) or [row]
        return rows

    def _used_names(self, row: ResolvedImport) -> list[ResolvedImport]:
        """For the import of a module: one row per name used of it; [] if one is not found."""
        known = self._definitions.get(row.path)
        if row.home_symbol or row.imported == "*" or known is None:
            return []
        found: list[ResolvedImport] = []
        for name in known.attributes(row.local):
            place = self._material.definition_of(row.home or row.target, name)
            if place is None:
                return []
            found.append(
                row._replace(imported=f"{row.local}.{name}", home=place[0], home_symbol=place[1])
            )
        return found

    def _choose(self, cut: CutEdge, row: ResolvedImport) -> Rewrite:
        if row.home == cut.source and row.home_symbol:
            return Rewrite(Method.OWN, (row,))
        if row.home and row.home != cut.target and self._finished.admits(cut.source, row.home):
            adds = ((cut.source, row.home),)
            return Rewrite(Method.RETARGET, (row,), to=row.home, adds=adds)
        moved = self._followed(cut, row) or self._move(cut, row)
        if isinstance(moved, Rewrite):
            return moved
        return Rewrite(Method.INVERT, (row,), because=moved)

    def _followed(self, cut: CutEdge, row: ResolvedImport) -> Rewrite | str:
        """Take a name from where an earlier cut moved it; '' when none did."""
        moved = self._places.get((row.home or cut.target, root_name(row)))
        if moved is None:
            return ""
        if moved.to == cut.source:
            return Rewrite(Method.MOVE, (row,), moved.to, moved.names)
        if moved.to not in self._finished.place:  # a new module: nothing it imports leads back
            return Rewrite(Method.RETARGET, (row,), to=moved.to)
        if self._finished.admits(cut.source, moved.to):
            return Rewrite(Method.RETARGET, (row,), to=moved.to, adds=((cut.source, moved.to),))
        return f"it moves to {code(moved.to)}, which leads back here"

    def _move(self, cut: CutEdge, row: ResolvedImport) -> Rewrite | str:
        """A move of the imported definition, or why there is none."""
        home = row.home or cut.target
        name = root_name(row)
        if not name:
            return "the whole module is imported"
        if home not in self._finished.place:
            return "its home is no production file with known text"
        known = self._definitions.get(home)
        moved = known.closure([name]) if known is not None else None
        if known is None or moved is None:
            return "its definition is not a top-level one with known text"
        lines, size = known.lines(moved), self._material.files[home].lines
        if lines > MOVED_LINES_MAX or len(moved) > MOVED_NAMES_MAX or 2 * lines > size:
            return (
                f"moving it would take {lines} of {size} lines along "
                f"({len(moved)} {'definition' if len(moved) == 1 else 'definitions'})"
            )
        if any((home, each) in self._places for each in moved):
            return "part of what it needs moves elsewhere"
        needed = self._needed(home, known, moved, but=cut.source)
        blocked = [path for path in needed if not self._finished.admits(cut.source, path)]
        if blocked:
            return f"its definition needs {code(blocked[0])}, which leads back here"
        if not self._finished.admits(home, cut.source):
            return "its file could not take it back from here"
        return self._moved(cut, row, moved, needed)

    def _moved(
        self, cut: CutEdge, row: ResolvedImport, moved: tuple[str, ...], needed: Sequence[str]
    ) -> Rewrite:
        home = row.home or cut.target
        others = {
            each.path
            for each in self._material.importers_of.get(home, ())
            if each.home == home and root_name(each) in moved
        } - {cut.source, home}
        adds = tuple((cut.source, path) for path in needed)
        shared = len(others) > _OTHER_USERS_MAX or others & self._cut_sources.get(cut.target, set())
        to = self._shared_module(home) if shared else cut.source
        if not shared:
            adds = (*adds, (home, cut.source))
        self._places |= {(home, name): _Moved(to, moved) for name in moved}
        return Rewrite(Method.MOVE, (row,), to, moved, adds)

    def _shared_module(self, home: str) -> str:
        """One new module beside *home* for all that goes to neither side of a cut."""
        if home not in self._shared:
            stem = basename(home).split(".", 1)[0].strip("_")
            name = "shared" if stem in ("init", "index") else f"{stem}_shared"
            taken = {*self._material.files, *self._shared.values()}
            self._shared[home] = new_module(home, name, taken)
        return self._shared[home]

    def _needed(
        self, home: str, known: Definitions, moved: Sequence[str], *, but: str
    ) -> list[str]:
        """Production files that the moved definitions import by names they mention."""
        words = known.mentioned(moved)
        targets = {
            row.home or row.target
            for row in self._material.imports_of.get(home, ())
            if row.status == Resolution.INTERNAL and (row.local in words or row.imported == "*")
        }
        return sorted(
            path for path in targets if path in self._finished.place and path not in (but, home)
        )


def root_name(row: ResolvedImport) -> str:
    """The top-level name that an import stands for in its home; '' for a module."""
    return row.home_symbol.split(".", 1)[0]


def new_module(beside: str, name: str, taken: set[str]) -> str:
    """A free path in the folder of *beside*, named after *name*, with the same ending."""
    folder, ending = dirname(beside), basename(beside).partition(".")[2]
    stem = _snake(name)
    for suffix in ("", "_part", *(f"_{number}" for number in range(2, 1000))):
        file = f"{stem}{suffix}.{ending}"
        path = f"{folder}/{file}" if folder else file
        if path not in taken:
            return path
    raise AssertionError(f"a thousand modules are called like {name}")


def _snake(name: str) -> str:
    """'CartItem' -> 'cart_item'; only letters, digits and underscores stay."""
    plain = "".join(each if each.isalnum() and each.isascii() else "_" for each in name)
    words: list[str] = []
    for at, each in enumerate(plain):
        if each.isupper() and at and not plain[at - 1].isupper() and plain[at - 1] != "_":
            words.append("_")
        words.append(each.lower())
    return "".join(words).strip("_") or "part"
