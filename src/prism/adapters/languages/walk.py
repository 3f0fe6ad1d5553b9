"""What a language's actions work with: the state of one walk over one file, and its findings."""

from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from tree_sitter import Node

from prism.adapters.languages.draft import Draft
from prism.adapters.languages.measures import Frame, body_hash, winnow
from prism.adapters.languages.scopes import CLASS, FUNCTION, ScopeTable
from prism.adapters.languages.texts import looks_like, marks_in
from prism.adapters.languages.words import (
    GUARD_NONE,
    GUARD_TYPE_CHECKING,
    ROLE_READ,
    ROLES,
    TIMING_DEFERRED,
    TIMING_EAGER,
)
from prism.domain.facts.structure import (
    NONE,
    Binding,
    Export,
    Mark,
    Reference,
    StringFact,
)

#: ``kind_id`` of a Step, and of tree-sitter's ERROR nodes.
STEP = -1
ERROR = 65535
#: Definitions nested deeper than this, or below a longer qualified name, are walked as part of the
#: body around them: names that repeat those around them would grow with the square of the depth.
DEPTH_MAX = 64
QUALNAME_MAX = 400
NAME_MAX = 200
SIGNATURE_MAX = 400


class Step:
    """Something to do between two nodes of the walk, in the place of a node."""

    __slots__ = ("kind_id", "run")

    def __init__(self, run: Callable[[], object]) -> None:
        self.kind_id = STEP
        self.run = run


