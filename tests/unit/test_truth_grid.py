"""The grid of error rates counts what judgements say, marks what is wrong too often, and makes its page."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TRUTH = Path(__file__).parents[2] / "benchmarks" / "truth"
sys.path.insert(0, str(TRUTH))

import _second  # noqa: E402
import grid  # noqa: E402
from _code import code_of  # noqa: E402
from _covering import covering  # noqa: E402
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


def test_a_setting_over_its_line_is_asked_again_and_the_second_count_stands(monkeypatch):
    monkeypatch.setattr(_second, "SEEDS", 300)
    # By chance: the first hundred seeds find it a hundred times as wrong as it is.
    unlucky = Judgement(name="mine", settings=(), asked=lambda draw, _: both(_lot(draw, 0.01)))
    setting = Setting(rows=100)
    first = {**counted(unlucky, setting, range(100)), "passes": 0.2}
    assert _second.lacks_second(first) and "wrong passes" in _second.mark_of(first)
    both_counts = _second.with_second(first, unlucky, setting)
    assert not _second.lacks_second(both_counts) and _second.mark_of(both_counts) == "holds"
    text = page({"mine": {"rows": [both_counts], "digest": "", "stale": False}})
    assert "| 20 %, then " in text and "| 100, then 300 | holds |" in text
    assert "| `mine` | 1 | 1 | 0 | 0 | 1 | 0 |" in text


def test_what_is_wrong_in_the_second_count_too_does_not_hold():
    wrong = Judgement(name="mine", settings=(), asked=lambda draw, _: both(_lot(draw, 0.2)))
    first = counted(wrong, Setting(rows=100), range(200))
    assert _second.mark_of(_second.with_second(first, wrong, Setting(rows=100))) == mark(first) != "holds"


def test_a_run_that_goes_on_asks_again_what_lacks_its_second_count(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(_second, "SEEDS", 20)
    monkeypatch.setattr(grid, "RESULTS", tmp_path)
    kept: dict[str, object] = {}

    class Memory(dict):
        add = dict.__setitem__

    monkeypatch.setattr(grid, "Kept", lambda _: Memory(kept))
    asked = []

    def fails(draw, setting):
        asked.append(setting)
        return both("fail")

    module = type(
        "Module", (), {"JUDGEMENTS": (Judgement(name="m", settings=crossed(rows=(30,)), asked=fails),)}
    )
    monkeypatch.setattr(grid, "files", lambda: {"odds": TRUTH / "judgements" / "odds.py"})
    monkeypatch.setattr(grid, "loaded", lambda _: module)
    grid.run("odds", range(5))
    assert len(asked) == 25 and grid.json.loads(capsys.readouterr().out)["second"]["seeds"] == 20
    grid.run("odds", range(5))
    assert len(asked) == 25, "what stands in the results is not counted again"


def test_a_covering_design_has_every_two_values_side_by_side():
    every = crossed(rows=(30, 100, 300), base=(0.01, 0.1, 0.3), model=("good", "weak"), units=(2, 3, 5))
    few = covering(every, lambda each: (each.rows, each.base, each.model, each.units))
    assert 9 <= len(few) <= 14 < len(every) == 54
    for one, other in (("rows", "base"), ("rows", "model"), ("base", "units"), ("model", "units")):
        pairs = {(getattr(each, one), getattr(each, other)) for each in every}
        assert pairs == {(getattr(each, one), getattr(each, other)) for each in few}
    # The same in each process, whose sets are in another order.
    first = ["30 rows, base 1 %, good model, 2 units", "30 rows, base 10 %, weak model, 3 units"]
    assert [each.name for each in few[:2]] == first
