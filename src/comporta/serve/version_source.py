"""What a server is handed: which versions answer, how each does, and where answers are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from comporta.records import Column, Feedback, Form, JoinedRow, Record, Route, Signature
from comporta.records.features import FeatureRow, RowParameter

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
RowScores = tuple[Any, Any]
"""Of one row its label, or the number of a regression, and its probability, of a binary model that of the
second class, else of each: as JSON values, or None."""
Row = Callable[[bytes], RowScores]
"""Asked of one row's numbers, packed as 64-bit floats, little-endian."""
FeatureFunction = Callable[
    ["pl.DataFrame", "pl.Series"], "tuple[pl.DataFrame, Sequence[tuple[JoinedRow, ...]] | None]"
]

ReadFeatureRow = Callable[["pl.DataFrame", "pl.Series"], FeatureRow | None]


class FeatureView(Record, frozen=True, kw_only=True):
    """What a version reads of history, by key. columns: of a request, that history is joined by; never empty.
    read: (one row that has at least these columns, its UTC time) → its features; None: nothing is known.
    """

    columns: tuple[str, ...]
    read: ReadFeatureRow


class LoadedVersion(Record, frozen=True, kw_only=True):
    """One version, in memory. Shared by threads: its functions change nothing.

    predict: features by name → answers. fast: the same from a float array [n, raw columns], missing as
    NaN; only where the raw columns are all numbers and are the features, in their order. row: the same of one
    row without an array; None: `fast` is asked.
    features: (raw columns, one UTC time a row) → (features, the rows of history each row read).
    test: raises when the model does not answer here as it did where it was made.
    requires: what a request must say of each row. form: how the subjects of its rows are
    compared. time: the raw column of the request's time, if any.
    expects: what the project declares of the raw columns.
    probe: rows of raw columns that it must answer before it takes traffic.
    decimals: how many of a probability an answer tells; None: all. log_sample: the share of answers that are
    logged. log_without: raw columns that are not.
    apart: another process answers, which may hang: nothing of it is asked in the event loop.
    forms: from how many rows on which form of the model answers. view: its features by key; None: it joins
    no history.
    """

    model: str
    number: int
    signature: Signature
    predict: Predict
    fast: Fast | None = None
    row: Row | None = None
    features: FeatureFunction | None = None
    test: Callable[[], None] | None = None
    requires: tuple[RowParameter, ...] = ()
    form: Form = "exact"
    time: str | None = None
    expects: tuple[Column, ...] = ()
    probe: pl.DataFrame | None = None
    decimals: int | None = None
    apart: bool = False
    log_sample: float = 1.0
    log_without: tuple[str, ...] = ()
    forms: tuple[tuple[int, str], ...] = ()
    view: FeatureView | None = None


ObservationBlock = bytes
"""What one version answered of one request, encoded once: `records.observed_rows.decode_block` reads it."""


class VersionSource(Protocol):
    """Where routes and versions come from. All are called from threads beside the server's."""

    def mark(self) -> object:
        """What is another after each release, and costs little to ask."""

    def routes(self) -> Mapping[str, Route]:
        """Who gets which traffic now, by model."""

    def load(self, model: str, number: int) -> LoadedVersion:
        """This version, ready to answer."""


class ObservationSink(Protocol):
    """Where observations and feedback are kept. Called from one thread, beside the server's."""

    def write(self, model: str, observations: Sequence[ObservationBlock]) -> None:
        """All of these rows of one model durable, or none; those of a failed call may come again, with more.
        Raises ComportaError or OSError."""

    def feedback(self, labels: Sequence[Feedback]) -> None:
        """All of them durable, or none. Raises ComportaError or OSError."""

    def signatures(self, ids: Sequence[str]) -> Mapping[str, tuple[str, Signature]]:
        """Of these predictions, as far as they are known here, by id the model and what its version takes and
        gives. Called from threads of their own. Raises ComportaError or OSError."""
