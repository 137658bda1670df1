"""How the model would have done, and has done: in windows of the past, and on logged production rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from comporta.errors import BadProject
from comporta.gates.argument import number, usual, whole
from comporta.gates.bound import bound
from comporta.gates.identity import identity
from comporta.gates.settle import On, Settled, result, settles
from comporta.gates.wording import LIMIT_AT_LEAST, LIMIT_AT_MOST, sentence, sentences
from comporta.records import Evidence, Figure, Level, Message, Need, Record, Text, Verdict, code, need
from comporta.records.metric import METRICS
from comporta.records.metric import metric as named

BACKTEST = code(
    "check.backtest", "backtest: {metric} {limit} in each of {windows} windows",
    metric=str, limit=Message, windows=int,
)  # fmt: skip
REPLAY = code("check.replay", "replay of production: {metric} {limit}", metric=str, limit=Message)
WINDOWS = code("backtest.windows", "so in {alike} of {all} windows", alike=int, all=int)
ONLY = code(
    "backtest.only", "Only {measured} of {windows} windows could be measured.", measured=int, windows=int
)


class Backtest(Record, frozen=True, kw_only=True):
    """In each of `windows` past windows, refitted before it, the metric is on the limit's good side."""

    kind: ClassVar[str] = "backtest"
    metric: str
    limit: float
    least: bool
    windows: int
    on: On = "interval"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`backtest?metric=roc_auc&at_least=0.7&windows=6`."""
        return identity(self.kind, metric=self.metric, **_way(self), windows=self.windows)

    @property
    def title(self) -> Text:
        """`backtest: roc_auc at least 0.7 in each of 6 windows`."""
        return BACKTEST(metric=self.metric, limit=_asked(self), windows=self.windows)

    def needs(self) -> tuple[Need, ...]:
        """The metrics of each window. A metric that is not among the usual ones is a measuring of its own."""
        rare: dict[str, Any] = {} if METRICS[self.metric].usual else {"also": self.metric}
        return (need("backtest", windows=self.windows, **rare),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the worst window. A window that could not be measured is no pass."""
        (found,) = evidence
        held = [each for each in found.figures if each.metric == self.metric]
        verdict = _bound(self, found, held)
        if verdict.outcome != "pass" or len(held) == self.windows:
            return verdict
        return Verdict(
            check=self.name,
            outcome="inconclusive",
            required=self.required,
            reason=sentences(ONLY(measured=len(held), windows=self.windows), verdict.reason),
            figure=verdict.figure,
            limit=self.limit,
            evidence=found.artifact,
        )


class Replayed(Record, frozen=True, kw_only=True):
    """On logged production inputs whose labels have come, the metric is on the limit's good side."""

    kind: ClassVar[str] = "replay"
    metric: str
    limit: float
    least: bool
    on: On = "interval"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`replay?metric=roc_auc&at_least=0.7`."""
        return identity(self.kind, metric=self.metric, **_way(self))

    @property
    def title(self) -> Text:
        """`replay of production: roc_auc at least 0.7`."""
        return REPLAY(metric=self.metric, limit=_asked(self))

    def needs(self) -> tuple[Need, ...]:
        """The metrics on the logged rows."""
        rare: dict[str, Any] = {} if METRICS[self.metric].usual else {"also": self.metric}
        return (need("replay", **rare),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on all logged rows."""
        (found,) = evidence
        return _bound(self, found, [each for each in found.figures if each.metric == self.metric])


def _way(check: Backtest | Replayed) -> dict[str, float]:
    return {"at_least" if check.least else "at_most": check.limit}


def _asked(check: Backtest | Replayed) -> Message:
    return (LIMIT_AT_LEAST if check.least else LIMIT_AT_MOST)(limit=check.limit)


def _bound(check: Backtest | Replayed, found: Evidence, held: Sequence[Figure]) -> Verdict:
    def says(decides: Settled, settled: Sequence[Settled]) -> Text:
        said = result(decides, check.limit, higher=check.least, what=check.metric)
        alike = sum(each.outcome == decides.outcome for each in settled)
        of = WINDOWS(alike=alike, all=len(settled)) if isinstance(check, Backtest) else ""
        return sentence(said, of, settles(decides))

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
