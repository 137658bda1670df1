"""Nothing can be read out of what people read: for the type checker it has no method of a text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFUSED = (
    'verdict.reason.startswith("Not")',
    'verdict.title.partition(":")',
    'verdict.reason in ("Passed.",)',
    'unmeasured.why.endswith("expected")',
    '"rows" in evidence.missing',
    "findings.notes[0].split()",
)
ALLOWED = (
    "say(verdict.reason, {})",
    "bool(evidence.missing)",
    'PlainText("A sentence of another check.")',
)
HEAD = """from comporta.records import Evidence, Findings, PlainText, UnmeasuredFigure, Verdict, say


def read(evidence: Evidence, findings: Findings, unmeasured: UnmeasuredFigure, verdict: Verdict) -> None:
"""


def test_mypy_refuses_to_read_meaning_out_of_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "reads.py"
    file.write_text(HEAD + "".join(f"    {each}\n" for each in (*REFUSED, *ALLOWED)))
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(file)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    first = HEAD.count("\n") + 1
    lines = {int(each.split(":")[1]) - first for each in found.stdout.splitlines() if ": error:" in each}
    assert lines == set(range(len(REFUSED))), found.stdout
