"""Predictions for a frame: features made as the server makes them, point in time and all."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from comporta.acts.release.release import version_of
from comporta.acts.serve.serving import ReleasedVersions
from comporta.errors import BadData
from comporta.opened.people import with_names
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.records import Signature, Version
from comporta.serve.live_version import utc_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comporta.serve import LoadedVersion


def load_version(opened: OpenProject, name: str) -> tuple[Version, LoadedVersion]:
    """The version of this name as people read it, and in memory, checked against its digests.

    Raises NotFound, Tampered.
    """
    version = version_of(opened, name)
    require_permission(opened, "model.predict", model=version.model)
    return with_names(opened, version)[0], ReleasedVersions(opened).load(version.model, version.number)


def score_frame(version: LoadedVersion, rows: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """A prediction for each row, in order: `label` and `probability`, or `prediction` for a regression.

    rows: the raw columns of the version's signature, in any order; others are not read but for the time.
    now: the time of rows that have none, in UTC. With two classes `probability` is that of the second; with
    more there is a column `probability CLASS` for each. Raises BadData on missing columns.
    """
    raw = [field.name for field in version.signature.raw]
    if missing := [name for name in raw if name not in rows.columns]:
        raise BadData(
            f"{version.model}/{version.number}: found no column {', '.join(missing)}, expected "
            f"{', '.join(raw)}. Add it."
        )
    features = rows[list(raw)]
    if version.features is not None:
        features, _ = version.features(features, _times(version, rows, now))
    scores = version.predict(features)
    columns = {}
    if scores.label is not None:
        name = "prediction" if version.signature.task == "regression" else "label"
        columns[name] = pl.Series(values=scores.label)
    if scores.probability is not None:
        columns |= _probability_columns(version.signature, scores.probability)
    return pl.DataFrame(columns)


def _times(version: LoadedVersion, rows: pl.DataFrame, now: datetime) -> pl.Series:
    if version.time is None or version.time not in rows.columns:
        return pl.Series([now], dtype=pl.Datetime("us", "UTC")).new_from_index(0, rows.height)
    return utc_times(rows[version.time], now)


def _probability_columns(signature: Signature, values: NDArray[Any]) -> dict[str, pl.Series]:
    if values.ndim == 1 or values.shape[1] == 2:
        return {"probability": pl.Series(values=values if values.ndim == 1 else values[:, 1])}
    return {
        f"probability {name}": pl.Series(values=values[:, at]) for at, name in enumerate(signature.classes)
    }
