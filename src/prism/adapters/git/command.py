"""Runs git through GitPython: clean environment, hardened configuration, bounded in every way."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from prism.adapters.git.process import GitFailed, RunLimits, RunningGit
from prism.adapters.git.scrub import Scrubber
from prism.application.ports.git import never
from prism.domain.credentials import Secret
from prism.domain.errors import Permanent

OUTPUT_BYTES_MAX = 1 << 20
#: GIT_CONFIG_COUNT, GIT_CONFIG_GLOBAL and protocol.version=2 are all there.
VERSION_NEEDED = (2, 32)

#: Configuration for every command, above all that a repository or a user could say
#: (security.md 3.2; settings that would let a repository or a server start or reach something).
HARDENING = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.symlinks", "false"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("core.useReplaceRefs", "false"),
    ("core.alternateRefsCommand", "exit 0 #"),
    ("core.attributesFile", "/dev/null"),
    ("core.fsync", "none"),  # a clone lives as long as its job
    ("init.templateDir", ""),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "no"),
    ("log.showSignature", "false"),
    ("mailmap.file", "/dev/null"),
    ("protocol.version", "2"),
    ("protocol.allow", "never"),
    ("protocol.https.allow", "always"),
    ("http.followRedirects", "false"),
    ("http.sslVerify", "true"),
    ("http.extraHeader", ""),
    ("transfer.bundleURI", "false"),
    ("fetch.uriProtocols", ""),
    ("transfer.credentialsInUrl", "die"),
    ("credential.helper", ""),
)

_VARIABLES = {
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_OPTIONAL_LOCKS": "0",
}


class GitCommand(NamedTuple):
    """What to run. ``arguments``: the sub-command and constants of this package, no text of users
    but checked URLs after ``--``.

    ``directory`` is where it runs and its HOME: one of ours, never a work tree. ``secret`` goes
    into a pipe, whose number replaces ``{fd}`` in the configuration. ``questions``: lines for its
    stdin.
    """

    arguments: Sequence[str]
    directory: str
    git_dir: str | None = None
    config: Sequence[tuple[str, str]] = ()
    secret: Secret | None = None
    questions: bytes | None = None
    limits: RunLimits = RunLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """``environment``: variables of the host that git may see (proxies, certificates), nothing else
    of the host's environment reaches it. ``cancelled`` is asked from a thread, ten times a second.
    ``mask`` takes the token out of what git writes to standard error.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    cancelled: Callable[[], bool] = never
    mask: Callable[[str], str] = Scrubber().mask

    def run(self, command: GitCommand) -> bytes:
        """Standard output, at most 1 MiB. Raises GitFailed for a status other than 0; Cancelled,
        Transient or Refused where a limit ended it."""
        with self.start(command) as running:
            output = running.read(OUTPUT_BYTES_MAX)
            if running.read(1):
                raise Permanent(
                    f"git {command.arguments[0]} gave more than {OUTPUT_BYTES_MAX} bytes",
                    hint="the repository has more refs than Prism takes",
                )
            running.finish()
            return output

    @contextmanager
    def start(self, command: GitCommand) -> Iterator[RunningGit]:
        """A running git; leaving the context ends it, with its children."""
        running = self._launch(command)
        try:
            yield running
        finally:
            running.close()

    def _launch(self, command: GitCommand) -> RunningGit:
        module = _git_python()
        pipe = None if command.secret is None else _filled_pipe(command.secret)
        try:
            handle = module.Git(command.directory).execute(
                self._argv(command, pipe),
                istream=None if command.questions is None else subprocess.PIPE,
                as_process=True,
                shell=False,
                pass_fds=() if pipe is None else (pipe,),
            )
        finally:
            if pipe is not None:
                os.close(pipe)
        return RunningGit(
            handle,
            limits=command.limits,
            questions=command.questions,
            cancelled=self.cancelled,
            mask=self.mask,
        )

    def _argv(self, command: GitCommand, pipe: int | None) -> list[str]:
        directory = command.directory
        variables = {
            **self.environment,
            **_VARIABLES,
            "PATH": os.pathsep.join(p for p in os.get_exec_path() if Path(p).is_absolute()),
            "HOME": directory,
            "XDG_CONFIG_HOME": directory,
            "TMPDIR": directory,
        }
        if command.git_dir is not None:
            variables["GIT_DIR"] = command.git_dir
        config = [*HARDENING, *command.config]
        variables["GIT_CONFIG_COUNT"] = str(len(config))
        for number, (key, value) in enumerate(config):
            variables[f"GIT_CONFIG_KEY_{number}"] = key
            variables[f"GIT_CONFIG_VALUE_{number}"] = (
                value if pipe is None else value.replace("{fd}", str(pipe))
            )
        return ["env", "-i", *(f"{k}={v}" for k, v in variables.items()), "git", *command.arguments]


def version(git: Git, directory: str) -> str:
    """Like '2.39.5'. Raises Permanent when git is missing."""
    try:
        words = git.run(GitCommand(["version"], directory)).decode("ascii", "replace").split()
    except GitFailed as failure:
        raise Permanent(
            f"git does not run (status {failure.status})", hint="install git and check PATH"
        ) from None
    return words[2] if len(words) > 2 else "unknown"


def check_version(git: Git, directory: str) -> None:
    """Raises Permanent below the version that knows every switch which keeps a clone safe."""
    found = version(git, directory)
    numbers = tuple(int(n) for n in re.findall(r"\d+", found)[:2])
    if numbers < VERSION_NEEDED:
        needed = ".".join(map(str, VERSION_NEEDED))
        raise Permanent(
            f"git {found} is too old to clone safely", hint=f"install git {needed} or later"
        )


def _filled_pipe(secret: Secret) -> int:
    """The read end of a pipe that holds *secret* and then ends; it fits into any pipe's buffer."""
    assert len(secret.reveal()) <= 16 * 1024
    read, write = os.pipe()
    try:
        os.write(write, secret.reveal().encode("utf-8"))
    finally:
        os.close(write)
    return read


def _git_python() -> ModuleType:
    """GitPython, loaded when the first command runs: it takes 80 ms and runs ``git version``."""
    try:
        import git
    except ImportError as error:
        raise Permanent("git was not found", hint="install git and check PATH") from error
    return git
