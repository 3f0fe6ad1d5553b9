"""Handlers for tests of runners: they do what tests need a job to do, in a thread or a process."""

import ctypes
import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

from prism.application.ports.runner import JobContext, JobHandler, JobOutcome
from prism.domain.errors import Permanent, Transient
from prism.domain.jobs import Progress, Publication

DEADLINE_SECONDS = 60.0
#: The process that imported this module.
LOADED_IN = os.getpid()


def work(context: JobContext) -> JobOutcome:
    """The claim and the token come back in the result."""
    return JobOutcome(
        result={
            "job": context.claim.id,
            "attempt": context.claim.attempt,
            "options": context.claim.job.options,
            "token": None if context.token is None else context.token.reveal(),
            "scratch": context.scratch,
        },
        publish=Publication(run_id=7),
    )


def fail(context: JobContext) -> JobOutcome:
    raise Permanent("the repository is gone", hint="look for it")


def fail_for_now(context: JobContext) -> JobOutcome:
    raise Transient("the network is down")


def break_down(context: JobContext) -> JobOutcome:
    raise RuntimeError("this text holds a secret")


def leave(context: JobContext) -> JobOutcome:
    raise SystemExit(3)


def wait_for_cancel(context: JobContext) -> JobOutcome:
    context.reporter.progress(Progress(stage="waiting"))
    return _until_cancelled(context)


def report(context: JobContext) -> JobOutcome:
    context.reporter.cloned(str(Path(context.scratch) / "repo.git"))
    context.reporter.progress(Progress(stage="structure", done=3, total=9))
    return _until_cancelled(context)


def _until_cancelled(
    context: JobContext, *, unless: Callable[[], bool] = lambda: False
) -> JobOutcome:
    pause = Event()
    for _ in range(int(DEADLINE_SECONDS / 0.01)):
        context.reporter.check_cancelled()
        if unless():
            break
        pause.wait(0.01)
    return JobOutcome(result={"cancelled": False})


def answer_nonsense(context: JobContext) -> JobOutcome:
    return JobOutcome(result={"not": float("nan")})


def segfault(context: JobContext) -> JobOutcome:
    os.kill(os.getpid(), signal.SIGSEGV)
    return _until_cancelled(context)


def exit_without_a_word(context: JobContext) -> JobOutcome:
    os._exit(5)


def ignore_cancel(context: JobContext) -> JobOutcome:
    context.reporter.progress(Progress(stage="deaf", done=os.getpid()))
    Event().wait(DEADLINE_SECONDS)
    return JobOutcome(result={})


def start_grandchild(context: JobContext) -> JobOutcome:
    """A process of its own that ends by itself only long after; its id is the progress."""
    grandchild = _grandchild()
    context.reporter.progress(Progress(stage="grandchild", done=grandchild, total=os.getpid()))
    return _until_cancelled(context)


def leave_grandchild(context: JobContext) -> JobOutcome:
    return JobOutcome(result={"grandchild": _grandchild()})


def look_around(context: JobContext) -> JobOutcome:
    """What this process can be seen to be."""
    return JobOutcome(
        result={
            "pid": os.getpid(),
            "loaded_in": LOADED_IN,
            "group": os.getpgrp(),
            "parent": os.getppid(),
            "directory": str(Path.cwd()),
            "main": str(getattr(sys.modules["__main__"], "__file__", "")),
            "isolated": bool(sys.flags.isolated),
            "session": os.environ.get("PGAPPNAME"),
            "core_limit": resource.getrlimit(resource.RLIMIT_CORE)[0],
        }
    )


def talk_nonsense(context: JobContext) -> JobOutcome:
    """As if native code had written over the worker's channel."""
    channel = vars(context.reporter)["_channel"]
    os.write(channel.fileno(), b"\x00\x00\x00\x04nope")
    return _until_cancelled(context)


def write_output(context: JobContext) -> JobOutcome:
    os.write(1, b"written by a job\n")
    return JobOutcome(result={})


def nap(context: JobContext) -> JobOutcome:
    """Sleep for the option ``seconds``, unless asked to stop."""
    pause = Event()
    for step in range(int(_seconds(context) / 0.05) + 1):
        context.reporter.progress(Progress(stage="nap", done=step))
        context.reporter.check_cancelled()
        pause.wait(0.05)
    return JobOutcome(result={})


def nap_deaf(context: JobContext) -> JobOutcome:
    """Sleep for the option ``seconds`` and listen to nobody meanwhile."""
    Event().wait(_seconds(context))
    return JobOutcome(result={})


def fail_at_first(context: JobContext) -> JobOutcome:
    """Only the first attempt fails, and may be tried again."""
    if context.claim.attempt == 1:
        raise Transient("the network is down")
    return JobOutcome(result={})


def leave_effect(context: JobContext) -> JobOutcome:
    """A nap with a line in the file that the option ``ledger`` names at its begin and at its end,
    each written at once: who did it, for which requests, and when on the machine's own clock."""
    job = context.claim.job
    asked = sorted(name for name in job.options if name.startswith("request:"))
    line: dict[str, object] = {"job": job.id, "attempt": job.attempt, "project": job.project_id}
    _append(str(job.options["ledger"]), {**line, "what": "begun", "requests": asked})
    outcome = nap(context)
    _append(str(job.options["ledger"]), {**line, "what": "done"})
    return outcome


def _seconds(context: JobContext) -> float:
    return float(str(context.claim.job.options.get("seconds", 0)))


def _append(ledger: str, line: dict[str, object]) -> None:
    text = json.dumps({**line, "pid": os.getpid(), "monotonic": time.monotonic()}) + "\n"
    file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.write(file, text.encode())
    os.close(file)


