"""Rule god-module: positive, negative and boundary cases."""

from tests.support.sketches import sketch

from prism.domain.findings.god_module import FLOORS, check
from prism.domain.findings.model import Finding


def project(
    *, users: int = 12, lines: int = 900, uses: int = 2, files: int = 30, verb: str = "imports"
) -> list[Finding]:
    """A core file that *users* of *files* plain files import and that imports *uses* of them."""
    core = [f"core/\n  base.py {lines} lines"]
    core += [f"    {n + 1} {verb} m{n:02}.py" for n in range(uses)]
    core += ["    class Base 20-300"]
    plain = []
    for n in range(files):
        plain.append(f"m{n:02}.py 40 lines")
        if n >= files - users:
            plain.append("  1 imports core/base.py: Base")
    return check(sketch("\n".join([*core, *plain])).material())


def test_a_large_file_that_many_import_is_found() -> None:
    assert [finding.anchor for finding in project()] == ["core/base.py"]


def test_the_evidence_names_its_largest_definition_and_who_imports_it() -> None:
    evidence = project()[0].evidence
    assert (evidence[0].path, evidence[0].line, evidence[0].end_line) == ("core/base.py", 20, 300)
    assert {each.note for each in evidence[1:]} == {"imports core/base.py"}


def test_a_large_file_that_few_import_is_not_found() -> None:
    assert project(users=2) == []


def test_a_small_file_that_many_import_is_not_found() -> None:
    assert project(lines=50) == []


def test_fan_out_counts_as_doing_much() -> None:
    assert project(lines=50, uses=12)[0].figures["fan_out"] == 12


def test_a_package_that_only_hands_names_on_is_not_found() -> None:
    assert project(lines=50, uses=12, verb="reexports") == []


def test_two_high_measures_are_more_severe_than_one() -> None:
    assert [project()[0].severity, project(uses=12)[0].severity] == ["medium", "high"]


def test_a_small_project_has_no_outliers() -> None:
    assert project(files=18, users=12) == []


def test_one_file_below_the_floor_is_not_found() -> None:
    assert project(lines=FLOORS.lines - 1) == []
    assert project(lines=FLOORS.lines) != []
