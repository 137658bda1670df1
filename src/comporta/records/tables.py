"""A table of what was measured, for pictures and for people: its name and its columns are declared ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from msgspec import to_builtins

from comporta.records.figure import Cell, Conditions
from comporta.records.message import Code, Message, Words
from comporta.records.record import Record

TableCell = Cell | Words | Message | tuple[Cell, ...]
"""One value of a findings' table: as JSON has it, a value of the data, words of ours, or several numbers."""

TABLE, COLUMN = "table.", "column."
"""How the codes of their titles begin."""


class TableColumn(Record, frozen=True):
    """One column. id: of a `column`. of: what tells it from others of its id, such as a metric."""

    id: str
    of: Cell = None


class Table(Record, frozen=True, kw_only=True):
    """Rows of one thing. id: of a `table`. under: what tells it from others of its id, as in `Figure`.

    rows: each as long as `columns`. slice: `under` in one text, as a report shows it.
    """

    id: str
    under: Conditions = ()
    columns: tuple[TableColumn, ...] = ()
    rows: tuple[tuple[TableCell, ...], ...] = ()
    slice: str = ""

    @property
    def by_id(self) -> tuple[dict[str, TableCell], ...]:
        """Each row by the ids of its columns, those left out that an id alone does not name."""
        places = [(place, each.id) for place, each in enumerate(self.columns) if each.of is None]
        return tuple({id: row[place] for place, id in places} for row in self.rows)

    def values(self, column: ColumnCode | TableColumn) -> tuple[TableCell, ...]:
        """The cells of one column. Raises ValueError where the table has none such."""
        place = self.columns.index(_plain(column))
        return tuple(row[place] for row in self.rows)


class ColumnCode(Code):
    """The name of a column, declared once: an id to compare, and the words that people read."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The id, as tables hold it."""
        return self.id[len(COLUMN) :]

    def of(self, what: Cell) -> TableColumn:
        """The column of this metric, of this column of the data …"""
        return TableColumn(self.name, what)


TableRow = dict[ColumnCode | TableColumn, TableCell]
"""One row while it is made: its cells by their columns."""

K = TypeVar("K", bound=ColumnCode | TableColumn)


class TableCode(Code):
    """The name of a table, declared once: an id to compare, and the words that people read."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The id, as tables hold it."""
        return self.id[len(TABLE) :]

    def of(self, rows: Iterable[Mapping[K, TableCell]], *, under: Conditions = ()) -> Table:
        """The table of these rows, its columns as they come; None where a row lacks one."""
        every = [{_plain(column): cell for column, cell in row.items()} for row in rows]
        columns = tuple(dict.fromkeys(column for row in every for column in row))
        cells = tuple(tuple(row.get(column) for column in columns) for row in every)
        return Table(id=self.name, under=under, columns=columns, rows=cells)


def table(id: str, template: str, /) -> TableCode:
    """Declares a table: `table("windows", "windows")`."""
    return TableCode(TABLE + id, template, {})


def column(id: str, template: str, /, **of: Any) -> ColumnCode:
    """Declares a column, `column("key", "key")`, or one a kind, `column("lost", "{of} lost", of=str)`."""
    return ColumnCode(COLUMN + id, template, of)


def as_cell(value: object) -> TableCell:
    """A value of a row of the data, as a table holds it: what JSON has no value for is text."""
    return value if value is None or isinstance(value, str | int | float) else str(to_builtins(value))


def table_text(of: Table) -> Message:
    """What people read of a table's id."""
    return Message(TABLE + of.id)


def column_text(of: TableColumn) -> Message:
    """What people read above a column."""
    return Message(COLUMN + of.id, {} if of.of is None else {"of": of.of})


def _plain(column: ColumnCode | TableColumn) -> TableColumn:
    return column if isinstance(column, TableColumn) else TableColumn(column.name)


METRIC_COLUMN = column("metric", "{of}", of=str)
"""The column of a metric by its name."""

DATA_COLUMN = column("data", "{of}", of=str)
"""A column of the data, by its own name."""
