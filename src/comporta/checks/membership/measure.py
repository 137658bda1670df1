"""Whether a model tells which rows it learned from: membership inference at low false-positive rates.

A row's signal is how much more the model believes its true outcome than a reference model does that never saw
the row: the difference of logits for classes, of log errors for numbers. It is the likelihood ratio of the
offline attack of Carlini et al. 2022 (section 6) and of Zarifzadeh, Liu and Shokri 2024 (RMIA) with the
difficulty of each row taken out. References learn from half of the training rows, so that a change between
training and test time is in both models and cancels; members are rows of the other half, the others are test
rows. The bare signal, without a reference, is told and not judged: test rows that are harder, as those of a
narrower population are, look like rows that were never seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from msgspec.structs import replace
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from comporta.checks.membership.codes import ALONE, BESIDE_REFERENCE, ELSEWHERE, TOO_FEW_MEMBERS
from comporta.checks.membership.figures import AREA, TRUE_POSITIVES
from comporta.checks.membership.tables import ATTACK, FALSE_POSITIVES, SIGNAL, TRUE_POSITIVE_RATE
from comporta.checks.shared.measuring.answers_told import Tells, as_told
from comporta.checks.shared.tables import AUC, CURVE, HIGH, LOW
from comporta.records import (
    NO_TEXT,
    Artifact,
    Field,
    Findings,
    FittedModel,
    Signature,
    TableRow,
    Text,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.columns import TARGET
from comporta.stats.auc import auc
from comporta.stats.bootstrap import Interval
from comporta.stats.classes import places
from comporta.stats.table import column, without_empty
from comporta.stats.tail import rate_above
from comporta.store.context import StepContext
from comporta.store.frames import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Believes = Callable[[pl.DataFrame], "Floats"]
ROWS = 10_000
FEWEST = 200
SHARES = (0.01, 0.001)
CLIP = 1e-3
"""How sure a belief counts at most: far out a line is surer than any reference, and tells nothing by that."""
ELSEWHERE_FROM = 0.97
"""The area from which on test rows are of another population: there a model may differ from any reference
for no other reason than that neither knows the place."""
_MEMBER = "__member"


def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    train: Artifact,
    test: Artifact,
    opened: Callable[[StepContext, Artifact, Artifact], FittedModel],
    fit: Callable[..., Any],
    refitted: Callable[..., FittedModel],
    params: dict[str, Any],
    task: str | None,
    output: str,
    fits: int = 0,
    group: str | None = None,
    decimals: int | None = None,
) -> dict[str, Artifact]:
    """`findings`: the true-positive rate of the attack at 1 % and 0.1 % false positives, and its area.

    fits: references made by the project's own training function, each of half of the training rows; 0: one
    boosted model of our own on at most 10,000 rows. decimals: how many of a probability answers tell.
    """
    takes = context.get_json(signature, Signature)
    learned, others = read(context, train), read(context, test)
    asked = opened(context, model, signature)
    draw = np.random.default_rng(context.seed)
    half = draw.permutation(learned.height) % 2 == 0

    def own(rows: pl.DataFrame, seed: int) -> Believes:
        made = refitted(rows, fit=fit, params=params, task=task, output=output, seed=seed)
        return lambda frame: belief(made, frame, made.signature, as_told(takes, decimals))

    def ours(rows: pl.DataFrame, seed: int) -> Believes:
        return reference(rows.sample(min(ROWS, rows.height), seed=seed), takes, seed)

    found = attack(
        lambda frame: belief(asked, frame, takes, as_told(takes, decimals)),
        own if fits else ours,
        learned,
        others,
        fits=max(fits, 1),
        half=half,
        group=group,
        seed=context.seed,
        apart=lambda rows, tests: told_apart(rows, tests, takes, context.seed),
    )
    print(f"membership: {found.rows:,} of {found.of:,} rows, {fits} fits of the project's")
    return {"findings": context.put_json(found)}


def attack(
    target: Believes,
    fitted: Callable[[pl.DataFrame, int], Believes],
    learned: pl.DataFrame,
    others: pl.DataFrame,
    *,
    fits: int,
    half: NDArray[np.bool_],
    group: str | None,
    seed: int,
    apart: Callable[[pl.DataFrame, pl.DataFrame], Interval] | None = None,
) -> Findings:
    """target: how much the model believes the truth of rows. fitted: a reference from rows and a seed. apart:
    the area at which rows of training and of the test are told apart; None: they are of one population."""
    draw = np.random.default_rng(seed + 1)
    of = learned.height + others.height
    member = _some(learned.filter(pl.Series(~half)), group, draw)
    other = _some(others, group, draw)
    if min(member.height, other.height) < FEWEST:
        why = TOO_FEW_MEMBERS(members=member.height, others=other.height, least=FEWEST)
        lost = UnmeasuredFigure(metric=AREA.metric, why=why)
        return Findings(unmeasured=(lost,), rows=member.height + other.height, of=of)
    known = learned.filter(pl.Series(half))
    bare = target(member), target(other)
    beyond = [np.zeros(len(each)) for each in bare]
    for each in range(fits):
        # Every reference is of other rows of the half that no member is in.
        part = known if fits == 1 else known.sample(fraction=0.7, seed=seed + each)
        believes = fitted(part, seed + each)
        beyond = [sum_ + believes(rows) / fits for sum_, rows in zip(beyond, (member, other), strict=True)]
    beside = bare[0] - beyond[0], bare[1] - beyond[1]
    doubt = NO_TEXT if apart is None else _doubt_of(apart(member, other))
    return _findings(beside, bare, of, seed, doubt)


def told_apart(member: pl.DataFrame, other: pl.DataFrame, takes: Signature, seed: int) -> Interval:
    """The area at which boosted trees, fitted on half of the rows, tell by their features which of the other
    half are of the test."""
    columns = np.vstack([_numbers_of(each, _fields(member, takes)) for each in (member, other)])
    tests = np.arange(len(columns)) >= member.height
    learn = np.random.default_rng(seed).permutation(len(columns)) % 2 == 0
    known = without_empty(columns, columns[learn])
    with threadpool_limits(1):
        trees = HistGradientBoostingClassifier(max_iter=50, random_state=seed).fit(known[learn], tests[learn])
        return auc(tests[~learn], trees.predict_proba(known[~learn])[:, 1])


def _doubt_of(area: Interval) -> Text:
    if area.low is None or area.low <= ELSEWHERE_FROM:
        return NO_TEXT
    return ELSEWHERE(area=round(area.value, 4))


def _findings(
    beside: tuple[Floats, Floats], bare: tuple[Floats, Floats], of: int, seed: int, doubt: Text
) -> Findings:
    """beside, bare: what members and others have, less what a reference believes and as it is; the first is
    judged. of: all rows. doubt: why a failure would not be the model's."""
    member, other = beside
    rows = len(member) + len(other)
    areas = {
        name: auc(np.repeat([True, False], list(map(len, each))), np.concatenate(each))
        for name, each in ((BESIDE_REFERENCE, beside), (ALONE, bare))
    }
    area = areas[BESIDE_REFERENCE]
    figures = [
        rate_above(member, other, share, seed=seed).figure(
            TRUE_POSITIVES.metric, rows, under=conditions(false_positives=share)
        )
        for share in SHARES
    ]
    figures.append(area.figure(AREA.metric, rows))
    figures = [replace(each, doubt=doubt) for each in figures]
    attack = (
        {SIGNAL: name(), AUC: each.value, LOW: each.low, HIGH: each.high} for name, each in areas.items()
    )
    return Findings(
        figures=tuple(figures),
        rows=rows,
        of=of,
        tables=(ATTACK.of(attack), CURVE.of(_curve(*beside))),
    )


