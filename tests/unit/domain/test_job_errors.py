"""Which errors are told as a lack of memory, and which are not."""

import errno

import pytest

from prism.domain.errors import Permanent, Transient
from prism.domain.jobs import OUT_OF_MEMORY, JobError


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def while_handling(error: BaseException, earlier: BaseException) -> BaseException:
    error.__context__ = earlier
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("a text that nobody may read"),
        OSError(errno.ENOMEM, "a text that nobody may read"),
        RuntimeError("can't start new thread"),
        caused(Permanent("the database said no"), MemoryError()),
        while_handling(KeyError("x"), caused(ValueError("y"), MemoryError())),
    ],
    ids=repr,
)
def test_a_lack_of_memory_is_told_as_one_whatever_it_led_to(error: BaseException) -> None:
    told = JobError.of(error, attempt=4)
    assert (told.code, told.message, told.attempt) == (OUT_OF_MEMORY, "out of memory", 4)
    assert told.retryable


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("bang"), "bug"),
        (OSError(errno.EIO, "x"), "bug"),
        (caused(Transient("away"), OSError(errno.EPIPE, "x")), "transient_failure"),
        (OSError(errno.ENOSPC, "x"), "no_space"),
    ],
    ids=repr,
)
def test_other_errors_are_not(error: BaseException, code: str) -> None:
    assert JobError.of(error).code == code


def test_causes_in_a_circle_have_an_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    caused(first, second)
    caused(second, first)
    assert JobError.of(first).code == "bug"
