"""How a request becomes features: declared once, stored beside a version, planned where tables are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

import msgspec

from comporta.records.dataset import DatasetSchema, Join
from comporta.records.observation import JoinedRow
from comporta.records.record import Record

C = TypeVar("C")
RowParameter = Literal["key", "subject", "unit"]
"""What a request may say of a row beside its columns."""


class FeatureDeclaration(Record, Generic[C], frozen=True, kw_only=True, omit_defaults=True):
    """Known columns, joined to slower tables, computed on, chosen from.

    of: the dataset whose rows are the requests. known: those of its columns that a request carries.
    use: known or joined columns to keep as features, in order; computed columns follow unless named here;
    None: all but key, subject and time. target: what is predicted, never a feature.
    compute: what computes further columns: references into a source, or functions.
    shapes: of `of` and every joined table. requires: what a request must say of each row beside its columns.
    """

    of: str
    known: tuple[str, ...]
    use: tuple[str, ...] | None
    target: str
    compute: tuple[C, ...]
    joins: tuple[Join, ...]
    shapes: dict[str, DatasetSchema]
    requires: tuple[RowParameter, ...] = ()

    @property
    def shape(self) -> DatasetSchema:
        """Of the rows that ask."""
        return self.shapes[self.of]


class Bundle(FeatureDeclaration[str], frozen=True, kw_only=True, omit_defaults=True):
    """As stored beside a model, so that serving needs no project: compute refers to the version's source.

    decimals: how many of a probability an answer tells; None: all. log_sample: the share of answers that are
    logged. log_without: columns of requests that are not.
    """

    decimals: int | None = None
    log_sample: float = 1.0
    log_without: tuple[str, ...] = ()

    def as_parameter(self) -> dict[str, Any]:
        """As a measuring step is handed it: JSON, less what is kept of answers, which changes none of them.
        `Bundle.of_parameter` reads it there."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in fields.items() if name not in ("log_sample", "log_without")}

    @classmethod
    def of_parameter(cls, value: Mapping[str, Any]) -> Bundle:
        """What `as_parameter` made."""
        return msgspec.convert(value, cls)

    def makes_features(self) -> bool:
        """Whether a join or a function makes columns on the way from a request."""
        return bool(self.joins or self.compute)

    def params(self) -> dict[str, Any]:
        """As parameters of a step that makes features of the rows `of`."""
        fields = self.as_parameter()
        return {name: fields[name] for name in ("known", "use", "target", "joins", "shapes")}


class FeatureRow(Record, frozen=True, kw_only=True):
    """What a request about one key would be answered from, as history is known at its time.

    features: by name, in the model's order, less those of `withheld` and those that need a column of `needs`.
    sources: the rows of history that were read, less parts of keys that may not be told. withheld: features
    that are personal, or may be made of what is. needs: columns of a request that were not sent.
    """

    features: dict[str, Any]
    sources: tuple[JoinedRow, ...]
    withheld: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
