"""What a server is handed: which versions answer, how each does, and where answers are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from comporta.records import Column, Feedback, Form, JoinedRow, Record, Route, Signature
from comporta.records.features import RowParameter

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray


class ModelScores(NamedTuple):
    """What a model says of n rows. label: [n], the numbers themselves for a regression, or None.

    probability: [n, classes] in the order of `signature.classes`, or None.
    """

    label: NDArray[Any] | None
    probability: NDArray[Any] | None

    @classmethod
    def of(cls, answer: Mapping[str, NDArray[Any]]) -> ModelScores:
        """From what a predictor answers: `label` or `prediction`, and `probability`."""
        return cls(answer.get("label", answer.get("prediction")), answer.get("probability"))


Predict = Callable[["pl.DataFrame"], ModelScores]
Fast = Callable[["NDArray[np.float64]"], ModelScores]
FeatureFunction = Callable[
    ["pl.DataFrame", "pl.Series"], "tuple[pl.DataFrame, Sequence[tuple[JoinedRow, ...]] | None]"
]


class LoadedVersion(Record, frozen=True, kw_only=True):
    """One version, in memory. Shared by threads: its functions change nothing.

    predict: features by name → answers. fast: the same from a float array [n, raw columns], missing as
    NaN; only where the raw columns are all numbers and are the features, in their order.
    features: (raw columns, one UTC time a row) → (features, the rows of history each row read).
    test: raises when the model does not answer here as it did where it was made.
    requires: what a request must say of each row. form: how the subjects of its rows are
    compared. time: the raw column of the request's time, if any.
    expects: what the project declares of the raw columns.
    probe: rows of raw columns that it must answer before it takes traffic.
    """

    model: str
    number: int
    signature: Signature
    predict: Predict
    fast: Fast | None = None
    features: FeatureFunction | None = None
    test: Callable[[], None] | None = None
    requires: tuple[RowParameter, ...] = ()
    form: Form = "exact"
    time: str | None = None
    expects: tuple[Column, ...] = ()
    probe: pl.DataFrame | None = None


ObservationJson = msgspec.Raw
"""An `Observation` as JSON, encoded once: `records.decode(line, Observation)` reads it. Made into records and
then into JSON, all of them together would cost as much as the answers."""


class VersionSource(Protocol):
    """Where routes and versions come from. Both are called from a thread beside the server's."""

    def routes(self) -> Mapping[str, Route]:
        """Who gets which traffic now, by model."""

    def load(self, model: str, number: int) -> LoadedVersion:
        """This version, ready to answer."""


class ObservationSink(Protocol):
    """Where observations and feedback are kept. Called from one thread, beside the server's."""

    def write(self, model: str, observations: Sequence[ObservationJson]) -> None:
        """All of these rows of one model durable, or none; those of a failed call may come again, with more.
        Raises ComportaError or OSError."""

    def feedback(self, labels: Sequence[Feedback]) -> None:
        """All of them durable, or none. Raises ComportaError or OSError."""

    def signatures(self, ids: Sequence[str]) -> Mapping[str, tuple[str, Signature]]:
        """Of these predictions, as far as they are known here, by id the model and what its version takes and
        gives. Called from threads of their own. Raises ComportaError or OSError."""
