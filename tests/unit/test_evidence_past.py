"""Backtests and learning curves: windows see nothing of their future, and more rows teach more."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from comporta.acts.judge.evidence import evidence_of
from comporta.checks.backtest import measure as backtest_step
from comporta.checks.backtest.check import backtest
from comporta.checks.backtest.measure import DroppedTime, walk
from comporta.checks.judge import judge
from comporta.checks.learning_curve import measure as curve_step
from comporta.checks.learning_curve.check import learning_curve
from comporta.checks.replay.check import replayed
from comporta.checks.shared.measuring.codes import TRAINING_RAISED
from comporta.checks.shared.tables import ROWS as ROWS_OF_WINDOW
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import METRIC_COLUMN, Findings, at_random, by_time
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import read, write
from comporta.testing.messages import slice_text
from comporta.train import steps
from comporta.train.asking import refit_estimator

START = datetime(2024, 1, 1, tzinfo=UTC)
ROWS = 1800
DAYS = 180


def history(seed=0, *, breaks=None, numbers=False):
    """Ten rows a day; on the days from `breaks` and twenty more what x0 says is turned around."""
    draw = np.random.default_rng(seed)
    day = np.arange(ROWS) * DAYS // ROWS
    x = draw.normal(size=(ROWS, 3))
    turned = np.where((day >= breaks) & (day < breaks + 20), -1, 1) if breaks is not None else 1
    score = 2 * x[:, 0] * turned
    target = score + draw.normal(size=ROWS) if numbers else draw.random(ROWS) < 1 / (1 + np.exp(-score))
    return pl.DataFrame(
        {
            **{f"x{at}": x[:, at] for at in range(3)},
            "__key": [f"[{row}]" for row in range(ROWS)],
            "__at": [START + timedelta(minutes=144 * row) for row in range(ROWS)],
            "__target": target,
        }
    )


SEEN = []


def logistic(X, y):
    return LogisticRegression().fit(X, y)


def spying(X, y):
    SEEN.append(X["when"].max())
    return LogisticRegression().fit(X, y)


def line(X, y):
    return LinearRegression().fit(X, y)


def never(X, y):
    if len(y) < 1000:
        raise ValueError("too few")
    return LogisticRegression().fit(X, y)


def context():
    return StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=3)


def made(rows, fit, split=None):
    at = context()
    how = msgspec.to_builtins(split or by_time("20d", gap="5d"))
    found = steps.parts(at, table=write(at, rows), split=how)
    found |= steps.fit(at, train=found["train"], fit=fit)
    found |= steps.predict(at, model=found["model"], signature=found["signature"], table=found["test"])
    return at, found, how


def walked(rows, fit=logistic, split=None, **options):
    at, found, how = made(rows, fit, split)
    step = backtest_step.measure(
        at, train=found["train"], test=found["test"], signature=found["signature"], split=how, fit=fit,
        refitted=refit_estimator, task=None, output="both", **options,
    )  # fmt: skip
    return at.get_json(step["findings"], Findings)


def curve(rows, fit=logistic):
    at, found, _ = made(rows, fit)
    step = curve_step.measure(
        at, train=found["train"], predictions=found["predictions"], signature=found["signature"], fit=fit,
        refitted=refit_estimator, task=None, output="both",
    )  # fmt: skip
    return at.get_json(step["findings"], Findings)


def verdict(check, found):
    (need,) = check.needs()
    evidence = evidence_of(need, found)
    return judge((check,), {need: evidence})[0]


def test_a_steady_past_passes_in_each_window():
    found = walked(history())
    said = verdict(backtest("roc_auc", at_least=0.65), found)
    assert said.outcome == "pass"
    assert sentence(said.reason).endswith("so in 6 of 6 windows.")
    assert len(found.table("windows").by_id) == 6
    assert all(0.7 < each < 1 for each in found.table("windows").values(METRIC_COLUMN.of("roc_auc")))


def test_the_window_in_which_the_world_turned_is_named():
    said = verdict(backtest("roc_auc", at_least=0.7), walked(history(breaks=99)))
    assert said.outcome == "fail"
    assert slice_text(said.figure) == "2024-04-09 to 2024-04-28"
    assert sentence(said.reason).endswith("so in 1 of 6 windows.")


def test_no_row_trains_whose_label_was_not_known():
    SEEN.clear()
    rows = history().with_columns(when=(pl.col("__at") - START).dt.total_seconds() / 86400)
    found = walked(rows, spying)
    starts = [
        (datetime.fromisoformat(each["window"][:10]).replace(tzinfo=UTC) - START).days
        for each in found.table("windows").by_id
    ]
    # The first fit is the candidate's own. Window dates are of the day, times of the row.
    for newest, start in zip(SEEN[1:], starts, strict=True):
        assert start - 7 < newest <= start + 1 - 5
    assert SEEN[1:] == sorted(SEEN[1:])


def test_windows_lie_end_to_end_and_leave_a_third_to_train():
    plan = walk(START, START + timedelta(days=90), span=timedelta(days=30), gap=timedelta(), windows=6)
    assert plan[-1].to == START + timedelta(days=90)
    assert [each.to for each in plan[:-1]] == [each.since for each in plan[1:]]
    assert plan[0].until == START + timedelta(days=30)
    assert plan[0].to - plan[0].since == timedelta(days=10)
    short = walk(
        START, START + timedelta(days=900), span=timedelta(days=30), gap=timedelta(days=2), windows=3
    )
    assert [each.until for each in short] == [each.since - timedelta(days=2) for each in short]
    assert short[0].to - short[0].since == timedelta(days=30)
    assert walk(START, START + timedelta(days=1), span=timedelta(1), gap=timedelta(2), windows=2) == ()


@pytest.mark.parametrize("gap", [5, 20, 25])
@pytest.mark.parametrize("windows", [1, 3, 6])
def test_no_window_lies_where_the_split_dropped_the_rows_of_its_gap(gap, windows):
    found = walked(history(), split=by_time("20d", gap=f"{gap}d"), windows=windows)
    assert not found.unmeasured
    rows = found.table("windows").values(ROWS_OF_WINDOW)
    assert len(rows) == windows and max(rows) - min(rows) <= 1
    assert verdict(backtest("roc_auc", at_least=0.65, windows=windows), found).outcome == "pass"


def test_windows_lie_before_and_behind_what_was_dropped_and_never_train_on_rows_of_the_gap():
    day = timedelta(days=1)
    dropped = DroppedTime(START + 280 * day, START + 290 * day)
    plan = walk(START, START + 300 * day, span=10 * day, gap=10 * day, windows=3, dropped=dropped)
    assert [(each.since - START, each.to - START) for each in plan] == [
        (260 * day, 270 * day), (270 * day, 280 * day), (290 * day, 300 * day),
    ]  # fmt: skip
    assert [each.since - each.until for each in plan] == [10 * day] * 3


def test_a_history_that_is_shorter_than_the_gap_says_so():
    found = walked(history(), split=by_time("20d", gap="100d"))
    assert not found.figures
    said = verdict(backtest("roc_auc", at_least=0.6), found)
    assert "180 days of rows are too short" in sentence(said.reason)


def test_a_window_that_was_not_measured_is_no_pass():
    said = verdict(backtest("roc_auc", at_least=0.6), walked(history(), never))
    assert said.outcome == "inconclusive"
    assert sentence(said.reason).startswith("Only ")
    assert verdict(backtest("roc_auc", at_least=0.99), walked(history(), never)).outcome == "fail"


def test_rows_without_order_have_no_past():
    found = walked(history(), split=at_random(0.2))
    assert verdict(backtest("roc_auc", at_least=0.7), found).outcome == "does not apply"


def test_numbers_and_rare_metrics_are_walked_too():
    found = walked(history(numbers=True), line, windows=3, also="median_ae")
    assert verdict(backtest("median_ae", at_most=1.2, windows=3), found).outcome == "pass"
    assert verdict(backtest("r2", at_least=0.5, windows=3), found).outcome == "pass"
    assert verdict(backtest("r2", at_least=0.9, windows=3), found).outcome == "fail"


def test_more_rows_teach_more_until_there_is_no_more():
    found = curve(history())
    said = verdict(learning_curve(), found)
    assert said.outcome == "pass"
    points = found.table("learning_curve").by_id
    assert [each["x"] for each in points] == sorted(each["x"] for each in points)
    assert len(points) == 4
    assert points[-1]["y"] <= points[0]["y"]


def timid(X, y):
    """Whatever it is shown, it says about a half."""
    return LogisticRegression(C=1e-9).fit(X, y)


def test_a_model_that_does_worse_with_more_rows_is_refused():
    # The candidate is wrong in most of its answers; from fewer rows it would have said about a half.
    at, found, _ = made(history(), logistic)
    wrong = read(at, found["predictions"]).with_columns(__target=~pl.col("__target"))
    step = curve_step.measure(
        at, train=found["train"], predictions=write(at, wrong), signature=found["signature"], fit=timid,
        refitted=refit_estimator, task=None, output="both",
    )  # fmt: skip
    said = verdict(learning_curve(), at.get_json(step["findings"], Findings))
    assert said.outcome == "fail"
    assert "worse with more rows" in sentence(said.reason)


def test_a_fit_that_fails_on_fewer_rows_is_told_and_is_no_pass():
    found = curve(history(), never)
    assert found.unmeasured[0].why == TRAINING_RAISED(error="ValueError")
    assert verdict(learning_curve(), found).outcome == "inconclusive"


def test_arguments_are_checked():
    assert backtest("roc_auc", at_least=0.6).needs() == backtest("f1", at_least=0.7, on="value").needs()
    assert backtest("mcc", at_least=0.6).needs() != backtest("f1", at_least=0.7).needs()
    for fault in (
        lambda: backtest("roc_auc"),
        lambda: backtest("roc_auc", at_least=0.1, at_most=0.2),
        lambda: backtest("roc_auk", at_least=0.1),
        lambda: backtest("roc_auc", at_least=0.1, windows=0),
        lambda: replayed("roc_auc", at_least="much"),
        lambda: learning_curve(float("inf")),
    ):
        with pytest.raises(BadProject):
            fault()
