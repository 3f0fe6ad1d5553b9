"""The two sequences of migrations, and where their files are."""

from dataclasses import dataclass
from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sequence of migrations: files ``r0001_….py``, ``r0002_….py`` … in its folder."""

    name: str

    @property
    def version_table(self) -> str:
        return f"prism_{self.name}_version"

    @property
    def folder(self) -> Path:
        return MIGRATIONS / self.name

    @property
    def newest(self) -> str:
        """The revision this program needs; '' while the line has none."""
        return max((file.name[1:5] for file in self.folder.glob("r[0-9]*_*.py")), default="")


JOBS = Line(name="jobs")
FACTS = Line(name="facts")
