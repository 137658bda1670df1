"""The grid of error rates counts what judgements say, marks what is wrong too often, and makes its page."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TRUTH = Path(__file__).parents[2] / "benchmarks" / "truth"
sys.path.insert(0, str(TRUTH))

import grid  # noqa: E402
from _code import code_of  # noqa: E402
from _grid import Judgement, Setting, Verdicts, both, counted, crossed, mark  # noqa: E402
from _grid_page import PAGE, page  # noqa: E402

FILES = grid.files()
JUDGEMENTS = [
    pytest.param(judgement, id=f"{name}: {judgement.name}")
    for name, file in FILES.items()
    for judgement in grid.loaded(file).JUDGEMENTS
]


@pytest.mark.parametrize("judgement", JUDGEMENTS)
def test_every_judgement_answers_in_the_smallest_of_its_settings(judgement):
    names = [setting.name for setting in judgement.settings]
    assert len(set(names)) == len(names), "each setting is told apart on the page"
    row = counted(judgement, min(judgement.settings, key=lambda each: each.rows), range(2))
    assert row["seeds"] == 2 and 0 <= row["inconclusive"] <= 1


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_judgements_names_the_code_that_it_judges_by(name):
    files = code_of(FILES[name])
    assert "benchmarks/truth/_grid.py" in files
    assert any(file.startswith("src/comporta/") for file in files)


def test_the_page_is_what_the_results_make():
    assert PAGE.read_text() == page(grid.results()), "run `python benchmarks/truth/grid.py --page`"


def row(asked, seeds=1_000, **setting):
    judgement = Judgement(name="mine", settings=(), asked=asked)
    return counted(judgement, Setting(rows=100, **setting), range(seeds))


def test_a_rate_is_wrong_beyond_two_standard_errors_of_its_seeds():
    # 2.5 % of 1,000 seeds has a standard error of 0.49 points.
    for share, expected in ((0.02, "holds"), (0.05, "**wrong passes and wrong fails**")):
        found = row(lambda draw, _, share=share: both(_lot(draw, share)))
        assert mark(found) == expected, found


def _lot(draw, share):
    return ("pass", "fail", "inconclusive")[int(draw.choice(3, p=[share, share, 1 - 2 * share]))]


def test_of_twenty_slices_one_may_fail_by_its_own_interval_and_none_makes_more_of_them_pass():
    found = row(lambda draw, _: both("fail" if draw.random() < 0.3 else "pass"), slices=20)
    assert mark(found) == "**wrong passes**"


def test_what_never_tells_is_marked_as_such_and_a_check_that_lets_pass_has_no_wrong_pass():
    assert mark(row(lambda *_: both("inconclusive"), seeds=5)) == "cannot tell"
    lets = row(lambda *_: Verdicts("pass", None), seeds=5)
    assert lets["passes"] is None and mark(lets) == "holds"
    assert "| 100 rows | - / 2.5 % | - | 0 % | 0 % | 5 | holds |" in page(
        {"mine": {"rows": [lets], "digest": "", "stale": False}}
    )


def test_settings_are_crossed_axis_by_axis_and_named_by_what_is_not_usual():
    some = crossed(rows=(30, 1_000), units=(10,), unequal=(False, True))
    assert [each.name for each in some][1::2] == ["30 rows, 10 unequal units", "1,000 rows, 10 unequal units"]
    with pytest.raises(ValueError, match="axis"):
        crossed(row=(1,))
