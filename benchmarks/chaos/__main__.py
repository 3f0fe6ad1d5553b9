"""A randomised fault campaign against the queue: real workers, databases, repositories, signals.

``python -m benchmarks.chaos --minutes N --seed S [--database sqlite|postgres|both] [--workers 8]
[--json]`` asks for jobs of all kinds while it kills, stops and restarts workers, jobs, clients and
the database at moments that the seed decides, lets everything come to rest, and counts. Exits 1
when an invariant does not hold: then the directory with databases, logs and journals is kept.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from benchmarks.chaos.campaign import Report, run_campaign
from benchmarks.chaos.plan import Scale
from benchmarks.chaos.rules import Rule
from tests.support.postgres import open_own_server

#: So many cases of a broken rule are printed; ``--json`` has all.
_SHOWN = 8


def main() -> int:
    options = _options()
    names = ("sqlite", "postgres") if options.database == "both" else (options.database,)
    scale = Scale(
        seconds=options.minutes * 60,
        workers=options.workers,
        clients=options.clients,
        gap=options.gap,
    )
    reports = [_run(name, options, scale) for name in names]
    if options.json:
        print(json.dumps([_as_json(report) for report in reports], indent=2))
    return 1 if any(report.broken for report in reports) else 0


def _run(name: str, options: argparse.Namespace, scale: Scale) -> Report:
    root = Path(tempfile.mkdtemp(prefix=f"prism-chaos-{name}-", dir=options.directory))
    print(f"{name}: seed {options.seed}, in {root}", file=sys.stderr, flush=True)
    with open_own_server() if name == "postgres" else nullcontext() as server:
        report = run_campaign(root, server, seed=options.seed, scale=scale)
    if not options.json:
        _print(report)
    if not (report.broken or options.keep):
        shutil.rmtree(root)
    return report


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--gap", type=float, default=0.8, help="mean seconds between two faults")
    parser.add_argument("--directory", help="where the campaign's own directory is made")
    parser.add_argument("--keep", action="store_true", help="keep that directory in any case")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _print(report: Report) -> None:
    print(f"\n{report.database}, seed {report.seed}, {report.seconds:.0f} s")
    for name, value in report.figures.items():
        if isinstance(value, dict):
            print(f"  {name}: {', '.join(f'{k} {v}' for k, v in value.items()) or 'none'}")
        else:
            print(f"  {name}: {value}")
    for rule, texts in _by_rule(report).items():
        print(f"  {rule}: {len(texts)}")
        for text in texts[:_SHOWN]:
            print(f"    {text}")
        if len(texts) > _SHOWN:
            print(f"    and {len(texts) - _SHOWN} more")
    if report.broken:
        print(f"  BROKEN; seed {report.seed}; everything is in {report.root}")


def _by_rule(report: Report) -> Mapping[str, Sequence[str]]:
    return {
        rule.value: [broken.text for broken in report.broken if broken.rule is rule]
        for rule in Rule
    }


def _as_json(report: Report) -> dict[str, object]:
    return {
        "database": report.database,
        "seed": report.seed,
        "seconds": round(report.seconds, 1),
        "figures": report.figures,
        "broken": _by_rule(report),
    }


if __name__ == "__main__":
    sys.exit(main())
