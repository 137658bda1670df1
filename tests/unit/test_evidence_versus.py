"""Candidate against champion: the test that fits the metric, on rows neither learned from; and the gate."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import better_than_champion, judge, no_worse
from comporta.checks.champion import measure as room
from comporta.checks.champion.codes import NO_ROW_OF_BOTH
from comporta.checks.champion.measure import versus
from comporta.errors import BadData, BadProject
from comporta.opened.sentences import sentence
from comporta.records import Figure, Findings, UnmeasuredFigure, need
from comporta.stats.paired import tango
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.messages import slice_text

START = datetime(2025, 1, 1, tzinfo=UTC)


def world(rows=2000, seed=0):
    draw = np.random.default_rng(seed)
    signal = draw.normal(size=rows)
    return draw, signal, signal + draw.normal(size=rows) > 0.5


def said(truth, score, **more):
    chance = 1 / (1 + np.exp(-score))
    names = ["false", "true"]
    return pl.DataFrame(
        {
            "__key": [str(n) for n in range(len(truth))],
            "__target": truth,
            "__label": pl.Series([names[int(p > 0.5)] for p in chance], dtype=pl.Enum(names)),
            "__probability_0": 1 - chance,
            "__probability_1": chance,
            **more,
        }
    )


def two(rows=2000, seed=0, better=0.0, **more):
    """A candidate and a champion of the same signal; the candidate's noise is smaller by `better`."""
    draw, signal, truth = world(rows, seed)

    def model(noise):
        return said(truth, 1.7 * (signal + noise * draw.normal(size=rows) - 0.5), **more)

    return model(0.4 - better), model(0.4)


def verdict(check, found):
    (asked,) = check.needs()
    evidence = evidence_of(asked, found)
    (told,) = judge((check,), {asked: evidence})
    return told


@pytest.mark.parametrize(
    ("metric", "method"),
    [
        ("accuracy", "Tango's score interval"),
        ("recall", "Tango's score interval"),
        ("roc_auc", "DeLong's interval"),
        ("log_loss", "Student's paired t"),
        ("brier", "Student's paired t"),
        ("f1", None),
    ],
)
def test_each_metric_has_its_test_where_rows_are_units_and_it_agrees_with_the_bootstrap(metric, method):
    found = versus(*two(), metric)
    (tests,) = found.table("tests").by_id
    assert tests.get("method") == method
    figure, *beside = found.figures
    assert len(beside) == (method is not None)
    if method:
        assert 0 <= tests["p"] <= 1
        # A row costs up to ln 1000 or 1; of an absent kind there are fewer than 3.7 in 2,000, at 97.5 %.
        absent = {"log_loss": math.log(1000), "brier": 1.0}.get(metric, 0.0) * -math.log(0.025) / 4000
        below, above = figure.value - tests["low"], tests["high"] - figure.value
        assert figure.value - figure.low == pytest.approx(absent + math.hypot(below, absent))
        assert figure.high - figure.value == pytest.approx(absent + math.hypot(above, absent))
        assert (beside[0].low, beside[0].high) == (tests["bootstrap_low"], tests["bootstrap_high"])
        width = tests["bootstrap_high"] - tests["bootstrap_low"]
        assert tests["high"] - tests["low"] == pytest.approx(width, rel=0.15)
        middle = (tests["low"] + tests["high"] - tests["bootstrap_low"] - tests["bootstrap_high"]) / 2
        assert abs(middle) < 0.1 * width
        if metric != "recall":
            assert figure.value == pytest.approx((tests["low"] + tests["high"]) / 2, abs=0.05 * width)


def test_accuracy_is_compared_by_the_table_of_who_was_right():
    mine, theirs = two()
    right = (mine["__label"].cast(pl.String) == "true") == mine["__target"]
    other = (theirs["__label"].cast(pl.String) == "true") == theirs["__target"]
    figure, _ = versus(mine, theirs, "accuracy").figures
    assert (figure.low, figure.high) == tango(int((right & ~other).sum()), int((~right & other).sum()), 2000)


