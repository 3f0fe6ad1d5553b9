"""Golden cases: what an extractor finds in a file, as JSON that a reader can judge.

A case is a folder ``tests/languages/<language>/<case>`` with ``input.*`` and ``expected.json``.
``UPDATE_EXPECT=1`` writes what is found now.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prism.domain.facts.structure import FileFacts

CASES = Path(__file__).parent
#: Byte offsets move with every edit of an input and say nothing that lines do not.
_LEFT_OUT = {"start_byte", "end_byte"}
#: Positions in other rows: 0 is one of them, -1 is none.
_INDEXES = {"parent", "binding", "symbol", "enclosing"}
_ROWS = ("symbols", "bindings", "exports", "references", "flows", "strings", "marks", "problems")


def cases() -> list[Path]:
    return sorted(path.parent for path in CASES.glob("*/*/input.*"))


def input_of(case: Path) -> bytes:
    return next(case.glob("input.*")).read_bytes()


def language_of(case: Path) -> str:
    return case.parent.name


def as_json(facts: FileFacts) -> str:
    """One line a row; fields with nothing in them are left out."""
    lines = [
        f'  "{name}": {json.dumps(getattr(facts, name), ensure_ascii=False)}'
        for name in ("lines", "code_lines", "comment_lines", "complexity", "docstring")
    ]
    for name in _ROWS:
        rows = [json.dumps(dict(_fields(row)), ensure_ascii=False) for row in getattr(facts, name)]
        inside = ",\n".join(f"    {row}" for row in rows)
        lines.append(f'  "{name}": [\n{inside}\n  ]' if rows else f'  "{name}": []')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _fields(row: Any) -> Iterator[tuple[str, Any]]:
    for name, value in row._asdict().items():
        nothing = value in ("", -1, ()) or (value == 0 and name not in _INDEXES)
        if name not in _LEFT_OUT and not nothing:
            yield name, value


def expected(case: Path, found: str) -> str:
    """The stored answer; *found* itself where answers are being updated."""
    path = case / "expected.json"
    if os.environ.get("UPDATE_EXPECT"):
        path.write_text(found, "utf-8")
    return path.read_text("utf-8")
