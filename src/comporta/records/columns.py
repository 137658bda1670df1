"""The columns of a table that no model sees, and those that its answers stand in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

HIDDEN = "__"
"""What their names begin with; no column of a dataset's does."""
KEY, SUBJECT, AT, TARGET = "__key", "__subject", "__at", "__target"
"""Of a feature table: the row's key, its subject's mark, its time, what is predicted."""
WEIGHT = "__row_weight"
"""Of a training or test row: how much it counts, in fit and figures, where the model declares a weight."""
UNIT, TIME = "__unit", "__time"
"""With `KEY` and `SUBJECT`, of a request: the unit that is answered by one version, the row's time."""
ABOUT_ROW = {"key": KEY, "subject": SUBJECT, "unit": UNIT}
"""What a request may say of a row beside its columns and its time → the column that says it."""
ROW = "__row"
"""Tells a row from the others of one frame: its place there, or its key's text."""
ID = "__id"
"""Of a request that was answered: the id of its prediction."""
KEPT = "__keep_"
"""What the name begins with of a dataset's column that is kept beside the features."""
LABEL, NUMBER, CHANCE = "__label", "__prediction", "__probability_"
"""Of a prediction: the label, the number, and what the name of a class's probability begins with."""


class JoinColumns(NamedTuple):
    """The hidden columns in which a table says what its rows read by one join.

    name: of the join: its dataset's; of a second join of that dataset `weather.2`. key: of the row that was
    read, as text. event, arrived: when that happened and was known.
    """

    dataset: str
    name: str
    key: str
    event: str
    arrived: str


def join_columns(datasets: Iterable[str]) -> tuple[JoinColumns, ...]:
    """Of each join, in the order in which a model declares them. datasets: that they join."""
    seen: Counter[str] = Counter()
    made = []
    for dataset in datasets:
        seen[dataset] += 1
        name = dataset if seen[dataset] == 1 else f"{dataset}.{seen[dataset]}"
        columns = (f"{HIDDEN}{name}_{part}" for part in ("key", "event", "arrived"))
        made.append(JoinColumns(dataset, name, *columns))
    return tuple(made)
