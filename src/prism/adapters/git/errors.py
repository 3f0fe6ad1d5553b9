"""What git's words mean for the caller: which error of the tree, and what to do about it."""

import errno
import re
from typing import NamedTuple

from prism.adapters.git.process import GitFailed
from prism.adapters.git.scrub import Scrubber
from prism.domain.errors import NoSpace, Permanent, PrismError, Refused, Transient

#: How much of git's own words a message quotes.
DETAIL_LENGTH_MAX = 300


class _Rule(NamedTuple):
    kind: type[PrismError]
    message: str
    hint: str
    pattern: str


#: The first that is found decides. Words of git 2.32 to 2.5x and of libcurl (OpenSSL and GnuTLS).
_RULES = (
    _Rule(
        NoSpace, "no space left on the device", "free some space in the data directory",
        "no space left|disk quota exceeded",
    ),
    _Rule(
        Permanent, "the credential was refused",
        "check the token's expiry and rights, or store a new one with `prism credential add`",
        "authentication failed|returned error: 401",
    ),
    _Rule(
        Permanent, "the repository does not exist, or needs a credential",
        "check the URL, or `prism credential add` and give it to the project",
        "could not read (username|password)|terminal prompts disabled",
    ),
    _Rule(
        Permanent, "the host forbids it",
        "check the rights of the token (some organisations want it authorised for them)",
        "returned error: 403",
    ),
    _Rule(
        Permanent, "no such repository", "check the URL and whether the credential may read it",
        "repository .*not found|returned error: (404|410)|does not appear to be a git",
    ),
    _Rule(
        Permanent, "the host redirects to another URL", "use the URL that it redirects to",
        r"returned error: 30\d|unable to update url base from redirection",
    ),
    _Rule(
        Permanent, "the host's certificate cannot be verified",
        "set SSL_CERT_FILE or GIT_SSL_CAINFO to the authority's certificate",
        "certificate|SSL peer|CAfile|verify failed",
    ),
    _Rule(
        Transient, "the host's name cannot be resolved", "check the URL and the network",
        "could not resolve (host|proxy)",
    ),
    _Rule(
        Transient, "the host is overloaded or broken", "try again later",
        r"returned error: (429|5\d\d)",
    ),
    _Rule(
        Transient, "the connection failed", "check the network and try again",
        "too slow|timed? ?out|failed to connect|could(n't| not) connect|empty reply|early eof"
        "|connection (refused|reset)|no route to host|network is unreachable|unexpected disconnect"
        "|hung up|rpc failed|recv failure|send failure|gnutls_handshake|ssl_connect|HTTP/2",
    ),
    _Rule(
        Refused, "git may not use this protocol", "use the repository's https:// URL",
        "transport '.*' not allowed|protocol '.*' (is )?not (allowed|supported)",
    ),
    _Rule(
        Transient, "the repository changed meanwhile", "try again",
        "couldn't find remote ref|remote did not send all necessary",
    ),
    _Rule(
        Permanent, "the repository holds invalid objects", "run `git fsck` in it",
        "fsck error|index-pack failed|invalid index-pack|bad object|corrupt|unpack-objects",
    ),
    _Rule(
        Permanent, "git is too old for this repository", "upgrade git",
        "unknown repository extension|expected git repo version|unknown hash algorithm"
        "|mismatched algorithms",
    ),
    _Rule(Permanent, "git was not found", "install git and check PATH", "env: .*git"),
)  # fmt: skip


def translate(failure: GitFailed, doing: str, scrub: Scrubber) -> PrismError:
    """The error to raise (``from None``: the raw words must not hang on it as its context).

    *doing*: "cannot clone https://…". What decides are git's own lines; those that the host sent
    (``remote:``) are only quoted, scrubbed like all.
    """
    remote, own = _lines(failure.stderr)
    for rule in _RULES:
        if re.search(rule.pattern, "\n".join(own), re.IGNORECASE):
            return rule.kind(
                _message(f"{doing}: {rule.message}", remote or _fatal(own), scrub), hint=rule.hint
            )
    # killed by a signal (memory, an operator): trying again may help.
    kind = Transient if failure.status < 0 else Permanent
    return kind(
        _message(f"{doing}: git ended with status {failure.status}", remote + own, scrub),
        hint="try the same with git itself; `prism doctor` looks at git",
    )


def disk_error(error: OSError, doing: str) -> Transient | Permanent:
    """What to raise when a directory of our own cannot be made or written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return (NoSpace if full else Permanent)(
        f"{doing}: {'no space left on the device' if full else error.strerror}",
        hint="free some space" if full else "check the data directory and the temporary one",
    )


def benign_objects_only(failure: GitFailed) -> bool:
    """Was the pack refused for nothing but blemishes that only a checkout would have to fear?"""
    found = re.findall(r"^error: object [0-9a-f]+: (\w+):", failure.stderr, re.MULTILINE)
    return bool(found) and all(re.fullmatch(_BENIGN, name) for name in found)


_BENIGN = (
    "badFilemode|badTimezone|missingEmail|missingSpaceBefore\\w+|badDate\\w*|zeroPadded\\w+"
    "|nulInCommit|missingNameBeforeEmail|badName|badEmail|extraHeaderEntry"
)


def _lines(stderr: str) -> tuple[list[str], list[str]]:
    """What the host said, and what git said."""
    remote: list[str] = []
    own: list[str] = []
    for line in filter(None, map(str.strip, stderr.splitlines())):
        (remote if line.startswith("remote:") else own).append(line.removeprefix("remote:").strip())
    return remote, own


def _fatal(own: list[str]) -> list[str]:
    """The last word, without the URL that the message has anyway."""
    said = [re.sub(r"^fatal: (unable to access '[^']*': )?", "", line) for line in own[-1:]]
    return [line for line in said if "https://" not in line]


def _message(text: str, details: list[str], scrub: Scrubber) -> str:
    detail = scrub("\n".join(filter(None, details)))[:DETAIL_LENGTH_MAX].rstrip(". ")
    return scrub(f"{text} ({detail})" if detail else text)