def handlers_for(settings: str) -> Mapping[str, JobHandler]:
    """What a job's process calls; *settings* is not used."""
    return HANDLERS


def broken_handlers(settings: str) -> Mapping[str, JobHandler]:
    raise Transient("the database is away")


def _grandchild() -> int:
    command = [
        sys.executable,
        "-c",
        f"import threading; threading.Event().wait({DEADLINE_SECONDS})",
    ]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL).pid


def note(context: JobContext) -> None:
    """Tell a test that this attempt runs: a file ``<job>-<attempt>`` with this process's id in the
    directory that the option ``notes`` names."""
    claim = context.claim
    told = Path(str(claim.job.options["notes"])) / f"{claim.id}-{claim.attempt}"
    part = told.with_name(f".{told.name}")
    part.write_text(str(os.getpid()))
    part.rename(told)


def wait_to_go(context: JobContext) -> bool:
    """Note the attempt, then wait for one of the files ``<job>.go`` and ``<job>-<attempt>.go``
    beside the note, or until cancelled.

    Only attempts up to the option ``hold`` (1) wait; returns whether this one did.
    """
    note(context)
    claim = context.claim
    notes = Path(str(claim.job.options["notes"]))
    go = [notes / f"{claim.id}.go", notes / f"{claim.id}-{claim.attempt}.go"]
    waits = claim.attempt <= int(str(claim.job.options.get("hold", 1)))
    if waits:
        _until_cancelled(context, unless=lambda: any(file.exists() for file in go))
    return waits


def hold(context: JobContext) -> JobOutcome:
    """See ``wait_to_go``. The result says which attempt it was, and what it was asked for."""
    wait_to_go(context)
    return JobOutcome(
        result={"attempt": context.claim.attempt, "options": context.claim.job.options}
    )


def poison(context: JobContext) -> JobOutcome:
    """Like ``hold``, but an attempt that had to wait ends by SIGSEGV."""
    if wait_to_go(context):
        os.kill(os.getpid(), signal.SIGSEGV)
    return JobOutcome(result={"options": context.claim.job.options})


def hang(context: JobContext) -> JobOutcome:
    """Never come back, with a grandchild; by the option ``how`` it also stops ('stopped') or takes
    no signal that can be refused ('deaf')."""
    how = context.claim.job.options["how"]
    if how == "deaf":
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    _grandchild()
    note(context)
    if how == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    Event().wait()
    return JobOutcome(result={})


def hold_the_interpreter(context: JobContext) -> JobOutcome:
    """One call of native code that does not let go of the GIL for the option ``seconds``."""
    note(context)
    ctypes.PyDLL(None).sleep(int(str(context.claim.job.options["seconds"])))
    return JobOutcome(result={})


def hold_and_publish(context: JobContext) -> JobOutcome:
    """``hold``, and a run to publish that tells the attempt: its number is 100 more."""
    return replace(hold(context), publish=Publication(run_id=100 + context.claim.attempt))


def eat_memory(context: JobContext) -> JobOutcome:
    """Run into the memory limit as the option ``how`` says: 'at once', 'in pieces', 'wrapped' in
    another error, 'by threads' or 'in a thread' that the job then waits for.

    Without a limit it would take the machine's: at most 4 GiB are asked for.
    """
    how = context.claim.job.options["how"]
    eaten: list[bytes] = []
    try:
        if how == "by threads":
            for _ in range(4000):
                Thread(target=Event().wait, args=(DEADLINE_SECONDS,), daemon=True).start()
        elif how == "in a thread":
            Thread(target=bytes, args=(4 << 30,)).start()
            Event().wait(DEADLINE_SECONDS)
        elif how == "in pieces":
            eaten.extend(bytes(200) + str(n).encode() for n in range(20_000_000))
        else:
            eaten.append(bytes(4 << 30))
    except MemoryError as error:
        if how == "wrapped":
            raise Permanent("the database said no") from error
        raise
    return JobOutcome(result={"eaten": len(eaten)})


def lack_memory(context: JobContext) -> JobOutcome:
    raise MemoryError("this text holds a secret")


def lack_memory_to_fork(context: JobContext) -> JobOutcome:
    raise OSError(errno.ENOMEM, "this text holds a secret")


def look_at_limits(context: JobContext) -> JobOutcome:
    """The limit on data of this process, and of one that it starts."""
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_DATA)[0])"
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, stdin=subprocess.DEVNULL, check=True
    )
    own = resource.getrlimit(resource.RLIMIT_DATA)
    return JobOutcome(result={"own": list(own), "child": int(child.stdout)})


HANDLERS: Mapping[str, JobHandler] = {
    "work": work,
    "fail": fail,
    "fail_for_now": fail_for_now,
    "break_down": break_down,
    "leave": leave,
    "wait_for_cancel": wait_for_cancel,
    "report": report,
    "answer_nonsense": answer_nonsense,
    "segfault": segfault,
    "exit_without_a_word": exit_without_a_word,
    "ignore_cancel": ignore_cancel,
    "start_grandchild": start_grandchild,
    "leave_grandchild": leave_grandchild,
    "look_around": look_around,
    "write_output": write_output,
    "talk_nonsense": talk_nonsense,
    "nap": nap,
    "nap_deaf": nap_deaf,
    "fail_at_first": fail_at_first,
    "leave_effect": leave_effect,
    "hold": hold,
    "hold_and_publish": hold_and_publish,
    "poison": poison,
    "hang": hang,
    "hold_the_interpreter": hold_the_interpreter,
    "eat_memory": eat_memory,
    "lack_memory": lack_memory,
    "lack_memory_to_fork": lack_memory_to_fork,
    "look_at_limits": look_at_limits,
}
