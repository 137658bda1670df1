"""What the training function would have given in the past: fitted before each window, judged in it.

    ── train ──────┤ gap ├─ window 1 ─┤
    ── train ──────────────────┤ gap ├─ window 2 ─┤  ...

A row trains only where its label was known before the window began: rows of the gap, which is the label's
delay, are purged (López de Prado 2018, chapter 7, for why).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import polars as pl

from comporta.evidence.answered import aligned, answered
from comporta.records import Artifact, Asked, ByTime, Figure, Findings, Record, Signature, Split
from comporta.records.columns import AT, TARGET
from comporta.stats.jackknife import quick_intervals
from comporta.stats.predictions import metrics_for, statistics
from comporta.stats.units import units_of
from comporta.store import Desk
from comporta.store.frames import read

FEWEST = 30
HISTORY = 1 / 3


class Window(Record, frozen=True, kw_only=True):
    """until: rows at or before it train. since, to: the window's rows, after the first up to the second."""

    until: datetime
    since: datetime
    to: datetime

    @property
    def name(self) -> str:
        """`2024-01-31 to 2024-02-29`."""
        return f"{self.since:%Y-%m-%d} to {self.to:%Y-%m-%d}"


def measure(
    desk: Desk,
    *,
    train: Artifact,
    test: Artifact,
    signature: Artifact,
    split: dict[str, Any],
    fit: Callable[..., Any],
    refitted: Callable[..., Asked],
    group: str | None = None,
    params: dict[str, Any] | None = None,
    windows: int = 6,
    also: str = "",
    **declared: Any,
) -> dict[str, Artifact]:
    """`findings`. windows: how many, one fit each. also: a metric beside the usual ones. declared: `task`
    and `output`, as the signature holds them."""
    del declared
    takes = desk.get_json(signature, Signature)
    how = msgspec.convert(split, Split)
    rows = pl.concat([read(desk, train), read(desk, test)])
    if why := _senseless(how, rows):
        found = Findings(without=why, rows=rows.height, of=rows.height)
    else:
        assert isinstance(how, ByTime)

        def fitted(part: pl.DataFrame) -> Asked:
            return refitted(
                part, fit=fit, params=params or {}, task=takes.task, output=takes.output, seed=desk.seed
            )

        found = backtest(
            rows, fitted, takes, span=how.test, gap=how.gap, windows=windows, also=also, group=group,
            seed=desk.seed,
        )  # fmt: skip
    print(f"backtest: {' '.join(found.notes) or found.without}")
    return {"findings": desk.put_json(found)}


def backtest(
    rows: pl.DataFrame,
    fitted: Callable[[pl.DataFrame], Asked],
    signature: Signature,
    *,
    span: timedelta,
    gap: timedelta,
    windows: int = 6,
    also: str = "",
    group: str | None = None,
    seed: int = 0,
) -> Findings:
    """Figures: every usual metric and `also`, with slice `<from> to <to>`. A window with fewer than 30 rows,
    or one whose fit cannot be made, is missing. rows: with `__at` and a target, of both parts."""
    rows = rows.filter(pl.col(TARGET).is_not_null()).sort(AT, maintain_order=True)
    at = rows[AT].cast(pl.Datetime("us", getattr(rows[AT].dtype, "time_zone", None)))
    figures: list[Figure] = []
    missing: dict[str, str] = {}
    table: list[dict[str, Any]] = []
    plan = walk(at.min(), at.max(), span=span, gap=gap, windows=windows)  # type: ignore[arg-type]
    for window in plan:
        before, inside = rows.filter(at <= window.until), rows.filter((at > window.since) & (at <= window.to))
        if inside.height < FEWEST or before.height < FEWEST:
            small = inside if inside.height < FEWEST else before
            what = "in it" if small is inside else "to train before it"
            missing[window.name] = f"{small.height} rows {what}, at least {FEWEST} expected"
            continue
        try:
            asked = fitted(before)
            said = aligned(asked(inside), asked.signature, signature.classes)
        except Exception as fault:  # the project's own training function, on rows it was not made for
            missing[window.name] = f"the training function raised {type(fault).__name__}"
            continue
        told = answered(inside, said, signature)
        mine, lost = measured(told, also, group, seed)
        figures += [msgspec.structs.replace(each, slice=window.name) for each in mine]
        missing |= {f"{name} {window.name}": why for name, why in lost.items()}
        table.append(
            {
                "window": window.name,
                "trained on": before.height,
                "rows": inside.height,
                **{each.metric: each.value for each in mine},
            }
        )
    return Findings(
        figures=tuple(figures),
        missing=missing,
        rows=sum(each["rows"] for each in table),
        of=rows.height,
        notes=(
            f"{len(table)} of {len(plan)} windows of {_days(plan)}, "
            f"{gap / timedelta(days=1):g} days purged before each.",
        ),
        tables={"windows": tuple(table)},
    )


def walk(
    first: datetime, last: datetime, *, span: timedelta, gap: timedelta, windows: int
) -> tuple[Window, ...]:
    """The windows, oldest first, one after the other up to `last`. Each is `span` long, or shorter where
    otherwise less than a third of the time would be left to train for the first."""
    room = (last - first - gap) * (1 - HISTORY)
    length = min(span, room / windows)
    if length <= timedelta():
        return ()
    ends = [last - length * back for back in range(windows)][::-1]
    return tuple(Window(until=end - length - gap, since=end - length, to=end) for end in ends)


def measured(
    told: pl.DataFrame, also: str, group: str | None, seed: int
) -> tuple[list[Figure], dict[str, str]]:
    """Every usual metric of these predictions and `also`, with intervals; and those that are not defined."""
    names = list(dict.fromkeys([*metrics_for(told, ()), *([also] if also else [])]))
    metrics_for(told, names)
    units = units_of(told, group)
    found = quick_intervals(statistics(told, names), told.height, units=units, seed=seed)
    figures, missing = [], {}
    for name, each in zip(names, found, strict=True):
        if not np.isfinite(each.value):
            missing[name] = "it is not defined on these rows"
            continue
        figures.append(each.figure(name, told.height))
    return figures, missing


def _senseless(how: Split, rows: pl.DataFrame) -> str:
    if not isinstance(how, ByTime):
        return "the project's rows are not split by time, so no window and no delay of labels is declared"
    if AT not in rows.columns or not rows[AT].dtype.is_temporal():
        return "the rows have no time"
    return ""


def _days(plan: tuple[Window, ...]) -> str:
    length = plan[0].to - plan[0].since if plan else timedelta()
    return f"{length / timedelta(days=1):.3g} days"
