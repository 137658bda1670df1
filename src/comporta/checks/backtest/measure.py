"""What the training function would have given in the past: fitted before each window, judged in it.

    ── train ──────┤ gap ├─ window 1 ─┤
    ── train ──────────────────┤ gap ├─ window 2 ─┤  ...   ┤ dropped ├─ test ─┤

A row trains only where its label was known before the window began: rows of the gap, which is the label's
delay, are purged (López de Prado 2018, chapter 7, for why). The split dropped the rows of one gap, those
before the test rows: no window is laid there, as it would be empty.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import polars as pl

from comporta.checks.backtest.codes import (
    NOT_SPLIT_BY_TIME,
    ROWS_HAVE_NO_TIME,
    TOO_FEW_BEFORE_WINDOW,
    TOO_FEW_IN_WINDOW,
    TOO_SHORT,
    WINDOWS,
)
from comporta.checks.backtest.tables import TRAINED_ON, WINDOW, WINDOWS_TABLE
from comporta.checks.shared.measuring.codes import TRAINING_RAISED
from comporta.checks.shared.measuring.prediction_frame import align, with_outputs
from comporta.checks.shared.measuring.usual_metrics import usual_metrics
from comporta.checks.shared.tables import ROWS
from comporta.records import (
    FEWEST_ROWS,
    METRIC_COLUMN,
    Artifact,
    ByTime,
    Conditions,
    Figure,
    Findings,
    FittedModel,
    Message,
    Range,
    Record,
    Signature,
    Split,
    TableRow,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.columns import AT, TARGET
from comporta.store import StepContext
from comporta.store.frames import read

HISTORY = 1 / 3


class PastWindow(Record, frozen=True, kw_only=True):
    """until: rows at or before it train. since, to: the window's rows, after the first up to the second."""

    until: datetime
    since: datetime
    to: datetime

    @property
    def name(self) -> str:
        """`2024-01-31 to 2024-02-29`."""
        return f"{self.since:%Y-%m-%d} to {self.to:%Y-%m-%d}"

    @property
    def condition(self) -> Conditions:
        """Of a figure that is of its rows."""
        return conditions(window=Range(low=f"{self.since:%Y-%m-%d}", high=f"{self.to:%Y-%m-%d}"))


class DroppedTime(NamedTuple):
    """The time whose rows the split dropped: after `since`, up to and with `to`."""

    since: datetime
    to: datetime


def measure(
    context: StepContext,
    *,
    train: Artifact,
    test: Artifact,
    signature: Artifact,
    split: dict[str, Any],
    fit: Callable[..., Any],
    refitted: Callable[..., FittedModel],
    group: str | None = None,
    params: dict[str, Any] | None = None,
    windows: int = 6,
    also: str = "",
    **declared: Any,
) -> dict[str, Artifact]:
    """`findings`. windows: how many, one fit each. also: a metric beside the usual ones. declared: `task`
    and `output`, as the signature holds them."""
    del declared
    takes = context.get_json(signature, Signature)
    how = msgspec.convert(split, Split)
    rows = pl.concat([read(context, train), read(context, test)])
    if (why := _senseless(how, rows)) is not None:
        found = Findings(without=why, rows=rows.height, of=rows.height)
    else:
        assert isinstance(how, ByTime)

        def fit_on(part: pl.DataFrame) -> FittedModel:
            return refitted(
                part, fit=fit, params=params or {}, task=takes.task, output=takes.output, seed=context.seed
            )

        found = backtest(
            rows, fit_on, takes, span=how.test, gap=how.gap, windows=windows,
            dropped=_dropped_time(how, rows[AT]), also=also, group=group, seed=context.seed,
        )  # fmt: skip
    made = sum(len(each.rows) for each in found.tables)
    print(f"backtest: {made} windows, {found.rows:,} of {found.of:,} rows")
    return {"findings": context.put_json(found)}


