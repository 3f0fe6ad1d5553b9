'''Module
docs.

    Indented.
'''


def escaped():
    "tab\there \x41 \u00e9 \101 \N{DASH} \
continued"


def none():
    f"not a docstring"


def bytes_are_none():
    b"not one either"


def joined():
    "one " "two"


def commented():
    # a comment first
    """After a comment."""


def parenthesised():
    ("inside parentheses")


def late():
    x = 1
    "too late"


class Empty: ...
