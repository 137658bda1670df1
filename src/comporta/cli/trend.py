"""How metrics went over versions: a line each, with a bar for each version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from comporta.cli import show
from comporta.cli.comparison import figure_text

if TYPE_CHECKING:
    from comporta.acts.release.metric_trend import MetricTrend
    from comporta.records import Figure

_BARS = "▁▂▃▄▅▆▇█"
WIDEST = 20
"""Bars that fit beside the figures in 100 columns; of more versions the newest are drawn."""


def sparkline(values: Sequence[float | None], noise: float = 0.0) -> str:
    """A bar for each value, `·` where there is none. From the lowest bar to the highest it is as far as from
    the least value to the greatest, and at least `noise`: what differs by less looks alike."""
    there = [value for value in values if value is not None]
    if not there:
        return "·" * len(values)
    middle = (min(there) + max(there)) / 2
    reach = max(max(there) - min(there), noise) or 1.0
    last = len(_BARS) - 1
    return "".join(
        "·" if value is None else _BARS[int((value - middle) / reach * last + last / 2 + 0.5)]
        for value in values
    )


def show_trends(trends: Sequence[MetricTrend]) -> None:
    """A table with a line for each metric, where there is any."""
    if trends:
        columns = ("model", "metric", "trend", "versions", "newest", "best")
        show.table("Metrics", columns, [_row(each) for each in trends])


def _row(trend: MetricTrend) -> tuple[str, ...]:
    numbers, figures = trend.numbers[-WIDEST:], trend.figures[-WIDEST:]
    (_, newest), (best, figure) = trend.numbered_figures[-1], trend.best
    return (
        trend.model,
        trend.metric,
        sparkline([None if each is None else each.value for each in figures], _width(newest)),
        str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}..{numbers[-1]}",
        figure_text(newest),
        f"{figure.value:.4g} {trend.model}/{best}",
    )


def _width(figure: Figure) -> float:
    """Of its interval; 0 where it has none."""
    return 0.0 if figure.low is None or figure.high is None else figure.high - figure.low
