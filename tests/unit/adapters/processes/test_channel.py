"""Messages over a socket: whole, in order, bounded."""

import socket
import struct
from collections.abc import Iterator

import pytest

from prism.adapters.processes.channel import MESSAGE_BYTES_MAX, BadMessage, Channel


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    with Channel(ours) as channel, theirs:
        yield channel, theirs


def test_messages_arrive_in_order(ends: tuple[Channel, socket.socket]) -> None:
    channel, theirs = ends
    other = Channel(theirs)
    other.send({"n": 1})
    other.send({"n": 2})
    assert [channel.receive(5), channel.receive(5), channel.take()] == [{"n": 1}, {"n": 2}, None]


def test_a_message_may_come_in_pieces(ends: tuple[Channel, socket.socket]) -> None:
    channel, theirs = ends
    body = b'{"a": "b"}'
    frame = struct.pack("!I", len(body)) + body
    for at in range(len(frame) - 1):
        theirs.send(frame[at : at + 1])
        assert channel.take() is None
    theirs.send(frame[-1:])
    assert channel.receive(5) == {"a": "b"}


def test_what_was_sent_before_the_end_is_still_given(ends: tuple[Channel, socket.socket]) -> None:
    channel, theirs = ends
    Channel(theirs).send({"last": True})
    theirs.close()
    assert channel.receive(5) == {"last": True}
    assert channel.receive(5) is None
    assert channel.closed


def test_nobody_waits_longer_than_told(ends: tuple[Channel, socket.socket]) -> None:
    channel, _ = ends
    assert channel.receive(0.01) is None
    assert not channel.closed


def test_a_slow_reader_does_not_hold_up_news(ends: tuple[Channel, socket.socket]) -> None:
    channel, _ = ends
    message = {"text": "x" * 1000}
    sent = sum(channel.send_if_room(message) for _ in range(10_000))
    assert 0 < sent < 10_000


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!I", MESSAGE_BYTES_MAX + 1),
        struct.pack("!I", 4) + b"nope",
        struct.pack("!I", 2) + b"[]",
        struct.pack("!I", 20_000) + b"[" * 20_000,
    ],
    ids=["too large", "no JSON", "no object", "too deep"],
)
def test_what_is_no_message_is_refused(ends: tuple[Channel, socket.socket], data: bytes) -> None:
    channel, theirs = ends
    theirs.sendall(data)
    with pytest.raises(BadMessage):
        channel.take()


def test_a_message_that_is_too_large_is_not_sent(ends: tuple[Channel, socket.socket]) -> None:
    channel, _ = ends
    with pytest.raises(ValueError, match="too large"):
        channel.send({"text": "x" * MESSAGE_BYTES_MAX})
