"""What a dataset's declaration says of its rows, counted in one scan of each batch as it passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from comporta.data.column_types import conform, require_columns, require_times, settle, types_of
from comporta.data.declared import breaks_bound, breaks_choice
from comporta.data.extent import latest
from comporta.data.missing import present
from comporta.errors import BadProject, ExpectationBroken
from comporta.records import Change, Column, DatasetSchema
from comporta.records.declared_value import bound_text
from comporta.records.named_column import by_names

_SHOWN = 5


@dataclass
class Intake:
    """Looks at every batch on its way in. expected: name → type as it was, or None for a first version."""

    shape: DatasetSchema
    expected: dict[str, str] | None
    change: Change = "replace"
    columns: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    newest: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    shown: dict[str, pl.DataFrame] = field(default_factory=dict)

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
            require_times(self.shape, self.columns, ("Datetime", "Date"))
        for column in _stopping(self.shape):
            for label, wanted in _breach_causes(column):
                found = self.counts.get(label, 0)
                if found:
                    self._refuse(
                        label, column.name, f"{found} of {self.rows} rows {label.partition(': ')[2]}", wanted
                    )
            nulls = self.counts.get(f"{column.name}: null", 0)
            if self.rows and nulls / self.rows > column.nulls:
                share = f"{nulls} of {self.rows} rows without a value ({nulls / self.rows:.2%})"
                self._refuse(f"{column.name}: null", column.name, share, f"at most {column.nulls:.2%}")
        self._require_fresh(now)

    def _count(self, batch: pl.DataFrame) -> None:
        rules = {
            label: rule
            for column in _stopping(self.shape)
            for label, rule in rules_of(column, batch.schema[column.name])
        }
        asked = [rule.sum().alias(label) for label, rule in rules.items()]
        self.rows += len(batch)
        if self.shape.fresh is not None and self.shape.time is not None:
            self.newest = max(filter(None, (self.newest, latest(batch[self.shape.time]))), default=None)
        if not asked or batch.is_empty():
            return
        found = batch.lazy().select(asked).collect().row(0, named=True)
        for label, count in found.items():
            if count:
                self.counts[label] = self.counts.get(label, 0) + count
                if label not in self.shown:
                    self.shown[label] = batch.filter(rules[label]).head(_SHOWN)

    def _refuse(self, label: str, column: str, found: str, wanted: str) -> None:
        place = f"{self.shape.name}.{column}"
        rows = self.shown[label]
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


def rules_of(column: Column, dtype: pl.DataType) -> list[tuple[str, pl.Expr]]:
    """For each expectation that a row can break by itself: its label, and which rows break it.

    dtype: the column's. Raises ValueError where a declared value cannot be compared with such values.
    """
    rules: list[tuple[str, pl.Expr]] = []
    if column.nulls < 1:
        rules.append((f"{column.name}: null", present(column.name, dtype).is_null()))
    if column.at_least is not None:
        rules.append((f"{column.name}: below", breaks_bound(column, dtype, lower=True)))
    if column.at_most is not None:
        rules.append((f"{column.name}: above", breaks_bound(column, dtype, lower=False)))
    if column.one_of:
        rules.append((f"{column.name}: others", breaks_choice(column, dtype)))
    return rules


def _breach_causes(column: Column) -> list[tuple[str, str]]:
    allowed = [str(each) for each in column.one_of]
    choice = " or ".join([", ".join(allowed[:-1]), allowed[-1]] if len(allowed) > 1 else allowed)
    return [
        (f"{column.name}: below", f"at least {bound_text(column.at_least)}"),
        (f"{column.name}: above", f"at most {bound_text(column.at_most)}"),
        (f"{column.name}: others", choice),
    ]
