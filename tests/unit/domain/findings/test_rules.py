"""The table of rules and what judging a run by it gives."""

from dataclasses import replace

from tests.support.sketches import sketch

from prism.domain.findings.model import Finding
from prism.domain.findings.rules import RULES, judge

DRAWN = sketch("""
b.py 400 lines 9 commits
  1 imports a.py
a.py 200 lines 8 commits
  1 imports b.py
c.py 10 lines 1 commit
""")


def order(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.anchor, finding.fingerprint


def test_findings_come_by_rule_then_anchor() -> None:
    findings = judge(DRAWN.material())
    assert [finding.rule for finding in findings] == ["hotspot", "import-cycle"]
    assert findings == sorted(findings, key=order)


def test_the_order_of_the_facts_does_not_matter() -> None:
    material = DRAWN.material()
    turned = replace(
        material,
        files=material.files[::-1],
        edges=material.edges[::-1],
        metrics=material.metrics[::-1],
    )
    assert judge(turned) == judge(material)


def test_a_rule_is_not_asked_when_a_stage_it_needs_failed() -> None:
    material = replace(DRAWN.material(), failed_stages=frozenset({"resolve"}))
    assert [finding.rule for finding in judge(material)] == ["hotspot"]


def test_every_finding_has_evidence_figures_and_a_reason() -> None:
    for finding in judge(DRAWN.material()):
        assert finding.evidence
        assert finding.figures
        assert finding.confidence_reason
        assert 0 < finding.confidence < 1


def test_codes_are_unique_and_sorted() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
