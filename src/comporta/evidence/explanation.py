"""A summary of why the model answers as it does, and whether the explanation adds up to the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from comporta.evidence.attribution import BACKGROUND, ROWS, Attributed, attributed
from comporta.records import Artifact, Asked, Figure, Findings
from comporta.store.desk import Desk
from comporta.store.frames import read, write

RESIDUAL, APART = "additivity residual", "answer explained less answer given"


def measure(
    desk: Desk,
    *,
    model: Artifact,
    signature: Artifact,
    test: Artifact,
    opened: Callable[[Desk, Artifact, Artifact], Asked],
) -> dict[str, Artifact]:
    """`findings`: the largest additivity residual, how far the answer explained is from the one given, and
    each feature's share of the size of Shapley values. `background`: the rows they are measured against;
    their digest stands in the notes, keyed as all digests are."""
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
    found = summed(told, names, rows.height, f"The background is {what}, digest {beside.digest}.")
    print(" ".join(found.notes))
    made = {"findings": desk.put_json(found)}
    return made | {"background": beside} if told.background else made


def summed(told: Attributed, names: list[str], of: int, background: str) -> Findings:
    """The findings on these values."""
    rows = len(told.values)
    if not np.isfinite(told.values).all():
        return Findings(missing={RESIDUAL: "a Shapley value is no finite number"}, rows=rows, of=of)
    sizes = told.sizes.mean(axis=0)
    share = sizes / sizes.sum() if sizes.sum() > 0 else np.zeros_like(sizes)
    signed = told.values.mean(axis=0)
    order = np.argsort(-share, kind="stable")
    table: list[dict[str, Any]] = [
        {
            "feature": names[place],
            "share": float(share[place]),
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
            *(
                Figure(metric="shap share", value=float(share[place]), rows=rows, slice=name)
                for place, name in enumerate(names)
            ),
        ),
        rows=rows,
        of=of,
        notes=(
            f"{told.method}; in {told.scale}; {rows:,} rows explained, {told.asks:,} asked.",
            background,
        ),
        tables={"explanation": tuple(table)},
    )
