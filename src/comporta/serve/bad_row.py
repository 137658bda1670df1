"""A fault of certain rows, told by the numbers that they have in the request."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.errors import BadRequest

_SHOWN = 10


class BadRow(BadRequest):
    """Rows that are refused. column: which, as it is shown; says: what was found and expected."""

    def __init__(self, column: str, rows: Sequence[int], says: str) -> None:
        named = ", ".join(map(str, rows[:_SHOWN]))
        more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
        super().__init__(f"{column}, row {named}{more}: {says}")
        self.column, self.rows, self.says = column, rows, says

    def in_request(self, places: Sequence[int] | None) -> BadRow:
        """The same of rows that are some of a request's. places: which; None: they are all of them."""
        return self if places is None else BadRow(self.column, [places[row] for row in self.rows], self.says)
