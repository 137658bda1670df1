"""What a dataset's declaration says of its rows, counted in one scan of each batch as it passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from comporta.data.extent import latest
from comporta.data.types import base_type, type_text
from comporta.errors import BadData, BadProject, ExpectationBroken, SchemaChanged
from comporta.records import Column, DatasetSchema
from comporta.records.columns import HIDDEN

_SHOWN = 5


@dataclass
class Intake:
    """Looks at every batch on its way in. expected: name → type as it was, or None for a first version."""

    shape: DatasetSchema
    expected: dict[str, str] | None
    columns: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    newest: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    shown: dict[str, pl.DataFrame] = field(default_factory=dict)
    seen: dict[str, set[object]] = field(default_factory=dict)

    def see(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The batch with its columns in the dataset's order. Raises SchemaChanged, BadProject, BadData."""
        if not self.columns:
            self.columns = self._first(batch)
        batch = _conform(batch, self.columns, self.shape.name)
        self._count(batch)
        return batch

    def require_held(self, now: datetime) -> None:
        """Raises ExpectationBroken, with the first offending rows, for the first expectation that fails."""
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

    def _first(self, batch: pl.DataFrame) -> dict[str, str]:
        found = {name: type_text(dtype) for name, dtype in batch.schema.items()}
        name = self.shape.name
        if self.expected is not None:
            found = {
                each: self.expected.get(each, kind) if kind == "Null" else kind
                for each, kind in found.items()
            }
            if found != self.expected:
                raise _schema_changed(name, self.expected, found)
            found = dict(self.expected)
        for each, kind in found.items():
            if each.startswith(HIDDEN) or not each:
                raise BadProject(
                    f"{name}: found the column {each!r}, expected names that do not begin with '__'."
                )
            if kind.startswith("Object"):
                raise BadData(
                    f"{name}.{each}: found Python objects, expected a type polars can store. Cast it."
                )
        roles = {"key": self.shape.key, "subject": (self.shape.subject,), "time": (self.shape.time,)}
        roles["arrived"] = (self.shape.arrived,)
        roles["column"] = tuple(column.name for column in self.shape.columns)
        for role, wanted in roles.items():
            for column_name in wanted:
                if column_name is not None and column_name not in found:
                    raise BadProject(
                        f"{name}: found no column {column_name!r} (as {role}), only {', '.join(found)}. "
                        "Fix the declaration or the source."
                    )
        for role in ("time", "arrived"):
            when: str | None = getattr(self.shape, role)
            if when is not None and base_type(found[when]) not in ("Datetime", "Date"):
                raise BadProject(
                    f"{name}.{when}: found {found[when]}, expected Datetime or Date: it is declared as "
                    f"{role}. Cast it in the source."
                )
        for column in _stopping(self.shape):
            if column.type and column.type not in (found[column.name], base_type(found[column.name])):
                error = ExpectationBroken(
                    f"{name}.{column.name}: found the type {found[column.name]}, expected {column.type}. "
                    "Cast it in the source, or change the declaration."
                )
                error.reason = str(error)
                raise error
        return found

    def _count(self, batch: pl.DataFrame) -> None:
        rules = {label: rule for column in _stopping(self.shape) for label, rule in rules_of(column)}
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
            f"no version was made. The first rows:\n{rows.select(first)}"
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


def rules_of(column: Column) -> list[tuple[str, pl.Expr]]:
    """For each expectation that a row can break by itself: its label, and which rows break it."""
    value = pl.col(column.name)
    rules: list[tuple[str, pl.Expr]] = []
    if column.nulls < 1:
        rules.append((f"{column.name}: null", value.is_null()))
    if column.at_least is not None:
        rules.append((f"{column.name}: below", (value < column.at_least).fill_null(False)))
    if column.at_most is not None:
        rules.append((f"{column.name}: above", (value > column.at_most).fill_null(False)))
    if column.one_of:
        allowed = list(column.one_of)
        text = value.cast(pl.String) if any(isinstance(each, str) for each in allowed) else value
        rules.append((f"{column.name}: others", ~text.is_in(allowed) & value.is_not_null()))
    return rules


def _breach_causes(column: Column) -> list[tuple[str, str]]:
    allowed = [str(each) for each in column.one_of]
    choice = " or ".join([", ".join(allowed[:-1]), allowed[-1]] if len(allowed) > 1 else allowed)
    return [
        (f"{column.name}: below", "" if column.at_least is None else f"at least {column.at_least:g}"),
        (f"{column.name}: above", "" if column.at_most is None else f"at most {column.at_most:g}"),
        (f"{column.name}: others", choice),
    ]


def _conform(batch: pl.DataFrame, columns: dict[str, str], name: str) -> pl.DataFrame:
    found = {each: type_text(dtype) for each, dtype in batch.schema.items()}
    if list(found.items()) == list(columns.items()):
        return batch
    empty = [each for each, kind in found.items() if kind == "Null" and columns.get(each, "Null") != "Null"]
    if empty:
        from comporta.data.types import parse_type

        batch = batch.with_columns(pl.col(each).cast(parse_type(columns[each])) for each in empty)
        found |= {each: columns[each] for each in empty}
    if found != columns:
        raise _schema_changed(name, columns, found)
    return batch.select(list(columns))


def _schema_changed(name: str, expected: dict[str, str], found: dict[str, str]) -> SchemaChanged:
    said = [f"{each} is new ({kind})" for each, kind in found.items() if each not in expected]
    said += [f"{each} is gone (was {kind})" for each, kind in expected.items() if each not in found]
    said += [
        f"{each} is {found[each]} (was {kind})"
        for each, kind in expected.items()
        if each in found and found[each] != kind
    ]
    error = SchemaChanged(
        f"{name}: found other columns than before: {'; '.join(said)}; expected those of its newest version. "
        f"Fix the source, or take the change in: comporta data accept {name}"
    )
    error.reason = str(error)
    return error