def test_numbers_are_compared_by_student_and_wilcoxon():
    draw = np.random.default_rng(0)
    truth = draw.normal(size=500)
    frame = pl.DataFrame({"__key": [str(n) for n in range(500)], "__target": truth})
    mine = frame.with_columns(__prediction=pl.Series(truth + 0.5 * draw.normal(size=500)))
    theirs = frame.with_columns(__prediction=pl.Series(truth + 0.7 * draw.normal(size=500)))
    found = versus(mine, theirs, "mae")
    (tests,) = found.table("tests").by_id
    assert tests["p"] < 1e-6 and tests["p_wilcoxon"] < 1e-6
    assert verdict(better_than_champion("mae"), found).outcome == "pass"
    assert verdict(better_than_champion("mae", 0.5), found).outcome == "fail"
    assert versus(mine, theirs, "rmse").table("tests").by_id[0].get("method") is None


def test_groups_and_days_are_resampled_whole_and_no_exact_test_is_asked():
    customers = np.arange(2000) // 40
    grouped = versus(*two(__keep_customer=customers), "accuracy", group="customer")
    assert grouped.figures[0].groups == 50 and "method" not in grouped.table("tests").by_id[0]
    at = [START + timedelta(hours=n) for n in range(2000)]
    assert versus(*two(__at=at), "roc_auc").figures[0].groups == 84


def test_rows_that_either_learned_from_are_left_out():
    mine, theirs = two()
    found = versus(mine, theirs, "accuracy", trained=(mine["__key"][:300], theirs["__key"][200:500]))
    assert (found.rows, found.of) == (1500, 2000)
    none = versus(mine, theirs, "accuracy", trained=(mine["__key"],))
    assert not none.figures
    assert none.unmeasured == (
        UnmeasuredFigure(metric="accuracy", compared_with="champion", why=NO_ROW_OF_BOTH()),
    )


def test_slices_are_compared_apart_and_the_worst_decides():
    draw, signal, truth = world()
    place = np.where(np.arange(2000) % 2 == 0, "here", "there")
    worse = np.where(place == "there", 2.0, 0.0) * draw.normal(size=2000)
    mine = said(truth, 1.7 * (signal + worse), __keep_place=place)
    theirs = said(truth, 1.7 * (signal + 0.8 * draw.normal(size=2000)), __keep_place=place)
    found = versus(mine, theirs, "roc_auc", "place")
    assert [slice_text(each) for each in found.figures[::2]] == [
        "champion, place=here",
        "champion, place=there",
    ]
    for check in (better_than_champion("roc_auc", by="place"), no_worse("roc_auc", margin=0.02, by="place")):
        told = verdict(check, found)
        assert told.outcome == "fail" and slice_text(told.figure) == "champion, place=there"
    assert "so in 1 of 2 slices" in sentence(told.reason)


def test_a_champion_that_could_not_answer_is_inconclusive_and_it_is_said_what_to_do():
    mine, theirs = two()
    told = verdict(better_than_champion("accuracy"), versus(mine, theirs.clear(), "accuracy"))
    assert told.outcome == "inconclusive" and not told.opens and "`compute`" in sentence(told.reason)
    other = theirs.with_columns(pl.col("__label").cast(pl.String).cast(pl.Enum(["false", "true", "maybe"])))
    assert "other classes" in sentence(
        verdict(better_than_champion("accuracy"), versus(mine, other, "accuracy")).reason
    )
    labels = theirs.drop("__probability_0", "__probability_1")
    assert "no probability" in sentence(
        verdict(better_than_champion("roc_auc"), versus(mine, labels, "roc_auc")).reason
    )
    twice = pl.concat([mine, mine.head(1)])
    with pytest.raises(BadData, match="key twice"):
        versus(twice, theirs, "accuracy")


