"""What a finding rests on: how many imports of the languages concerned could be resolved."""

from collections.abc import Collection
from typing import NamedTuple

from prism.domain.findings.model import Material


class Basis(NamedTuple):
    """Counts over the languages of some files. ``languages`` are sorted."""

    languages: tuple[str, ...]
    resolved: int
    imports: int
    parsed: int
    files: int

    @property
    def share(self) -> float:
        """Resolved of all imports; 1.0 where nothing is imported."""
        return self.resolved / self.imports if self.imports else 1.0

    def __str__(self) -> str:
        return (
            f"{self.resolved} of {self.imports} imports resolved and {self.parsed} of {self.files} "
            f"files parsed in {', '.join(self.languages) or 'no language'}"
        )


def basis_of(material: Material, paths: Collection[str]) -> Basis:
    """The coverage of the languages in which the files *paths* are written."""
    wanted = set(paths)
    languages = {file.language for file in material.files if file.path in wanted}
    rows = [row for row in material.coverage if row.language in languages]
    return Basis(
        languages=tuple(sorted(languages)),
        resolved=sum(row.imports - row.unresolved for row in rows),
        imports=sum(row.imports for row in rows),
        parsed=sum(row.parsed for row in rows),
        files=sum(row.files for row in rows),
    )


def percent(part: float, whole: float) -> str:
    """'12 %', with one digit below ten; 'no' part of nothing."""
    if not whole:
        return "0 %"
    share = 100 * part / whole
    return f"{share:.0f} %" if share >= 10 else f"{share:.1f} %"


def counted(count: int, noun: str, plural: str = "") -> str:
    """'1 file', '2 files'."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
