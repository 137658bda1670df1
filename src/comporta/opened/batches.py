"""The batches that were answered, by the first half of their answers' prediction ids."""

from __future__ import annotations

from collections.abc import Iterator

from comporta.records import Changes, Event, Lookup, Projection, View
from comporta.records.facts import BatchPredicted

ID_DIGITS = 16
"""Hex digits of a batch's id; a prediction id has as many more, the keyed hash of the row's key."""

VERSION, INPUT, PREDICTION_ID, PREDICTED_AT = "version", "input", "prediction_id", "predicted_at"
"""Columns beside the answers: which version answered, which rows, under which id, and when."""


def _apply_batch(fact: BatchPredicted, event: Event, old: Lookup[BatchPredicted]) -> Changes[BatchPredicted]:
    if fact.batch:
        yield fact.batch, fact


BATCHES = Projection("batch", BatchPredicted, {BatchPredicted: _apply_batch})


def batch_of(view: View, prediction_id: str) -> BatchPredicted | None:
    """The batch that a prediction id is of, or None."""
    if len(prediction_id) != 2 * ID_DIGITS:
        return None
    return view.get(BATCHES, prediction_id[:ID_DIGITS])


def is_answer(column: str) -> bool:
    """Whether a column beside these holds an answer: the columns of `score_frame`."""
    return column in ("label", "prediction", "probability") or column.startswith("probability ")


def hash_in(prediction_id: str) -> int | None:
    """The keyed hash of the row's key in an id of a batch; None where it is not hexadecimal."""
    try:
        return int(prediction_id[ID_DIGITS:], 16)
    except ValueError:
        return None


def batches_of(view: View, dataset: str = "") -> Iterator[BatchPredicted]:
    """The batches with ids, oldest first. dataset: those of its rows alone; empty: all."""
    for _, fact in view.scan(BATCHES):
        if dataset in ("", fact.dataset):
            yield fact


def predicted_datasets(view: View) -> list[str]:
    """The datasets that answers were added to, by name."""
    return sorted({fact.output for fact in batches_of(view) if fact.output})
