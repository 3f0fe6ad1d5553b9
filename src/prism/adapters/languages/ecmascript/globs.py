"""Globs of workspaces and of tsconfig's include: ``*``, ``?``, ``**`` and one level of braces."""

import re

_BRACES = re.compile(r"\{([^{}]*)\}")
_PART = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_BRACES_MAX = 64


def matcher(glob: str) -> re.Pattern[str]:
    """A pattern to ``fullmatch`` paths from the glob's own folder with."""
    alternatives = [_translate(one) for one in _spread(glob)]
    return re.compile("|".join(alternatives))


def _spread(glob: str) -> list[str]:
    """*glob* without braces: one text for each choice, at most _BRACES_MAX of them."""
    done: list[str] = []
    waiting = [glob]
    while waiting and len(done) + len(waiting) <= _BRACES_MAX:
        text = waiting.pop()
        braces = _BRACES.search(text)
        if braces is None:
            done.append(text)
            continue
        before, after = text[: braces.start()], text[braces.end() :]
        waiting.extend(before + choice + after for choice in braces.group(1).split(","))
    return done


def _translate(glob: str) -> str:
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(wild.get(part) or re.escape(part) for part in _PART.findall(glob))
