"""The projection of dataset versions: which there are, and when each was made."""

from __future__ import annotations

from comporta.records import Changes, Event, Lookup, Projection
from comporta.records.facts import DatasetVersioned


def dataset_key(dataset: str, number: int) -> str:
    """The key of a dataset version in the projection: sorts by number within the dataset."""
    return f"{dataset}/{number:08d}"


def _apply_dataset_versioned(
    fact: DatasetVersioned, event: Event, old: Lookup[DatasetVersioned]
) -> Changes[DatasetVersioned]:
    yield dataset_key(fact.dataset, fact.number), fact


DATASETS = Projection("dataset", DatasetVersioned, {DatasetVersioned: _apply_dataset_versioned})
