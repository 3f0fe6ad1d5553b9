"""A remote repository: what it advertises, and fetching from it with a credential."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from prism.adapters.git.command import Git, GitCommand
from prism.adapters.git.errors import translate
from prism.adapters.git.process import GitFailed, RunLimits, too_large
from prism.adapters.git.scrub import Scrubber
from prism.adapters.git.urls import Target
from prism.domain.credentials import Credential, Secret
from prism.domain.errors import InvalidInput
from prism.domain.projects import url_host

#: The token comes through an inherited pipe (not ``<&N``: dash takes one digit there). git asks
#: once; later it says "store" or "erase", which this helper does not know.
_HELPER = '!f() { test "$1" = get && cat /dev/fd/{fd}; }; f'


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneLimits:
    """``bytes_max`` of a clone on disk; wall clock of each step, and how long it may be slower than
    1,000 bytes a second."""

    bytes_max: int = 4 * 2**30
    clone_seconds: float = 3600.0
    history_seconds: float = 600.0
    advertisement_seconds: float = 120.0
    slow_seconds: int = 60


class Login(NamedTuple):
    """A token with what it belongs to."""

    credential: Credential
    token: Secret


class Fetch(NamedTuple):
    """``what``: a ref, or the id of a commit. ``blob_filter``: a filter-spec of git."""

    what: str
    depth: int
    blob_filter: str
    seconds: float
    fsck: bool = True


class Remote:
    """The repository at a checked and pinned URL. Every command gets a pipe of its own with the
    token; where there is none, git's way of asking for one is shut."""

    def __init__(
        self, git: Git, target: Target, *, login: Login | None, limits: CloneLimits
    ) -> None:
        self.url = target.url
        self.limits = limits
        self.scrub = Scrubber()
        self._config = [
            ("http.lowSpeedLimit", "1000"),
            ("http.lowSpeedTime", str(limits.slow_seconds)),
        ]
        if target.pin:
            self._config.append(("http.curloptResolve", target.pin))
        self._secret: Secret | None = None
        if login is not None:
            _check_host(target.url, login.credential)
            self.scrub = Scrubber(login.token, username=login.credential.username)
            self._secret = _credential_lines(login)
            host = url_host(target.url)
            self._config.append((f"credential.https://{host}.helper", _HELPER))
        self.git = replace(git, mask=self.scrub.mask)

    def head(self, directory: str) -> str:
        """Id of the commit that the remote's HEAD names.

        Raises InvalidInput for a repository without commits or with a HEAD that names none, and
        what ``translate`` says for the rest.
        """
        command = self._command(["ls-remote", "--symref", "--", self.url, "HEAD"], directory)
        for line in self._run(command).splitlines():
            oid, _, name = line.partition("\t")
            if name == "HEAD" and not oid.startswith("ref:"):
                return oid
        if self._has_branches(directory):
            raise InvalidInput(
                f"HEAD of {self.url} names no branch that exists",
                hint="set its default branch at the host",
            )
        raise InvalidInput(f"{self.url} is an empty repository", hint="push a commit to it")

    def fetch(self, fetch: Fetch, git_dir: str, *, to: str = "") -> None:
        """Bring *fetch* into *git_dir* (one of ours), and under the ref *to*.

        Raises GitFailed; Refused when it is larger than the limit.
        """
        arguments = [
            "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
            "--no-auto-maintenance", f"--depth={fetch.depth}", f"--filter={fetch.blob_filter}",
            "--", self.url, f"+{fetch.what}:{to}" if to else fetch.what,
        ]  # fmt: skip
        check = "true" if fetch.fsck else "false"
        limits = RunLimits(
            seconds=fetch.seconds, directory=git_dir, bytes_max=self.limits.bytes_max
        )
        command = self._command(arguments, git_dir)
        config = [
            *command.config, ("transfer.fsckObjects", check), ("fetch.fsckObjects", check),
        ]  # fmt: skip
        self.git.run(command._replace(git_dir=git_dir, limits=limits, config=config))
        refused = too_large(limits)  # it may have been quicker than the watch
        if refused is not None:
            raise refused

    def _has_branches(self, directory: str) -> bool:
        with self.git.start(self._command(["ls-remote", "--", self.url], directory)) as running:
            return bool(running.read(1))  # one is enough: there may be very many

    def _command(self, arguments: list[str], directory: str) -> GitCommand:
        return GitCommand(
            arguments,
            directory,
            config=self._config,
            secret=self._secret,
            limits=RunLimits(seconds=self.limits.advertisement_seconds),
        )

    def _run(self, command: GitCommand) -> str:
        try:
            return self.git.run(command).decode("utf-8", "replace")
        except GitFailed as failure:
            raise translate(failure, f"cannot read {self.url}", self.scrub) from None


def _check_host(url: str, credential: Credential) -> None:
    host = url_host(url)
    if host != credential.host:
        raise InvalidInput(
            f"credential {credential.name!r} is for {credential.host}, not for {host}",
            hint="a token is sent to its own host only: add a credential for this host",
        )


def _credential_lines(login: Login) -> Secret:
    """git's credential protocol (git-credential(1)): a line break would start another field."""
    username, token = login.credential.username, login.token.reveal()
    if any(ord(c) < 32 for c in username + token):
        raise InvalidInput(
            f"the token of credential {login.credential.name!r} holds a control character",
            hint="store it again with `prism credential add`",
        )
    return Secret(f"username={username}\npassword={token}\n")
