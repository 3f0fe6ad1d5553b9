"""Python's ``__all__``, and what is only known when the whole file has been walked."""

from collections import Counter
from dataclasses import dataclass, field

from tree_sitter import Node

from prism.adapters.languages.python.kinds import CONCATENATED_STRING, STRING
from prism.adapters.languages.python.strings import docstring_in, literal
from prism.adapters.languages.walk import Walk
from prism.adapters.languages.words import (
    FLAG_EXPORTED,
    FORM_IMPORT,
    FORM_REEXPORT,
)
from prism.domain.facts.structure import NONE, Export


@dataclass(slots=True)
class PythonState:
    """Names seen in ``__all__``, in order, without repetition."""

    public: dict[str, None] = field(default_factory=dict)


def begin(walk: Walk, root: Node) -> None:
    walk.data = PythonState()
    walk.docstring = docstring_in(walk, root.children)


def note_all(walk: Walk, target: Node, value: Node) -> None:
    """Remember the strings assigned or added to the module's ``__all__``."""
    if walk.scope == 0 and walk.text(target) == "__all__":
        note_strings(walk, value)


def note_strings(walk: Walk, value: Node) -> None:
    assert isinstance(walk.data, PythonState)
    stack = [value]
    while stack:
        node = stack.pop()
        if node.kind_id in (STRING, CONCATENATED_STRING):
            name = literal(walk, node)
            if name:
                walk.data.public.setdefault(name)
        else:
            stack.extend(reversed(node.named_children))


def before_resolve(walk: Walk) -> None:
    """Exports; public imports become re-exports."""
    assert isinstance(walk.data, PythonState)
    for name in walk.data.public:
        binding, symbol = walk.scopes.lookup(0, name)
        walk.exports.append(Export(name, name, symbol, binding))
        if symbol != NONE:
            walk.symbols[symbol].flags |= FLAG_EXPORTED
        if binding != NONE and walk.bindings[binding].form == FORM_IMPORT:
            walk.bindings[binding] = walk.bindings[binding]._replace(form=FORM_REEXPORT)


def after_resolve(walk: Walk) -> None:
    """``import a.b`` and ``import a.c`` both bind ``a``: pick by what the chain goes on with."""
    plain: dict[tuple[int, str], int] = {}
    locals_seen: Counter[str] = Counter()
    for index, binding in enumerate(walk.bindings):
        if binding.local and not binding.imported and "." in binding.module:
            plain.setdefault((binding.enclosing, binding.module), index)
            locals_seen[binding.local] += 1
    if not any(count > 1 for count in locals_seen.values()):
        return
    for at, reference in enumerate(walk.references):
        if reference.binding == NONE or "." not in reference.chain:
            continue
        binding = walk.bindings[reference.binding]
        if binding.imported or locals_seen[binding.local] < 2:
            continue
        prefix = reference.chain
        while "." in prefix:
            best = plain.get((binding.enclosing, prefix))
            if best is not None:
                walk.references[at] = reference._replace(binding=best)
                break
            prefix = prefix.rpartition(".")[0]
