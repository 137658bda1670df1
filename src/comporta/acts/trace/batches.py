"""Answers of a batch in a trace: each by the row that it is of, which the ledger and the id name together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import polars as pl

from comporta.acts.trace import codes
from comporta.acts.trace.tree import TraceTree
from comporta.data import key_text, manifest_of, scan_slice, slice_of
from comporta.data.row_by_hash import rows_at_hash
from comporta.errors import NotFound
from comporta.opened.batches import (
    INPUT,
    PREDICTED_AT,
    PREDICTION_ID,
    VERSION,
    batch_of,
    batches_of,
    hash_in,
    is_answer,
    predicted_datasets,
)
from comporta.opened.copies import version_id
from comporta.opened.project import OpenProject
from comporta.records import DatasetSchema, PlainText
from comporta.records.facts import BatchPredicted
from comporta.records.named_column import exact_column

SHOWN = 3


class BatchAnswer(NamedTuple):
    """fact: its batch. row: that it answers, as its dataset version holds it; None: of files, or it is gone.
    answer: as the dataset holds it that it was added to; empty: it is in a file, or gone."""

    id: str
    fact: BatchPredicted
    row: dict[str, Any] | None
    key: tuple[str, ...]
    answer: dict[str, Any]


def batch_answer(opened: OpenProject, id: str) -> BatchAnswer | None:
    """What was answered under this id in a batch; None: nothing was. Raises NotFound, Tampered."""
    fact, hash = batch_of(opened.ledger, id), hash_in(id)
    if fact is None or hash is None:
        return None
    row: dict[str, Any] | None = None
    key: tuple[str, ...] = ()
    if fact.dataset:
        part = slice_of(opened.store, opened.keys, fact.dataset, number=fact.dataset_number)
        rows = rows_at_hash(opened.store, opened.keys, part, hash)
        row = rows.row(0, named=True) if rows.height else None
        key = manifest_of(opened.store, opened.keys, fact.dataset, fact.dataset_number).shape.key
    answer: dict[str, Any] = {}
    if fact.output:
        part = slice_of(opened.store, opened.keys, fact.output)
        frame = scan_slice(opened.store, opened.keys, part)
        found = frame.filter(pl.col(PREDICTION_ID) == id).collect(engine="streaming")
        answer = found.row(0, named=True) if found.height else {}
    if row is None and not answer:
        return None
    return BatchAnswer(id, fact, row, key, answer)


def batch_tree(
    found: BatchAnswer, plain: Mapping[str, Any], labels: tuple[TraceTree, ...], version: TraceTree
) -> TraceTree:
    """The answer, its row, what came true of it, and the version. plain: the row's values as they are
    shown."""
    fact, at = found.fact, found.answer.get(PREDICTED_AT)
    said = {name: value for name, value in found.answer.items() if is_answer(name)}
    said = {name: round(value, 4) if isinstance(value, float) else value for name, value in said.items()}
    output = ", ".join(f"{name} {value}" for name, value in said.items())
    label = (
        codes.BATCH_ANSWER(model=fact.model, output=output)
        if said
        else codes.BATCH_ANSWERED(model=fact.model)
    )
    return TraceTree(
        kind="prediction",
        id=found.id,
        label=label,
        facts={**({"at": f"{at:%Y-%m-%d %H:%M:%S}"} if at is not None else {}), "id": found.id},
        children=(_row(found, plain), *labels, version),
    )


def _row(found: BatchAnswer, plain: Mapping[str, Any]) -> TraceTree:
    fact = found.fact
    if not fact.dataset:
        return TraceTree(kind="row", id="", label=codes.OF_FILES())
    place = f"{fact.dataset}@{fact.dataset_number}"
    dataset = TraceTree(kind="dataset", id=place, label=PlainText(place))
    if found.row is None:
        gone = codes.ANSWERED_ROW(key="", dataset=place)
        return TraceTree(kind="row", id="", label=gone, facts={"gone": codes.GONE()}, children=(dataset,))
    key = key_text([found.row[name] for name in found.key])
    return TraceTree(
        kind="row",
        id=f"{fact.dataset}:{key}",
        label=codes.ANSWERED_ROW(key=key, dataset=place),
        facts={name: value for name, value in plain.items() if name not in found.key},
        children=(dataset,),
    )


def answers_about(
    opened: OpenProject, dataset: str, shape: DatasetSchema, row: Mapping[str, Any]
) -> Iterator[TraceTree]:
    """The answers to a row of a dataset that were added to datasets, by model. row: its key, and more."""
    outputs: dict[str, set[str]] = {}
    for fact in batches_of(opened.ledger, dataset):
        if fact.output:
            outputs.setdefault(fact.output, set()).add(version_id(fact))
    for output in sorted(outputs):
        part = slice_of(opened.store, opened.keys, output)
        frame = scan_slice(opened.store, opened.keys, part)
        same = [exact_column(name) == pl.lit(row[name]) for name in shape.key]
        of = pl.col(INPUT).str.starts_with(f"{dataset}@")
        found = (
            frame.filter(of, *same).select(PREDICTION_ID, VERSION, PREDICTED_AT).collect(engine="streaming")
        )
        if found.height:
            yield _answers(output, found)


def _answers(output: str, found: pl.DataFrame) -> TraceTree:
    """How many, and the newest few, each by its id."""
    newest = found.sort(PREDICTED_AT, PREDICTION_ID, descending=True).head(SHOWN)
    shown = tuple(
        TraceTree(
            kind="prediction",
            id=row[PREDICTION_ID],
            label=codes.PREDICTION(id=row[PREDICTION_ID]),
            facts={"version": row[VERSION], "at": f"{row[PREDICTED_AT]:%Y-%m-%d %H:%M:%S}"},
        )
        for row in newest.iter_rows(named=True)
    )
    label = codes.ABOUT_IT(count=codes.predictions(found.height), model=output)
    return TraceTree(kind="prediction", id="", label=label, children=shown)


def datasets_with_subject(opened: OpenProject) -> dict[str, DatasetSchema]:
    """The datasets whose rows are about somebody: those declared, and those that answers were added to."""
    found = {name: table.shape() for name, table in opened.project.tables().items()}
    for name in predicted_datasets(opened.ledger):
        try:
            found.setdefault(name, manifest_of(opened.store, opened.keys, name).shape)
        except NotFound:
            continue
    return {name: shape for name, shape in found.items() if shape.subject is not None}
