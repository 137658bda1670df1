"""Tables of findings as an older Comporta kept them, read as today's: theirs were named by words, as were
their columns, and a name told what it was of. All of it is read here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Raw, ValidationError

from comporta.records.figure import Condition, conditions
from comporta.records.message import Words
from comporta.records.metric import METRICS
from comporta.records.record import decode
from comporta.records.tables import Table, TableCell, TableColumn

FormerTables = dict[str, tuple[dict[str, Raw], ...]]
"""Name → rows, each a dict of columns by name. A cell is any JSON."""

TABLES_BY_WORDS = {
    "broken by": "broken_by",
    "not served": "not_served",
    "reliability by tenths": "reliability_by_tenths",
}
"""What a table was called in words → its id. Of one word, the word is the id."""

COLUMNS_BY_WORDS = {
    "5th percentile": "percentile_5",
    "95th percentile": "percentile_95",
    "MB": "megabytes",
    "a second": "per_second",
    "bootstrap high": "bootstrap_high",
    "bootstrap low": "bootstrap_low",
    "false positives": "false_positives",
    "far outside": "far_outside",
    "first row": "first_row",
    "mean is": "mean_is",
    "mean moved by spreads": "mean_moved_by_spreads",
    "mean size": "mean_size",
    "mean was": "mean_was",
    "missing in test": "missing_in_test",
    "missing in training": "missing_in_training",
    "missing is": "missing_is",
    "missing was": "missing_was",
    "nearly constant": "nearly_constant",
    "overall high": "overall_high",
    "overall low": "overall_low",
    "p, Wilcoxon": "p_wilcoxon",
    "p50 ms": "p50_ms",
    "p99 ms": "p99_ms",
    "rows in other cells": "rows_in_other_cells",
    "rows in small leaves": "rows_in_small_leaves",
    "smallest difference seen with 80 % power": "smallest_difference_seen",
    "smallest leaf": "smallest_leaf",
    "to constant": "to_constant",
    "to overall": "to_overall",
    "trained on": "trained_on",
    "true positives": "true_positives",
    "up to": "up_to",
}
"""What a column was called in words → its id."""

OF_DATA = {"broken by", "duplicates"}
"""Tables whose columns are those of the data."""

_RELIABILITY = re.compile(r"reliability (?:class=(?P<class>.*)|named class)", re.DOTALL)
_LEARNING_CURVE = re.compile(r"mean (?P<metric>.+) by training rows")
_EARLIER = re.compile(r"earlier (\d+)")
_LOST = re.compile(r"(\w+) lost")
_WITHIN = re.compile(r"labels to show equal models within (.+)")


def tables_today(tables: FormerTables) -> tuple[Table, ...]:
    """The tables under today's ids, in their order. A name or a column that is none of Comporta's stays."""
    found: list[Table] = []
    for name, rows in tables.items():
        if name == "kept" and rows and "replicates" in rows[0]:
            found += _replicates(rows[0])
            continue
        columns = tuple(dict.fromkeys(each for row in rows for each in row))
        made = _table_named(name)
        found.append(
            Table(
                id=made.id,
                under=made.under,
                columns=tuple(_column(name, each) for each in columns),
                rows=tuple(tuple(_cell(each, row.get(each)) for each in columns) for row in rows),
            )
        )
    return tuple(found)


def _table_named(name: str) -> Table:
    if match := _RELIABILITY.fullmatch(name):
        of = match["class"]
        under = conditions(named_class=True) if of is None else (Condition("class", Words(of)),)
        return Table(id="reliability", under=under)
    if match := _LEARNING_CURVE.fullmatch(name):
        return Table(id="learning_curve", under=conditions(metric=match["metric"]))
    return Table(id=TABLES_BY_WORDS.get(name, name))


def _column(table: str, name: str) -> TableColumn:
    if table in OF_DATA:
        return TableColumn("data", name)
    if match := _LOST.fullmatch(name):
        return TableColumn("metric_lost", match[1])
    if match := _WITHIN.fullmatch(name):
        return TableColumn("labels_to_show_equal", float(match[1]))
    if table == "windows" and name in METRICS:
        return TableColumn("metric", name)
    return TableColumn(COLUMNS_BY_WORDS.get(name, name))


def _cell(column: str, cell: Raw | None) -> TableCell:
    """What is no value of a table today, such as a dict, is its JSON text."""
    if cell is None:
        return None
    try:
        value: TableCell = decode(bytes(cell), TableCell)  # type: ignore[arg-type]
    except ValidationError:
        return bytes(cell).decode()
    if column == "against" and isinstance(value, str) and (match := _EARLIER.fullmatch(value)):
        return int(match[1])
    return value


def _replicates(kept: dict[str, Raw]) -> Iterator[Table]:
    """What later versions compare with was one row of lists; it is a row a feature."""
    features = decode(bytes(kept["features"]), tuple[str, ...])
    replicates = decode(bytes(kept["replicates"]), tuple[tuple[float, ...], ...])
    shares, low, high = (decode(bytes(kept[name]), tuple[float, ...]) for name in ("shares", "low", "high"))
    yield Table(
        id="importance_replicates",
        columns=tuple(map(TableColumn, ("feature", "share", "low", "high", "replicates"))),
        rows=tuple(
            (feature, *numbers, tuple(each[place] for each in replicates))
            for place, (feature, *numbers) in enumerate(zip(features, shares, low, high, strict=True))
        ),
    )
