"""What this version leaves for later ones and for monitoring: its columns and answers, counted."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from msgspec import convert
from msgspec.structs import replace

from comporta.checks.shared.tables import FEATURE, HIGH, LOW, REPLICATES, RESAMPLED, SHARE
from comporta.records import Artifact, Field, Findings, Signature
from comporta.records.columns import CHANCE, LABEL, NUMBER, TARGET
from comporta.records.reference import Importances, Profile, Reference
from comporta.stats.classes import class_text
from comporta.stats.predictions import classes_of, task_of
from comporta.stats.profiles import profile
from comporta.stats.units import units_of
from comporta.store.context import StepContext
from comporta.store.frames import read

CLASSES = 50


def measure(
    context: StepContext,
    *,
    predictions: Artifact,
    signature: Artifact,
    importance: Artifact | None = None,
    group: str | None = None,
) -> dict[str, Artifact]:
    """`reference`: a `records.reference.Reference` of the test rows. All rows are read."""
    rows = read(context, predictions)
    fields = context.get_json(signature, Signature).features
    found = reference_of(rows, fields, group=group)
    if importance is not None:
        kept = importances(context.get_json(importance, Findings))
        found = replace(found, importance=kept)
    artifact = context.put_json(found)
    print(f"kept the counts of {len(fields)} features over {rows.height:,} rows, {artifact.size:,} bytes")
    return {"reference": artifact}


def reference_of(rows: pl.DataFrame, features: Sequence[Field], *, group: str | None = None) -> Reference:
    """The reference of these predictions. features: those the model reads."""
    units = units_of(rows, group)
    return Reference(
        task=task_of(rows),
        classes=classes_of(rows),
        rows=rows.height,
        features={field.name: profile(rows[field.name], units, field.values or None) for field in features},
        scores={name: profile(each, units) for name, each in scores_of(rows).items()},
        decisions=profile(rows[LABEL], units) if LABEL in rows.columns else None,
        labels=_labels(rows),
    )


def scores_of(rows: pl.DataFrame) -> dict[str, pl.Series]:
    """What the model answers, as numbers: the chance of each class, of two the second; or the number."""
    if NUMBER in rows.columns:
        return {"prediction": rows[NUMBER]}
    if f"{CHANCE}0" not in rows.columns:
        return {}
    classes = classes_of(rows)
    told = enumerate(classes[:CLASSES]) if len(classes) > 2 else [(len(classes) - 1, classes[-1])]
    return {name: rows[f"{CHANCE}{place}"] for place, name in told}


def _labels(rows: pl.DataFrame) -> Profile | None:
    known = rows[TARGET].drop_nulls() if TARGET in rows.columns else pl.Series()
    if known.is_empty():
        return None
    if NUMBER in rows.columns:
        return profile(known.cast(pl.Float64))
    classes = classes_of(rows)
    kinds = known.unique()
    named = known.replace_strict(kinds, [class_text(each) for each in kinds], return_dtype=pl.String)
    strange = sorted(set(named.unique()) - set(classes))
    return profile(named.cast(pl.Enum([*classes, *strange])))


def importances(found: Findings) -> Importances | None:
    """What an `importance` evidence holds for later versions; None where it could not be measured."""
    kept = found.table(REPLICATES)
    if kept is None:
        return None
    features, shares, low, high, drawn = (
        kept.values(each) for each in (FEATURE, SHARE, LOW, HIGH, RESAMPLED)
    )
    if any(each is None for each in (*shares, *low, *high)):  # kept before figures had to be finite
        return None
    return convert(
        {
            "method": "permutation",
            "features": features,
            "shares": shares,
            "low": low,
            "high": high,
            "replicates": tuple(zip(*drawn, strict=True)),
            "rows": found.rows,
        },
        Importances,
    )
