"""The digest of a study's table follows what its check does, not what its files are called."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TRUTH = Path(__file__).parents[2] / "benchmarks" / "truth"
sys.path.insert(0, str(TRUTH))

import _code  # noqa: E402

FILES = {
    "src/comporta/checks/copies/measure.py": (
        "import numpy as np\nfrom comporta.stats.near import close, far\n"
        "from comporta.records import Findings\n"
        "def copied(rows):\n    if not len(rows):\n        raise ValueError('no rows to look at')\n"
        "    return Findings(np.sum(close(rows)))\n"
    ),
    "src/comporta/checks/copies/check.py": (
        "from comporta.records.message import code\n"
        "SOME = code('copies.some', '{rows} rows are copies', rows=int)\n"
        "def copies(most=0.01):\n    return most\n"
    ),
    "src/comporta/stats/near.py": "def close(x):\n    return x < 1\ndef far(x):\n    return x < 1\n",
    "benchmarks/truth/copies.py": (
        "from comporta.checks.copies.measure import copied\ndef study(seeds):\n    return copied(seeds)\n"
    ),
}
NEAR, COPIES = "src/comporta/stats/near.py", "src/comporta/checks/copies/measure.py"
GATE = "src/comporta/checks/copies/check.py"


def digest(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *edits: tuple[str, str, str],
    move: tuple[str, str] = ("", ""),
) -> str:
    root = tmp_path / str(len(list(tmp_path.iterdir())))
    for name, text in FILES.items():
        file = root / (move[1] if name == move[0] else name)
        file.parent.mkdir(parents=True, exist_ok=True)
        for of, old, new in edits:
            assert of != name or old in text
            text = text.replace(old, new) if of == name else text
        file.write_text(text)
    monkeypatch.setattr(_code, "ROOT", root)
    monkeypatch.setattr(_code, "SOURCE", root / "src" / "comporta")
    return _code.digest_of(_code.code_of(root / "benchmarks" / "truth" / "copies.py"))


def test_a_moved_file_an_import_line_and_a_wording_leave_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(tmp_path, monkeypatch)
    moved = digest(
        tmp_path,
        monkeypatch,
        (COPIES, "comporta.stats.near", "comporta.stats.distance"),
        move=(NEAR, "src/comporta/stats/distance.py"),
    )
    assert moved == before
    for edit in (
        (COPIES, "import close, far", "import close"),
        (COPIES, "from comporta.records import", "from comporta.records.verdict import"),
        (COPIES, "no rows to look at", "there is nothing to look at"),
        (GATE, "rows are copies", "rows are there twice"),
    ):
        assert digest(tmp_path, monkeypatch, edit) == before, edit


def test_what_a_check_does_changes_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edits = (
        (NEAR, "x < 1", "x < 2"),
        (NEAR, "def far(x):\n    return x < 1", "def far(x):\n    return x < 3"),
        (COPIES, "np.sum", "np.max"),
        (COPIES, "import numpy as np", "import cupy as np"),
        (GATE, "0.01", "0.02"),
        (GATE, "copies.some", "copies.any"),
        ("benchmarks/truth/copies.py", "copied(seeds)", "copied(seeds + 1)"),
    )
    found = [digest(tmp_path, monkeypatch, edit) for edit in edits]
    assert len({digest(tmp_path, monkeypatch), *found}) == len(edits) + 1


def test_which_of_two_functions_a_name_is_imported_as_changes_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    differ = (NEAR, "def far(x):\n    return x < 1", "def far(x):\n    return x < 3")
    one = digest(tmp_path, monkeypatch, differ)
    assert digest(tmp_path, monkeypatch, differ, (COPIES, "import close, far", "import far as close")) != one


def test_rows_are_the_same_under_another_title_and_nothing_else():
    from restamp import difference

    rows = [{"check": title, "fault": "none", "found": 0.1} for title in ("a", "a", "b")]
    retitled = [{**row, "check": row["check"].upper()} for row in rows]
    assert difference(rows, retitled) is None
    assert difference(rows, rows[:2]) == (3, 2)
    assert difference(rows, [*retitled[:2], {**retitled[2], "found": 0.2}]) is not None
    assert difference(rows, [{**row, "check": "one"} for row in rows]) == (2, 1)
    assert difference(rows, [retitled[0], {**retitled[1], "check": "C"}, retitled[2]]) is not None
