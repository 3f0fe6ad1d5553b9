"""Text that a terminal shows and does not obey."""


def printable(text: str) -> str:
    """*text* with every character escaped that a terminal could act on or cannot show."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
