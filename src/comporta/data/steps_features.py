"""The step that makes a feature table: each row of a dataset, with what was known of it at its time.

The table's columns: the features, in order, then hidden ones that no training function sees: `__key`,
`__subject` (keyed hash), `__at` (UTC), `__target`, `__keep_<column>` for slices and groups, and for each
join `__<dataset>_key`, `__<dataset>_event`, `__<dataset>_arrived`. Its rows are in the order of `__at` and
`__key`, whatever order the dataset's fragments have, so that compaction changes no byte of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from comporta.data.damage import reporting_damage
from comporta.data.features import FeaturePlan, feature_plan
from comporta.data.features_fields import ColumnCollector
from comporta.data.features_history import load_tables
from comporta.data.features_sorted import sorted_table
from comporta.data.features_time import as_times, ticks, unit_of
from comporta.data.keys import row_key, subject_marks
from comporta.data.read import scan_slice
from comporta.errors import BadData, BadProject
from comporta.records import Artifact, Slice
from comporta.records.columns import AT, KEPT, KEY, SUBJECT, TARGET
from comporta.records.named_column import by_names
from comporta.records.variadic_input import table_inputs
from comporta.store import Keys, StepContext
from comporta.store.context import artifact_name
from comporta.store.whole import file_digest, put_whole

CELLS = 6_000_000


def features(
    context: StepContext,
    *,
    of: Slice,
    known: list[str],
    target: str,
    shapes: dict[str, Any],
    compute: list[Callable[[Any], Any]] | tuple[Callable[[Any], Any], ...] = (),
    use: list[str] | None = None,
    keep: list[str] | tuple[str, ...] = (),
    joins: list[Any] | tuple[Any, ...] = (),
    batch: int | None = None,
    **others: Slice,
) -> dict[str, Artifact]:
    """`table`: the feature table (frame); `schema`: what requests carry and what features there are (json:
    `raw` and `features`, lists of Field).

    of: the rows that ask. keep: columns wanted for slices and groups: of `of`, or features. joins, shapes:
    as JSON. others: each joined table as `table <dataset>`. batch: rows in memory at once on the side of
    `of`; None: about 50 MB of them. Raises BadProject; BadData on a target that is NaN or infinite.
    """
    plan = feature_plan(
        of=of.dataset, known=known, use=use, target=target, shapes=shapes, joins=joins, compute=compute
    )
    spine = scan_slice(context.store, context.keys, of)
    has = spine.collect_schema()
    kept = tuple(name for name in keep if name in has)
    wanted = _needed_columns(plan, kept, has)
    spine = spine.select(by_names(wanted))
    size = batch or max(10_000, CELLS // max(24, len(wanted)))
    frames = _joined_tables(context, others)
    # Joins match on what a request carries, not on what the table happens to have beside.
    carried = pl.Schema({name: dtype for name, dtype in spine.collect_schema().items() if name in plan.known})
    with reporting_damage(context.store, context.keys, *frames):
        history = load_tables(frames, plan.joins, plan.shapes, carried)
    raw, made = ColumnCollector(), ColumnCollector()
    silent = frozenset({plan.shape.subject or ""})

    endless = 0

    def parts() -> Iterator[pl.DataFrame]:
        nonlocal endless
        for frame in _batches(context, of, spine, size):
            found, hidden = plan.apply(frame, history)
            _require_kept(of, keep, [*has, *found.columns], {*kept, *found.columns})
            raw.see(frame.select(by_names(plan.known)), silent=silent)
            made.see(found, silent=silent)
            beside = _beside(frame, plan, kept, found.columns, context.keys)
            endless += _endless(frame[target])
            yield _canonical(found.hstack(beside).hstack(hidden))

    by = [AT, KEY] if plan.shape.time is not None else [KEY]
    made_of = sorted_table(parts(), by, context.scratch, size)
    if endless:
        raise _endless_target(of, target, endless)
    table = _put_file(context, made_of)
    return {"table": table, "schema": context.put_json({"raw": raw.fields(), "features": made.fields()})}


def _joined_tables(context: StepContext, others: dict[str, Slice]) -> dict[str, pl.LazyFrame]:
    return {
        name: scan_slice(context.store, context.keys, part) for name, part in table_inputs(others).items()
    }


def _require_kept(of: Slice, keep: Sequence[str], columns: Sequence[str], there: set[str]) -> None:
    if missing := [name for name in keep if name not in there]:
        raise BadProject(
            f"features of {of.dataset}: found no column {', '.join(missing)} to slice or group by, "
            f"expected one of {', '.join(dict.fromkeys(columns))}."
        )


def _endless_target(of: Slice, target: str, rows: int) -> BadData:
    return BadData(
        f"{of.dataset}.{target}: found {rows:,} of {of.rows:,} rows whose target is NaN or infinite, "
        "expected a finite number, or null where it is not known. Correct them in the source."
    )


def _needed_columns(plan: FeaturePlan, keep: tuple[str, ...], has: pl.Schema) -> list[str]:
    """The columns of the dataset that are read: nothing else of it is seen. Raises BadProject."""
    shape = plan.shape
    apart = [*shape.key, shape.subject, shape.time, plan.target, *keep]
    wanted = list(dict.fromkeys([*plan.known, *(name for name in apart if name)]))
    if missing := [name for name in wanted if name not in has]:
        raise BadProject(
            f"features of {plan.of}: found no column {', '.join(missing)}; it has {', '.join(has)}. "
            "Correct `known` or `target`, or add the column to its source."
        )
    return wanted


def _batches(context: StepContext, of: Slice, spine: pl.LazyFrame, batch: int) -> Iterator[pl.DataFrame]:
    """The rows that ask, some at a time; at least one frame, though it be empty."""
    with reporting_damage(context.store, context.keys, of.dataset):
        if of.rows <= batch:
            yield spine.collect()
            return
        none = True
        for frame in spine.collect_batches(chunk_size=batch, maintain_order=True):
            none = False
            yield from frame.iter_slices(batch)
        if none:
            yield spine.head(0).collect()


def _endless(target: pl.Series) -> int:
    """How many values are no finite number; a null is none that is known, and may be."""
    return int((~target.is_finite()).sum()) if target.dtype.is_float() else 0


def _canonical(features: pl.DataFrame) -> pl.DataFrame:
    """Categories as text: their codes depend on what the process met before."""
    return features.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _beside(
    frame: pl.DataFrame, plan: FeaturePlan, keep: tuple[str, ...], features: list[str], keys: Keys
) -> pl.DataFrame:
    """The hidden columns that do not come from a join."""
    shape = plan.shape
    columns = [frame.select(row_key(frame, shape.key).alias(KEY))[KEY]]
    if shape.subject is not None:
        columns.append(subject_marks(frame[shape.subject], keys, shape.form).alias(SUBJECT))
    if shape.time is not None:
        time = frame[shape.time]
        unit = unit_of(time.dtype, f"{plan.of}.{shape.time}")
        columns.append(as_times(ticks(time, unit), unit).set(time.is_null(), None).alias(AT))
    columns.append(frame[plan.target].alias(TARGET))
    columns += [frame[name].alias(f"{KEPT}{name}") for name in keep if name not in features]
    return pl.DataFrame(columns)


def _put_file(context: StepContext, path: Path) -> Artifact:
    """The file, kept, without holding it in memory."""
    name, size = file_digest(context.keys, path)
    put_whole(context.store, context.keys, artifact_name(name), name, path)
    path.unlink(missing_ok=True)
    return Artifact(digest=name, size=size, kind="frame")
