"""Length-prefixed JSON messages over a stream socket, between a worker and its job's process."""

import json
import select
import socket
import struct
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from prism.domain.values import JsonObject

#: A message is a plan to index or its outcome: small. What is larger comes from a broken process.
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
_HEADER = struct.Struct("!I")
_CHUNK = 64 * 1024


class BadMessage(ValueError):
    """The other side sent something that is no message."""


class Channel:
    """One end. Not for two threads at once."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._buffer = bytearray()
        self._ready: deque[JsonObject] = deque()
        #: True once the other side is gone; messages that it sent before are still given.
        self.closed = False

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, message: JsonObject) -> None:
        """Blocks until the message is handed over. Raises OSError when the other side is gone,
        ValueError and TypeError for what is not JSON."""
        body = json.dumps(message, allow_nan=False).encode()
        if len(body) > MESSAGE_BYTES_MAX:
            raise ValueError(f"a message of {len(body)} bytes is too large")
        self._end.sendall(_HEADER.pack(len(body)) + body)

    def send_if_room(self, message: JsonObject) -> bool:
        """``send``, unless the other side is so far behind that it would block."""
        if not _wait_for(self._end, select.POLLOUT, 0):
            return False
        self.send(message)
        return True

    def take(self) -> JsonObject | None:
        """The next message that has arrived, without waiting. Raises BadMessage."""
        self._read()
        return self._ready.popleft() if self._ready else None

    def receive(self, seconds: float | None = None) -> JsonObject | None:
        """The next message; None after *seconds*, or when the other side is gone.

        Raises BadMessage. *seconds* bounds each wait for bytes, not the whole."""
        while True:
            message = self.take()
            if message is not None or self.closed:
                return message
            if not _wait_for(self._end, select.POLLIN, seconds):
                return None

    def close(self) -> None:
        self._end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> None:
        while not self.closed:
            try:
                data = self._end.recv(_CHUNK, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except ConnectionError:
                data = b""
            self.closed = not data
            self._buffer += data
            self._cut()

    def _cut(self) -> None:
        while len(self._buffer) >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self._buffer)
            if length > MESSAGE_BYTES_MAX:
                raise BadMessage(f"a message of {length} bytes is announced")
            end = _HEADER.size + length
            if len(self._buffer) < end:
                return
            self._ready.append(_decoded(bytes(self._buffer[_HEADER.size : end])))
            del self._buffer[:end]


def _decoded(body: bytes) -> JsonObject:
    try:
        message: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadMessage("a message is not JSON") from error
    if not isinstance(message, Mapping):
        raise BadMessage("a message is not an object")
    return message


def _wait_for(end: socket.socket, event: int, seconds: float | None) -> bool:
    poll = select.poll()
    poll.register(end, event)
    return bool(poll.poll(None if seconds is None else max(0.0, seconds) * 1000))
