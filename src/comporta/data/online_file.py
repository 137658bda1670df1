"""A part of a joined table in a folder of its own, whose arrays every process maps read-only.

    head.json            what the part is, how its columns lie
    keys.high.npy …      one file for each array, as numpy writes them
    row.3.arrow          a column whose type no plain array holds: read into memory

Pages that processes read are the system's, once for all of them, and given back where memory is short. A
folder is written beside its place and renamed: what has its name is whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from comporta.data.features_timeline import HistoryRows
from comporta.data.history_column import ColumnValues, HistoryColumn, arrays_of
from comporta.data.online_keys import key_index
from comporta.data.online_table import TableIndex, rows_of_index
from comporta.data.online_timeline import newest_index
from comporta.data.online_window import WindowIndex, windows_index
from comporta.data.types import parse_type, type_text
from comporta.data.window_columns import WindowColumn, expand_ranges
from comporta.data.window_table import window_of
from comporta.records import DatasetSchema, Join, Record, decode, encode

HEAD = "head.json"
FORMAT = 1
"""Of these files: another one is another name of the folder they lie in."""


class ColumnHead(Record, frozen=True, kw_only=True):
    """A column's name and type, as manifests write it; in_memory: whether no plain array holds it."""

    name: str
    type: str
    in_memory: bool = False


class PartHead(Record, frozen=True, kw_only=True):
    """unit: of times. keys: the types in which keys compare. rows: the table's columns. words: of columns
    that windows compare. windows: the columns that windows read. features: of windows, name → type."""

    unit: str
    keys: tuple[str, ...]
    rows: tuple[ColumnHead, ...]
    words: tuple[ColumnHead, ...] = ()
    windows: tuple[str, ...] = ()
    features: dict[str, str] = {}


Arrays = dict[str, npt.NDArray[Any]]


def write_part(index: TableIndex, folder: Path) -> None:
    """Writes a part's files into an empty folder. Raises OSError."""
    line = rows_of_index(index)
    arrays: Arrays = {
        "keys.high": index.keys.high, "keys.low": index.keys.low, "keys.starts": index.keys.starts,
        "keys.when": index.keys.when,
    }  # fmt: skip
    if line.event is not None and line.event is not index.keys.when:
        arrays["event"] = line.event
    if line.arrived is not None:
        arrays["arrived"] = line.arrived
    columns = [arrays_of(line.frame[name]) for name in _names(line.frame)]
    for number, column in enumerate(columns):
        _add_column(arrays, f"row.{number}", column, folder)
    words: list[ColumnHead] = []
    features: dict[str, str] = {}
    if isinstance(index, WindowIndex):
        features = {name: type_text(dtype) for name, dtype in index.table.types.items()}
        for number, (name, column_of) in enumerate(index.table.columns.items()):
            words += _add_window(arrays, f"window.{number}", name, column_of, folder)
    for name, values in arrays.items():
        with (folder / f"{name}.npy").open("xb") as file:
            np.save(file, np.ascontiguousarray(values), allow_pickle=False)
    head = PartHead(
        unit=line.unit,
        keys=tuple(map(type_text, line.types)),
        rows=tuple(_column_head(column) for column in columns),
        words=tuple(words),
        windows=tuple(index.table.columns) if isinstance(index, WindowIndex) else (),
        features=features,
    )
    with (folder / HEAD).open("xb") as file:
        file.write(encode(head))


def map_part(folder: Path, join: Join, shape: DatasetSchema, version: int) -> TableIndex:
    """The part that lies there, mapped. join, shape: of whom it was written for. Raises OSError where it is
    not there whole."""
    try:
        return _map_part(folder, join, shape, version)
    except (KeyError, ValueError, msgspec.MsgspecError) as error:
        raise FileNotFoundError(f"{folder}: found a part that lacks {error}.") from error


