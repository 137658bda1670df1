"""A summary of why the model answers as it does, and whether the explanation adds up to the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.evidence.attribution import BACKGROUND, ROWS, Attributed, attributed
from comporta.evidence.importance import ends, figured, resampled, shares_of, wide
from comporta.records import Artifact, Asked, Figure, Findings
from comporta.stats.units import units_of
from comporta.store.desk import Desk
from comporta.store.frames import read, write

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESIDUAL, APART, SHAP = "additivity residual", "answer explained less answer given", "shap share"
SAMPLED = (
    "the Shapley values are sampled, since the model cannot be read: they add up by how they are made, so "
    "additivity shows nothing of them"
)


def measure(
    desk: Desk,
    *,
    model: Artifact,
    signature: Artifact,
    test: Artifact,
    opened: Callable[[Desk, Artifact, Artifact], Asked],
    group: str | None = None,
) -> dict[str, Artifact]:
    """`findings`: the largest additivity residual, how far the answer explained is from the one given, and
    each feature's share of the size of Shapley values, with an interval. `background`: the rows they are
    measured against; their digest stands in the notes, keyed as all digests are."""
    asked = opened(desk, model, signature)
    rows = read(desk, test)
    names = [field.name for field in asked.signature.features]
    if rows.height < 2:
        return {"findings": desk.put_json(Findings(missing={RESIDUAL: "fewer than two test rows"}))}
    some = rows.sample(min(ROWS, rows.height), seed=desk.seed, shuffle=True)
    held = some.head(BACKGROUND)
    told = attributed(asked, some, held, desk.seed)
    beside = write(desk, held.select(names)) if told.background else model
    what = f"{told.background} rows" if told.background else "the counts kept in the trees"
    units = units_of(some.head(len(told.values)), group)
    background = f"The background is {what}, digest {beside.digest}."
    found = summed(told, names, rows.height, background, units=units, seed=desk.seed)
    print(" ".join(found.notes))
    made = {"findings": desk.put_json(found)}
    return made | {"background": beside} if told.background else made


def summed(
    told: Attributed,
    names: list[str],
    of: int,
    background: str,
    *,
    units: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Findings:
    """The findings on these values. units: (rows,) what is resampled whole; None: rows."""
    rows = len(told.values)
    if not np.isfinite(told.values).all():
        return Findings(missing={RESIDUAL: "a Shapley value is no finite number"}, rows=rows, of=of)
    sizes, drawn = resampled(told.sizes, units, seed)
    share, shares = shares_of(sizes), shares_of(drawn)
    width = wide(rows if units is None else int(units.max()) + 1)
    low, high = ends(share, shares, width)
    signed = told.values.mean(axis=0)
    order = np.argsort(-share, kind="stable")
    table: list[dict[str, Any]] = [
        {
            "feature": names[place],
            "share": float(share[place]),
            "low": float(low[place]),
            "high": float(high[place]),
            "mean size": float(sizes[place]),
            "mean": float(signed[place, -1]),
            "5th percentile": float(np.quantile(told.values[:, place, -1], 0.05)),
            "95th percentile": float(np.quantile(told.values[:, place, -1], 0.95)),
        }
        for place in order[:200]
    ]
    return Findings(
        figures=(
            Figure(metric=RESIDUAL, value=told.residual, rows=rows),
            Figure(metric=APART, value=told.apart, rows=rows),
            *figured(SHAP, names, share, shares, rows, width),
        ),
        without=SAMPLED if told.sampled else "",
        rows=rows,
        of=of,
        notes=(
            f"{told.method}; in {told.scale}; {rows:,} rows explained, {told.asks:,} asked.",
            background,
        ),
        tables={"explanation": tuple(table)},
    )
