"""Weak slices: one that was planted is found and refused, and chance finds few."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from comporta.acts.judge.evidence import evidence_of
from comporta.checks.judge import judge
from comporta.checks.weak_slices.check import weak_slices as gate
from comporta.checks.weak_slices.measure import halves, measure, weak_slices
from comporta.errors import BadProject
from comporta.opened.conceal import conceal
from comporta.opened.sentences import sentence
from comporta.records import Findings, columns_of
from comporta.stats.many import discoveries, selected_level
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.messages import slice_text


def predicted(seed, rows=2000, *, broken=False, columns=8):
    """Binary answers that are calibrated; broken: those for `word` b and low `x0` are upside down."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, columns))
    word = draw.choice(["a", "b", "c", "d"], rows)
    said = 1 / (1 + np.exp(-2 * x[:, 1]))
    came = draw.random(rows) < said
    if broken:
        said = np.where((word == "b") & (x[:, 0] < 0), 1 - said, said)
    return pl.DataFrame(
        {
            **{f"x{at}": x[:, at] for at in range(columns)},
            "word": word,
            "__key": [str(row) for row in range(rows)],
            "__target": came,
            "__label": pl.Series(np.where(said > 0.5, "true", "false"), dtype=pl.Enum(["false", "true"])),
            "__probability_0": 1 - said,
            "__probability_1": said,
        }
    )


def number(seed, rows=2000, *, broken=False):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 4))
    noise = draw.normal(size=rows) * 0.5
    off = np.where((x[:, 2] > 0.5) & (x[:, 3] > 0.5), 3.0, 0.0) if broken else 0.0
    return pl.DataFrame(
        {
            **{f"x{at}": x[:, at] for at in range(4)},
            "__target": x[:, 0] + noise,
            "__prediction": x[:, 0] + off,
        }
    )


def verdict(rows, check=None, **options):
    check = check or gate()
    found = weak_slices(rows, **options)
    (need,) = check.needs()
    return judge((check,), {need: evidence_of(need, found)})[0], found


def test_a_broken_slice_is_found_named_and_refused():
    said, found = verdict(predicted(1, broken=True))
    assert said.outcome == "fail"
    assert "confirmed weak slices" in sentence(said.reason)
    worst = found.table("slices").by_id[0]
    assert "word=b" in sentence(worst["where"]) and "x0=" in sentence(worst["where"])
    assert worst["confirmed"] and worst["overall_low"] > 1.2
    assert {"word", "x0"} == set(columns_of(said.figure))
    fact, _ = conceal(said, b"k" * 32)
    assert "word=b" not in sentence(fact.reason) and "b" not in {each.value for each in fact.figure.where}


@pytest.mark.parametrize(("rows", "make"), [(2000, predicted), (2000, number), (500, predicted)])
def test_a_sound_model_passes(rows, make):
    outcomes = [verdict(make(seed, rows), seed=seed)[0].outcome for seed in range(12)]
    assert outcomes == ["pass"] * 12


def test_a_region_in_which_numbers_are_far_off_is_refused():
    said, found = verdict(number(0, broken=True))
    assert said.outcome == "fail"
    assert "x2" in slice_text(said.figure) or "x3" in slice_text(said.figure)
    assert found.table("slices").by_id[0]["to_constant"] > 2


def test_slices_of_nothing_are_seldom_confirmed():
    """Loss and features have nothing to do with one another: false-discovery control promises 5 %."""
    any_ = []
    for seed in range(80):
        draw = np.random.default_rng(seed)
        rows = number(seed, 600).with_columns(
            __prediction=pl.col("__target") + pl.Series(draw.normal(size=600))
        )
        any_.append(weak_slices(rows, seed=seed).figures[0].value > 0)
    # At 80 seeds a share of 0.05 lies below 0.14 in all but one of a thousand.
    assert np.mean(any_) < 0.14


def test_what_is_harder_to_know_is_weak_but_does_no_harm():
    # Where x1 is near 0 the outcome is a coin's, and nobody can say more.
    said, found = verdict(predicted(3, 8000))
    assert found.figures[0].value > 0
    assert said.outcome == "pass"
    assert verdict(predicted(3, 8000), gate(1.5, against="overall"))[0].outcome == "fail"


def test_groups_stay_whole_and_three_in_a_half_are_too_few():
    rows = predicted(0, 900).with_columns(__keep_person=pl.int_range(900) % 7)
    said, _ = verdict(rows, group="person")
    assert said.outcome == "inconclusive"
    assert "of 3 units" in sentence(said.reason)
    first = halves(900, np.arange(900) % 7, seed=0)
    assert len({(unit, half) for unit, half in zip(np.arange(900) % 7, first, strict=True)}) == 7


def test_days_that_err_together_make_no_slice_weak():
    """Rows of a day share an error and their place in a column; ten days tell how much of it is chance."""
    any_ = []
    for seed in range(60):
        draw = np.random.default_rng(seed)
        day = np.repeat(np.arange(10), 60)
        rows = number(seed, 600).with_columns(
            x1=pl.Series(np.repeat(draw.normal(size=10), 60) + 0.3 * draw.normal(size=600)),
            __prediction=pl.col("__target") + pl.Series(np.repeat(draw.normal(size=10), 60)),
            __at=pl.Series([datetime(2024, 1, 1) + timedelta(days=int(each)) for each in day]),
        )
        any_.append(verdict(rows, gate(1.0, against="overall"), seed=seed)[0].outcome == "fail")
    assert np.mean(any_) <= 0.15


def test_labels_three_classes_and_log_loss_are_measured():
    rows = predicted(1, broken=True)
    labels = predicted(1, 6000, broken=True).drop("__probability_0", "__probability_1")
    assert verdict(labels)[0].outcome == "fail"
    assert verdict(rows, loss="log_loss")[0].outcome == "fail"
    draw = np.random.default_rng(0)
    three = rows.drop("__probability_1", "__probability_0", "__label", "__target").with_columns(
        __target=pl.Series(draw.choice(["x", "y", "z"], 2000)),
        __label=pl.Series(draw.choice(["x", "y", "z"], 2000), dtype=pl.Enum(["x", "y", "z"])),
        **{f"__probability_{at}": pl.lit(1 / 3) for at in range(3)},
    )
    assert verdict(three)[0].outcome == "pass"


def test_columns_kept_beside_the_features_are_searched_too():
    rows = predicted(1, broken=True).rename({"word": "__keep_word"})
    assert "word=b" in sentence(verdict(rows)[1].table("slices").by_id[0]["where"])


def test_the_step_is_the_same_each_time():
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=1)
    rows = write(context, predicted(1, broken=True))
    made = measure(context, predictions=rows, depth=3)
    assert made == measure(context, predictions=rows, depth=3)
    assert context.get_json(made["findings"], Findings).figures[0].value >= 1


def test_discoveries_are_benjamini_and_hochbergs():
    # Their own example, 1995, section 3.2: four of fifteen at 0.05.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert sum(discoveries(p)) == 4
    assert discoveries(p[::-1]) == discoveries(p)[::-1]
    assert discoveries([]) == [] and discoveries([0.2]) == [False]
    assert selected_level(2, 10) == pytest.approx(0.99)


def test_limits_are_checked_and_are_in_no_need():
    assert gate(1.5).needs() == gate(3.0, against="overall", on="interval").needs()
    assert gate().needs() != gate(depth=3).needs()
    for fault in ({"at_most": -1}, {"against": "all"}, {"support": 0.9}, {"depth": 4}, {"loss": "mae"}):
        with pytest.raises(BadProject, match="weak_slices"):
            gate(**fault)
