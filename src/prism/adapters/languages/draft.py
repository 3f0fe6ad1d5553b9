"""A symbol while its file is still being walked."""

from tree_sitter import Node

from prism.adapters.languages.words import (
    FLAG_NONE,
    VISIBILITY_PUBLIC,
)


class Draft:
    """Fields of ``Symbol`` but for the ordinal, to be filled in by the language's actions."""

    __slots__ = (
        "body_hash",
        "cognitive",
        "complexity",
        "decorators",
        "docstring",
        "end_byte",
        "end_line",
        "flags",
        "kind",
        "name",
        "nesting",
        "parent",
        "qualname",
        "signature",
        "start_byte",
        "start_line",
        "visibility",
        "windows",
    )

    def __init__(self, kind: str, name: str, qualname: str, parent: int, node: Node) -> None:
        self.kind = kind
        self.name = name
        self.qualname = qualname
        self.parent = parent
        self.start_byte = node.start_byte
        self.end_byte = node.end_byte
        self.start_line = node.start_point[0] + 1
        self.end_line = node.end_point[0] + 1
        self.signature = ""
        self.docstring = ""
        self.visibility: str = VISIBILITY_PUBLIC
        self.flags = int(FLAG_NONE)
        self.decorators: tuple[str, ...] = ()
        self.body_hash = ""
        self.complexity = 0
        self.cognitive = 0
        self.nesting = 0
        self.windows: tuple[int, ...] = ()
