"""What ``--metrics-listen`` and ``--metrics-file`` take, and the thread that samples."""

import threading

import pytest

from prism.domain.errors import InvalidInput
from prism.entrypoints.measuring import check_file, parse_address, repeating


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("9177", "127.0.0.1", 9177), ("0", "127.0.0.1", 0), ("0.0.0.0:9177", "0.0.0.0", 9177),
     ("metrics.local:1", "metrics.local", 1), ("[::1]:65535", "::1", 65535)],
)  # fmt: skip
def test_an_address_is_a_port_with_or_without_a_host(text: str, host: str, port: int) -> None:
    assert parse_address(text) == (host, port)


@pytest.mark.parametrize(
    "text", ["", ":9177", "localhost", "localhost:", "9177:localhost", "::1:9177", "65536", "-1",
             "host:+1", "host:٣", "host:123456"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no address"):
        parse_address(text)


def test_a_file_that_nobody_would_read_is_refused() -> None:
    assert check_file("/srv/prism.prom") == "/srv/prism.prom"
    with pytest.raises(InvalidInput, match=r"prism\.txt"):
        check_file("/srv/prism.txt")


def test_an_act_is_repeated_until_the_end() -> None:
    done: list[int] = []
    often_enough = threading.Event()

    def act() -> float:
        done.append(1)
        if len(done) == 3:
            often_enough.set()
        return 0.001

    with repeating(act):
        assert often_enough.wait(60)
    after = len(done)
    assert not any(thread.name == "queue sampler" for thread in threading.enumerate())
    assert len(done) == after


def test_a_long_wait_between_two_acts_does_not_hold_up_the_end() -> None:
    began = threading.Event()

    def act() -> float:
        began.set()
        return 3600.0

    with repeating(act):
        assert began.wait(60)
    assert not any(thread.name == "queue sampler" for thread in threading.enumerate())
