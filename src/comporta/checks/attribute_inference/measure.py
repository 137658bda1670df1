"""How much better an attribute can be guessed with the model's answers, or with explanations, than without.

Two attackers learn from the same rows of their own (the test part) and guess the attribute of training rows:
one knows some features and the outcome, the other the answers beside that. What the first can do is no leak
of the model's but imputation (Jayaraman and Evans 2022, "Are attribute inference attacks just imputation?");
the difference is. Where the model reads the attribute, the second also asks it what it would answer for
each value of it (Fredrikson, Jha and Ristenpart 2015; Mehnaz et al. 2022), and looks which is nearest to the
true answer. Explanations are what each feature adds to the answer, taken away one at a time (Duddu and Boutet
2022, "Inferring sensitive attributes from model explanations").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from comporta.checks.attribute_inference.codes import ATTACKER_KNOWS, ATTACKER_KNOWS_OUTCOME
from comporta.checks.attribute_inference.figures import ADVANTAGE, ANSWERS, EXPLANATIONS
from comporta.checks.shared.measuring.answers_told import as_told
from comporta.checks.shared.measuring.codes import FEWER_THAN_TWO_VALUES
from comporta.checks.shared.measuring.rare_values import figures_of_rare
from comporta.records import (
    FEWEST_ROWS,
    Artifact,
    Conditions,
    Figure,
    Findings,
    FittedModel,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.columns import TARGET
from comporta.stats.auc import pulls
from comporta.stats.means import interval_of_influence
from comporta.stats.subjects import values_of_few
from comporta.stats.table import column, feature_names, without_empty
from comporta.stats.units import coarse, units_of
from comporta.store.context import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Asks = Callable[[pl.DataFrame], Floats]

OWN, VICTIMS = 4_000, 2_000
MOST_VALUES = 8
MISSING = "missing"
MOST_EXPLAINED = 60


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    train: Artifact,
    test: Artifact,
    opened: Callable[[StepContext, Artifact, Artifact], FittedModel],
    of: str,
    columns: Sequence[str] = (),
    group: str | None = None,
    decimals: int | None = None,
) -> dict[str, Artifact]:
    """`findings`: what answers and explanations add to the area under the ROC curve of a guess at `of`.

    columns: features that the attacker knows; none: all others where the model reads `of`, else no feature.
    """
    asked = opened(context, model, signature)
    told = as_told(asked.signature, decimals)
    rows, own = read(context, train), read(context, test)
    found, many = infer(
        lambda frame: told(asked(frame).scores), rows, own, of, columns, group=group, seed=context.seed
    )
    print(f"attribute inference: {found.rows:,} of {found.of:,} rows, {many:,} rows asked of the model")
    return {"findings": context.put_json(found)}


def infer(
    asked: Asks,
    learned: pl.DataFrame,
    own: pl.DataFrame,
    of: str,
    known: Sequence[str],
    *,
    group: str | None = None,
    seed: int = 0,
) -> tuple[Findings, int]:
    """The findings, and rows asked of the model. asked: what answers tell of its scores. learned: whose
    attribute is guessed. own: the attacker's."""
    of_all = learned.height + own.height
    learned = learned.sample(min(VICTIMS, learned.height), seed=seed)
    own = own.sample(min(OWN, own.height), seed=seed)
    both = pl.concat([own, learned], how="diagonal_relaxed")
    mine = np.arange(both.height) < own.height
    groups = coarse(column(both, of))
    secret = groups.labels.fill_null(MISSING)
    sides = (mine, ~mine)
    about_few = frozenset[str]().union(
        *(values_of_few(both.filter(pl.Series(each)), secret.filter(pl.Series(each))) for each in sides)
    )
    values = _frequent_values(secret, mine, about_few)
    if len(values) < 2:
        why = FEWER_THAN_TWO_VALUES(column=of, least=FEWEST_ROWS)
        lost = UnmeasuredFigure(metric=ADVANTAGE.metric, why=why)
        return Findings(unmeasured=(lost,), rows=both.height, of=of_all), 0
    parts = [secret.filter(pl.Series(each)).alias("value").value_counts() for each in sides]
    counts = [dict(each.iter_rows()) for each in parts]
    fewer = {name: min(each.get(name, 0) for each in counts) for name in secret.unique().sort()}
    left, unsaid = figures_of_rare(fewer, values, values, FEWEST_ROWS, MOST_VALUES, about_few)
    reads = of in feature_names(both)
    if not known and reads:
        known = [name for name in feature_names(both) if name != of]
    base = [_numbers(column(both, name)) for name in known] + [_numbers(both[TARGET])]
    channels, many = {ANSWERS: _answers(asked, both, of if reads else "", secret, values)}, both.height
    many += len(values) * both.height if reads else 0
    explained = feature_names(both)[:MOST_EXPLAINED]
    channels[EXPLANATIONS] = [*channels[ANSWERS], *_effects(asked, both, explained, mine)]
    many += len(explained) * both.height
    unit = units_of(both.filter(pl.Series(~mine)), group) if group else None
    where: dict[str, Conditions] = {
        each: (groups.condition(of, None if each == MISSING else each),) for each in values
    }
    figures = _advantages(np.column_stack(base), channels, secret, values, mine, where, unit, seed)
    knows = ATTACKER_KNOWS(columns=tuple(known)) if known else ATTACKER_KNOWS_OUTCOME()
    notes = (knows, *unsaid)
    return Findings(
        figures=(*figures, *left) if figures else (), rows=both.height, of=of_all, notes=notes
    ), many


