"""How a metric went over versions, in a few characters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from comporta.acts.release.metric_trend import MetricTrend, trends
from comporta.cli.trend import WIDEST, show_trends, sparkline
from comporta.records import Figure, Version


def figure(metric: str, value: float) -> Figure:
    return Figure(metric=metric, value=value, low=value - 0.01, high=value + 0.01, rows=9)


def version(model: str, number: int) -> Version:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Version(model=model, number=number, run="r", at=at, steps={}, parts={}, read=(), policy="")


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([None], "·"),
        ([1.0], "▅"),
        ([1.0, 1.0], "▅▅"),
        ([0.0, 0.5, 1.0], "▁▅█"),
        ([2.0, None, 1.0], "█·▁"),
    ],
)
def test_a_bar_stands_for_each_value_and_a_dot_for_none(values, drawn):
    assert sparkline(values) == drawn


def test_what_differs_by_less_than_the_noise_looks_alike():
    assert set(sparkline([0.80, 0.81, 0.80], noise=0.1)) <= set("▄▅")
    assert sparkline([0.80, 0.90, 0.80], noise=0.1) == "▁█▁"


def test_the_best_is_by_the_metric_s_own_direction_and_the_earliest_of_equals():
    loss = MetricTrend(
        model="late",
        metric="log_loss",
        numbers=(1, 2, 3, 4),
        figures=(figure("log_loss", 0.5), figure("log_loss", 0.3), None, figure("log_loss", 0.3)),
    )
    assert loss.best == (2, figure("log_loss", 0.3))


def test_versions_come_oldest_first_and_of_several_models_the_main_metric_alone():
    every = [version("late", 2), version("late", 1), version("early", 1), version("late", 2)]
    figures = {
        "late/1": {"brier": figure("brier", 0.2), "roc_auc": figure("roc_auc", 0.7)},
        "late/2": {"roc_auc": figure("roc_auc", 0.8)},
        "early/1": {"mae": figure("mae", 3.0)},
    }
    found = trends(every, figures, main=True)
    assert [(each.model, each.metric, each.numbers) for each in found] == [
        ("early", "mae", (1,)),
        ("late", "roc_auc", (1, 2)),
    ]
    all_of_late = trends(every[:2], figures)
    assert [(each.metric, [one is None for one in each.figures]) for each in all_of_late] == [
        ("brier", [False, True]),
        ("roc_auc", [False, False]),
    ]


def test_of_many_versions_the_newest_are_drawn_and_a_line_fits_a_terminal(capsys):
    many = [version("late-trains", number) for number in range(1, 101)]
    figures = {each.id: {"average_precision": figure("average_precision", 0.61234)} for each in many}
    show_trends(trends(many, figures))
    head, line = capsys.readouterr().out.splitlines()
    assert line.count("▅") == WIDEST and "81..100" in line and "late-trains/1" in line
    assert len(head) <= 110 and len(line) <= 110
