"""A trained version in one's hands: it answers frames as the server answers requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from comporta.acts.serve.score import load_version, score_frame
from comporta.errors import BadData
from comporta.opened.project import OpenProject
from comporta.records import Signature, Version
from comporta.records.kind import kind_of

if TYPE_CHECKING:
    from comporta.serve import LoadedVersion


class TrainedVersion:
    """One version of a model. version: its record, with verdicts and what it learned from."""

    def __init__(self, version: Version, loaded: LoadedVersion) -> None:
        self.version = version
        self._loaded = loaded

    @property
    def signature(self) -> Signature:
        """What it takes and gives."""
        return self._loaded.signature

    def predict(self, frame: pl.DataFrame | pl.LazyFrame | Any) -> pl.DataFrame:
        """An answer for each row, in order: `label` and `probability`, or `prediction` for a regression.

        frame: what a request carries (`Features.known`), polars or pandas; slower tables are joined as they
        were known at each row's time, which is now where it has none, and features are computed. With two
        classes `probability` is that of the second; with more there is a column `probability CLASS` for each.
        Raises BadData on missing columns.
        """
        return score_frame(self._loaded, _polars(frame), now=datetime.now(UTC))

    def __repr__(self) -> str:
        return f"<{self.version.id} {self.version.state}>"


def trained_version(opened: OpenProject, name: str) -> TrainedVersion:
    """The version of this name, checked and loaded. Raises NotFound, Tampered."""
    return TrainedVersion(*load_version(opened, name))


def _polars(frame: Any) -> pl.DataFrame:
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    if type(frame).__module__.partition(".")[0] == "pandas":
        return pl.from_pandas(frame)
    raise BadData(f"found {kind_of(frame)}, expected a polars or pandas frame.")
