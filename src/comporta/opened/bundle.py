"""How a version turns a request into features: stored beside the model, so that serving needs no project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from comporta.project import Model
from comporta.project.reference import name_of
from comporta.records import Join, Record, Shape
from comporta.serve import Meta

if TYPE_CHECKING:
    from comporta.data.features import FeaturePlan, Function


class Bundle(Record, frozen=True, kw_only=True, omit_defaults=True):
    """compute: references into the version's own source. shapes: of the joined tables and of the rows.

    requires: what a request must carry for each row beside its columns.
    """

    of: str
    known: tuple[str, ...]
    use: tuple[str, ...] | None
    target: str
    compute: tuple[str, ...]
    joins: tuple[Join, ...]
    shapes: dict[str, Shape]
    requires: tuple[Meta, ...] = ()

    def plan(self, compute: Sequence[Function]) -> FeaturePlan:
        """The plan that computes features. compute: the functions that `self.compute` refers to."""
        from comporta.data.features import FeaturePlan

        return FeaturePlan(
            of=self.of,
            known=self.known,
            shapes=self.shapes,
            joins=self.joins,
            compute=tuple(compute),
            use=self.use,
            target=self.target,
        )

    def params(self) -> dict[str, Any]:
        """The parameters of a step that computes features for the rows `of`."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return {name: values[name] for name in ("known", "use", "target", "joins", "shapes")}


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
    )
