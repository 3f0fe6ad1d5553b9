"""The table of rules, and judging a run by all of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from prism.domain.findings import god_module, hotspot, import_cycle
from prism.domain.findings.model import Finding, Material


class Rule(NamedTuple):
    """``check`` sees the facts of a run; it isn't asked when a stage of ``needs`` failed, because
    nothing may be concluded from facts that are missing."""

    code: str
    title: str
    check: Callable[[Material], Sequence[Finding]]
    needs: frozenset[str]


RULES: tuple[Rule, ...] = (
    Rule(
        god_module.CODE,
        "A file that much depends on and that does much itself",
        god_module.check,
        frozenset({"structure", "resolve", "metrics"}),
    ),
    Rule(
        hotspot.CODE,
        "A long file that changes often",
        hotspot.check,
        frozenset({"structure", "metrics", "history"}),
    ),
    Rule(
        import_cycle.CODE,
        "Files that import each other in a circle",
        import_cycle.check,
        frozenset({"structure", "resolve"}),
    ),
)


def judge(material: Material) -> list[Finding]:
    """All findings by rule, then anchor, then fingerprint.

    An empty list means that no rule fired on the facts given. What that is worth is a matter of
    ``material.coverage`` and ``material.failed_stages``, which the caller has to tell.
    """
    findings = [
        finding
        for rule in RULES
        if not rule.needs & material.failed_stages
        for finding in rule.check(material)
    ]
    return sorted(findings, key=lambda each: (each.rule, each.anchor, each.fingerprint))
