"""Which URLs may be cloned: https to public addresses, unless the operator says otherwise."""

import fnmatch
import ipaddress
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # not in typeshed

from prism.domain.errors import InvalidInput, Refused, Transient

URL_LENGTH_MAX = 2000
DEFAULT_PORT = 443
#: (host, port) -> numeric addresses. Raises OSError when the name is not known.
Resolve = Callable[[str, int], Sequence[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Ranges that ``is_global`` takes for public, here or in some Python release, though they reach
#: inside: those of Gitea's host matcher (cloud metadata, carrier NAT, translation and tunnels).
_INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24",
        "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48",
        "2001::/32", "2002::/16", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_SCP_FORM = re.compile(r"[\w.+-]+@[\w.-]+:(?!//)")
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"


class Target(NamedTuple):
    """A checked URL with the addresses its connection is pinned to (none behind a proxy)."""

    url: str
    host: str
    port: int
    addresses: tuple[str, ...]

    @property
    def pin(self) -> str:
        """Value for git's ``http.curloptResolve``, '' where there is nothing to pin."""
        if not self.addresses:
            return ""
        written = [f"[{a}]" if ":" in a else a for a in self.addresses]
        return f"{self.host}:{self.port}:{','.join(written)}"


def resolve_host(host: str, port: int) -> Sequence[str]:
    """All addresses of *host*, by the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlPolicy:
    """``allow_hosts``: shell patterns; where given, no other host is cloned from, and these may
    have private addresses. ``allow_private_networks`` lifts the check of addresses for all.

    ``environment`` is what git gets of the host's variables: behind its ``https_proxy`` names are
    resolved by the proxy.
    """

    allow_private_networks: bool = False
    allow_hosts: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    resolve: Resolve = resolve_host

    def check(self, url: str) -> str:
        """The normalised URL, by its text alone: no name is resolved.

        Lower-case scheme and host, no default port, no trailing slash. Raises InvalidInput for
        what is no https URL of a repository, Refused for what the policy forbids.
        """
        host, port, path = _parse(url.strip())
        self._check_host(host)
        literal = _literal(host)
        if literal is not None:
            self._check_address(host, literal)
        written = f"[{host}]" if ":" in host else host
        authority = written if port == DEFAULT_PORT else f"{written}:{port}"
        return f"https://{authority}{path}"

    def target(self, url: str) -> Target:
        """The URL with its addresses, all of them allowed: what the connection is pinned to, so
        that a second answer of the name server cannot move it (DNS rebinding).

        Raises as ``check``; Transient when the name cannot be resolved.
        """
        checked = self.check(url)
        host, port, _ = _parse(checked)
        if _literal(host) is not None:
            return Target(checked, host, port, ())
        try:
            addresses = self.resolve(host, port)
        except (OSError, UnicodeError):
            if self._proxied(host):
                return Target(checked, host, port, ())
            raise Transient(
                f"could not resolve host {host}", hint="check the URL and the network"
            ) from None
        for text in addresses:
            self._check_address(host, ipaddress.ip_address(text.partition("%")[0]))
        return Target(checked, host, port, tuple(addresses))

    def _check_host(self, host: str) -> None:
        if self.allow_hosts and not self._listed(host):
            raise Refused(
                f"{host} is not among the hosts that may be cloned from",
                hint="the operator lists them in PRISM_ALLOW_HOSTS",
            )

    def _check_address(self, host: str, address: Address) -> None:
        if self.allow_private_networks or self._listed(host) or is_public(address):
            return
        shown = f"{host} ({address})" if host != str(address) else host
        raise Refused(
            f"{shown} is not a public address",
            hint="PRISM_ALLOW_PRIVATE_NETWORKS=1, or the host in PRISM_ALLOW_HOSTS, allows it",
        )

    def _listed(self, host: str) -> bool:
        return any(fnmatch.fnmatchcase(host, pattern.lower()) for pattern in self.allow_hosts)

    def _proxied(self, host: str) -> bool:
        proxy = self.environment.get("https_proxy") or self.environment.get("HTTPS_PROXY")
        if not proxy:
            return False
        exceptions = self.environment.get("no_proxy") or self.environment.get("NO_PROXY") or ""
        return not proxy_bypass_environment(host, {"no": exceptions})


def is_public(address: Address) -> bool:
    """Can *address* be only a host of the public internet?"""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not address.is_global or address.is_multicast:
        return False
    return not any(address in net for net in _INSIDE if net.version == address.version)


def _parse(url: str) -> tuple[str, int, str]:
    """(host, port, path) of an https URL."""
    _check_characters(url)
    scheme, separator, _ = url.partition("://")
    if not separator or "::" in scheme:
        raise _no_url(url)
    if scheme.lower() != "https":
        raise Refused(
            f"{scheme.lower()}:// URLs are not cloned", hint="use the repository's https:// URL"
        )
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise InvalidInput("the URL is malformed", hint="https://HOST/OWNER/REPOSITORY") from None
    if "@" in parts.netloc:
        raise InvalidInput(
            "the URL holds a user name or password",
            hint="leave it out, and store the token with `prism credential add`",
        )
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise InvalidInput("a repository's URL has no ? or #", hint="leave that part out")
    return _host(parts.hostname or ""), port, _path(parts.path)


def _check_characters(url: str) -> None:
    if url.startswith("-"):
        raise InvalidInput("a URL does not start with a dash", hint="https://HOST/OWNER/REPOSITORY")
    if len(url) > URL_LENGTH_MAX:
        raise InvalidInput(f"the URL is longer than {URL_LENGTH_MAX} characters")
    if any(c.isspace() or not c.isprintable() or c in '\\"<>^`{|}' for c in url):
        raise InvalidInput(
            "the URL holds a space, a control character or another that URLs never have",
            hint="write it in percent form",
        )


def _no_url(url: str) -> InvalidInput | Refused:
    if "::" in url:
        return Refused("remote helpers of git (NAME::ADDRESS) are not used", hint="use https://")
    if _SCP_FORM.match(url):
        return InvalidInput(
            "addresses like USER@HOST:PATH are not cloned",
            hint="use the repository's https:// URL",
        )
    return InvalidInput("that is not an https:// URL", hint="https://HOST/OWNER/REPOSITORY")


def _host(text: str) -> str:
    """Canonical host: lower case, IDNA, addresses as their shortest text."""
    try:
        return str(ipaddress.ip_address(text.replace("%", "/")))  # no zones: "/" is never valid
    except ValueError:
        pass
    try:
        host = text.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        host = ""
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise InvalidInput("the URL's host is malformed", hint="https://HOST/OWNER/REPOSITORY")
    return host


def _path(text: str) -> str:
    path = quote(text, safe=_PATH_SAFE).rstrip("/")
    if not path or any(part in (".", "..") for part in path.split("/")):
        raise InvalidInput(
            "the URL names no repository on its host", hint="https://HOST/OWNER/REPOSITORY"
        )
    return path


def _literal(host: str) -> Address | None:
    """The address a host stands for by itself, also in the forms only C libraries take
    (2130706433, 0x7f.1): those must not slip through as names."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if not re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}", host):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        raise InvalidInput("the URL's host is malformed", hint="https://HOST/PATH") from None