def _map_part(folder: Path, join: Join, shape: DatasetSchema, version: int) -> TableIndex:
    head = decode((folder / HEAD).read_bytes(), PartHead)
    arrays = {file.stem: _map(file) for file in folder.glob("*.npy")}
    keys = key_index(*(arrays[f"keys.{part}"] for part in ("high", "low", "starts", "when")))
    timed = shape.time is not None or shape.arrived is not None
    line = HistoryRows(
        frame={
            each.name: _read_column(arrays, f"row.{number}", each, folder)
            for number, each in enumerate(head.rows)
        },
        join=join,
        shape=shape,
        types=[parse_type(text) for text in head.keys],
        unit="ns" if head.unit == "ns" else "us",
        event=arrays.get("event", keys.when) if timed else None,
        arrived=arrays.get("arrived"),
    )
    if not head.features:
        return newest_index(line, keys, version)
    types = {name: parse_type(head.features[name]) for name in window_of(join).of}
    words = {each.name: each for each in head.words}
    columns = {}
    for number, name in enumerate(head.windows):
        place = f"window.{number}"
        columns[name] = WindowColumn(
            place=arrays.get(f"{place}.place"),
            rows_of_slots=None,
            numbers=arrays.get(f"{place}.numbers"),
            codes=arrays.get(f"{place}.codes"),
            words=_read_column(arrays, f"{place}.words", words[name], folder) if name in words else None,
            earlier=arrays.get(f"{place}.earlier"),
            rows=line.frame[name],
        )
    return windows_index(line, keys, columns, types, version)


def frame_of_part(index: TableIndex, codes: npt.NDArray[np.int64]) -> pl.DataFrame:
    """The rows of the keys with these codes, as a part of them is made of."""
    line, starts = rows_of_index(index), index.keys.starts
    slots = pl.Series(expand_ranges(starts[codes], starts[codes + 1])[0])
    return pl.DataFrame({name: line.frame[name].gather(slots) for name in _names(line.frame)})


def _names(frame: pl.DataFrame | Mapping[str, ColumnValues]) -> list[str]:
    return list(frame.columns if isinstance(frame, pl.DataFrame) else frame)


def _column_head(column: HistoryColumn, name: str | None = None) -> ColumnHead:
    return ColumnHead(
        name=column.name if name is None else name,
        type=type_text(column.dtype),
        in_memory=column.whole is not None,
    )


def _add_column(arrays: Arrays, place: str, column: HistoryColumn, folder: Path) -> None:
    if column.whole is not None:
        with (folder / f"{place}.arrow").open("xb") as file:
            column.whole.to_frame("0").write_ipc(file)
        return
    parts = {"values": column.values, "holes": column.holes, "offsets": column.offsets}
    arrays |= {f"{place}.{name}": each for name, each in parts.items() if each is not None}


def _add_window(
    arrays: Arrays, place: str, name: str, column: WindowColumn, folder: Path
) -> list[ColumnHead]:
    parts = {
        "place": column.place, "numbers": column.numbers, "codes": column.codes, "earlier": column.earlier
    }  # fmt: skip
    arrays |= {f"{place}.{part}": each for part, each in parts.items() if each is not None}
    if column.words is None:
        return []
    words = arrays_of(column.words)
    _add_column(arrays, f"{place}.words", words, folder)
    return [_column_head(words, name)]


def _read_column(arrays: Arrays, place: str, head: ColumnHead, folder: Path) -> HistoryColumn:
    dtype = parse_type(head.type)
    if head.in_memory:
        whole = pl.read_ipc(folder / f"{place}.arrow").to_series(0).alias(head.name)
        return HistoryColumn(name=head.name, dtype=dtype, values=np.zeros(0), whole=whole)
    return HistoryColumn(
        name=head.name,
        dtype=dtype,
        values=arrays[f"{place}.values"],
        holes=arrays.get(f"{place}.holes"),
        offsets=arrays.get(f"{place}.offsets"),
    )


def _map(file: Path) -> npt.NDArray[Any]:
    """The array as a plain view: a memmap's own slices cost ten times as much. An empty one has no pages."""
    try:
        return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False)).view(np.ndarray)
    except ValueError:
        return np.load(file, allow_pickle=False)  # type: ignore[no-any-return]
