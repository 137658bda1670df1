"""How the model would have done, and has done: in windows of the past, and on logged production rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comporta.errors import BadProject
from comporta.gates.argument import number, usual, whole
from comporta.gates.bound import bound
from comporta.gates.settle import On, Settled, show
from comporta.records import Evidence, Figure, Level, Need, Record, Verdict, need
from comporta.records.metric import METRICS
from comporta.records.metric import metric as named


class Backtest(Record, frozen=True, kw_only=True):
    """In each of `windows` past windows, refitted before it, the metric is on the limit's good side."""

    metric: str
    limit: float
    least: bool
    windows: int
    on: On = "interval"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`backtest roc_auc at least 0.7 in each of 6 windows`."""
        return f"backtest {_asked(self)} in each of {self.windows} windows"

    def needs(self) -> tuple[Need, ...]:
        """The metrics of each window. A metric that is not among the usual ones is a measuring of its own."""
        rare: dict[str, Any] = {} if METRICS[self.metric].usual else {"also": self.metric}
        return (need("backtest", windows=self.windows, **rare),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the worst window. A window that could not be measured is no pass."""
        (found,) = evidence
        held = [each for each in found.figures if each.metric == self.metric]
        verdict = _bound(self, found, held, " windows")
        if verdict.outcome != "pass" or len(held) == self.windows:
            return verdict
        return Verdict(
            check=self.name,
            outcome="inconclusive",
            required=self.required,
            reason=f"Only {len(held)} of {self.windows} windows could be measured; {verdict.reason}",
            figure=verdict.figure,
            limit=self.limit,
            evidence=found.artifact,
        )


class Replayed(Record, frozen=True, kw_only=True):
    """On logged production inputs whose labels have come, the metric is on the limit's good side."""

    metric: str
    limit: float
    least: bool
    on: On = "interval"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`replay roc_auc at least 0.7`."""
        return f"replay {_asked(self)}"

    def needs(self) -> tuple[Need, ...]:
        """The metrics on the logged rows."""
        rare: dict[str, Any] = {} if METRICS[self.metric].usual else {"also": self.metric}
        return (need("replay", **rare),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on all logged rows."""
        (found,) = evidence
        return _bound(self, found, [each for each in found.figures if each.metric == self.metric], "")


def _asked(check: Backtest | Replayed) -> str:
    return f"{check.metric} at {'least' if check.least else 'most'} {check.limit:g}"


def _bound(check: Backtest | Replayed, found: Evidence, held: Sequence[Figure], many: str) -> Verdict:
    asked = f"at {'least' if check.least else 'most'} {check.limit:g}"

    def says(decides: Settled, settled: Sequence[Settled]) -> str:
        seen = f"{check.metric} {show(decides.figure)}"
        alike = sum(each.outcome == decides.outcome for each in settled)
        of = f" ({alike} of {len(settled)}{many})" if many else ""
        if decides.outcome == "fail":
            return f"{seen}: expected {asked}{of}."
        if decides.outcome == "pass":
            shown = decides.slack >= 0 or check.on == "value"
            return f"{seen}: {asked}{of}." if shown else f"{seen}: not shown to break {asked}{of}."
        if decides.figure.low is None:
            return f"{seen} has no interval: too few independent units to tell whether it is {asked}{of}."
        settles = f"; about {decides.needed:,} rows would settle it" if decides.needed else ""
        return f"{seen}: the interval holds the limit {check.limit:g}{of}{settles}."

    return bound(check, found, check.limit, higher=check.least, on=check.on, says=says, figures=held)


def backtest(
    metric: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    windows: int = 6,
    on: On = "interval",
    required: bool = True,
    level: Level = "release",
) -> Backtest:
    """The training function would have done well in the past too: `backtest("roc_auc", at_least=0.7)`.

    All rows of the project, in the order of their time, are walked through: before each window the model is
    fitted on the rows whose labels were known by then (those of the split's `gap` before the window, the
    label's delay, are left out), and measured in it. Windows are as long as the split's test span, one after
    the other up to the newest row; shorter where less than a third of the time would be left to train for the
    first. The worst window decides; a window that could not be measured (fewer than 30 rows in it or before
    it, a fit that raised) leaves it inconclusive. One fit a window.

    Intervals are those of `at_least`: whole groups or days resampled (BCa bootstrap). on: `interval` asks
    that all of it clears the limit in each window, `value` the value alone, `fault` refuses only what is
    shown. A project that is not split by time has no past to walk: it does not apply. Rows that the split
    dropped between training and test rows are in no window. Raises BadProject.
    """
    limit, least = _limit("backtest", metric, at_least, at_most)
    usual("backtest", on, level)
    return Backtest(
        metric=metric,
        limit=limit,
        least=least,
        windows=whole("backtest", "windows", windows, low=1, high=60),
        on=on,
        required=required,
        level=level,
    )


def replayed(
    metric: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    on: On = "interval",
    required: bool = True,
    level: Level = "release",
) -> Replayed:
    """The candidate as it is on what production asked for: `replayed("roc_auc", at_least=0.7)`.

    Every logged request of this model whose label has been told is answered by the candidate, with features
    computed as of the time of the request, and the metric is measured as in `at_least`. Rows that the
    candidate was trained on are left out, by key. Before anything was served, or before any label has come,
    it does not apply. It sees only requests for which a label came, which may not be those that matter.
    Raises BadProject.
    """
    limit, least = _limit("replayed", metric, at_least, at_most)
    usual("replayed", on, level)
    return Replayed(metric=metric, limit=limit, least=least, on=on, required=required, level=level)


def _limit(check: str, metric: str, at_least: float | None, at_most: float | None) -> tuple[float, bool]:
    named(metric)
    if (at_least is None) == (at_most is None):
        raise BadProject(f"{check} {metric}: expected either at_least or at_most, found both or neither.")
    if at_least is not None:
        return number(check, "at_least", at_least), True
    return number(check, "at_most", at_most), False
