"""A trained version in one's hands: it answers frames as the server answers requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from comporta.acts.release.release import version_of
from comporta.acts.serve.serving import Released
from comporta.errors import BadData
from comporta.opened.people import with_names
from comporta.opened.project import OpenProject
from comporta.records import Signature, Version
from comporta.records.kind import kind_of

if TYPE_CHECKING:
    from comporta.serve import Loaded


class Trained:
    """One version of a model. version: its record, with verdicts and what it learned from."""

    def __init__(self, version: Version, loaded: Loaded) -> None:
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
        rows = _polars(frame)
        raw = [field.name for field in self.signature.raw]
        if missing := [name for name in raw if name not in rows.columns]:
            raise BadData(
                f"{self.version.id}: found no column {', '.join(missing)}, expected {', '.join(raw)}. Add it."
            )
        features = rows.select(raw)
        if self._loaded.features is not None:
            features, _ = self._loaded.features(features, self._times(rows))
        scored = self._loaded.predict(features)
        columns = {}
        if scored.label is not None:
            name = "prediction" if self.signature.task == "regression" else "label"
            columns[name] = pl.Series(values=scored.label)
        if scored.probability is not None:
            columns |= self._probabilities(scored.probability)
        return pl.DataFrame(columns)

    def __repr__(self) -> str:
        return f"<{self.version.id} {self.version.state}>"

    def _probabilities(self, found: Any) -> dict[str, pl.Series]:
        if found.ndim == 1 or found.shape[1] == 2:
            return {"probability": pl.Series(values=found if found.ndim == 1 else found[:, 1])}
        classes = self.signature.classes
        return {f"probability {name}": pl.Series(values=found[:, at]) for at, name in enumerate(classes)}

    def _times(self, rows: pl.DataFrame) -> pl.Series:
        """When each row asks, in UTC."""
        time = self._loaded.time
        now = datetime.now(UTC)
        if time is None or time not in rows.columns:
            return pl.Series("at", [now], dtype=pl.Datetime("us", "UTC")).new_from_index(0, rows.height)
        said = rows[time].cast(pl.Datetime("us", getattr(rows.schema[time], "time_zone", None)))
        zoned = said.dt.convert_time_zone("UTC") if said.dtype.time_zone else said.dt.replace_time_zone("UTC")  # type: ignore[attr-defined]
        return zoned.fill_null(now).alias("at")


def trained(opened: OpenProject, name: str) -> Trained:
    """The version of this name, checked and loaded. Raises NotFound, Tampered."""
    version = version_of(opened, name)
    return Trained(with_names(opened, version)[0], Released(opened).load(version.model, version.number))


def _polars(frame: Any) -> pl.DataFrame:
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    if type(frame).__module__.partition(".")[0] == "pandas":
        return pl.from_pandas(frame)
    raise BadData(f"found {kind_of(frame)}, expected a polars or pandas frame.")
