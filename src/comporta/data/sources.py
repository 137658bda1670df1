"""Where rows come from: a function's frames, or files by a glob, as frames of polars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from comporta.data.column_types import types_of
from comporta.data.csv_files import CsvTable, open_table, scan_table, table_fault
from comporta.data.missing import with_nulls
from comporta.data.pandas_frames import frame_of_pandas
from comporta.errors import BadData, BadProject, first_line
from comporta.records.csv_files import CSV, PARQUET, CsvFiles
from comporta.records.kind import kind_of

Frames = pl.LazyFrame | pl.DataFrame | Iterable[pl.DataFrame]


def from_function(source: Callable[[], Any], name: str) -> Frames:
    """What the function returns, as polars: polars (lazy or eager), pandas or Arrow, or an iterator of them.

    Raises BadData when it returns something else.
    """
    return _frames(source(), name)


def from_files(source: str | CsvFiles, root: Path, name: str) -> Frames:
    """The rows of the Parquet or CSV files that a glob names, relative to the project's root, in the order of
    their paths.

    Raises BadProject when none is there, or when they are of another kind; BadData on what cannot be read,
    naming file, line and column. What stands further down is read later: see `file_fault`.
    """
    files, table = _files(source, root, name)
    if table is None:
        return with_nulls(pl.scan_parquet(files, glob=False))
    frames = scan_table(table)
    return with_nulls(frames) if isinstance(frames, pl.LazyFrame) else map(with_nulls, frames)


def file_fault(source: str | CsvFiles, root: Path, name: str, error: pl.exceptions.PolarsError) -> BadData:
    """Why reading the rows of `from_files` failed."""
    files, table = _files(source, root, name)
    if table is not None:
        return table_fault(table, error)
    for path in files:
        try:
            pl.scan_parquet(path, glob=False).select(pl.all().null_count()).collect()
        except pl.exceptions.PolarsError as inner:
            error, files = inner, [path]
            break
    shown = ", ".join(path.name for path in files[:3])
    return BadData(f"{name}: {shown} cannot be read: {str(error).partition(chr(10))[0]}")


def _files(source: str | CsvFiles, root: Path, name: str) -> tuple[list[Path], CsvTable | None]:
    """The files, in order, and of CSV files what they hold."""
    written = source if isinstance(source, CsvFiles) else CsvFiles(glob=source)
    glob = written.glob
    files = files_matching(glob, root)
    if not files:
        raise BadProject(
            f"{name}: found no file for {glob!r} in {root.resolve()}, expected at least one. "
            "Fix `source`, or bring the files."
        )
    kinds = {path.suffix.lower() for path in files}
    if written is source or (kinds <= set(CSV) and len(kinds) == 1):
        return files, open_table(files, root, name, written)
    if kinds <= set(PARQUET):
        return files, None
    raise BadProject(
        f"{name}: found files ending in {', '.join(sorted(kinds))} for {glob!r}, expected "
        ".parquet, or .csv, or .tsv: one kind. Narrow the glob, or read them in a function."
    )


def columns_of(source: Callable[[], Any] | str | CsvFiles, root: Path, name: str) -> dict[str, str]:
    """The columns that a source returns now: name → polars type. It is asked; its rows are not kept."""
    frames = (
        from_files(source, root, name) if isinstance(source, str | CsvFiles) else from_function(source, name)
    )
    if not isinstance(frames, pl.LazyFrame | pl.DataFrame):
        first = next(iter(frames), None)
        if first is None:
            raise BadData(f"{name}: its source returned no frame, expected at least one, with columns.")
        frames = first
    return types_of(frames)


def files_matching(glob: str, root: Path) -> list[Path]:
    """The files of a glob, in the order of their paths. root: of one that is not absolute."""
    parts = Path(glob).parts
    found = Path(parts[0]).glob(str(Path(*parts[1:]))) if Path(glob).is_absolute() else root.glob(glob)
    return [path for path in sorted(found) if path.is_file()]


def _frames(made: Any, name: str) -> Frames:
    if isinstance(made, pl.LazyFrame):
        return with_nulls(made)
    frame = _frame(made, name)
    if frame is not None:
        return frame
    if isinstance(made, Iterable) and not isinstance(made, str | bytes | dict):
        return _each(iter(made), name)
    raise BadData(
        f"{name}: its source returned {kind_of(made)}, expected a polars, "
        "pandas or Arrow frame, or an iterator of them."
    )


def _frame(made: Any, name: str) -> pl.DataFrame | None:
    """A polars, pandas or Arrow frame, or a numpy array with named fields, as polars', with nulls for what is
    missing; None for anything else. Raises BadData."""
    module = type(made).__module__.partition(".")[0]
    if isinstance(made, pl.DataFrame):
        frame = made
    elif module == "pandas" and hasattr(made, "columns"):
        frame = frame_of_pandas(made, name)
    elif hasattr(made, "__arrow_c_stream__") or getattr(getattr(made, "dtype", None), "names", None):
        frame = _plain_frame(made, name)
    else:
        return None
    return with_nulls(frame)


def _plain_frame(made: Any, name: str) -> pl.DataFrame:
    """An Arrow table, or a numpy array with named fields. Raises BadData, which names the column."""
    try:
        return pl.DataFrame(made)
    except Exception as error:  # polars raises many kinds here
        for field in getattr(getattr(made, "dtype", None), "names", None) or ():
            try:
                pl.Series(made[field])
            except Exception as inner:
                raise BadData(
                    f"{name}.{field}: found values of the type {made.dtype[field]}, expected one that polars "
                    f"can store ({first_line(inner)}). Convert the column in the source."
                ) from None
        raise BadData(f"{name}: found {kind_of(made)} that polars cannot read: {first_line(error)}") from None


def _each(made: Iterator[Any], name: str) -> Iterator[pl.DataFrame]:
    for each in made:
        frame = _frame(each.collect() if isinstance(each, pl.LazyFrame) else each, name)
        if frame is None:
            raise BadData(
                f"{name}: its source yielded {kind_of(each)}, expected frames: polars, pandas or Arrow."
            )
        yield frame
