"""The steps of a cut in words: which statement to replace by what, with the facts for it."""

from collections.abc import Mapping
from itertools import pairwise

from prism.domain.blueprints.citations import Citations, code
from prism.domain.blueprints.cut_methods import Method, Rewrite
from prism.domain.blueprints.drafts import listed, say, unique
from prism.domain.blueprints.finished_graph import FinishedGraph
from prism.domain.blueprints.material import PlanMaterial
from prism.domain.blueprints.mentions import Definitions
from prism.domain.blueprints.model import Step
from prism.domain.facts.runs import CutEdge, ResolvedImport
from prism.domain.findings.basis import counted

_SPANS_CITED_MAX = 8
_ROUTE_CITED_MAX = 4


class CutSteps:
    """Writes the steps; every one cites the import it is about."""

    def __init__(
        self,
        material: PlanMaterial,
        finished: FinishedGraph,
        definitions: Mapping[str, Definitions],
        citations: Citations,
    ) -> None:
        self._material = material
        self._finished = finished
        self._definitions = definitions
        self._citations = citations
        code_paths = material.code.paths
        self._deferred = {
            (code_paths[arc.source], code_paths[arc.target])
            for arc in material.code.arcs
            if not arc.eager
        }

    def step(self, cut: CutEdge, rewrite: Rewrite) -> Step:
        write = {
            Method.OWN: self._own,
            Method.RETARGET: self._retarget,
            Method.MOVE: self._move,
            Method.INVERT: self._invert,
        }[rewrite.method]
        return write(cut, rewrite)

    def _own(self, cut: CutEdge, rewrite: Rewrite) -> Step:
        text = (
            f"{_place(cut, rewrite)} drop {_names(rewrite)} from {code(cut.target)}: this file "
            "defines it itself"
        )
        return Step(
            action=say(text, *self._imports(cut, rewrite), *self._homes(rewrite)),
            paths=(cut.source,),
        )

    def _retarget(self, cut: CutEdge, rewrite: Rewrite) -> Step:
        where = self._material.files.get(rewrite.to)
        named = where is not None and where.language == "python" and where.module
        module = f" (module {code(named)})" if named else ""
        text = (
            f"{_place(cut, rewrite)} take {_names(rewrite)} from {code(rewrite.to)}{module}, "
            f"{_why_there(rewrite, defined=where is not None)}, instead of "
            f"{code(cut.target)}"
        )
        return Step(
            action=say(text, *self._imports(cut, rewrite), *self._homes(rewrite)),
            paths=(cut.source,),
        )

    def _move(self, cut: CutEdge, rewrite: Rewrite) -> Step:
        home = rewrite.rows[0].home or cut.target
        known = self._definitions[home]
        spans = [(home, *known.span(name)) for name in rewrite.moved[:_SPANS_CITED_MAX]]
        new = rewrite.to not in self._material.files
        moved = listed([code(name) for name in rewrite.moved])
        where = f"a new module, for example {code(rewrite.to)}," if new else "here"
        route = self._route(cut) if not new else ("", ())
        them = "them" if len(rewrite.moved) > 1 else "it"
        text = (
            f"{_place(cut, rewrite)} replace the import of {_names(rewrite)} from "
            f"{code(cut.target)}: move {moved} "
            f"({counted(known.lines(rewrite.moved), 'line')} of {code(home)}, naming nothing else "
            f"there) to {where} and import {them} back where {code(home)} and others use {them}"
            f"{route[0]}"
        )
        return Step(
            action=say(
                text,
                *self._imports(cut, rewrite),
                *(self._citations.lines(*span) for span in spans),
                *route[1],
            ),
            paths=unique((cut.source, home, rewrite.to)),
        )

    def _invert(self, cut: CutEdge, rewrite: Rewrite) -> Step:
        route, cited = self._route(cut)
        reason = f" (no lighter way: {rewrite.because})" if rewrite.because else ""
        late = (
            " runs late already, which hides the circle; instead of it" if self._late(cut) else ""
        )
        text = (
            f"{_place(cut, rewrite)} {'the' if late else 'replace the'} import of "
            f"{_names(rewrite)} from {code(cut.target)}{late or ':'} take what is needed as a "
            f"parameter, or declare a protocol here that {code(cut.target)} fulfils, and hand it "
            f"in from there{route}{reason}"
        )
        return Step(
            action=say(text, *self._imports(cut, rewrite), *cited),
            paths=(cut.source, cut.target),
        )

    def _route(self, cut: CutEdge) -> tuple[str, tuple[str, ...]]:
        """Why the other direction stays: the target reaches the source by imports that stay."""
        route = self._finished.route(cut.target, cut.source)
        if route is None or len(route) < 2:
            return "", ()
        cited = [
            self._citations.edge(source, target, line)
            for source, target in pairwise(route)
            if (line := self._finished.line(source, target))
        ]
        chain = " → ".join(code(path) for path in route[:_ROUTE_CITED_MAX])
        more = "" if len(route) <= _ROUTE_CITED_MAX else f" → … ({len(route)} files)"
        return f"; {chain}{more} is the direction that stays", tuple(cited[:_ROUTE_CITED_MAX])

    def _late(self, cut: CutEdge) -> bool:
        """Do all the cut statements run only when a function is called?"""
        return (cut.source, cut.target) in self._deferred

    def _imports(self, cut: CutEdge, rewrite: Rewrite) -> list[str]:
        return [self._citations.edge(cut.source, cut.target, line) for line in _lines(cut, rewrite)]

    def _homes(self, rewrite: Rewrite) -> list[str]:
        """Where the names are defined, as far as the index knows."""
        cited = []
        for row in rewrite.rows[:_SPANS_CITED_MAX]:
            for symbol in self._material.facts.symbols.get(row.home, ()):
                if symbol.qualname == row.home_symbol:
                    cited.append(
                        self._citations.lines(row.home, symbol.start_line, symbol.end_line)
                    )
                    break
        return cited


def _lines(cut: CutEdge, rewrite: Rewrite) -> list[int]:
    return sorted({row.line for row in rewrite.rows}) or list(cut.lines)


def _place(cut: CutEdge, rewrite: Rewrite) -> str:
    lines = [str(line) for line in _lines(cut, rewrite)]
    return f"In {code(cut.source)} line{'s' if len(lines) > 1 else ''} {listed(lines)}"


def _why_there(rewrite: Rewrite, *, defined: bool) -> str:
    several = len(unique(row.imported for row in rewrite.rows)) > 1
    if defined:
        return "where they are defined" if several else "where it is defined"
    return "where they move to" if several else "where it moves to"


def _names(rewrite: Rewrite) -> str:
    names = unique(_name(row) for row in rewrite.rows)
    return listed([code(name) for name in names if name]) or "the module"


def _name(row: ResolvedImport) -> str:
    return row.imported or row.module