def test_the_step_reads_both_and_a_first_version_has_nothing_to_compare_with():
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))
    mine, theirs = two()
    train = write(context, pl.DataFrame({"__key": ["0", "x"]}))
    champion_train = write(context, pl.DataFrame({"__key": ["1"]}))
    given = {"predictions": write(context, mine), "train": train, "metric": "accuracy"}
    made = room.measure(context, **given, champion=write(context, theirs), champion_train=champion_train)
    assert context.get_json(made["findings"], Findings).rows == 1998
    first = context.get_json(room.measure(context, **given)["findings"], Findings)
    told = verdict(better_than_champion("accuracy"), first)
    assert told.outcome == "does not apply" and told.opens


def test_a_better_candidate_passes_and_an_equal_one_about_one_time_in_forty():
    better = [
        verdict(better_than_champion("roc_auc"), versus(*two(3000, s, 0.2), "roc_auc", seed=s))
        for s in range(8)
    ]
    assert all(each.outcome == "pass" for each in better)
    equal = [
        tango(*(int(n) for n in draw.multinomial(1000, [0.04, 0.04, 0.92])[:2]), 1000)[0] > 0
        for draw in map(np.random.default_rng, range(3000))
    ]
    assert 0.012 <= np.mean(equal) <= 0.035


def test_just_as_good_is_not_better():
    same = Findings(figures=(Figure(metric="x", value=0.0, low=0.0, high=0.0, rows=500),))
    told = verdict(better_than_champion("roc_auc"), same)
    assert told.outcome == "fail" and "not better" in sentence(told.reason)
    mine, _ = two(200)
    assert verdict(better_than_champion("accuracy"), versus(mine, mine, "accuracy")).outcome == "inconclusive"


def test_a_doubt_tells_how_many_rows_would_show_it():
    found = Findings(figures=(Figure(metric="x", value=0.01, low=-0.01, high=0.03, rows=1000),))
    told = verdict(better_than_champion("accuracy"), found)
    assert told.outcome == "inconclusive" and told.needed == 8173 and "8,173 rows" in sentence(told.reason)
    worse = Findings(figures=(Figure(metric="x", value=-0.01, low=-0.03, high=0.01, rows=1000),))
    assert verdict(better_than_champion("accuracy"), worse).needed is None


def test_no_worse_is_judged_by_the_exact_test_and_the_bootstrap_is_told_beside_it():
    found = versus(*two(), "accuracy")
    exact, drawn = found.figures
    # A limit between the ends of the two: the exact one decides.
    margin = -(exact.low + drawn.low) / 2
    told = verdict(no_worse("accuracy", margin=margin), found)
    assert told.figure == exact
    assert told.outcome == ("pass" if exact.low >= -margin else "inconclusive")
    assert f"(bootstrap [{drawn.low:.4g}, {drawn.high:.4g}])" in sentence(told.reason)


def test_no_worse_tells_how_many_rows_would_settle_it_and_how_many_two_equal_models_take():
    check = no_worse("accuracy", margin=0.01)
    figure = Figure(
        metric="accuracy", compared_with="champion", value=-0.001, low=-0.015, high=0.013, rows=1000
    )
    told = verdict(check, Findings(figures=(figure,)))
    assert told.outcome == "inconclusive" and "two equal models take 4,005 rows" in sentence(told.reason)
    assert told.needed == 4945 == rows_by_normal_theory(figure, 0.009)
    worse = Figure(
        metric="accuracy", compared_with="champion", value=-0.019, low=-0.033, high=-0.005, rows=1000
    )
    assert verdict(check, Findings(figures=(worse,))).needed == 4945, "as far on the other side"
    endless = Figure(
        metric="accuracy", compared_with="champion", value=0.0, low=-np.inf, high=np.inf, rows=1000
    )
    assert verdict(check, Findings(figures=(endless,))).outcome == "inconclusive"


