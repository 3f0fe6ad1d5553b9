"""A git server on https://127.0.0.1 in this process: smart HTTP, basic auth, and bad behaviour.

``git http-backend`` does the protocol; certificates are made anew for each server.
"""

import base64
import ipaddress
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Received(NamedTuple):
    """One request as it came in; ``authorization`` is '' where there was none."""

    method: str
    path: str
    authorization: str


#: Answers a request in place of the repository; returns nothing, writes to the handler.
Rule = Callable[["_Handler"], None]


class GitServer:
    """Serves the bare or plain repositories below ``root`` by their directory names.

    With a ``token`` every request needs basic auth ``username:token``. A repository's name can be
    given another behaviour (``fail``, ``echo``, ``redirect``, ``hang``, ``hold``); the others are
    served as they are. ``received`` lists all requests, in order.
    """

    def __init__(self, root: Path, *, username: str, token: str | None) -> None:
        self.root = root
        self.received: list[Received] = []
        self._expected = None if token is None else _basic(username, token)
        self._rules: dict[str, Rule] = {}
        self._released = threading.Event()
        #: Set once a held or hanging request has come in.
        self.reached = threading.Event()
        self.ca_file = root / ".server" / "ca.pem"
        certificate = _make_certificates(root / ".server")
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.git = self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._http.socket = context.wrap_socket(
            self._http.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def host(self) -> str:
        """``host:port``, as a credential names it."""
        return f"127.0.0.1:{self._http.server_address[1]}"

    def url(self, name: str) -> str:
        return f"https://{self.host}/{name}"

    @property
    def git_environment(self) -> Mapping[str, str]:
        """What makes git (and Prism's ``git_environment`` setting) trust this server."""
        return {"GIT_SSL_CAINFO": str(self.ca_file)}

    @property
    def authorizations(self) -> list[str]:
        return [r.authorization for r in self.received if r.authorization]

    def fail(self, name: str, status: int, body: str = "") -> None:
        """Answer every request for *name* with *status*."""
        self._rules[name] = lambda handler: handler.answer(status, body.encode())

    def echo(self, name: str) -> None:
        """Ask for a credential, then answer 403 with the header that came, as some proxies do."""

        def rule(handler: "_Handler") -> None:
            header = handler.headers.get("Authorization")
            if header is None:
                handler.ask_for_credential()
            else:
                handler.answer(403, f"denied: Authorization: {header}\n".encode())

        self._rules[name] = rule

    def redirect(self, name: str, base: str, status: int = 302) -> None:
        """Send every request for *name* to the same path below the URL *base*."""

        def rule(handler: "_Handler") -> None:
            rest = handler.path.removeprefix(f"/{name}")
            handler.answer(status, b"", {"Location": base + rest})

        self._rules[name] = rule

    def hang(self, name: str) -> None:
        """Take the request and say nothing until the server closes."""
        self._rules[name] = self._wait

    def hold(self, name: str, *, when: bytes = b"command=fetch") -> None:
        """Serve *name*, but let the pack wait until ``release``; ``reached`` says it waits.

        *when*: what the request has to hold (``b"filter blob:none"``: only that for history).
        """

        def rule(handler: "_Handler") -> None:
            # the second POST of a protocol 2 clone asks for the pack
            if handler.command == "POST" and when in handler.body():
                self._wait(handler)
            handler.serve()

        self._rules[name] = rule

    def refuse_history(self, name: str) -> None:
        """Serve the files of *name*, but answer 500 to the fetch of its history (no blobs)."""

        def rule(handler: "_Handler") -> None:
            if handler.command == "POST" and b"filter blob:none" in handler.body():
                handler.answer(500, b"")
            else:
                handler.serve()

        self._rules[name] = rule

    def release(self) -> None:
        self._released.set()

    def rule(self, name: str) -> Rule | None:
        return self._rules.get(name)

    def accepts(self, authorization: str | None) -> bool:
        return self._expected is None or authorization == self._expected

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _wait(self, _handler: "_Handler") -> None:
        self.reached.set()
        self._released.wait()


@contextmanager
def git_server(
    root: Path, *, username: str = "x-access-token", token: str | None = None
) -> Iterator[GitServer]:
    """A running server for the repositories below *root* (made if missing)."""
    root.mkdir(parents=True, exist_ok=True)
    server = GitServer(root, username=username, token=token)
    server.start()
    try:
        yield server
    finally:
        server.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    git: GitServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed breaks its connection: that is what the tests do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = 60
    wbufsize = -1  # one packet for head and body: without, each answer waits 40 ms for an ACK
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._body: bytes | None = None
        git = self.server.git
        authorization = self.headers.get("Authorization")
        git.received.append(Received(self.command, self.path, authorization or ""))
        rule = git.rule(self.path.split("/")[1].split("?")[0])
        if rule is not None:
            rule(self)
        else:
            self.serve()

    do_POST = do_GET

    def serve(self) -> None:
        """Answer from the repository, for those with the right credential."""
        if not self.server.git.accepts(self.headers.get("Authorization")):
            self.ask_for_credential()
            return
        status, headers, body = self._backend()
        self.answer(status, body, headers)

    def ask_for_credential(self) -> None:
        self.answer(401, b"", {"WWW-Authenticate": 'Basic realm="git"'})

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.body()
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def body(self) -> bytes:
        """The request's body; read once, with either transfer encoding."""
        if self._body is None:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                self._body = self._chunks()
            else:
                self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return self._body

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _backend(self) -> tuple[int, dict[str, str], bytes]:
        body = self.body()
        url = urlsplit(self.path)
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            "GIT_CONFIG_KEY_1": "uploadpack.allowFilter", "GIT_CONFIG_VALUE_1": "true",
            "GIT_PROJECT_ROOT": str(self.server.git.root), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": url.path, "QUERY_STRING": url.query, "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": "127.0.0.1",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }  # fmt: skip
        done = subprocess.run(
            ["git", "http-backend"], env=environment, input=body, capture_output=True
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = (line.partition(": ") for line in head.decode("latin-1").split("\r\n"))
        headers = {name: value for name, _, value in lines}
        status = int(headers.pop("Status", "200" if done.returncode == 0 else "500").split()[0])
        return status, headers, content

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests are in ``received``."""


def _basic(username: str, token: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{token}".encode()).decode()


def _make_certificates(directory: Path) -> Path:
    """A throw-away authority (``ca.pem``) and a certificate of it with its key."""
    directory.mkdir(exist_ok=True)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Prism test authority")])
    ca = _certificate(ca_name, ca_name, ca_key.public_key(), ca_key, authority=True)
    leaf_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    leaf = _certificate(leaf_name, ca_name, key.public_key(), ca_key, authority=False)
    pem = serialization.Encoding.PEM
    (directory / "ca.pem").write_bytes(ca.public_bytes(pem))
    both = directory / "server.pem"
    both.write_bytes(
        leaf.public_bytes(pem)
        + key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip
    return both


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(_usage(authority=authority), critical=True)
    )
    if not authority:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=authority, crl_sign=authority,
        content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
