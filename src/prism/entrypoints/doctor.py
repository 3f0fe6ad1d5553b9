"""``prism doctor``: try each thing a job will need, and say what to do where one does not work."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prism.domain.errors import PrismError
from prism.domain.values import Json
from prism.entrypoints.container import Container, build

OK, WARNING, BROKEN = "ok", "warning", "broken"
#: Smallest sources with one symbol each: a grammar that loads but does not fit gives none.
_SAMPLES = {
    "python": b"def f():\n    pass\n",
    "javascript": b"function f() {}\n",
    "typescript": b"function f(): void {}\n",
    "tsx": b"function f() { return <a/>; }\n",
}
#: git below this lacks fixes that clones of hostile repositories need (security advisories of
# 2025).
_GIT_WANTED = (2, 39, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``status``: 'ok', 'warning' or 'broken'."""

    name: str
    status: str
    detail: str
    hint: str = ""

    def as_json(self) -> dict[str, Json]:
        return {
            "name": self.name, "status": self.status, "detail": self.detail, "hint": self.hint,
        }  # fmt: skip


def examine() -> Sequence[Check]:
    """Run every check; none stops another."""
    try:
        container = build()
    except PrismError as error:
        return [_broken("settings", error)]
    try:
        steps: Sequence[tuple[str, Callable[[Container], Check]]] = (
            ("python", _python),
            ("database", _database),
            ("scratch", _scratch),
            ("workers", _workers),
            ("git", _git),
            ("key", _key),
            ("credentials", _credentials),
            ("grammars", _grammars),
        )
        return [_run(name, step, container) for name, step in steps]
    finally:
        container.close()


def _run(name: str, step: Callable[[Container], Check], container: Container) -> Check:
    try:
        return step(container)
    except PrismError as error:
        return _broken(name, error)


def _broken(name: str, error: PrismError) -> Check:
    return Check(name=name, status=BROKEN, detail=error.message, hint=error.hint)


def _python(_container: Container) -> Check:
    return Check(name="python", status=OK, detail=sys.version.split()[0])


def _database(container: Container) -> Check:
    place, versions = container.database_state()
    lines = ", ".join(f"{line} {version}" for line, version in sorted(versions.items()))
    return Check(name="database", status=OK, detail=f"{place} ({lines})")


def _scratch(container: Container) -> Check:
    with container.scratch().open("doctor") as directory:
        return Check(name="scratch", status=OK, detail=f"{directory} can be written")


def _workers(container: Container) -> Check:
    alive = len(container.presence().find_alive())
    return Check(name="workers", status=OK, detail=f"{alive} at work on this host")


def _git(container: Container) -> Check:
    version = container.git_version()
    numbers = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    if numbers < _GIT_WANTED:
        return Check(
            name="git", status=WARNING, detail=version,
            hint="upgrade git: versions before 2.39.4 lack security fixes for clones "
            "(distributions may have backported them)",
        )  # fmt: skip
    return Check(name="git", status=OK, detail=version)


def _key(container: Container) -> Check:
    if container.settings().encryption_key is None:
        stored = len(container.credentials().list())
        return Check(
            name="key",
            status=BROKEN if stored else WARNING,
            detail=f"CREDENTIAL_ENCRYPTION_KEY is not set; {stored} credentials are stored",
            hint="needed for private repositories only: `prism credential keygen` makes one",
        )
    ids = container.token_encryptor().key_ids()
    return Check(name="key", status=OK, detail=f"key ids {', '.join(ids)}; the first encrypts")


def _credentials(container: Container) -> Check:
    credentials = container.credentials().list()
    if not credentials or container.settings().encryption_key is None:
        return Check(name="credentials", status=OK, detail=f"{len(credentials)} stored")
    for credential in credentials:
        container.token_decryptor().decrypt(credential)
    return Check(name="credentials", status=OK, detail=f"all {len(credentials)} decrypt")


def _grammars(container: Container) -> Check:
    from prism.application.ports.source import SourceBlob

    parser = container.parser()
    known = parser.languages()
    names = sorted(_SAMPLES)
    samples = [SourceBlob(i, name, _SAMPLES[name]) for i, name in enumerate(names)]
    bad = [
        names[answer.key]
        for answer in parser.parse(samples)
        if answer.outline is None or len(answer.outline.symbols) != 1
    ]
    if bad:
        return Check(
            name="grammars", status=BROKEN, detail=f"{', '.join(bad)} cannot be parsed",
            hint="install prism-blueprint again: a grammar package is missing or does not fit",
        )  # fmt: skip
    detail = ", ".join(f"{name} {version}" for name, version in sorted(known.items()))
    return Check(name="grammars", status=OK, detail=detail)
