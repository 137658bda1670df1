"""A model as a user declares it: its fields read in the order of the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from comporta.project.features import Features
from comporta.records import AtRandom, Check, Codec, Limits, Record, Split
from comporta.records.class_name import ClassLabel, class_name
from comporta.records.costs import Costs
from comporta.records.metric import ModelTask
from comporta.records.outcome import Outcome
from comporta.records.release_plan import BlueGreen, Canary, Shadow


class Model(Record, frozen=True):
    """A model as it is trained, gated and released: data → features → train → gates → registry → release.

    name: how commands, URLs and versions refer to it.
    features: the table it learns from.
    target: the column of `features.of` that it predicts.
    fit: the training function, `def fit(X, y, *, depth=6): ... return estimator`; X is a polars frame, or
        pandas where the argument is annotated so.
    params: arguments of `fit` beside X and y.
    output: what an answer holds: the `label`, its `probability`, or `both`.
    task: `binary`, `multiclass` or `regression`; None: inferred from the target.
    positive: of two classes the one that `probability`, precision, recall and the rest are of; None: the
        second in sorted order.
    threshold: the chance of the positive class from which on a row is called so, or the `Costs` that it
        follows from; None: as the estimator decides.
    weight: a column that says how much each row counts, in `fit` (its argument `sample_weight`) and in
        figures; None: each as much.
    split: which rows are held out to judge it: `by_time`, `by_group` or `at_random`.
    metrics: measured on the test rows; empty: the usual ones of its task.
    business: the metric by which a challenger must beat the champion; None: only its gates judge it.
    slices: columns by whose values it is also measured.
    group: the column whose values are resampled whole for intervals; None: days where there is time, else
        rows.
    gates: the checks between it and production.
    approvals: how many people must approve a version before it is released.
    requires: what a request must carry for each row beside its columns: `key`, `subject`, `unit`. Others are
        refused.
    limits: time and memory of one fit.
    seed: of everything random.
    codecs: what writes the fitted model down where Comporta's own do not: asked before them.
    owner: who answers for it; shown in the inventory.
    meaning: what it is for; shown in the inventory.
    decimals: how many decimals of a probability an answer tells: fewer tell less about the rows it learned
        from; None: all.
    log_sample: the share of answers whose observations are kept, 0 to 1; which ones follows from their ids.
    log_without: columns of requests that observations do not hold.
    outcomes: what becomes of units that it answered, for releases to be decided by.
    release: how a version comes to its traffic: `BlueGreen`, `Canary` or `Shadow`; None: all at once.

    >>> from comporta import Dataset, Features, at_least, by_time
    >>> from sklearn.linear_model import LogisticRegression
    >>> def fit(X, y, *, strength=1.0):
    ...     return LogisticRegression(C=strength).fit(X, y)
    >>> flights = Dataset("flights", "flights.csv", key="flight", time="leaves")
    >>> at_gate = Features("at_gate", of=flights, known=("flight", "leaves", "distance"))
    >>> late = Model("late", features=at_gate, target="late", fit=fit, params={"strength": 0.5},
    ...              split=by_time(test="30d"), gates=(at_least("roc_auc", 0.7),))
    >>> [check.name for check in late.gates]
    ['limit?metric=roc_auc&at_least=0.7']
    """

    name: str
    features: Features
    target: str
    fit: Callable[..., Any]
    params: dict[str, Any] = {}
    output: Literal["label", "probability", "both"] = "both"
    task: ModelTask | None = None
    positive: ClassLabel | None = None
    threshold: float | Costs | None = None
    weight: str | None = None
    split: Split = AtRandom()
    metrics: tuple[str, ...] = ()
    business: str | None = None
    slices: tuple[str, ...] = ()
    group: str | None = None
    gates: tuple[Check, ...] = ()
    approvals: int = 0
    requires: tuple[Literal["key", "subject", "unit"], ...] = ()
    limits: Limits = Limits()
    seed: int = 0
    codecs: tuple[Codec, ...] = ()
    owner: str = ""
    meaning: str = ""
    decimals: int | None = None
    log_sample: float = 1.0
    log_without: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    release: BlueGreen | Canary | Shadow | None = None

    def decision(self) -> dict[str, str | float]:
        """What is declared of the positive class and its threshold, as a fit is told it."""
        told: dict[str, str | float] = {}
        if self.positive is not None:
            told["positive"] = class_name(self.positive) or ""
        if self.threshold is not None:
            cut = self.threshold
            told["threshold"] = float(cut.threshold if isinstance(cut, Costs) else cut)
        return told
