"""How cheaply a refused row becomes an accepted one: a search that may only ask, within declared bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from comporta.checks.evasion.codes import (
    LOWER_BOUND,
    NO_ROW_DECIDED,
    NO_SUCH_FEATURE,
    NOTHING_REFUSED,
    ROWS_ASKED,
)
from comporta.checks.evasion.figures import FLIPPED
from comporta.checks.evasion.flips import search, ways_of
from comporta.checks.evasion.tables import COST
from comporta.checks.shared import tables
from comporta.checks.shared.measuring.codes import NO_SUCH_CLASS, NO_TEST_ROWS
from comporta.checks.shared.tables import CURVE, FEATURE, FEATURES, SHARE
from comporta.records import Artifact, Findings, FittedModel, Message, UnmeasuredFigure, Words
from comporta.stats.spread import share_of
from comporta.stats.units import units_of
from comporta.store import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROWS = 300
Opened = Callable[[StepContext, Artifact, Artifact], FittedModel]


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    test: Artifact,
    opened: Opened,
    changeable: Sequence[str],
    cost: float,
    ranges: Mapping[str, Sequence[float]] | None = None,
    unwanted: str | None = None,
    word_cost: float = 1.0,
    group: str | None = None,
) -> dict[str, Artifact]:
    """`findings`: the share of refused test rows that flip within `cost`, of at most 300 refused rows.

    unwanted: the class that is a refusal; None: the first of the model's. ranges: what a number may
    become; else from its least to its greatest. cost: in spreads of the features, and `word_cost` a word.
    """
    rows, asked = read(context, test), opened(context, model, signature)
    found = search_flips(
        asked, rows, changeable, cost, ranges or {}, unwanted, word_cost, group, context.seed
    )
    print(f"{found.rows:,} of {found.of:,} refused rows searched")
    return {"findings": context.put_json(found)}


def search_flips(
    asked: FittedModel,
    test: pl.DataFrame,
    changeable: Sequence[str],
    cost: float,
    ranges: Mapping[str, Sequence[float]],
    unwanted: str | None,
    word_cost: float,
    group: str | None,
    seed: int,
) -> Findings:
    """The same from an opened model and a frame."""
    takes = asked.signature
    if takes.task == "regression":
        return Findings(without=NOTHING_REFUSED())
    refusal = takes.classes[0] if unwanted is None else unwanted
    unknown = sorted({*changeable, *ranges} - {field.name for field in takes.features})
    if refusal not in takes.classes or unknown:
        return _nothing(
            NO_SUCH_FEATURE(feature=unknown[0]) if unknown else NO_SUCH_CLASS(label=Words(refusal))
        )
    if test.is_empty():
        return _nothing(NO_TEST_ROWS())
    place = takes.classes.index(refusal)
    refused = test.filter(pl.Series(np.asarray(asked(test).decisions) == place))
    if refused.is_empty():
        return _nothing(NO_ROW_DECIDED(label=Words(refusal)))
    rows = refused.sample(min(ROWS, refused.height), seed=seed)
    ways = ways_of(asked, test, changeable, ranges)
    found = search(asked, rows, ways, place, cost, word_cost, seed)
    share = share_of((found.cost <= cost).astype(np.float64), units_of(rows, group))
    figure = share.figure(FLIPPED.metric, rows.height)
    curve = [{COST: float(at), SHARE: float((found.cost <= at).mean())} for at in np.linspace(0, cost, 21)]
    by = pl.Series(found.by[found.cost <= cost].astype(str)).value_counts(sort=True).rows()
    return Findings(
        figures=(figure,),
        rows=rows.height,
        of=refused.height,
        notes=(ROWS_ASKED(rows=found.rows_asked + test.height), LOWER_BOUND()),
        tables=(CURVE.of(curve), FEATURES.of({FEATURE: str(n), tables.ROWS: int(c)} for n, c in by)),
    )


def _nothing(why: Message) -> Findings:
    return Findings(unmeasured=(UnmeasuredFigure(metric=FLIPPED.metric, why=why),))
