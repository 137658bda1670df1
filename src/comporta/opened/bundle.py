"""A model's way from a request to its features, as it is stored beside each of its versions."""

from __future__ import annotations

from pathlib import Path

from comporta.project import Model
from comporta.project.reference import name_of
from comporta.records.features import Bundle


def bundle(model: Model, root: Path) -> Bundle:
    """How this model turns a request into its features."""
    features = model.features
    return Bundle(
        of=features.of.name,
        known=tuple(features.known),
        use=None if features.use is None else tuple(features.use),
        target=model.target,
        compute=tuple(name_of(function, root) for function in features.compute),
        joins=tuple(join.join() for join in features.joins),
        shapes={table.name: table.shape() for table in features.tables()},
        requires=tuple(model.requires),
        decimals=model.decimals,
        log_sample=float(model.log_sample),
        log_without=tuple(model.log_without),
    )
