"""Every check that a project can ask has a study, and its page tells no more than the study showed."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from scipy.stats import binomtest

TRUTH = Path(__file__).parents[2] / "benchmarks" / "truth"
sys.path.insert(0, str(TRUTH))

from _page import constructors, page  # noqa: E402
from _rates import is_sound, least, most, sure  # noqa: E402


def called(study: Path) -> set[str]:
    """The constructors of `comporta.checks` that a study calls, by their own names."""
    tree = ast.parse(study.read_text())
    named = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("comporta.checks")
        for alias in node.names
    }
    return {
        named[node.func.id]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in named
    }


def test_every_constructor_of_the_gates_is_called_by_a_study():
    studies = [file for file in TRUTH.glob("*.py") if "\ndef study(" in file.read_text()]
    have = set().union(*(called(file) for file in studies))
    named = {each.__name__ for functions in constructors().values() for each in functions}
    # `standard` is judged as a whole, in projects whose text names it.
    assert named - have - {"standard"} == set()
    assert (TRUTH / "standard.py").exists()


@pytest.mark.parametrize(("times", "seeds"), [(0, 10), (1, 10), (8, 125), (10, 10), (99, 100)])
def test_bounds_are_clopper_and_pearsons(times, seeds):
    exact = binomtest(times, seeds)
    upper = binomtest(times, seeds, alternative="less").proportion_ci(0.95, method="exact").high
    lower = binomtest(times, seeds, alternative="greater").proportion_ci(0.95, method="exact").low
    assert most(times, seeds) == pytest.approx(upper) and most(times, seeds) >= exact.statistic
    assert least(times, seeds) == pytest.approx(lower) and least(times, seeds) <= exact.statistic


def test_none_of_ten_is_not_told_as_never():
    assert sure({"fault": "none", "found": 0.0, "seeds": 10}) == "at most 25.9 %"
    assert sure({"fault": "a leak", "found": 1.0, "seeds": 10}) == "at least 74.1 %"


@pytest.mark.parametrize(
    "fault", ["none", "none: a line", "none, later", "none (binary)", "better (no fault)"]
)
def test_what_has_no_fault_is_never_told_as_found(fault):
    rows = [
        {"check": "mine", "fault": fault, "size": "", "found": 0.1, "seeds": 20},
        {"check": "mine", "fault": "nonsense", "size": "", "found": 1.0, "seeds": 20},
    ]
    assert is_sound(fault)
    told = page({"mine": {"code": [], "digest": "", "rows": rows}})
    line = next(each for each in told.splitlines() if each.startswith("| mine | 2 of 20"))
    assert line.endswith("| nonsense: 100 % |")