def _frequent_values(secret: pl.Series, mine: NDArray[np.bool_], about_few: frozenset[str]) -> list[str]:
    """The values that are frequent enough on both sides to be guessed, sorted."""
    counts = secret.filter(pl.Series(mine)).alias("value").value_counts(sort=True).head(MOST_VALUES)
    theirs = secret.filter(pl.Series(~mine))
    return sorted(
        name
        for name, count in counts.iter_rows()
        if count >= FEWEST_ROWS and int((theirs == name).sum()) >= FEWEST_ROWS and name not in about_few
    )


def _advantages(
    base: Floats,
    channels: dict[str, list[Floats]],
    secret: pl.Series,
    values: list[str],
    mine: NDArray[np.bool_],
    where: dict[str, Conditions],
    unit: NDArray[np.int64] | None,
    seed: int,
) -> list[Figure]:
    place = secret.replace_strict(values, range(len(values)), default=-1, return_dtype=pl.Int64).to_numpy()
    without = _guess(base, place, mine, seed)
    shown = values[1:] if len(values) == 2 and secret.n_unique() == 2 else values
    level = 1 - 0.05 / (len(channels) * len(shown))
    figures = []
    for name, columns in channels.items():
        guess = _guess(np.column_stack([base, *columns]), place, mine, seed)
        for value in shown:
            at = values.index(value)
            has = place[~mine] == at
            before, pull = pulls(has, without[:, at])
            after, other = pulls(has, guess[:, at])
            if pull is None or other is None:
                continue
            found = interval_of_influence(after - before, other - pull, unit, level)
            figures.append(
                found.figure(
                    ADVANTAGE.metric,
                    int((~mine).sum()),
                    where=where[value],
                    under=conditions(signal=name),
                    level=level,
                )
            )
    return figures


def _guess(known: Floats, place: NDArray[np.int64], mine: NDArray[np.bool_], seed: int) -> Floats:
    """(victims, values) probabilities of a boosted model that learned from the attacker's own rows."""
    use = mine & (place >= 0)
    known = without_empty(known, known[use])
    trees = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=15, l2_regularization=1.0, random_state=seed
    )
    # A few thousand rows have no parts: threads that wait for each other cost many times the work.
    with threadpool_limits(1):
        return np.asarray(trees.fit(known[use], place[use]).predict_proba(known[~mine]))


def _answers(asked: Asks, rows: pl.DataFrame, of: str, secret: pl.Series, values: list[str]) -> list[Floats]:
    """What the model says; and where it reads the attribute, how far that is from what it would say for each
    value, and which is nearest."""
    said = asked(rows)
    columns = [said[:, at] for at in range(said.shape[1])]
    if not of:
        return columns
    apart = []
    for value in values:
        typical = rows[of].filter(secret == value).drop_nulls()
        put = typical.sort()[len(typical) // 2] if len(typical) else None
        other = asked(rows.with_columns(pl.lit(put, rows[of].dtype).alias(of)))
        apart.append(np.abs(other - said).sum(axis=1))
    return [*columns, *apart, np.argmin(np.column_stack(apart), axis=1).astype(float)]


def _effects(
    asked: Asks, rows: pl.DataFrame, features: Sequence[str], mine: NDArray[np.bool_]
) -> list[Floats]:
    """For each feature, what the answer changes by when it is put to a usual value of the attacker's rows."""
    whole = asked(rows)[:, -1]
    own = rows.filter(pl.Series(mine))
    added = []
    for name in features:
        there = own[name].drop_nulls()
        if there.is_empty():
            continue
        usual: Any = there.sort()[len(there) // 2] if there.dtype.is_numeric() else there.mode().sort()[0]
        added.append(whole - asked(rows.with_columns(pl.lit(usual, rows[name].dtype).alias(name)))[:, -1])
    return added


def _numbers(values: pl.Series) -> Floats:
    """Numbers as they are, anything else by the place of its value."""
    if values.dtype.is_numeric():
        return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return values.cast(pl.String).rank("dense").cast(pl.Float64).fill_null(float("nan")).to_numpy()
