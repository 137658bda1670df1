"""Frames that come in, and several that go out under their names."""

from __future__ import annotations

from typing import Any

import polars as pl

from comporta.errors import BadData
from comporta.records.kind import kind_of
from comporta.records.visible import visible
from comporta.report.escape import escape


class Frames(dict[str, pl.DataFrame]):
    """Frames by name. A notebook shows each under its own."""

    def __repr__(self) -> str:
        return "\n".join(visible(f"{name}\n{frame}") for name, frame in self.items())

    def _repr_html_(self) -> str:
        return "".join(
            f"<p style='margin:6px 0 2px;font-weight:600'>{escape(name)}</p>{visible(frame._repr_html_())}"
            for name, frame in self.items()
        )


def as_polars(frame: Any) -> pl.DataFrame:
    """A polars or pandas frame as polars. Raises BadData on anything else."""
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    if type(frame).__module__.partition(".")[0] == "pandas":
        return pl.from_pandas(frame)
    raise BadData(f"found {kind_of(frame)}, expected a polars or pandas frame.")
