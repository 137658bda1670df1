"""Which datasets take a version's answers, and what these look like there."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from comporta.acts.predict.rows import BatchRows
from comporta.data.column_types import settle, types_of
from comporta.data.dataset_log import read_log
from comporta.data.manifests import newest_manifest
from comporta.data.names import checked_name
from comporta.errors import BadProject
from comporta.opened.batches import PREDICTED_AT, PREDICTION_ID
from comporta.opened.project import OpenProject
from comporta.records import FEEDBACK, PREDICTIONS, Column, DatasetSchema
from comporta.registry import MODELS


def require_output(opened: OpenProject, output: str, source: str) -> None:
    """Raises BadProject on a name that no answers can be added to. source: the dataset of the rows, or
    empty."""
    checked_name(output)
    if output == source:
        raise BadProject(
            f"{output}: found the same dataset as input and output, expected two. Name another --output."
        )
    if output in (PREDICTIONS, FEEDBACK):
        raise BadProject(f"{output}: found a log that servers write, expected another name.")
    models = {model.name for model in opened.project.models}
    if output in models or opened.ledger.get(MODELS, output) is not None:
        raise BadProject(f"{output}: found the name of a model, expected another for a dataset.")


def output_schema(output: str, rows: BatchRows, kept: Sequence[str]) -> DatasetSchema:
    """The dataset of answers to these rows: each answer has its row's key and its id for a key, and goes with
    the row's subject when that is erased. Columns that are personal stay so."""
    shape = rows.shape
    return DatasetSchema(
        name=output,
        key=(*shape.key, PREDICTION_ID),
        subject=shape.subject,
        form=shape.form,
        time=PREDICTED_AT,
        columns=tuple(Column(each, personal=True) for each in kept if each in rows.personal),
    )


def require_fits(opened: OpenProject, shape: DatasetSchema, rows: DatasetSchema, part: pl.DataFrame) -> None:
    """Raises BadProject, SchemaChanged where the dataset, as it is or is declared, does not take answers with
    these columns. rows: what is answered."""
    name = shape.name
    declared = opened.project.tables().get(name)
    if declared is not None:
        there = declared.shape()
        _require_same(name, "declared with", there, shape)
        if declared.change != "append":
            raise BadProject(
                f"{name}: found change={declared.change!r} in its declaration, expected 'append': its own "
                "source would take the answers away. Declare it so, or name another --output."
            )
        if missing := [each.name for each in there.columns if each.name not in part.columns]:
            raise BadProject(
                f"{name}: found no {', '.join(missing)} among the answers, which it declares, expected "
                f"some of {', '.join(part.columns)}. Name another --output, or add it by --keep."
            )
    base = newest_manifest(opened.store, opened.keys, read_log(opened.store, opened.keys, name), name)
    if base is not None:
        _require_same(name, "kept with", base.shape, shape)
        found = types_of(part)
        if list(found) != list(base.columns) and set(found) != set(base.columns):
            raise BadProject(
                f"{name}: found answers with the columns {', '.join(found)}, expected those that it has: "
                f"{', '.join(base.columns)}. Name another --output, or change --keep."
            )
        settle(name, found, base.columns, "append")


def _require_same(name: str, how: str, there: DatasetSchema, answers: DatasetSchema) -> None:
    for field in ("key", "subject", "form", "time"):
        found, expected = getattr(there, field), getattr(answers, field)
        if found != expected:
            raise BadProject(
                f"{name}: is {how} {field} {found!r}, expected {expected!r} for answers to "
                "these rows. Name another --output."
            )
