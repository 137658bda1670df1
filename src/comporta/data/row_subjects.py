"""Whom a prediction is about: as its request said, else the declared subject among its inputs.

A request seldom repeats beside its columns what one of them says. Rows that are open, rows that were sealed
without it, and those of a forgotten subject are all found by this one rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import polars as pl

from comporta.data.dataset_log import DatasetLog, RowColumns
from comporta.data.forgotten import is_subject_hidden
from comporta.data.keys import subject_texts
from comporta.data.open_rows import OpenRow
from comporta.data.row_columns import column_expressions, kind
from comporta.records import Form, Record, Signature
from comporta.records.named_column import exact_column
from comporta.store import Keys

_BATCH = 65_536
_GONE, _OWN = "__gone", "__own"


class SubjectColumn(Record, frozen=True, kw_only=True):
    """The column of a version's inputs that is its dataset's subject. type: as the version takes it."""

    column: str
    type: str
    form: Form = "exact"


SubjectColumns = Callable[[int], SubjectColumn | None]
"""By a version's number, its declared subject; None where that is not among its inputs."""


def no_subject(version: int) -> None:
    """Of no version is anything declared."""


def subject_column(signature: Signature, column: str | None, form: Form) -> SubjectColumn | None:
    """The subject's column as one of what the version takes; None where it is not, or can be no subject."""
    for field in signature.raw:
        if field.name == column and kind(field.type) not in (pl.Float64(), pl.Boolean()):
            return SubjectColumn(column=field.name, type=field.type, form=form)
    return None


def rows_with_subjects(rows: Iterable[OpenRow], whose: SubjectColumns) -> Iterator[OpenRow]:
    """These rows, each with its subject."""
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        bare: dict[SubjectColumn, list[OpenRow]] = {}
        for row in batch:
            if row.subject is None and (known := whose(row.version)) is not None:
                bare.setdefault(known, []).append(row)
        for known, mine in bare.items():
            for row, subject in zip(mine, _subjects(mine, known), strict=True):
                row.subject = subject
        yield from batch


def with_own_subjects(frame: pl.DataFrame, version: RowColumns, whose: SubjectColumns) -> pl.DataFrame:
    """The same of a version's rows in the columns of its log."""
    known = whose(version.model_version)
    column = None if known is None else dict(version.inputs).get(known.column)
    if known is None or column is None:
        return frame
    return frame.with_columns(subject=pl.coalesce("subject", _text(column, known.form)))


def visible_rows(
    frame: pl.LazyFrame, schema: Iterable[RowColumns], whose: SubjectColumns, history: DatasetLog, keys: Keys
) -> pl.LazyFrame:
    """Sealed rows, each with its subject, less those of forgotten subjects. schema: of their versions."""
    frame, known = _mark_forgotten(frame, schema, whose, history, keys)
    return frame.filter(~pl.col(_GONE)).drop(_GONE) if known else frame


def forgotten_ids(
    frame: pl.LazyFrame, schema: Iterable[RowColumns], whose: SubjectColumns, history: DatasetLog, keys: Keys
) -> list[str]:
    """The ids of the rows that `visible_rows` leaves out."""
    frame, known = _mark_forgotten(frame, schema, whose, history, keys)
    return frame.filter(_GONE).select("id").collect()["id"].to_list() if known else []


def _mark_forgotten(
    frame: pl.LazyFrame, schema: Iterable[RowColumns], whose: SubjectColumns, history: DatasetLog, keys: Keys
) -> tuple[pl.LazyFrame, bool]:
    """Sealed rows with their subjects, and whether they are marked as gone: where any can be."""
    places: dict[tuple[str, Form], list[int]] = {}
    for version in schema:
        known = whose(version.model_version)
        column = None if known is None else dict(version.inputs).get(known.column)
        if known is not None and column is not None:
            places.setdefault((column, known.form), []).append(version.model_version)
    if not places:
        return frame, False
    texts = [
        pl.when(pl.col("version").is_in(numbers)).then(_text(column, form))
        for (column, form), numbers in places.items()
    ]
    own = pl.coalesce("subject", *texts).alias("subject")
    if not history.forgotten:
        return frame.with_columns(own), False

    def is_forgotten(subjects: pl.Series) -> pl.Series:
        distinct = subjects.unique().drop_nulls()
        out = distinct.filter(
            pl.Series([is_subject_hidden(each, history, keys) for each in distinct], dtype=pl.Boolean)
        )
        return subjects.is_in(out.implode()).fill_null(False)

    # A row that was sealed with its subject is taken away by a redaction, which knows where it lies.
    bare = pl.col("subject").is_null()
    mark = pl.col(_OWN).map_batches(is_forgotten, return_dtype=pl.Boolean, is_elementwise=True)
    frame = frame.with_columns(own.alias(_OWN)).with_columns((bare & mark).alias(_GONE))
    return frame.with_columns(subject=pl.col(_OWN)).drop(_OWN), True


def _text(column: str, form: Form) -> pl.Expr:
    def texts(values: pl.Series) -> pl.Series:
        return _canonical(values, form)

    return exact_column(column).map_batches(texts, return_dtype=pl.String, is_elementwise=True)


def _canonical(values: pl.Series, form: Form) -> pl.Series:
    """Each value's canonical text; null where there is none, or it is empty."""
    texts = subject_texts(values, form)
    return texts.set(texts == "", None)


def _subjects(rows: Sequence[OpenRow], known: SubjectColumn) -> Sequence[str | None]:
    """The subjects among these rows' inputs; None where the inputs are not what the version takes."""
    try:
        texts = pl.DataFrame({"inputs": [bytes(row.inputs).decode() for row in rows]})
        types = {"subject": kind(known.type)}
        frame = texts.select(column_expressions("inputs", ((known.column, "subject"),), types))
        return _canonical(frame["subject"], known.form).to_list()
    # What polars raises on a value is of many kinds, a panic among them.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OverflowError, TypeError):
        if len(rows) == 1:
            return [None]
    middle = len(rows) // 2
    return [*_subjects(rows[:middle], known), *_subjects(rows[middle:], known)]