def backtest(
    rows: pl.DataFrame,
    fitted: Callable[[pl.DataFrame], FittedModel],
    signature: Signature,
    *,
    span: timedelta,
    gap: timedelta,
    windows: int = 6,
    dropped: DroppedTime | None = None,
    also: str = "",
    group: str | None = None,
    seed: int = 0,
) -> Findings:
    """Figures: every usual metric and `also`, under its window. A window with fewer than 30 rows,
    or one whose fit cannot be made, is missing. rows: with `__at` and a target, of both parts. dropped:
    between the parts."""
    rows = rows.filter(pl.col(TARGET).is_not_null()).sort(AT, maintain_order=True)
    at = rows[AT].cast(pl.Datetime("us", getattr(rows[AT].dtype, "time_zone", None)))
    figures: list[Figure] = []
    lost: list[UnmeasuredFigure] = []
    table: list[TableRow] = []
    tested = 0
    first, last = _instant(at.min()), _instant(at.max())
    plan = walk(first, last, span=span, gap=gap, windows=windows, dropped=dropped)
    if not plan:
        lost.append(UnmeasuredFigure(why=TOO_SHORT(days=_in_days(last - first), gap=_in_days(gap))))
    for window in plan:
        before, inside = rows.filter(at <= window.until), rows.filter((at > window.since) & (at <= window.to))
        if (why := _too_few(before.height, inside.height)) is not None:
            lost.append(UnmeasuredFigure(under=window.condition, rows=inside.height, why=why))
            continue
        try:
            asked = fitted(before)
            said = align(asked(inside), asked.signature, signature)
        except Exception as fault:  # the project's own training function, on rows it was not made for
            raised = TRAINING_RAISED(error=type(fault).__name__)
            lost.append(UnmeasuredFigure(under=window.condition, why=raised))
            continue
        tested += inside.height
        told = with_outputs(inside, said, signature)
        mine, undefined = usual_metrics(told, also, group, seed)
        figures += [msgspec.structs.replace(each, under=window.condition) for each in mine]
        lost += [msgspec.structs.replace(each, under=window.condition) for each in undefined]
        table.append(
            {
                WINDOW: window.name,
                TRAINED_ON: before.height,
                ROWS: inside.height,
                **{METRIC_COLUMN.of(each.metric): each.value for each in mine},
            }
        )
    return Findings(
        figures=tuple(figures),
        unmeasured=tuple(lost),
        rows=tested,
        of=rows.height,
        notes=(WINDOWS(made=len(table), windows=len(plan), days=_days(plan), gap=_in_days(gap)),),
        tables=(WINDOWS_TABLE.of(table),),
    )


def walk(
    first: datetime,
    last: datetime,
    *,
    span: timedelta,
    gap: timedelta,
    windows: int,
    dropped: DroppedTime | None = None,
) -> tuple[PastWindow, ...]:
    """The windows, oldest first, one after the other up to `last`, over the time that has rows. Each is
    `span` long, or shorter where otherwise less than a third of the time would be left to train for the
    first; one that reaches over what was dropped has as much time on both sides of that together."""
    missing = dropped.to - dropped.since if dropped else timedelta()
    room = (last - first - gap - missing) * (1 - HISTORY)
    length = min(span, room / windows)
    if length <= timedelta():
        return ()

    def instant(back: timedelta, *, ends: bool) -> datetime:
        """So much time with rows before the newest. ends: of a window, which ends where rows were dropped
        if the next begins behind them."""
        at = last - back
        over = dropped is not None and (at <= dropped.to if ends else at < dropped.to)
        return at - missing if over else at

    backs = [length * back for back in range(windows)][::-1]
    sinces = [instant(back + length, ends=False) for back in backs]
    return tuple(
        PastWindow(until=since - gap, since=since, to=instant(back, ends=True))
        for since, back in zip(sinces, backs, strict=True)
    )


def _too_few(before: int, inside: int) -> Message | None:
    if inside < FEWEST_ROWS:
        return TOO_FEW_IN_WINDOW(rows=inside, least=FEWEST_ROWS)
    return TOO_FEW_BEFORE_WINDOW(rows=before, least=FEWEST_ROWS) if before < FEWEST_ROWS else None


def _instant(value: object) -> datetime:
    assert isinstance(value, datetime), "a table that is split by time has rows with times"
    return value


def _dropped_time(how: ByTime, at: pl.Series) -> DroppedTime:
    tested = _instant(at.cast(pl.Datetime("us", getattr(at.dtype, "time_zone", None))).max()) - how.test
    return DroppedTime(tested - how.gap, tested)


def _senseless(how: Split, rows: pl.DataFrame) -> Message | None:
    if not isinstance(how, ByTime):
        return NOT_SPLIT_BY_TIME()
    if AT not in rows.columns or not rows[AT].dtype.is_temporal():
        return ROWS_HAVE_NO_TIME()
    return None


def _days(plan: tuple[PastWindow, ...]) -> float:
    return _in_days(min((each.to - each.since for each in plan), default=timedelta()))


def _in_days(span: timedelta) -> float:
    return span / timedelta(days=1)
