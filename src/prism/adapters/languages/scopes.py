"""Lexical scopes of one file: what a name stands for where it is used."""

from prism.domain.facts.structure import NONE

MODULE = "module"
CLASS = "class"
FUNCTION = "function"
BLOCK = "block"

#: (binding, symbol) of a name; both NONE for a plain local variable or an unknown name.
Meaning = tuple[int, int]
UNKNOWN: Meaning = (NONE, NONE)


class Scope:
    """One scope: its names, and names it hands to another scope (Python's ``global``).

    ``meanings`` is for whoever looks up many chains: what their first names stand for here.
    """

    __slots__ = ("forwards", "kind", "meanings", "names", "parent")

    def __init__(self, kind: str, parent: int) -> None:
        self.kind = kind
        self.parent = parent
        self.names: dict[str, Meaning] = {}
        self.forwards: dict[str, int] = {}
        self.meanings: dict[str, Meaning] = {}


class ScopeTable:
    """Scopes of one file by number; 0 is the module's.

    A class scope is seen from its own statements only, not from what is nested in it: in Python by
    the language's rule, in ECMAScript because members are only reached through ``this``.
    """

    def __init__(self) -> None:
        self.scopes: list[Scope] = [Scope(MODULE, NONE)]

    def open(self, kind: str, parent: int) -> int:
        self.scopes.append(Scope(kind, parent))
        return len(self.scopes) - 1

    def nearest(self, scope: int, *kinds: str) -> int:
        """The innermost scope at or around *scope* of one of *kinds*; the module's if none."""
        while scope > 0 and self.scopes[scope].kind not in kinds:
            scope = self.scopes[scope].parent
        return max(scope, 0)

    def declare(self, scope: int, name: str, *, binding: int = NONE, symbol: int = NONE) -> None:
        """Say that *name* exists in *scope*. The first binding and the first symbol stay: of
        ``try: import a as x`` / ``except ImportError: x = None`` it is the import."""
        forward = self.scopes[scope].forwards.get(name)
        names = self.scopes[scope if forward is None else forward].names
        known = names.get(name)
        if known is None:
            names[name] = (binding, symbol)
        elif NONE in known:
            names[name] = (
                binding if known[0] == NONE else known[0],
                symbol if known[1] == NONE else known[1],
            )

    def declare_variable(self, scope: int, name: str) -> None:
        """The same for a plain variable, which is what most names are."""
        here = self.scopes[scope]
        if name not in here.names:
            if here.forwards:
                self.declare(scope, name)
            else:
                here.names[name] = UNKNOWN

    def forward(self, scope: int, name: str, target: int) -> None:
        """From here on *name* in *scope* means *name* in scope *target*."""
        self.scopes[scope].forwards[name] = target

    def lookup(self, scope: int, name: str) -> Meaning:
        """What *name* stands for when used in *scope*."""
        scopes = self.scopes
        here = scopes[scope]
        found = here.names.get(name)
        if found is not None and not here.forwards:
            return found
        start = scope
        while scope != NONE:
            here = scopes[scope]
            forward = here.forwards.get(name)
            if forward is not None and forward != scope:
                scope = forward
                continue
            if here.kind != CLASS or scope == start:
                found = here.names.get(name)
                if found is not None:
                    return found
            scope = here.parent
        return UNKNOWN