Visit = Node | Step
#: Acts on a node and returns what to walk next, in order: usually its children with steps between.
#: None or an empty list: nothing of it is walked (its tokens are the action's to add).
Action = Callable[["Walk", Node], Sequence[Visit] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A language: its name, and what to do at each kind of node.

    A named kind that is not in ``actions`` is walked through. A kind in ``tokens``, and an
    anonymous node without an action, is one token and not walked into; punctuation is none.
    ``begin`` runs before the walk; ``before_resolve`` after it; ``after_resolve`` when
    ``walk.references`` are final.
    """

    name: str
    actions: Mapping[str, Action]
    tokens: frozenset[str] = frozenset()
    anonymous: Mapping[str, Action] = field(default_factory=dict)
    begin: Callable[["Walk", Node], None] | None = None
    before_resolve: Callable[["Walk"], None] | None = None
    after_resolve: Callable[["Walk"], None] | None = None


class _Saved:
    """State around a definition's body, restored when the walk leaves it."""

    __slots__ = ("branch", "frame", "scope", "symbol", "timing", "tokens")

    def __init__(self, walk: "Walk") -> None:
        self.branch = walk.branch
        self.frame = walk.frame
        self.scope = walk.scope
        self.symbol = walk.symbol
        self.timing = walk.timing
        self.tokens = len(walk.tokens)


def _text_reader(source: bytes) -> Callable[[Node], str]:
    """Reads nodes' texts. With one character per byte, byte offsets index the decoded source:
    slicing it beats decoding slices. A closure, because it is called for every name."""
    latin = source.decode("latin-1")

    def ascii_text(node: Node) -> str:
        return latin[node.start_byte : node.end_byte]

    def text(node: Node) -> str:
        piece = latin[node.start_byte : node.end_byte]
        if piece.isascii():
            return piece
        return piece.encode("latin-1").decode("utf-8", "replace")

    return ascii_text if source.isascii() else text


class Walk:
    """State and findings of one walk. Actions read the state and add findings through methods.

    State: ``symbol`` (whose body this is, NONE = the module's), ``scope`` (number in ``scopes``),
    ``frame`` (complexity of the function around), ``timing``, ``guard``, ``role`` (what a bare
    identifier here does), ``branch`` (blocks of control flow around, within this definition),
    ``statement`` (counter for imports, see ``next_statement``). ``data`` is the language's own, set
    up by its ``begin``. ``kinds``: names of kind ids, for rules that several grammars share.
    """

    def __init__(self, source: bytes, kinds: Mapping[int, str]) -> None:
        self.source = source
        #: ``text(node)``: a node's text.
        self.text = _text_reader(source)
        self.kinds = kinds
        self.scopes = ScopeTable()
        self.scope = 0
        self.symbol = NONE
        self.frame = Frame()
        self.timing: str = TIMING_EAGER
        self.guard: str = GUARD_NONE
        self.role: str = ROLE_READ
        self.statement = 0
        self.docstring = ""
        self.data: object = None
        self.complexity = 0
        self.depth = 0
        self.branch = 0
        self.symbols: list[Draft] = []
        self.bindings: list[Binding] = []
        self.exports: list[Export] = []
        self.uses: list[tuple[str, str, int, int, int]] = []
        self.references: list[Reference] = []
        self.flows: list[tuple[str, str, str, int, int]] = []
        self.strings: list[StringFact] = []
        self.marks: list[Mark] = []
        self.comments: list[tuple[int, int]] = []
        self.tokens: list[int] = []
        self.deeper = Step(self._deepen)
        self.shallower = Step(self._surface)
        self.into_branch = Step(self._branch)
        self.out_of_branch = Step(self._unbranch)
        self._role_steps = {role: Step(partial(self._push_role, role)) for role in ROLES}
        self._role_end = Step(self._pop_role)
        self._roles: list[str] = []
        self._guards: list[str] = []

    def release(self) -> None:
        """Drop the steps, which refer back to this walk: no cycle may hold a file's facts."""
        self._role_steps.clear()
        del self.deeper, self.shallower, self.into_branch, self.out_of_branch, self._role_end

    # -- text ------------------------------------------------------------------------------------

    def between(self, start: int, end: int, limit: int = SIGNATURE_MAX) -> str:
        """Text of a span of bytes, blanks collapsed, cut at *limit* characters."""
        return " ".join(self.source[start:end].decode("utf-8", "replace").split())[:limit]

    # -- findings --------------------------------------------------------------------------------

    def refer(self, chain: str, role: str, node: Node) -> None:
        """A use of *chain* here; what its first name stands for is found at the end."""
        self.uses.append((chain, role, self.scope, self.symbol, node.start_byte))

    def flow(self, kind: str, target: str, source: str, node: Node) -> None:
        self.flows.append((kind, target, source, self.symbol, node.start_point[0] + 1))

    def add_flow(self, kind: str, target: str, source: str, enclosing: int, line: int) -> None:
        """A flow of a symbol that is not the present one (a function's own parameters)."""
        self.flows.append((kind, target, source, enclosing, line))

    def string(self, value: str, node: Node) -> None:
        """A string literal's value: kept when it looks like a path or a dotted name."""
        kind = looks_like(value)
        if kind:
            self.strings.append(StringFact(value, kind, self.symbol, node.start_point[0] + 1))

    def comment(self, node: Node) -> None:
        """A comment: no token, no code, perhaps a mark."""
        start, end = node.start_byte, node.end_byte
        if self.comments and start < self.comments[-1][0]:
            insort(self.comments, (start, end))
        else:
            self.comments.append((start, end))
        text = self.source[start:end]
        if b"TODO" in text or b"FIXME" in text or b"XXX" in text or b"HACK" in text:
            line = node.start_point[0] + 1
            self.marks.extend(marks_in(text.decode("utf-8", "replace"), line))

    def token(self, node: Node) -> None:
        """One token for a node that an action does not let the walk go into."""
        self.tokens.append(node.kind_id)

    def next_statement(self) -> int:
        """A number for the next import statement, from 1."""
        self.statement += 1
        return self.statement

    def bind(
        self, node: Node, *, local: str, module: str, imported: str, form: str, erased: str = "no"
    ) -> int:
        """A row for a name that the import statement *node* binds; returns its index.

        Timing, guard, enclosing symbol and statement number are the walk's; a local name is also
        declared in the present scope.
        """
        self.bindings.append(
            Binding(
                local,
                module,
                imported,
                self.statement,
                node.start_point[0] + 1,
                node.end_point[0] + 1,
                self.timing,
                erased,
                form,
                self.guard,
                self.symbol,
            )
        )
        index = len(self.bindings) - 1
        if local:
            self.scopes.declare(self.scope, local, binding=index)
        return index

    def define(
        self, node: Node, *, kind: str, name: str, scope: int | None = None, declare: bool = True
    ) -> int:
        """A symbol for definition *node*, child of the present one; returns its index, or NONE
        below DEPTH_MAX levels. Its name is declared in *scope*, the present one if None."""
        parent = self.symbol
        prefix = f"{self.symbols[parent].qualname}." if parent != NONE else ""
        if self.depth >= DEPTH_MAX or len(prefix) > QUALNAME_MAX:
            return NONE
        shown = name[:NAME_MAX]
        self.symbols.append(Draft(kind, shown, prefix + shown, parent, node))
        index = len(self.symbols) - 1
        if declare:
            self.scopes.declare(self.scope if scope is None else scope, name, symbol=index)
        return index

    # -- nested state ----------------------------------------------------------------------------

    def enter(self, index: int, nodes: Sequence[Visit], scope: str = FUNCTION) -> list[Visit]:
        """Walk *nodes* as the inside of symbol *index* in a new scope of kind *scope*.

        A FUNCTION scope has a complexity frame and token windows of its own, and what is imported
        in it is deferred. Index NONE (too deep, or a nameless function): a scope, no symbol.
        """
        saved: list[_Saved] = []
        return [
            Step(lambda: saved.append(self._open(index, scope))),
            *nodes,
            Step(lambda: self._close(index, scope, saved.pop())),
        ]

    def _open(self, index: int, scope: str) -> _Saved:
        saved = _Saved(self)
        self.branch = 0
        self.depth += 1
        if self.depth <= DEPTH_MAX:
            self.scope = self.scopes.open(scope, self.scope)
        if index != NONE:
            self.symbol = index
        if scope == FUNCTION:
            self.timing = TIMING_DEFERRED
            if index != NONE:
                self.frame = Frame()
            else:
                self.frame.deepen()
        return saved

    def _close(self, index: int, scope: str, saved: _Saved) -> None:
        self.depth -= 1
        frame = self.frame
        self.frame, self.scope = saved.frame, saved.scope
        self.symbol, self.timing, self.branch = saved.symbol, saved.timing, saved.branch
        if scope != FUNCTION:
            return
        if index == NONE:
            self.frame.surface()
            return
        draft = self.symbols[index]
        draft.complexity, draft.cognitive = frame.complexity, frame.cognitive
        draft.nesting = frame.deepest
        draft.windows = winnow(self.tokens[saved.tokens :])
        # The function is one token of what surrounds it, or nested ones would be reported twice.
        del self.tokens[saved.tokens :]
        self.tokens.append(ERROR)
        self.complexity += frame.complexity
        if saved.symbol != NONE:
            saved.frame.absorb(frame)

    def hash_body(self, index: int, node: Node, name: Node | None) -> None:
        """Set the body hash of symbol *index* over *node* without *name*: after its walk, when
        the comments inside are known. Use as the last step: ``Step(lambda: ...)``."""
        if index == NONE:
            return
        span = (node.start_byte, node.end_byte)
        own = (name.start_byte, name.end_byte) if name is not None else (0, 0)
        self.symbols[index].body_hash = body_hash(self.source, span, own, self.comments)

    def in_class(self) -> bool:
        """Is this directly in a class body?"""
        return self.scopes.scopes[self.scope].kind == CLASS

    def owned(self, index: int, nodes: Sequence[Visit]) -> list[Visit]:
        """Walk *nodes* in the present scope, but as part of symbol *index*: what a definition needs
        and does not hold in its body (decorators, annotations, defaults, bases)."""
        if index == NONE or not nodes:
            return list(nodes)
        outer = self.symbol
        return [
            Step(lambda: setattr(self, "symbol", index)),
            *nodes,
            Step(lambda: setattr(self, "symbol", outer)),
        ]

    def nested(self, nodes: Sequence[Visit]) -> list[Visit]:
        """Walk *nodes* one level of control flow deeper."""
        return [self.deeper, *nodes, self.shallower]

    def branched(self, nodes: Sequence[Visit]) -> list[Visit]:
        """Walk *nodes* as conditional, without a level of nesting (the body of a ``try``)."""
        return [self.into_branch, *nodes, self.out_of_branch]

    def as_role(self, role: str, nodes: Sequence[Visit]) -> list[Visit]:
        """Walk *nodes* with bare identifiers in *role*."""
        return [self._role_steps[role], *nodes, self._role_end]

    def guarded(self, guard: str, nodes: Sequence[Visit]) -> list[Visit]:
        """Walk *nodes* with imports under *guard*; inside TYPE_CHECKING that guard stays."""
        return [
            Step(partial(self._push_guard, guard)),
            *nodes,
            Step(self._pop_guard),
        ]

    def _deepen(self) -> None:
        self.branch += 1
        self.frame.deepen()

    def _surface(self) -> None:
        self.branch -= 1
        self.frame.surface()

    def _branch(self) -> None:
        self.branch += 1

    def _unbranch(self) -> None:
        self.branch -= 1

    def _push_role(self, role: str) -> None:
        self._roles.append(self.role)
        self.role = role

    def _pop_role(self) -> None:
        self.role = self._roles.pop()

    def _push_guard(self, guard: str) -> None:
        self._guards.append(self.guard)
        if self.guard != GUARD_TYPE_CHECKING:
            self.guard = guard

    def _pop_guard(self) -> None:
        self.guard = self._guards.pop()
