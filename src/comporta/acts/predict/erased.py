"""Who was erased while a batch answered: not one of their rows comes into the dataset of the answers.

The log of the answers is begun before the last look at the input's, so that an erasure which comes later
finds this dataset too, as one that exists; and it takes over who was forgotten there, so that `add`, which
reads it at the very commit, leaves them out. See docs/why/answers-in-datasets.md.
"""

from __future__ import annotations

from comporta.acts.predict.rows import BatchRows
from comporta.data.dataset_log import RedactEntry, append_entry, read_log
from comporta.data.manifests import is_dataset
from comporta.opened.project import OpenProject


def carry_erasures(opened: OpenProject, rows: BatchRows, output: str) -> None:
    """The log of `output` names everybody who was forgotten in the dataset of these rows; it is begun if need
    be. Of rows of files, that is the dataset whose rows the version was trained on.

    To be called when the answers are there and before they are added. Raises Busy where rows without a
    subject were erased since the batch began: which answers are theirs nobody knows.
    """
    store, keys, source = opened.store, opened.keys, rows.dataset or rows.shape.name
    followed = rows.shape.subject is not None and is_dataset(store, source)
    while True:
        there = read_log(store, keys, output)
        gone = read_log(store, keys, source).forgotten if followed else frozenset()
        fresh = gone - there.forgotten
        if there.n and not fresh:
            break
        append_entry(
            store, keys, output, there, opened.clock(), RedactEntry, moved={},
            subjects=tuple(f"{each:016x}" for each in sorted(fresh)),
        )  # fmt: skip
    if rows.shape.subject is None:
        rows.require_unerased()
