"""Recording in the ledger the dataset versions that it has no fact of yet."""

from __future__ import annotations

from collections.abc import Mapping

from comporta.data import list_versions
from comporta.errors import Tampered
from comporta.opened.dataset_versions import DATASETS, dataset_key
from comporta.opened.project import OpenProject
from comporta.records import Answer, Manifest, Slice, Transaction
from comporta.records.facts import DatasetVersioned


def follow(opened: OpenProject, answers: Mapping[str, Answer]) -> tuple[Slice, ...]:
    """The dataset versions among the answers; facts are appended for those that the ledger did not know."""
    slices = tuple(
        asset
        for answer in answers.values()
        for asset in answer.step.outputs.values()
        if isinstance(asset, Slice)
    )
    for dataset in sorted({each.dataset for each in slices}):
        follow_one(opened, dataset)
    return slices


def require_known(opened: OpenProject, dataset: str) -> list[Manifest]:
    """The versions that the ledger has no fact of. Raises Tampered when the newest that it knows is gone."""
    seen = opened.ledger.scan(DATASETS, f"{dataset}/", newest=True, limit=1)
    last = seen[0][1].number if seen else 0
    # From the one on that is known: what was seen before is not read again.
    there = list_versions(opened.store, dataset, after=max(last - 1, 0))
    if seen and seen[0][1].version not in {each.id for each in there}:
        raise Tampered(
            f"{dataset}: found no version {last} as the ledger recorded it ({seen[0][1].version[:12]}): the "
            f"dataset's log was cut or replaced. Restore data/{dataset}/ in {opened.store.url} from a backup."
        )
    return [each for each in there if each.number > last]


def follow_one(opened: OpenProject, dataset: str) -> None:
    """Appends facts for every version of this dataset that the ledger does not know. Raises Tampered."""
    unseen = require_known(opened, dataset)
    if not unseen:
        return

    def commit(tx: Transaction) -> None:
        for each in unseen:
            if tx.get(DATASETS, dataset_key(dataset, each.number)) is None:
                tx.append(
                    DatasetVersioned(
                        dataset=dataset,
                        version=each.id,
                        number=each.number,
                        entry=each.number,
                        change=each.change,
                        rows=each.rows,
                        added=each.added,
                        removed=each.removed,
                    )
                )

    opened.ledger.transact(commit)