def belief(asked: FittedModel, rows: pl.DataFrame, takes: Signature, told: Tells) -> Floats:
    """(n,) how much the model believes what came true, as far as it is told: the logit of its probability, or
    minus the logarithm of its error. A class that it never saw is believed least."""
    said = told(asked(rows).scores)
    if takes.task == "regression":
        return closeness(said[:, 0], rows[TARGET].cast(pl.Float64).to_numpy())
    return logit(said, places(rows[TARGET], takes.classes))


def logit(scores: Floats, truth: NDArray[np.int64]) -> Floats:
    """(n,) of the probability of the truth, away from 0 and 1."""
    chance = np.where(truth >= 0, scores[np.arange(len(scores)), np.maximum(truth, 0)], 0.0)
    chance = np.clip(chance, CLIP, 1 - CLIP)
    return np.asarray(np.log(chance / (1 - chance)))


def closeness(said: Floats, truth: Floats) -> Floats:
    """(n,) minus the logarithm of the error, in the target's spread."""
    spread = float(truth.std()) or 1.0
    return np.asarray(-np.log(np.abs(said - truth) / spread + CLIP))


def reference(rows: pl.DataFrame, takes: Signature, seed: int) -> Believes:
    """One boosted model on the numbers and words that the model reads; free text is left out."""
    fields = _fields(rows, takes)
    numeric = takes.task == "regression"

    def outcome(frame: pl.DataFrame) -> NDArray[Any]:
        return frame[TARGET].cast(pl.Float64).to_numpy() if numeric else places(frame[TARGET], takes.classes)

    learned = _numbers_of(rows, fields)
    kind = HistGradientBoostingRegressor if numeric else HistGradientBoostingClassifier
    trees = kind(max_iter=100, l2_regularization=1.0, random_state=seed)

    def believes(frame: pl.DataFrame) -> Floats:
        columns = without_empty(_numbers_of(frame, fields), learned)
        with threadpool_limits(1):
            if numeric:
                return closeness(trees.predict(columns), outcome(frame))
            scores = np.zeros((frame.height, len(takes.classes)))
            scores[:, trees.classes_] = trees.predict_proba(columns)
        return logit(scores, outcome(frame))

    # At most 10,000 rows: threads that wait for each other cost more than the work.
    with threadpool_limits(1):
        trees.fit(without_empty(learned, learned), outcome(rows))
    return believes


