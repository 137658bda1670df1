"""How much of the importance moved between features since earlier versions, beyond what resampling moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.checks.importance_change.codes import (
    IMPORTANCE_MOVED,
    NO_LIKE_IMPORTANCES,
    OWN_IMPORTANCE_MISSING,
)
from comporta.checks.importance_change.figures import MOVED, RANK_CHANGED
from comporta.checks.importance_change.tables import CHANGE, RANKS, SHARES
from comporta.checks.shared.figures import COMPARED
from comporta.checks.shared.measuring.codes import NO_EARLIER_VERSION
from comporta.checks.shared.measuring.earlier_references import (
    EARLIER_VERSION,
    against,
    earlier_of,
)
from comporta.checks.shared.measuring.importance import ranks_of, shares_of
from comporta.checks.shared.measuring.reference import importances
from comporta.checks.shared.tables import AGAINST, FEATURE, HIGH, IS, LOW, WAS
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    TableRow,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.reference import Importances, Reference
from comporta.store.context import StepContext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TOP = 10


def measure(context: StepContext, *, importance: Artifact, **others: Any) -> dict[str, Artifact]:
    """`findings`: the share of importance that moved since each earlier version, and by how many ranks each
    of the ten most important features rose or fell, with intervals."""
    now = importances(context.get_json(importance, Findings))
    found = measure_change(now, {name: each.importance for name, each in _earlier(context, others)})
    print(f"compared with {sum(len(each.rows) for each in found.tables)} shares of earlier versions")
    return {"findings": context.put_json(found)}


def _earlier(context: StepContext, others: Mapping[str, Any]) -> list[tuple[int, Reference]]:
    return list(earlier_of(context, others).items())


def measure_change(now: Importances | None, earlier: Mapping[int, Importances | None]) -> Findings:
    """The same from records. earlier: None where that version kept no importances."""
    if not earlier:
        return Findings(without=NO_EARLIER_VERSION())
    if now is None:
        return Findings(unmeasured=(UnmeasuredFigure(metric=MOVED.metric, why=OWN_IMPORTANCE_MISSING()),))
    figures: list[Figure] = []
    lost: list[UnmeasuredFigure] = []
    table: list[TableRow] = []
    for version, was in earlier.items():
        alike = was is not None and was.method == now.method and len(was.replicates) >= 2
        if was is not None and alike:
            figures += _against(version, was, now, table)
        else:
            lost.append(
                UnmeasuredFigure(
                    metric=MOVED.metric,
                    compared_with=EARLIER_VERSION,
                    under=against(version),
                    why=NO_LIKE_IMPORTANCES(),
                )
            )
        figures.append(
            Figure(
                metric=COMPARED.metric,
                value=float(alike),
                compared_with=EARLIER_VERSION,
                under=against(version),
            )
        )
    return Findings(
        figures=tuple(figures),
        unmeasured=tuple(lost),
        rows=now.rows,
        of=now.rows,
        notes=(IMPORTANCE_MOVED(),),
        tables=(SHARES.of(table[:200]),),
    )


def _against(version: int, was: Importances, now: Importances, table: list[TableRow]) -> list[Figure]:
    names = [*now.features, *(name for name in was.features if name not in now.features)]
    before, before_drawn = _over(names, was)
    after, after_drawn = _over(names, now)
    # Every resample of the one beside every resample of the other: their noise, without the change.
    off = (after_drawn - after)[:, None] - (before_drawn - before)[None]
    apart = after - before
    moved = float(np.abs(apart).sum() / 2)
    # |change| lies between |seen| less |noise| and their sum, whatever the direction of either.
    noise = float(np.quantile(np.abs(off).sum(axis=2) / 2, 0.95))
    figures = [
        Figure(
            metric=MOVED.metric,
            value=moved,
            low=max(0.0, moved - noise),
            high=min(1.0, moved + noise),
            rows=now.rows,
            compared_with=EARLIER_VERSION,
            under=against(version),
        )
    ]
    spread = np.quantile(off.reshape(-1, len(names)), [0.025, 0.975], axis=0)
    ranks = ranks_of(after_drawn)[:, None] - ranks_of(before_drawn)[None]
    rank = ranks_of(after) - ranks_of(before)
    low, high = np.quantile(ranks.reshape(-1, len(names)), [0.025, 0.975], axis=0)
    top = np.unique(np.concatenate([np.argsort(-each, kind="stable")[:TOP] for each in (before, after)]))
    for place in np.argsort(-np.abs(apart), kind="stable"):
        name = names[place]
        table.append(
            {
                AGAINST: version,
                FEATURE: name,
                WAS: float(before[place]),
                IS: float(after[place]),
                CHANGE: float(apart[place]),
                LOW: float(apart[place] - spread[1][place]),
                HIGH: float(apart[place] - spread[0][place]),
                RANKS: float(rank[place]),
            }
        )
        if place in top:
            figures.append(
                Figure(
                    metric=RANK_CHANGED.metric,
                    value=float(abs(rank[place])),
                    low=_nearest(low[place], high[place]),
                    high=float(max(abs(low[place]), abs(high[place]), abs(rank[place]))),
                    rows=now.rows,
                    compared_with=EARLIER_VERSION,
                    under=(*against(version), *conditions(feature=name)),
                )
            )
    return figures


def _nearest(low: float, high: float) -> float:
    """How near to 0 the interval comes."""
    return 0.0 if low <= 0 <= high else float(min(abs(low), abs(high)))


def _over(names: list[str], kept: Importances) -> tuple[Floats, Floats]:
    """Shares and their resamples, (names,) and (resamples, names)."""
    at = {name: place for place, name in enumerate(kept.features)}
    drawn = np.array(kept.replicates)
    out = np.zeros((len(drawn), len(names)))
    value = np.zeros(len(names))
    for place, name in enumerate(names):
        if name in at:
            value[place], out[:, place] = kept.shares[at[name]], drawn[:, at[name]]
    return shares_of(value), shares_of(out)
