"""What a dataset's declaration says of its rows, counted in one scan of each batch as it passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

import polars as pl

from comporta.data.column_types import conform, require_columns, require_times, settle, types_of
from comporta.data.declared import breaks_bound, breaks_choice
from comporta.data.extent import latest
from comporta.data.missing import present
from comporta.errors import BadProject, ExpectationBroken
from comporta.records import Change, Column, DatasetSchema
from comporta.records.declared_value import bound_text
from comporta.records.named_column import by_names

ExpectationField = Literal["nulls", "at_least", "at_most", "one_of"]
_SHOWN = 5
_Asked = tuple[str, ExpectationField]
"""A column, and which of its expectations."""
_BROKEN: dict[ExpectationField, str] = {"at_least": "below", "at_most": "above", "one_of": "others"}


class ExpectationRule(NamedTuple):
    """field: of the column's declaration. breaks: which rows break it."""

    column: str
    field: ExpectationField
    breaks: pl.Expr


@dataclass
class Intake:
    """Looks at every batch on its way in. expected: name → type as it was, or None for a first version."""

    shape: DatasetSchema
    expected: dict[str, str] | None
    change: Change = "replace"
    columns: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    newest: datetime | None = None
    counts: dict[_Asked, int] = field(default_factory=dict)
    examples: dict[_Asked, pl.DataFrame] = field(default_factory=dict)

    def see(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The batch with its columns in the dataset's order and types.

        Raises SchemaChanged, BadProject, BadData.
        """
        known = self.columns or self.expected
        columns = settle(self.shape.name, types_of(batch), known, self.change)
        if columns != self.columns:
            require_columns(self.shape, columns)
            self.columns = columns
        batch = conform(batch, columns)
        self._count(batch)
        return batch

    def require_held(self, now: datetime) -> None:
        """Raises ExpectationBroken, with the first offending rows, for the first expectation that fails."""
        if self.rows:
            require_times(self.shape, self.columns, ("datetime", "date"))
        for column in _stopping(self.shape):
            for expectation, wanted in _breach_causes(column):
                found = self.counts.get((column.name, expectation), 0)
                if found:
                    broken = f"{found} of {self.rows} rows {_BROKEN[expectation]}"
                    self._refuse((column.name, expectation), broken, wanted)
            nulls = self.counts.get((column.name, "nulls"), 0)
            if self.rows and nulls / self.rows > column.nulls:
                share = f"{nulls} of {self.rows} rows without a value ({nulls / self.rows:.2%})"
                self._refuse((column.name, "nulls"), share, f"at most {column.nulls:.2%}")
        self._require_fresh(now)

    def _count(self, batch: pl.DataFrame) -> None:
        rules = {
            (rule.column, rule.field): rule.breaks
            for column in _stopping(self.shape)
            for rule in rules_of(column, batch.schema[column.name])
        }
        asked = [breaks.sum().alias(str(place)) for place, breaks in enumerate(rules.values())]
        self.rows += len(batch)
        if self.shape.fresh is not None and self.shape.time is not None:
            self.newest = max(filter(None, (self.newest, latest(batch[self.shape.time]))), default=None)
        if not asked or batch.is_empty():
            return
        found = batch.lazy().select(asked).collect().row(0)
        for (rule, breaks), count in zip(rules.items(), found, strict=True):
            if count:
                self.counts[rule] = self.counts.get(rule, 0) + count
                if rule not in self.examples:
                    self.examples[rule] = batch.filter(breaks).head(_SHOWN)

    def _refuse(self, rule: _Asked, found: str, wanted: str) -> None:
        column, _ = rule
        place = f"{self.shape.name}.{column}"
        rows = self.examples[rule]
        first = list(dict.fromkeys([*self.shape.key, column]))
        values = rows[column].head(3).to_list()
        shown = ", ".join("nothing" if value is None else repr(value) for value in dict.fromkeys(values))
        error = ExpectationBroken(
            f"{place}: found {shown} ({found}), expected {wanted}. Fix the source or widen the declaration; "
            f"no version was made. The first rows:\n{rows.select(by_names(first))}"
        )
        error.reason = f"{place}: {found}, expected {wanted}"
        raise error

    def _require_fresh(self, now: datetime) -> None:
        if self.shape.fresh is None:
            return
        if self.shape.time is None:
            raise BadProject(
                f"{self.shape.name}: found `fresh` and no `time`, expected both. Declare the time column."
            )
        if self.newest is None or now - self.newest > self.shape.fresh:
            error = ExpectationBroken(
                f"{self.shape.name}.{self.shape.time}: found "
                + ("no row with a time" if self.newest is None else f"the newest row {now - self.newest} old")
                + f", expected at most {self.shape.fresh}. "
                "Ask why the source has nothing newer, or widen `fresh`; no version was made."
            )
            error.reason = f"{self.shape.name}.{self.shape.time}: older than {self.shape.fresh}"
            raise error


def _stopping(shape: DatasetSchema) -> list[Column]:
    """The columns whose breach stops the version."""
    return [column for column in shape.columns if column.breach == "stop"]


def rules_of(column: Column, dtype: pl.DataType) -> list[ExpectationRule]:
    """For each expectation that a row can break by itself, which rows break it.

    dtype: the column's. Raises ValueError where a declared value cannot be compared with such values.
    """
    rules: list[ExpectationRule] = []
    if column.nulls < 1:
        rules.append(ExpectationRule(column.name, "nulls", present(column.name, dtype).is_null()))
    if column.at_least is not None:
        rules.append(ExpectationRule(column.name, "at_least", breaks_bound(column, dtype, lower=True)))
    if column.at_most is not None:
        rules.append(ExpectationRule(column.name, "at_most", breaks_bound(column, dtype, lower=False)))
    if column.one_of:
        rules.append(ExpectationRule(column.name, "one_of", breaks_choice(column, dtype)))
    return rules


def _breach_causes(column: Column) -> list[tuple[ExpectationField, str]]:
    """Each of its expectations but `nulls`, and what was wanted."""
    allowed = [str(each) for each in column.one_of]
    choice = " or ".join([", ".join(allowed[:-1]), allowed[-1]] if len(allowed) > 1 else allowed)
    return [
        ("at_least", f"at least {bound_text(column.at_least)}"),
        ("at_most", f"at most {bound_text(column.at_most)}"),
        ("one_of", choice),
    ]
