"""A file that no parser survives."""

#: Ever deeper unclosed strings: tree-sitter-python 0.25 writes past the end of its scanner's state.
CRASHING = "".join(f"{' ' * depth}```\n\n" for depth in range(400)).encode()
