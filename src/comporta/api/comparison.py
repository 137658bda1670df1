"""Versions side by side, which show themselves: checks that count otherwise, parameters, metrics."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from comporta.acts.judge.compare_several import SeveralVersions
from comporta.acts.judge.report import Comparison
from comporta.api.listing import Row, align
from comporta.records import Figure, encode
from comporta.report.fragment import table

_COMPARED = ("a", "a_low", "a_high", "b", "b_low", "b_high")


class VersionComparison:
    """Versions of a model side by side. several: its data. comparison: of two, each check in full."""

    def __init__(self, several: SeveralVersions, comparison: Comparison | None = None) -> None:
        self.several, self.comparison = several, comparison

    def metrics(self) -> pl.DataFrame:
        """A row for each metric: of two versions with values and intervals, `a`, `a_low` …, `b`, `b_low` …;
        of more a column of values for each version."""
        if self.comparison is None:
            rows = [
                (row.name, *(each and each.value for each in row.figures)) for row in self.several.metrics
            ]
            kinds = dict.fromkeys(self._ids, pl.Float64)
        else:
            rows = [(line.name, *_numbers(line.a), *_numbers(line.b)) for line in self.comparison.metrics]
            kinds = dict.fromkeys(_COMPARED, pl.Float64)
        return pl.DataFrame(rows, schema={"metric": pl.String, **kinds}, orient="row")

    def parameters(self) -> pl.DataFrame:
        """A row for each parameter of `fit` that differs, and the seed, with a column for each version:
        values as JSON, text as it is."""
        return self._texts("parameter", self._parameters())

    def checks(self) -> pl.DataFrame:
        """A row for each check, and whether it `differs`: its `status` in two versions, of more a column for
        each version."""
        if self.comparison is None:
            rows = [(each.name, *each.statuses) for each in self.several.gates]
            differs = [each.differs for each in self.several.gates]
            return self._texts("check", rows).with_columns(differs=pl.Series(differs, dtype=pl.Boolean))
        schema = {"check": pl.String, "status": pl.String, "differs": pl.Boolean}
        gates = self.comparison.gates
        return pl.DataFrame(
            [(each.name, each.status, each.differs) for each in gates], schema=schema, orient="row"
        )

    def __repr__(self) -> str:
        tables = (align(columns, rows) for columns, rows in self._tables() if rows)
        return "\n".join([self._title(), *tables])

    def _repr_html_(self) -> str:
        note = "" if self.several.same else "their test rows are not the same"
        parts = [table(columns, rows) for columns, rows in self._tables() if rows]
        return table((), (), self._title(), note) + "".join(parts)

    def _tables(self) -> list[tuple[tuple[str, ...], list[Row]]]:
        """Columns and rows of what differs, then of the metrics."""
        if self.comparison is None:
            checks = [(each.name, *each.statuses) for each in self.several.gates if each.differs]
            heads: tuple[str, ...] = ("check", *self._ids)
        else:
            checks = [(each.name, each.status) for each in self.comparison.gates if each.differs]
            heads = ("check", "status")
        metrics = [(row.name, *map(_figure, row.figures)) for row in self.several.metrics]
        return [
            (heads, list(checks)),
            (("parameter", *self._ids), self._parameters()),
            (("metric", *self._ids), list(metrics)),
        ]

    def _title(self) -> str:
        gates = self.several.gates if self.comparison is None else self.comparison.gates
        count = sum(each.differs for each in gates)
        checks = "1 check differs" if count == 1 else f"{count or 'no'} checks differ"
        *ids, last = self._ids
        return f"{', '.join(ids)} and {last}: {checks}"

    @property
    def _ids(self) -> tuple[str, ...]:
        return tuple(each.id for each in self.several.versions)

    def _parameters(self) -> list[Row]:
        return [(each.name, *map(_value, each.values)) for each in self.several.parameters]

    def _texts(self, first: str, rows: Sequence[Row]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=dict.fromkeys((first, *self._ids), pl.String), orient="row")


def _numbers(figure: Figure | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if figure is None else (figure.value, figure.low, figure.high)


def _value(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else encode(value).decode()


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return ""
    between = "" if figure.low is None or figure.high is None else f" [{figure.low:.4g}, {figure.high:.4g}]"
    return f"{figure.value:.4g}{between}"
