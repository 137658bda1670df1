"""By which columns nothing may be sliced: a slice is named by its value, in verdicts kept for ever."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from comporta.project.dataset import Dataset
from comporta.project.fault_common import FieldFaults, as_sequence
from comporta.project.features import AsOf, Features, Window
from comporta.project.model import Model
from comporta.records import Column, Need, Subject

BY = {"bias": ("columns",), "calibration": ("columns",)}
"""Evidence that is sliced by columns which its parameters name; other evidence by `Need.by` alone."""


def slice_faults(model: Model) -> FieldFaults:
    """Slices and gates by a column that tells of one person."""
    private = dict(_private(model.features)) if isinstance(model.features, Features) else {}
    asked = [("slices", name) for name in as_sequence(model.slices)]
    for gate in as_sequence(model.gates):
        if callable(getattr(gate, "needs", None)):
            asked += [("gates", name) for need in gate.needs() for name in _columns(need)]
    for field, name in dict.fromkeys((field, name) for field, name in asked if isinstance(name, str)):
        if name in private:
            yield (
                field,
                f"found slices by {name!r}, {private[name]}: its values would stand in verdicts, which the "
                "ledger keeps for ever. Slice by something coarser that many share.",
            )


def _columns(need: Need) -> Iterator[str]:
    if need.by:
        yield need.by
    params = dict(need.params)
    for name in ("by", *BY.get(need.what, ())):
        value = msgspec.json.decode(params.get(name, "null"))
        yield from (value,) if isinstance(value, str) else as_sequence(value)


def _private(features: Features) -> Iterator[tuple[str, str]]:
    """What tells who someone is, under the name it has beside the features, with what makes it so."""
    if isinstance(features.of, Dataset):
        yield from _of(features.of)
    for join in as_sequence(features.joins):
        if isinstance(join, AsOf) and isinstance(join.dataset, Dataset):
            named: dict[str, str] = (
                join.columns
                if isinstance(join.columns, dict)
                else {each: each for each in as_sequence(join.columns) if isinstance(each, str)}
            )
            yield from ((named[name], why) for name, why in _of(join.dataset) if name in named)
        elif isinstance(join, Window) and isinstance(join.dataset, Dataset) and isinstance(join.of, dict):
            private = dict(_of(join.dataset))
            # How many there are tells nothing of one; the others are values of one, or sums of few.
            yield from (
                (feature, private[made[1]])
                for feature, made in join.of.items()
                if len(as_sequence(made)) == 2 and made[0] not in ("count", "distinct") and made[1] in private
            )


def _of(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for column in as_sequence(dataset.columns):
        if isinstance(column, Column) and column.personal:
            yield column.name, f"a personal column of Dataset {dataset.name!r}"
    if isinstance(dataset.subject, str | Subject):
        column = dataset.subject if isinstance(dataset.subject, str) else dataset.subject.column
        yield column, f"the subject of Dataset {dataset.name!r}"
