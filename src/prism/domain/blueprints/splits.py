"""Which part of a file can go to a module of its own without importing the file back."""

from collections.abc import Sequence
from typing import NamedTuple

from prism.domain import graph
from prism.domain.blueprints.cut_methods import new_module, root_name
from prism.domain.blueprints.finished_graph import FinishedGraph
from prism.domain.blueprints.material import PlanMaterial
from prism.domain.blueprints.mentions import Definitions
from prism.domain.facts.runs import Resolution, ResolvedImport

_LINES_MIN = 40
#: A part is worth moving from this share of the file's definitions on, and up to that one.
_SHARE_MIN, _SHARE_MAX = 0.1, 0.6


class Split(NamedTuple):
    """``names`` need nothing else of ``path``; ``lines`` is what they take of it.

    ``apart``: nor does the rest need them. ``carried`` are the imports that they name, ``users``
    the imports of other files that take one of them from ``path``.
    """

    path: str
    names: tuple[str, ...]
    lines: int
    to: str
    apart: bool
    carried: tuple[ResolvedImport, ...]
    users: tuple[ResolvedImport, ...]


def best_split(material: PlanMaterial, finished: FinishedGraph, known: Definitions) -> Split | None:
    """The largest part that is apart from the rest, else the largest that the rest may need.

    None when no part has a fit size, or what it imports leads back to the file.
    """
    total = known.lines(known.spans)
    parts = [(True, names) for names in _components(known)]
    parts += [(False, closure) for name in known.spans if (closure := known.closure([name]))]
    fitting = [
        (apart, known.lines(names), names)
        for apart, names in parts
        if max(_LINES_MIN, _SHARE_MIN * total) <= known.lines(names) <= _SHARE_MAX * total
    ]
    for apart, lines, names in sorted(fitting, key=lambda each: (not each[0], -each[1], each[2])):
        carried = _carried(material, known, names)
        if all(_leads_away(finished, known.path, row) for row in carried):
            return Split(
                path=known.path,
                names=names,
                lines=lines,
                to=new_module(known.path, _largest(known, names), set(material.files)),
                apart=apart,
                carried=carried,
                users=_users(material, known.path, names),
            )
    return None


def _components(known: Definitions) -> list[tuple[str, ...]]:
    """Definitions that are joined by mentions, whichever direction."""
    names = list(known.spans)
    place = {name: at for at, name in enumerate(names)}
    pairs = [
        (place[name], place[word]) for name in names for word in known.words[name] if word in place
    ]
    rows = graph.from_edges(len(names), [*pairs, *((target, source) for source, target in pairs)])
    return [
        tuple(names[node] for node in component) for component in graph.strongly_connected(rows)
    ]


def _carried(
    material: PlanMaterial, known: Definitions, names: Sequence[str]
) -> tuple[ResolvedImport, ...]:
    words = known.mentioned(names)
    rows = material.imports_of.get(known.path, ())
    return tuple(row for row in rows if row.local in words)


def _leads_away(finished: FinishedGraph, path: str, row: ResolvedImport) -> bool:
    """What a part imports must not reach its old file, which will import the part."""
    if row.status != Resolution.INTERNAL or row.target not in finished.place:
        return True
    return row.target != path and finished.route(row.target, path) is None


def _users(material: PlanMaterial, path: str, names: Sequence[str]) -> tuple[ResolvedImport, ...]:
    """Imports by other files that take one of *names* through *path*."""
    return tuple(
        row
        for row in material.importers_of.get(path, ())
        if row.path != path and row.target == path and row.home == path and root_name(row) in names
    )


def _largest(known: Definitions, names: Sequence[str]) -> str:
    return max(names, key=lambda name: (known.lines([name]), name))
