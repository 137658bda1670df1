"""Several records in an order, which show themselves as a table and can be asked for a frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from comporta.records.visible import visible
from comporta.report.fragment import table

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")
Row = Sequence[object]


class Listing(tuple[T, ...]):
    """A tuple of records. title: what they are. columns: what each row of the table shows of one."""

    title: str
    columns: tuple[str, ...]
    _row: Callable[[T], Row]

    def __new__(
        cls, records: Iterable[T], *, title: str, columns: tuple[str, ...], row: Callable[[T], Row]
    ) -> Listing[T]:
        """row: a record → the cells of its row, one for each column."""
        made = super().__new__(cls, records)
        made.title, made.columns, made._row = title, columns, row
        return made

    def to_frame(self) -> pl.DataFrame:
        """The table as a frame; `.to_pandas()` is polars' own."""
        import polars as pl

        cells = [tuple(self._row(each)) for each in self]
        return pl.DataFrame(
            {name: [row[at] for row in cells] for at, name in enumerate(self.columns)}, strict=False
        )

    def __repr__(self) -> str:
        return align(self.columns, [self._row(each) for each in self]) if self else f"no {self.title}"

    def _repr_html_(self) -> str:
        return table(self.columns, [self._row(each) for each in self], self.title)


def align(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Rows under their columns as aligned text, a line each; nothing in it moves a cursor or hides."""
    cells = [list(columns), *([visible(_text(cell), keep="") for cell in row] for row in rows)]
    wide = [max(len(row[at]) for row in cells) for at in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip() for row in cells
    )


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, timedelta):
        return f"{cell.total_seconds():.1f} s"
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    return "" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else str(cell)
