"""Many times as text at once: digits laid out as a matrix of bytes, a quarter of formatting's time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from comporta.data.features_time import Ints

_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400
_FIRST, _AFTER = -719_162 * _DAY, 2_932_897 * _DAY  # years 1 to 9999, in seconds since 1970
_PAIRS = np.array([f"{number:02}" for number in range(100)], dtype="S2").view(np.uint16)
_ROWS = 16_384  # at a time: the arrays then fit a core's cache, and memory is not asked for anew


def instants(times: pl.Series) -> pl.Series:
    """As msgspec writes them, less the `Z`: `2013-01-01T05:00:00`, six digits of a second where there are
    any, nine where six do not say it. times: Datetime without a zone; a null stays null.
    """
    assert isinstance(times.dtype, pl.Datetime)
    second = _PER_SECOND[times.dtype.time_unit]
    places = 9 if second == 10**9 else 6
    values = times.to_numpy().view(np.int64)
    if times.null_count():
        values = np.where(times.is_null().to_numpy(), values.max(), values)
    if not len(values) or values.min() < _FIRST * second or values.max() >= _AFTER * second:
        return _shorter(times.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.{places}f"), places)
    blank = np.frombuffer(b"0000-00-00T00:00:00." + b"0" * places, dtype=np.uint8)
    cells = np.tile(blank, (len(values), 1))
    round_ones = False
    for at in range(0, len(values), _ROWS):
        some = values[at : at + _ROWS]
        seconds = some // second
        fraction = (some - seconds * second) * (10**places // second)
        round_ones = round_ones or bool(np.any(fraction // 1000 * 1000 == fraction))
        _write(cells[at : at + _ROWS], seconds, fraction)
    text = pl.Series(times.name, cells).cast(pl.List(pl.UInt8)).cast(pl.Binary).cast(pl.String)
    if times.null_count():
        text = text.set(times.is_null(), None)
    return _shorter(text, places) if round_ones else text


def _shorter(text: pl.Series, places: int) -> pl.Series:
    """Without digits that say nothing."""
    if places == 9:
        text = text.str.replace(r"(\.\d{6})000$", "$1")
    return text.str.strip_suffix(".000000")


def _write(cells: npt.NDArray[np.uint8], seconds: Ints, fraction: Ints) -> None:
    """The digits of these rows. seconds: since 1970. fraction: of a second, in the places there are."""
    days = seconds // _DAY
    seconds = seconds - days * _DAY
    minutes, hours = seconds // 60, seconds // 3600
    pairs = _dates(days) | {11: hours, 14: minutes - hours * 60, 17: seconds - minutes * 60}
    for place in range(cells.shape[1] - 2, 19, -2):
        rest = fraction // 100
        pairs[place] = fraction - rest * 100
        fraction = rest
    for place, numbers in pairs.items():
        cells[:, place : place + 2].view(np.uint16)[:, 0] = _PAIRS[numbers]
    if cells.shape[1] % 2:
        cells[:, 20] = fraction + ord("0")


def _dates(days: Ints) -> dict[int, Ints]:
    """Place in the text → number of two digits. Times lie close: a day's date is found once."""
    first, last = int(days.min()), int(days.max())
    close = last - first < len(days)
    each = (np.arange(first, last + 1) if close else days).view("M8[D]")
    months = each.astype("M8[M]")
    month, day = months.view(np.int64), (each - months.astype("M8[D]")).view(np.int64) + 1
    year = 1970 + month // 12
    numbers = {0: year // 100, 2: year % 100, 5: month % 12 + 1, 8: day}
    return {place: many[days - first] for place, many in numbers.items()} if close else numbers
