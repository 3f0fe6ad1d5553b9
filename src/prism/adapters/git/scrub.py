"""Takes secrets and control characters out of every text that leaves this adapter."""

import base64
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

from prism.domain.credentials import Secret

TEXT_LENGTH_MAX = 2000
MASK = "***"
#: So many characters in a row of any form of the token never survive (a cut text may hold a part).
PIECE = 8
#: Shorter tokens are no secrets, and masking each "a" of a text would hide the text.
_TOKEN_LENGTH_MIN = 4
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")

#: What looks like a credential of anyone (headers, URLs, tokens with known prefixes).
_PATTERNS = (
    (re.compile(r"([a-z][a-z0-9+.-]*://)[^\s/'\"<>]*@", re.I), r"\1" + MASK + "@"),
    (re.compile(r"\b((?:proxy-)?authorization\b['\"]?\s*[:=])[^\n]*", re.I), r"\1 " + MASK),
    (re.compile(r"\b(basic|bearer|negotiate)\s+[\w.~+/=-]{6,}", re.I), r"\1 " + MASK),
    (
        re.compile(r"([?&][\w-]*(?:token|key|secret|passw|auth|sig)[\w-]*=)[^&\s'\"]+", re.I),
        r"\1" + MASK,
    ),
    (re.compile(r"\b(?:gh[a-z]_|github_pat_|gl[a-z]{2,6}-|AT[A-Z]{2,4}3?x?)[\w=.-]{16,}"), MASK),
    (re.compile(r"\bey[JK][\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MASK),
)


class Scrubber:
    """``scrubber(text)``: one printable line of at most 2,000 characters without the token.

    The token is masked as it is, percent-encoded and in base64 at any offset (so in every basic
    auth header), also where only a part of eight characters or more is left of it.
    """

    def __init__(self, token: Secret | None = None, *, username: str = "") -> None:
        forms = set() if token is None else set(_forms(token.reveal(), username))
        lower = {form.translate(_LOWER) for form in forms}
        self._short = sorted((f for f in lower if len(f) < PIECE), key=len, reverse=True)
        self._pieces = frozenset(
            form[i : i + PIECE]
            for form in lower
            for i in range(len(form) - PIECE + 1)
        )  # fmt: skip

    def __call__(self, text: str) -> str:
        text = _printable(text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        text = "; ".join(" ".join(line.split()) for line in text.split("\n") if line.strip())
        text = self.mask(text)
        if len(text) > TEXT_LENGTH_MAX:
            text = text[: TEXT_LENGTH_MAX - 2] + " …"
        return text

    def mask(self, text: str) -> str:
        """*text* without the token, otherwise as it is."""
        while (masked := _replace(text, list(self._places(text)))) != text:
            text = masked  # what was apart may be next to each other now
        return text

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        lower = text.translate(_LOWER)
        for form in self._short:
            start = lower.find(form)
            while start >= 0:
                yield start, start + len(form)
                start = lower.find(form, start + 1)
        if self._pieces:
            for start in range(len(lower) - PIECE + 1):
                if lower[start : start + PIECE] in self._pieces:
                    yield start, start + PIECE


def _forms(token: str, username: str) -> Iterator[str]:
    if len(token) < _TOKEN_LENGTH_MIN:
        return
    raw = token.encode("utf-8", "surrogateescape")
    yield token
    yield quote(token, safe="")
    yield quote(quote(token, safe=""), safe="")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode()
        yield encode(f"{username}:{token}".encode("utf-8", "surrogateescape")).decode()
        for offset in range(3):
            # the characters that depend on nothing but the token, wherever it stands
            inner = encode(b"\0" * offset + raw).decode()
            yield inner[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6]


def _replace(text: str, places: list[tuple[int, int]]) -> str:
    """*text* with each run of overlapping or adjacent places replaced by one mask."""
    parts: list[str] = []
    end = 0
    for start, stop in sorted(places):
        if start > end or not parts:
            parts += [text[end:start], MASK]
        end = max(end, stop)
    return "".join([*parts, text[end:]])


def _printable(text: str) -> str:
    """Only line feeds are left of what could steer a terminal or break a log."""
    return "".join(c if c == "\n" or _shown(c) else _SPACES.get(c, "?") for c in text)


_SPACES = {"\t": " ", "\r": "\n", "\x0b": "\n", "\x0c": "\n", "\u2028": "\n", "\u2029": "\n"}


def _shown(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] not in "CZ" or character == "\xa0"
