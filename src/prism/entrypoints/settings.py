"""Everything Prism takes from its environment, read once, typed and frozen."""

import json
import os
import socket
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from prism.domain.credentials import Secret
from prism.domain.errors import InvalidInput
from prism.domain.jobs import JobKind

KEY_VARIABLE = "CREDENTIAL_ENCRYPTION_KEY"
KEY_FILE_VARIABLE = "CREDENTIAL_ENCRYPTION_KEY_FILE"
_KEY_NAME = "credential_encryption_key"
_RUN_SECRETS = Path("/run/secrets")
#: Variables of the host that git needs to reach the network; nothing else of it is passed on.
_GIT_VARIABLES = (
    "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
)  # fmt: skip
#: What a job's process may have of the environment, besides libpq's own PG… variables.
_PROCESS_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
ANSWER_SECONDS = 300.0
#: What a job's process is not told.
_OF_THIS_PROCESS = (
    "encryption_key", "process_environment", "answer_seconds", "connections", "handlers", "kinds",
    "metrics_listen", "metrics_file",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``encryption_key`` is the key ring's text; None in a job's process, which never sees it."""

    data_dir: str
    database_url: str | None
    host: str
    allow_hosts: tuple[str, ...] = ()
    allow_private_networks: bool = False
    store_source: bool = True
    history_limit: int = 1000
    parser_processes: int = 0  # 0: as many as there are processors, at most 4
    git_environment: tuple[tuple[str, str], ...] = ()
    process_environment: tuple[tuple[str, str], ...] = ()
    log_format: str = ""  # of a worker, for its jobs too; '': nothing is logged
    #: The database is reached through a pooler, which keeps no state between transactions.
    pooler: bool = False
    #: Memory that each process of a job may have, in MiB; 0: no limit but the machine's.
    job_memory_mib: int = 0
    #: How long Postgres may be silent. A worker asks short questions only and has a lease to renew;
    #: jobs and commands may ask long ones.
    answer_seconds: float = ANSWER_SECONDS
    connections: int = 5
    #: Host and port of the page, path of the file where a worker shows what it counts.
    metrics_listen: tuple[str, int] | None = None
    metrics_file: str | None = None
    #: ``module:function`` that gives a job's process its handlers by kind, and the kinds it knows.
    handlers: str = "prism.entrypoints.container:child_handlers"
    kinds: tuple[str, ...] = tuple(JobKind)
    encryption_key: Secret | None = field(default=None, repr=False)

    @staticmethod
    def from_env(environ: MutableMapping[str, str] | None = None) -> "Settings":
        """Read *environ* (the process's by default) and take the key out of it.

        Raises InvalidInput naming the variable.
        """
        env = os.environ if environ is None else environ
        return Settings(
            data_dir=_data_dir(env),
            database_url=env.get("PRISM_DATABASE_URL") or None,
            host=env.get("PRISM_HOST") or socket.gethostname(),
            allow_hosts=tuple(env.get("PRISM_ALLOW_HOSTS", "").replace(",", " ").split()),
            allow_private_networks=_switch(env, "PRISM_ALLOW_PRIVATE_NETWORKS", default=False),
            store_source=_switch(env, "PRISM_STORE_SOURCE", default=True),
            history_limit=_count(env, "PRISM_HISTORY_LIMIT", default=1000),
            parser_processes=_count(env, "PRISM_PARSER_PROCESSES", default=0),
            pooler=_switch(env, "PRISM_POOLER", default=False),
            job_memory_mib=_count(env, "PRISM_JOB_MEMORY_MIB", default=0),
            git_environment=tuple((n, env[n]) for n in _GIT_VARIABLES if env.get(n)),
            process_environment=tuple(
                (name, value)
                for name, value in sorted(env.items())
                if name in _PROCESS_VARIABLES or name.startswith("PG")
            ),
            encryption_key=_encryption_key(env),
        )

    def as_json(self) -> str:
        """For the job's process. The key is not in it."""
        fields = asdict(replace(self, encryption_key=None))
        for name in _OF_THIS_PROCESS:
            del fields[name]
        return json.dumps(fields)

    @staticmethod
    def from_json(text: str) -> "Settings":
        fields = json.loads(text)
        fields["allow_hosts"] = tuple(fields["allow_hosts"])
        fields["git_environment"] = tuple((n, v) for n, v in fields["git_environment"])
        return Settings(**fields)


def _data_dir(env: MutableMapping[str, str]) -> str:
    if env.get("PRISM_DATA_DIR"):
        return str(Path(env["PRISM_DATA_DIR"]).absolute())
    if env.get("XDG_DATA_HOME"):
        return str(Path(env["XDG_DATA_HOME"]).absolute() / "prism")
    home = env.get("HOME") or str(Path("~").expanduser())
    return str(Path(home).absolute() / ".local" / "share" / "prism")


def _switch(env: MutableMapping[str, str], name: str, *, default: bool) -> bool:
    text = env.get(name, "").strip().lower()
    if not text:
        return default
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise InvalidInput(f"{name} is {text!r}, which is neither yes nor no", hint="use 1 or 0")


def _count(env: MutableMapping[str, str], name: str, *, default: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput(f"{name} is {text!r}, which is not a whole number")
    return int(text)


def _encryption_key(env: MutableMapping[str, str]) -> Secret | None:
    text = env.pop(KEY_VARIABLE, None)
    file = env.get(KEY_FILE_VARIABLE)
    if text and file:
        raise InvalidInput(
            f"both {KEY_VARIABLE} and {KEY_FILE_VARIABLE} are set", hint="unset one of them"
        )
    if text:
        return Secret(text)
    if file:
        return _read_key(Path(file))
    candidates = [_RUN_SECRETS / _KEY_NAME]
    if env.get("CREDENTIALS_DIRECTORY"):
        candidates.append(Path(env["CREDENTIALS_DIRECTORY"]) / _KEY_NAME)
    return next((_read_key(path) for path in candidates if path.is_file()), None)


def _read_key(path: Path) -> Secret:
    try:
        return Secret(path.read_text("ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"the key file {path} cannot be read ({type(error).__name__})",
            hint=f"check {KEY_FILE_VARIABLE}",
        ) from None
