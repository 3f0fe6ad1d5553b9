"""Prism's queue beside Procrastinate and PgQueuer: the same measurements in one run.

``python -m benchmarks.queue [--quick] [--rows N] [--json]`` (needs a private Postgres as the tests
do; the other systems come with ``pip install -e .[bench]``, and without them it says which are
missing). One system at a time, each in a fresh database of the same server:

* jobs enqueued a second, one by one; no-op jobs a second with 1 and 2 worker processes, and what
  they cost in processor time,
* pick-up latency, and how many pick-ups took so long that a wake-up must have been lost,
* one claim among a million finished and a tenth as many pending jobs,
* for Prism: a no-op job in a child process, as ``prism worker`` runs jobs; and all of it on SQLite.

Ends with 1 only when a system lost a job, ran one twice, or did not record it as completed.
"""
# ruff: noqa: A005 - run as a module of its package, never from its own folder

import argparse
import json
import sys
from collections.abc import Sequence

from benchmarks.queue_peers.measures import NotOnce
from benchmarks.queue_peers.report import as_json, print_report
from benchmarks.queue_peers.runs import Size, run_all
from tests.support.postgres import Unavailable, open_server

QUICK = Size(jobs=200, rounds=1, pick_ups=30, rows=20_000, claims=200, child_jobs=20)
FULL = Size(jobs=2_000, rounds=3, pick_ups=250, rows=1_000_000, claims=1_000, child_jobs=200)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.queue", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds for each system")
    parser.add_argument("--rows", type=int, help="finished rows; a tenth as many are pending")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--seed", type=int, default=1, help="of the random spacing")
    parser.add_argument("--only", default="", help="systems whose name contains this text")
    given = parser.parse_args(arguments)
    size = QUICK if given.quick else FULL
    if given.rows is not None:
        size = size._replace(rows=given.rows)
    try:
        with open_server() as server:
            figures = run_all(size, server, seed=given.seed, only=given.only)
    except NotOnce as error:
        print(f"WRONG: {error}", file=sys.stderr)
        return 1
    except Unavailable as error:
        print(f"no Postgres here: {error}", file=sys.stderr)
        return 0
    if given.json:
        print(json.dumps(as_json(figures), indent=2))
    else:
        print_report(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
