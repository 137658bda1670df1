"""A model as a user declares it: its fields read in the order of the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from comporta.project.features import Features
from comporta.records import AtRandom, Check, Codec, Limits, Record, Split


class Model(Record, frozen=True):
    """data → features → train → gates → registry → release.

    name: how commands, URLs and versions name it.
    features: the table it learns from. target: the column of `features.of` that it predicts.
    fit: `def fit(X, y, *, depth=6): ... return estimator`; X is a polars frame, or pandas where the
    argument is annotated so. params: what `fit` is called with beside X and y.
    output: what an answer holds: the `label`, its `probability`, or `both`.
    task: `binary`, `multiclass` or `regression`; None: told by the target.
    split: which rows are kept sealed to judge it.
    metrics: measured on the test rows; empty: the usual ones of its task.
    business: the metric that the business is run by: a challenger must be better by it than what serves
    now; None: it is held to its gates alone.
    slices: columns by whose values it is measured too. group: the column whose values are resampled
    whole for intervals; None: by day where there is time, else by row.
    gates: the checks between it and production.
    approvals: how many people must approve a version before it is released.
    requires: what a request must say of each row beside its columns, `key`, `subject` or `unit`: one that
    does not is refused. Whose answers are in the log is known by that alone.
    limits: time and memory of one fit. seed: of everything random.
    codecs: what writes the fitted model down where Comporta's own do not: asked before them.
    owner, meaning: shown in the inventory.
    """

    name: str
    features: Features
    target: str
    fit: Callable[..., Any]
    params: dict[str, Any] = {}
    output: Literal["label", "probability", "both"] = "both"
    task: Literal["binary", "multiclass", "regression"] | None = None
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
