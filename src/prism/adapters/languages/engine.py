"""The extraction engine: one explicit-stack walk over a syntax tree, whatever the language."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import repeat
from time import monotonic

from tree_sitter import Language, Node, Parser, Point

from prism.adapters.languages.draft import Draft
from prism.adapters.languages.texts import count_lines, line_starts
from prism.adapters.languages.walk import ERROR, STEP, Action, Rules, Visit, Walk
from prism.adapters.languages.words import (
    ROLE_CALL,
)
from prism.domain.facts.structure import (
    FILE_BYTES_MAX,
    NONE,
    FileFacts,
    Flow,
    ParseProblem,
    Reference,
    Symbol,
)

#: A file with more nodes than this has line counts and a problem of kind 'limit', nothing else.
NODES_MAX = 1_000_000
PROBLEMS_MAX = 100
_CHUNK = 65536


class DeadlinePassed(Exception):
    """Parsing one file took longer than its deadline: a run's problem, never a fact."""


def _token(walk: Walk, node: Node) -> None:
    walk.tokens.append(node.kind_id)


def _punctuation(_walk: Walk, _node: Node) -> None:
    """Brackets, commas and the like: no token of the windows, being implied by the rest."""


def _step(_walk: Walk, step: Visit) -> None:
    step.run()  # type: ignore[union-attr]  # only a Step has the kind that leads here


class Engine:
    """Extracts the facts of files of one language. Not thread-safe; one per process."""

    def __init__(self, rules: Rules, grammar: object) -> None:
        self.rules = rules
        self._language = Language(grammar)
        self._kinds: dict[int, str] = {ERROR: "ERROR"}
        self._table = self._compile(rules)

    def _compile(self, rules: Rules) -> dict[int, Action | None]:
        """Node kind ids to actions. Raises ValueError for a kind that the grammar does not have."""
        table: dict[int, Action | None] = {ERROR: None, STEP: _step}
        known: set[str] = set()
        for kind_id in range(self._language.node_kind_count):
            kind = self._language.node_kind_for_id(kind_id) or ""
            known.add(kind)
            self._kinds[kind_id] = kind
            if self._language.node_kind_is_named(kind_id):
                action = rules.actions.get(kind)
                table[kind_id] = _token if action is None and kind in rules.tokens else action
            else:
                default = _token if kind.strip("()[]{},.;:") else _punctuation
                table[kind_id] = rules.anonymous.get(kind, default)
        unknown = (set(rules.actions) | rules.tokens | set(rules.anonymous)) - known
        if unknown:
            raise ValueError(f"{rules.name}: the grammar has no node kind {sorted(unknown)}")
        return table

    def extract(self, source: bytes, *, deadline_seconds: float = 20.0) -> FileFacts:
        """All facts of *source*. Never fails on content; raises DeadlinePassed."""
        if len(source) > FILE_BYTES_MAX:
            return self._bare(source, "file is larger than 1 MiB")
        root = self._parse(source, deadline_seconds)
        if root.descendant_count > NODES_MAX:
            return self._bare(source, "file has too many syntax nodes")
        walk = Walk(source, self._kinds)
        if self.rules.begin is not None:
            self.rules.begin(walk, root)
        self._run(walk, root)
        if self.rules.before_resolve is not None:
            self.rules.before_resolve(walk)
        _resolve(walk)
        if self.rules.after_resolve is not None:
            self.rules.after_resolve(walk)
        facts = self._facts(walk, root)
        walk.release()
        return facts

    def _parse(self, source: bytes, deadline_seconds: float) -> Node:
        end = monotonic() + deadline_seconds

        def read(offset: int, _point: Point) -> bytes:
            return source[offset : offset + _CHUNK]

        def late(_offset: int, _has_error: bool) -> bool:
            return monotonic() > end

        try:
            # A new parser each time: one that was stopped would resume where it stood.
            tree = Parser(self._language).parse(read, encoding="utf8", progress_callback=late)
        except ValueError as error:
            raise DeadlinePassed from error
        return tree.root_node

    def _run(self, walk: Walk, root: Node) -> None:
        """The walk. Iterators of children on a stack: depth costs memory, never recursion."""
        table = self._table
        take_token = walk.tokens.append
        pending: list[Iterator[Visit]] = []
        current: Iterator[Visit] = iter((root,))
        while True:
            for node in current:
                kind = node.kind_id
                action = table[kind]
                if action is _token:
                    take_token(kind)
                    continue
                if action is _punctuation:
                    continue
                if action is None:
                    children: Sequence[Visit] | None = node.children  # type: ignore[union-attr]  # a Step has an action
                    if not children:
                        take_token(kind)
                        continue
                else:
                    children = action(walk, node)  # type: ignore[arg-type]  # _step takes a Step
                    if not children:
                        continue
                pending.append(current)
                current = iter(children)
                break
            else:
                if not pending:
                    return
                current = pending.pop()

    def _facts(self, walk: Walk, root: Node) -> FileFacts:
        lines, code, comments = count_lines(walk.source, walk.comments)
        return FileFacts(
            language=self.rules.name,
            lines=lines,
            code_lines=code,
            comment_lines=comments,
            docstring=walk.docstring,
            complexity=walk.complexity + walk.frame.complexity,
            symbols=_symbols(walk.symbols),
            bindings=tuple(walk.bindings),
            exports=tuple(walk.exports),
            references=tuple(walk.references),
            flows=tuple(map(tuple.__new__, repeat(Flow), walk.flows)),
            strings=tuple(walk.strings),
            marks=tuple(walk.marks),
            problems=_problems(root) if root.has_error else (),
        )

    def _bare(self, source: bytes, reason: str) -> FileFacts:
        lines, code, comments = count_lines(source, ())
        return FileFacts(
            language=self.rules.name,
            lines=lines,
            code_lines=code,
            comment_lines=comments,
            docstring="",
            complexity=0,
            problems=(ParseProblem(f"limit: {reason}", 1, 0),),
        )


