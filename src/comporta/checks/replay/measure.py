"""The candidate as it is, asked what production was asked: on requests whose labels have come since."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from comporta.checks.replay.codes import (
    LOGGED_ROWS,
    NOT_SERVED_YET,
    ROWS_RESAMPLED,
    SUBJECTS_RESAMPLED,
    TOO_FEW_LOGGED,
)
from comporta.checks.shared.measuring.prediction_frame import with_outputs
from comporta.checks.shared.measuring.usual_metrics import usual_metrics
from comporta.errors import BadProject
from comporta.records import (
    FEWEST_ROWS,
    Artifact,
    Findings,
    FittedModel,
    Message,
    Signature,
    UnmeasuredFigure,
)
from comporta.records.columns import KEY, SUBJECT
from comporta.stats.table import column
from comporta.store import StepContext
from comporta.store.frames import read


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    train: Artifact,
    opened: Callable[..., FittedModel],
    logged: Artifact | None = None,
    group: str | None = None,
    also: str = "",
) -> dict[str, Artifact]:
    """`findings`. logged: the table that `data.steps_logged` makes, where there is a log. train: the rows the
    candidate learned from, which are left out by key. also: a metric beside the usual ones."""
    rows = None if logged is None else read(context, logged)
    if rows is None or rows.is_empty():
        found = Findings(without=NOT_SERVED_YET())
    else:
        keys = pl.Series(read(context, train)[KEY])
        asked = opened(context, model, signature)
        found = replay(rows, asked, keys=keys, group=group, also=also, seed=context.seed)
    print(f"replay: {found.rows:,} of {found.of:,} logged rows with a label")
    return {"findings": context.put_json(found)}


def replay(
    rows: pl.DataFrame,
    asked: FittedModel,
    *,
    keys: pl.Series,
    group: str | None = None,
    also: str = "",
    seed: int = 0,
) -> Findings:
    """Figures: every usual metric and `also`. keys: of the training rows. Fewer than 30 rows are missing."""
    takes: Signature = asked.signature
    known = rows[KEY].str.replace_all('"', "", literal=True)
    fresh = rows.filter(~known.is_in(keys.str.replace_all('"', "", literal=True).implode()))
    if fresh.height < FEWEST_ROWS:
        few = TOO_FEW_LOGGED(rows=fresh.height, least=FEWEST_ROWS)
        lost = UnmeasuredFigure(rows=fresh.height, why=few)
        return Findings(unmeasured=(lost,), rows=fresh.height, of=rows.height)
    units = _unit(fresh, group)
    figures, undefined = usual_metrics(with_outputs(fresh, asked(fresh), takes), also, units, seed)
    learned = rows.height - fresh.height
    notes: list[Message] = [LOGGED_ROWS(rows=fresh.height, learned=learned)]
    if group is not None and units != group:
        notes.append(ROWS_RESAMPLED(group=group) if units is None else SUBJECTS_RESAMPLED(group=group))
    return Findings(
        figures=tuple(figures),
        unmeasured=tuple(undefined),
        rows=fresh.height,
        of=rows.height,
        notes=tuple(notes),
    )


def _unit(rows: pl.DataFrame, group: str | None) -> str | None:
    """The declared group where requests carry it, else the subject they named."""
    if group is None:
        return None
    try:
        column(rows, group)
    except BadProject:
        named = SUBJECT in rows.columns and rows[SUBJECT].null_count() < rows.height
        return "subject" if named else None
    return group