def _fields(rows: pl.DataFrame, takes: Signature) -> list[Field]:
    """The features that are numbers or known words. Trees that are shown a column without any value break."""
    return [
        field
        for field in takes.features
        if (field.kind != "text" or field.values) and np.isfinite(_number(rows[field.name], field)).any()
    ]


def _numbers_of(frame: pl.DataFrame, fields: Sequence[Field]) -> Floats:
    """Rows by features; one column at least, of nothing, where no feature is a number or a known word."""
    return np.column_stack([np.zeros(frame.height), *(_number(frame[each.name], each) for each in fields)])


def _number(values: pl.Series, field: Field) -> Floats:
    if field.values:
        words = values.cast(pl.String)
        values = words.replace_strict(list(field.values), range(len(field.values)), default=None)
    return values.cast(pl.Float64).to_numpy()


def _some(rows: pl.DataFrame, group: str | None, draw: np.random.Generator) -> pl.DataFrame:
    """At most 10,000 rows, one of each group: rows of a group are no independent tries."""
    rows = rows[draw.permutation(rows.height)]
    if group is not None:
        name = column(rows, group).alias(_MEMBER)
        rows = rows.with_columns(name).filter(pl.col(_MEMBER).is_first_distinct() | pl.col(_MEMBER).is_null())
        rows = rows.drop(_MEMBER)
    return rows.head(ROWS)


def _curve(member: Floats, other: Floats) -> list[TableRow]:
    shares = np.geomspace(1e-3, 1, 40)
    cuts = np.quantile(other, 1 - shares)
    return [
        {FALSE_POSITIVES: float(share), TRUE_POSITIVE_RATE: float((member > cut).mean())}
        for share, cut in zip(shares, cuts, strict=True)
    ]