def _resolve(walk: Walk) -> None:
    """References from uses: what each chain's first name stands for, and its line."""
    lookup = walk.scopes.lookup
    meanings = [scope.meanings for scope in walk.scopes.scopes]
    lines = map(bisect_right, repeat(line_starts(walk.source)), [use[4] for use in walk.uses])
    rows = []
    recursive: set[int] = set()
    for (chain, role, scope, enclosing, byte), line in zip(walk.uses, lines, strict=True):
        meaning = meanings[scope].get(chain)
        if meaning is None:
            head = chain.partition(".")[0] if "." in chain else chain
            meaning = meanings[scope][chain] = lookup(scope, head)
        binding, symbol = meaning
        if symbol == enclosing and symbol != NONE and role == ROLE_CALL and "." not in chain:
            recursive.add(symbol)
        rows.append((chain, role, binding, symbol, enclosing, line, byte))
    walk.references = list(map(tuple.__new__, repeat(Reference), rows))
    for recursion in recursive:
        walk.symbols[recursion].cognitive += 1


def _symbols(drafts: Sequence[Draft]) -> tuple[Symbol, ...]:
    counts: dict[tuple[str, str], int] = {}
    symbols = []
    for draft in drafts:
        key = (draft.qualname, draft.kind)
        ordinal = counts.get(key, 0)
        counts[key] = ordinal + 1
        symbols.append(
            Symbol(
                draft.kind,
                draft.name,
                draft.qualname,
                ordinal,
                draft.parent,
                draft.start_byte,
                draft.end_byte,
                draft.start_line,
                draft.end_line,
                draft.signature,
                draft.docstring,
                draft.visibility,
                draft.flags,
                draft.decorators,
                draft.body_hash,
                draft.complexity,
                draft.cognitive,
                draft.nesting,
                draft.windows,
            )
        )
    return tuple(symbols)


def _problems(root: Node) -> tuple[ParseProblem, ...]:
    """ERROR and MISSING nodes in order of the text, at most PROBLEMS_MAX."""
    found: list[ParseProblem] = []
    stack = [root]
    while stack and len(found) < PROBLEMS_MAX:
        node = stack.pop()
        if node.is_missing or node.is_error:
            line, column = node.start_point
            found.append(ParseProblem("missing" if node.is_missing else "error", line + 1, column))
        if not node.is_error:
            stack.extend(child for child in reversed(node.children) if child.has_error)
    return tuple(found)
