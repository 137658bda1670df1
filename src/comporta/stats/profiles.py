"""Columns as counts over cells: made once over their own quantiles, then counted again over the same cells.

Cells of words are chosen without looking at these rows: the words that are there, or common, in one sample
are so partly by chance, and a test on them would find a change where there is none.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl

from comporta.errors import BadData
from comporta.records.reference import Profile
from comporta.stats.bins import below

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

BINS = 20
VALUES = 32
"""A column of at most so many different numbers has a cell for each."""
WORDS = 128
HASHED = 64
COMMON = 20
LARGEST = sys.float_info.max


def profile(values: pl.Series, units: Places | None = None, words: Sequence[str] | None = None) -> Profile:
    """The column counted over its own twentieths, or its words. units: what stands together, see
    `stats.units`. words: those known before these rows were seen; None: an Enum's own, else none, and
    words are hashed, as they are where there are more than 128. Raises BadData on a type that is neither
    a number nor a word."""
    if values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Null):
        empty = Profile(cells="numbers", edges=_edges(_numbers(values)), counts=(), missing=0, rows=0)
    elif values.dtype in (pl.String, pl.Enum, pl.Categorical):
        known = list(values.dtype.categories) if isinstance(values.dtype, pl.Enum) else []
        known = known if words is None else list(words)
        if 0 < len(known) <= WORDS:
            empty = Profile(cells="words", words=tuple(known), counts=(), missing=0, rows=0)
        else:
            empty = Profile(cells="hashed", counts=(0,) * HASHED, missing=0, rows=0)
    else:
        raise BadData(f"{values.name}: found {values.dtype}, expected numbers, booleans or words.")
    return recount(values, empty, units)


def recount(values: pl.Series, like: Profile, units: Places | None = None) -> Profile:
    """The column over the cells of `like`. Raises BadData where words stand for numbers or the reverse."""
    place = places_of(values, like)
    size = _size(like)
    counts = np.bincount(place, minlength=size + 1)
    effect, uneven, count = design(place, size + 1, units)
    found = Profile(
        cells=like.cells,
        edges=like.edges,
        words=like.words,
        counts=tuple(counts[:size].tolist()),
        missing=int(counts[size]),
        rows=len(values),
        effect=effect,
        uneven=uneven,
        units=count,
    )
    if like.cells == "hashed":
        times = values.cast(pl.String).drop_nulls().alias("word").value_counts(name="n")
        common = times.sort("n", "word", descending=[True, False]).head(COMMON)
        return msgspec.structs.replace(found, common=dict(common.iter_rows()))
    if like.cells == "words":
        return found
    numbers = _numbers(values)
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return found
    mean, square = moments(finite)
    return msgspec.structs.replace(
        found,
        finite=len(finite),
        mean=mean,
        square=square,
        low=float(finite.min()),
        high=float(finite.max()),
    )


def merge(first: Profile, second: Profile) -> Profile:
    """Both together, as if counted at once; the moments by Chan, Golub and LeVeque 1983. The design effects
    are the mean, weighted by rows: units that reach into both are not known. Raises BadData where their
    cells differ."""
    if (first.cells, first.edges, first.words, len(first.counts)) != (
        second.cells,
        second.edges,
        second.words,
        len(second.counts),
    ):
        raise BadData("profiles: found other cells, expected the same. Count both over one reference.")
    finite = first.finite + second.finite
    apart = second.mean / 2 - first.mean / 2
    between = 4 * apart * apart * first.finite * second.finite / finite if finite else 0.0
    rows = first.rows + second.rows
    share = second.rows / rows if rows else 0.0
    common: dict[str, int] = dict(first.common)
    for word, times in second.common.items():
        common[word] = common.get(word, 0) + times
    return Profile(
        cells=first.cells,
        edges=first.edges,
        words=first.words,
        counts=tuple(a + b for a, b in zip(first.counts, second.counts, strict=True)),
        missing=first.missing + second.missing,
        rows=rows,
        finite=finite,
        mean=first.mean + 2 * (apart * (second.finite / finite)) if finite else 0.0,
        square=min(first.square + second.square + between, LARGEST),
        low=min((each for each in (first.low, second.low) if each is not None), default=None),
        high=max((each for each in (first.high, second.high) if each is not None), default=None),
        common=dict(sorted(common.items(), key=lambda each: (-each[1], each[0]))[:COMMON]),
        effect=first.effect + (second.effect - first.effect) * share,
        uneven=first.uneven + (second.uneven - first.uneven) * share,
        units=first.units + second.units,
    )


def moments(numbers: Floats) -> tuple[float, float]:
    """The mean of finite numbers, and the sum of their squared distances from it: at most the largest double,
    which it is where they are near that themselves."""
    largest = float(np.abs(numbers).max())
    if largest < LARGEST**0.5 / (2 * len(numbers)):
        mean = float(numbers.mean())
        return mean, float(((numbers - mean) ** 2).sum())
    share = numbers / largest
    mean = float(share.mean())
    spread = float(((share - mean) ** 2).sum())
    with np.errstate(over="ignore"):
        return mean * largest, min(float(np.float64(spread) * largest * largest), LARGEST)


def places_of(values: pl.Series, like: Profile) -> Places:
    """Each value's cell, (n,); a missing one's is one beyond the last. Raises BadData on another kind."""
    size = _size(like)
    numeric = values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Null)
    if (like.cells == "numbers") != numeric and values.null_count() < len(values):
        raise BadData(f"{values.name}: found {values.dtype}, expected {like.cells} as in the reference.")
    if like.cells == "numbers":
        numbers = _numbers(values) if numeric else np.full(len(values), np.nan)
        place = below(np.asarray(like.edges), numbers)
        return np.where(np.isnan(numbers), size, place).astype(np.int64)
    kinds = values.cast(pl.String)
    distinct = kinds.drop_nulls().unique()
    at = (
        {word: zlib.crc32(word.encode()) % size for word in distinct}
        if like.cells == "hashed"
        else {word: place for place, word in enumerate(like.words)}
    )
    known = [word for word in distinct if word in at]
    table = pl.DataFrame(
        {"word": known, "at": [at[word] for word in known]}, schema={"word": pl.String, "at": pl.Int64}
    )
    found = pl.DataFrame({"word": kinds}).join(table, on="word", how="left", maintain_order="left")["at"]
    missing = kinds.is_null().to_numpy()
    return np.where(missing, size, found.fill_null(size - 1).to_numpy()).astype(np.int64)


def design(place: Places, size: int, units: Places | None) -> tuple[float, float, int]:
    """Mean design effect of the shares of cells, the squared variation of the design effects, and how many
    units there are (Rao and Scott 1981, 1984): with rows alone 1, 0 and the rows."""
    rows = len(place)
    if units is None or not rows:
        return 1.0, 0.0, rows
    count = int(units.max()) + 1
    there = np.bincount(place, minlength=size) > 0
    used = int(there.sum())
    if count < 2 or used < 2:
        return 1.0, 0.0, count
    cell = (np.cumsum(there) - 1)[place]
    table = np.bincount(units * used + cell, minlength=count * used).reshape(count, used)
    share = table.sum(axis=0) / rows
    apart = (table - table.sum(axis=1, keepdims=True) * share) / np.sqrt(share * rows)
    spread = apart.T @ apart * (count / (count - 1))
    free = used - 1
    mean = float(np.trace(spread)) / free
    if mean <= 0:
        return 1.0, 0.0, count
    uneven = float((spread**2).sum()) / (free * mean**2) - 1
    return max(1.0, mean), max(0.0, uneven), count


def _size(like: Profile) -> int:
    if like.cells == "numbers":
        return len(like.edges) + 1
    return len(like.words) + 1 if like.cells == "words" else len(like.counts)


def _numbers(values: pl.Series) -> Floats:
    found: Floats = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return found


def _edges(numbers: Floats) -> tuple[float, ...]:
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return ()
    # Most numbers of many values tell it by the first few rows: sorting all of them takes longer.
    values = np.unique(finite[: 4 * VALUES])
    values = values if len(values) > VALUES else np.unique(finite)
    if len(values) > VALUES:
        wanted: Any = np.quantile(finite, np.arange(1, BINS) / BINS, method="inverted_cdf")
        return tuple(np.unique(wanted).tolist())
    return tuple(values[:-1].tolist()) if len(values) > 1 else tuple(values.tolist())
