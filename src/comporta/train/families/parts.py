"""The estimator and every one inside it, with what each holds of the training rows by its build."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from comporta.records import ModelPart
from comporta.train.families import KNOWN, keeps, leaf_counts, weight_counts
from comporta.train.families.inside import inside


def parts(estimator: Any) -> tuple[ModelPart, ...]:
    """The estimator first."""
    return tuple(map(_part, inside(estimator)))


def _part(part: Any) -> ModelPart:
    return ModelPart(
        kind=type(part).__name__,
        known=type(part).__module__.startswith(KNOWN),
        tables=tuple(_tables(part)),
        leaves=tuple(leaf_counts(part)),
        weights=weight_counts(part),
    )


def _tables(part: Any) -> Iterator[tuple[str, int, bool]]:
    for name, value in vars(part).items():
        shape = getattr(value, "shape", None)
        if isinstance(shape, tuple) and len(shape) == 2 and shape[0]:
            yield name, int(shape[0]), name in keeps()
