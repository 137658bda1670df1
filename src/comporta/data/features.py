"""From rows that ask to the features a model reads: join, compute, choose. The same for tables and requests.

known columns ──▶ + joined columns ──▶ each compute function adds its own ──▶ those in `use`
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
import polars as pl

from comporta.data.missing import with_nulls
from comporta.errors import BadProject
from comporta.records import DatasetSchema, Join
from comporta.records.columns import HIDDEN
from comporta.records.features import Bundle, FeatureDeclaration
from comporta.records.kind import kind_of

ComputeFunction = Callable[[Any], Any]


class JoinedTables(Protocol):
    """Slower tables, ready to be asked."""

    def read(self, requests: pl.DataFrame, at: pl.Series | None) -> pl.DataFrame:
        """For each request, in order, the columns of every join, and its hidden ones."""


def feature_plan(
    *,
    of: str,
    known: Sequence[str],
    target: str = "",
    shapes: dict[str, Any],
    joins: Sequence[Any] = (),
    compute: Sequence[ComputeFunction] = (),
    use: Sequence[str] | None = None,
) -> FeaturePlan:
    """The plan that a step is given as JSON."""
    return FeaturePlan(
        of=of,
        known=tuple(known),
        use=None if use is None else tuple(use),
        target=target,
        shapes=msgspec.convert(shapes, dict[str, DatasetSchema]),
        joins=msgspec.convert(list(joins), tuple[Join, ...]),
        compute=tuple(compute),
    )


def plan_of_bundle(bundle: Bundle, compute: Sequence[ComputeFunction]) -> FeaturePlan:
    """The plan of a version. compute: the functions that its bundle refers to."""
    fields = {name: getattr(bundle, name) for name in FeatureDeclaration.__struct_fields__}
    return FeaturePlan(**{**fields, "compute": tuple(compute)})


class FeaturePlan(FeatureDeclaration[ComputeFunction], frozen=True, kw_only=True):
    """A declaration whose `compute` are the functions themselves."""

    def apply(
        self, frame: pl.DataFrame, history: JoinedTables, at: pl.Series | None = None
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Features, and beside them the hidden columns that say what each row read: same rows, same order.

        at: the time of each row; None: the column of the dataset's time. Raises BadProject.
        """
        known = self.select_known(frame)
        read = history.read(known, self.times(frame) if at is None else at)
        apart = [name for name in read.columns if name.startswith(HIDDEN)]
        return self.make_features(known, read.drop(apart)), read.select(apart)

    def select_known(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What a request carries of these rows, and no more. Raises BadProject when a column is missing."""
        if missing := [name for name in self.known if name not in frame.columns]:
            raise BadProject(
                f"features of {self.of}: found no column {', '.join(missing)}; there are "
                f"{', '.join(frame.columns)}. Change `known`."
            )
        return frame[list(self.known)]

    def times(self, frame: pl.DataFrame) -> pl.Series | None:
        """The time of each row, where the dataset has one."""
        return None if self.shape.time is None else frame[self.shape.time]

    def make_features(self, known: pl.DataFrame, joined: pl.DataFrame) -> pl.DataFrame:
        """The features, from what a request carries and what was joined to it. Raises BadProject."""
        if clash := sorted(set(joined.columns) & set(known.columns)):
            raise BadProject(
                f"features of {self.of}: found {', '.join(clash)} both known and joined. Rename it "
                "in the join's `columns`: a dict, table column → feature."
            )
        seen = known.hstack(joined) if joined.width else known
        made = add_computed(self.compute, seen)
        whole = with_nulls(seen.hstack(made) if made.width else seen)
        return whole[self.feature_names(seen.columns, made.columns)]

    def feature_names(self, seen: list[str], made: list[str]) -> list[str]:
        """The names of the features, in order. Raises BadProject on one that is not there, or the target."""
        shape = self.shape
        apart = {*shape.key, shape.subject, shape.time}
        first = [name for name in seen if name not in apart] if self.use is None else list(self.use)
        if missing := [name for name in first if name not in {*seen, *made}]:
            raise BadProject(
                f"features of {self.of}: found {', '.join(missing)} in `use`, expected known, joined "
                f"or computed columns: {', '.join([*seen, *made])}."
            )
        names = list(dict.fromkeys([*first, *made]))
        if self.target and self.target in {*self.known, *names}:
            raise BadProject(
                f"features of {self.of}: found the target {self.target} among them. It is what is predicted: "
                "take it out of `known`, or give the feature another name."
            )
        if not names:
            raise BadProject(
                f"features of {self.of}: found none. Name some in `known`, `joins` or `compute`."
            )
        return names


def add_computed(functions: tuple[ComputeFunction, ...], seen: pl.DataFrame) -> pl.DataFrame:
    """The new columns of every function, side by side. Raises BadProject, naming function and column."""
    made = pl.DataFrame()
    owner = dict.fromkeys(seen.columns, "")
    for function in functions:
        out, name = call_compute(function, seen), name_of(function)
        for column in out.columns:
            if column.startswith(HIDDEN):
                raise BadProject(
                    f"feature function {name}: found the column {column}, expected a name that does not "
                    f"begin with {HIDDEN}."
                )
            if column in owner:
                raise BadProject(
                    f"feature function {name}: found the column {column}, but "
                    + (f"{owner[column]} makes one too" if owner[column] else "it is known or joined already")
                    + ". Rename it, or return only new columns."
                )
            owner[column] = name
        made = made.hstack(out) if made.width else out
    return made


def call_compute(function: ComputeFunction, seen: pl.DataFrame) -> pl.DataFrame:
    """What one function makes of a frame. Raises BadProject when it raises, or returns anything else."""
    name = name_of(function)
    try:
        out = function(seen)
    except Exception as fault:  # the boundary to project code: anything may come
        error = BadProject(f"feature function {name}: {type(fault).__name__}{_where(fault)}: {fault}")
        error.reason = f"feature function {name}: {type(fault).__name__}{_where(fault)}"
        raise error from fault
    if not isinstance(out, pl.DataFrame):
        raise BadProject(f"feature function {name}: found {kind_of(out)}, expected a polars DataFrame.")
    if out.height != seen.height:
        raise BadProject(
            f"feature function {name}: found {out.height} rows for {seen.height}, expected one each, in "
            "their order."
        )
    return out


def name_of(function: ComputeFunction) -> str:
    """What people call it."""
    return str(getattr(function, "__name__", function))


def _where(fault: BaseException) -> str:
    """The innermost line of the project's own code."""
    frames = traceback.extract_tb(fault.__traceback__)[1:]
    own = [
        each for each in frames if "site-packages" not in each.filename and "/lib/python" not in each.filename
    ]
    return f" at {own[-1].filename}:{own[-1].lineno}" if own else ""
