"""What ECMAScript's actions remember during one walk, beyond what every language's do."""

from collections.abc import Sequence

from tree_sitter import Node

from prism.adapters.languages.scopes import BLOCK
from prism.adapters.languages.walk import Step, Visit, Walk
from prism.domain.facts.structure import NONE

#: Scope of a namespace's body: it holds its ``var``s, as a function's does, but runs at once.
NAMESPACE = "namespace"
#: Blocks around that get a scope of their own: a lookup climbs through each of them.
_BLOCKS_MAX = 64


class State:
    """``owners``: functions around, by symbol (NONE: nameless); the last one is whose ``return``.

    ``outer``: first byte of the statement around a declaration ('export'), NONE if it starts the
    statement itself: comments stand before that. ``exports``: (name, local, symbol, binding), the
    local name still to be looked up. ``erasable``: bytes of BASE references that are types only.
    ``kept``: bytes of TYPE references that exist at run time as well (decorator metadata).
    ``decorators``: those before ``export``, for the class after it. ``before_member``: those before
    a member of a class, by the member's first byte. ``decorated``: has the class around any?
    ``jsx``: is there any in the file?
    """

    def __init__(self, walk: Walk, *, typescript: bool) -> None:
        self.typescript = typescript
        self.owners: list[int] = []
        self.outer = NONE
        self.exports: list[tuple[str, str, int, int]] = []
        self.errors: list[tuple[int, int]] = []
        self.erasable: set[int] = set()
        self.kept: set[int] = set()
        self.decorators: list[Node] = []
        self.before_member: dict[int, list[Node]] = {}
        self.decorated = False
        self.jsx = False
        self._decorated: list[bool] = []
        self._walk = walk
        self._scopes: list[int] = []
        self.open_block = Step(self._open)
        self.close_block = Step(self._close)

    def release(self) -> None:
        """Drop the steps, which refer back to here: no cycle may hold a file's facts."""
        del self.open_block, self.close_block, self._walk

    def enter_class(self, decorated: bool) -> None:
        self._decorated.append(self.decorated)
        self.decorated = decorated

    def leave_class(self) -> None:
        self.decorated = self._decorated.pop()

    def _open(self) -> None:
        walk = self._walk
        self._scopes.append(walk.scope)
        if len(self._scopes) <= _BLOCKS_MAX:
            walk.scope = walk.scopes.open(BLOCK, walk.scope)

    def _close(self) -> None:
        self._walk.scope = self._scopes.pop()


def state(walk: Walk) -> State:
    """The state of *walk*."""
    found = walk.data
    assert isinstance(found, State)
    return found


def in_block(walk: Walk, visits: Sequence[Visit]) -> list[Visit]:
    """Walk *visits* in a block scope of their own."""
    found = state(walk)
    return [found.open_block, *visits, found.close_block]