def rows_by_normal_theory(figure, room):
    spread = (figure.high - figure.low) / (2 * stats.norm.ppf(0.975))
    return math.ceil(figure.rows * ((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * spread / room) ** 2)


def test_no_worse_that_passes_in_doubt_tells_once_what_its_rows_would_have_shown():
    check = no_worse("roc_auc", margin=0.01, on="fault")
    figure = Figure(metric="roc_auc", compared_with="champion", value=0.0, low=-0.02, high=0.02, rows=1000)
    told = verdict(check, Findings(figures=(figure,)))
    assert told.outcome == "pass" and "not shown to be worse by more than 0.01" in sentence(told.reason)
    # 2.8 standard errors of 0.0102, beyond the limit.
    assert told.detectable == pytest.approx(0.0286, rel=0.01) and not told.powerless
    assert "four times in five" not in sentence(told.reason)
    sure = Figure(metric="roc_auc", compared_with="champion", value=0.0, low=-0.005, high=0.005, rows=1000)
    assert sentence(verdict(check, Findings(figures=(sure,))).reason).endswith("rows: within 0.01.")


def in_groups(seed, worse=0.0, rows=1000, size=25):
    """Two models whose mistakes are alike within a group: each row tells little that its group does not."""
    draw = np.random.default_rng(seed)
    group = np.arange(rows) // size
    signal = draw.normal(size=rows // size)[group]
    truth = signal + draw.normal(size=rows) > 0

    def model(noise):
        moved = draw.normal(size=rows // size)[group] * noise
        return said(truth, 1.7 * (signal + moved), __keep_customer=group)

    return model(0.8 + worse), model(0.8)


def test_groups_count_and_not_their_rows_or_sound_challengers_would_be_refused():
    check = no_worse("roc_auc", margin=0.0, on="fault")
    by_group, by_row = (
        [
            verdict(check, versus(*in_groups(seed), "roc_auc", group=group, seed=seed)).outcome
            for seed in range(60)
        ]
        for group in ("customer", None)
    )
    # Of two equal models one in forty is shown to be worse; five of 60 has a chance of one in a hundred.
    assert by_group.count("fail") <= 5
    assert by_row.count("fail") >= 10
    told = verdict(check, versus(*in_groups(1, worse=3.0), "roc_auc", group="customer"))
    assert told.outcome == "fail" and "in 40 groups or days" in sentence(told.reason)


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "log_loss"])
def test_an_equal_challenger_is_not_refused_and_one_that_is_worse_is(metric):
    check = no_worse(metric, margin=0.01, on="fault")
    equal = [verdict(check, versus(*two(1000, seed), metric, seed=seed)).outcome for seed in range(25)]
    assert equal.count("pass") == 25
    worse = [verdict(check, versus(*two(1000, seed, -1.2), metric, seed=seed)).outcome for seed in range(10)]
    assert worse.count("fail") == 10


def test_no_metric_is_the_main_one_that_both_answers_allow():
    mine, theirs = two()
    check = no_worse(margin=0.05)
    assert sentence(verdict(check, versus(mine, theirs, "main")).reason).startswith(
        "roc_auc candidate minus champion"
    )
    labels = theirs.drop("__probability_0", "__probability_1")
    told = verdict(check, versus(mine, labels, "main"))
    assert told.outcome == "pass" and sentence(told.reason).startswith("accuracy candidate minus champion")
    assert verdict(check, versus(mine, theirs.clear(), "main")).outcome == "inconclusive"


def test_the_smaller_the_better_is_known():
    found = Findings(figures=(Figure(metric="x", value=-0.2, low=-0.3, high=-0.1, rows=500),))
    assert verdict(better_than_champion("log_loss"), found).outcome == "pass"
    assert verdict(better_than_champion("roc_auc"), found).outcome == "fail"
    assert verdict(better_than_champion("log_loss", 0.15), found).outcome == "inconclusive"


def test_what_makes_no_sense_is_refused():
    for make in (
        lambda: better_than_champion("accurate"),
        lambda: better_than_champion("accuracy", -0.1),
        lambda: better_than_champion("accuracy", level="never"),
    ):
        with pytest.raises(BadProject):
            make()
    assert better_than_champion("accuracy", by="town").needs() == (
        need("versus", metric="accuracy", by="town"),
    )
