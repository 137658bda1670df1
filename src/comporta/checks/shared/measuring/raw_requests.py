"""Some rows asked as raw requests, and the features that the server made of them beside those of research.

A feature's difference in a row is that of its numbers over the feature's interquartile range among these rows
(where that is 0: their standard deviation, else the largest number). Another word, true for false, and a
value on one side only count 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from comporta.checks.shared.measuring.server_answers import (
    SMALL,
    Ask,
    Gaps,
    Research,
    gaps,
    pick,
    pieces,
    scale_of,
)
from comporta.records import Artifact, Field, Signature
from comporta.records.columns import HIDDEN, KEY, ROW
from comporta.records.features import Bundle
from comporta.store import StepContext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

ROWS, ALONE, TOGETHER = 2_000, 50, 100
"""Rows that are asked; of these one in a request, as most are, and the others in requests of a hundred."""

_PLACE = "__place"

Raw = Callable[..., pl.DataFrame]
"""(context, bundle, dataset versions, keys) → rows as requests carry them, with the key's text in `__row`."""


class FromRaw(NamedTuple):
    """places: of n rows among the test rows. features: by name the differences, (n,). research, served: the
    features' values. of: rows that were to be asked."""

    places: Places
    gaps: Gaps
    features: dict[str, Floats]
    research: pl.DataFrame
    served: pl.DataFrame
    of: int


def bundle_of(
    context: StepContext, declared: Mapping[str, Any] | None, stored: Artifact | None
) -> Bundle | None:
    """From a request to the features: as stored with a version that was made by others than those of today,
    else as declared. declared: as a step's parameter."""
    if stored is not None:
        return context.get_json(stored, Bundle)
    return None if declared is None else Bundle.of_parameter(declared)


def is_raw(takes: Signature, bundle: Bundle | None) -> bool:
    """Whether the features are the columns that a request carries, with nothing made on the way."""
    same = [field.name for field in takes.raw] == [field.name for field in takes.features]
    return same and not (bundle is not None and bundle.makes_features())


def sample_places(rows: int, seed: int) -> Places:
    """Places of rows, in the order in which they are asked."""
    return np.random.default_rng(seed).permutation(rows)[:ROWS]


def ask_raw(
    takes: Signature,
    rows: pl.DataFrame,
    research: Research,
    wanted: Places,
    requests: pl.DataFrame,
    ask: Ask,
    made: Callable[[], list[pl.DataFrame]],
) -> FromRaw:
    """The wanted test rows as raw requests. requests: as `raw` gives them; a row that is not among them, or
    whose key is not its own, is not asked. made: the features that the server made since the last call."""
    asked, places = match_requests(rows, wanted, requests)
    fields = fields_of(takes, asked)
    frames: list[pl.DataFrame] = []
    made()

    def watching(body: bytes, head: int) -> tuple[int, bytes, int | None]:
        answer = ask(body, head)
        now = made()
        frames.extend(now if answer[0] == 200 else [])
        return answer

    part = pick(research, places)
    found = gaps(
        takes,
        part,
        asked,
        watching,
        fields=fields,
        sizes=_sizes(len(places)),
        scale=scale_of(takes, research),
    )
    names = [field.name for field in takes.features]
    answered = rows[places][list(names)].filter(pl.Series(~found.refused))
    served = pl.concat(frames, how="diagonal_relaxed") if frames else answered.clear()
    if served.height != answered.height:
        raise ValueError(f"{served.height} rows of features for {answered.height} that were answered")
    return FromRaw(
        places=places,
        gaps=found,
        features={name: differences(answered[name], served, name) for name in names},
        research=answered,
        served=served,
        of=len(wanted),
    )


def as_explained(raw: FromRaw, before: Mapping[str, Gaps], found: Mapping[str, Gaps]) -> FromRaw:
    """The same; a row that is as far apart as a form was that was asked its features is excused as it was."""
    by = raw.gaps.by.copy()
    for form, explained in found.items():
        was = before[form].by[raw.places]
        same = (by > SMALL) & (np.abs(by - was) <= 1e-9) & ~raw.gaps.refused
        by = np.where(same, np.minimum(by, explained.by[raw.places]), by)
    return raw._replace(gaps=raw.gaps._replace(by=by))


def differences(research: pl.Series, served: pl.DataFrame, name: str) -> Floats:
    """By how much each row's value is apart."""
    n = len(research)
    if name not in served.columns:
        return np.ones(n)
    online = served[name]
    if pl.Null in (research.dtype, online.dtype):
        return (research.is_null() != online.is_null()).to_numpy().astype(np.float64)
    numeric = research.dtype.is_numeric() and online.dtype.is_numeric()
    if not numeric:
        kinds = (pl.String, pl.Categorical, pl.Enum)
        words = isinstance(research.dtype, kinds) and isinstance(online.dtype, kinds)
        if not words and research.dtype != online.dtype:
            return np.ones(n)
        other = research.cast(pl.String).ne_missing(online.cast(pl.String))
        return other.to_numpy().astype(np.float64)
    mine, theirs = (each.cast(pl.Float64).fill_null(float("nan")).to_numpy() for each in (research, online))
    with np.errstate(invalid="ignore"):
        gap = np.abs(mine - theirs) / _robust_scale(mine)
    gap = np.where((mine == theirs) | (np.isnan(mine) & np.isnan(theirs)), 0.0, gap)
    return np.nan_to_num(gap, nan=1.0, posinf=1.0)


def _robust_scale(values: Floats) -> float:
    known = values[np.isfinite(values)]
    if not len(known):
        return 1.0
    low, high = np.quantile(known, (0.25, 0.75))
    with np.errstate(over="ignore"):
        deviation = np.std(known)
    for spread in (high - low, deviation, np.abs(known).max()):
        if np.isfinite(spread) and spread > 0:
            return float(spread)
    return 1.0


def match_requests(rows: pl.DataFrame, wanted: Places, requests: pl.DataFrame) -> tuple[pl.DataFrame, Places]:
    """The requests in the order of the wanted rows, and the places of those. Left out is a row that has no
    request, and one whose key is not its own."""
    keys = rows[KEY].gather(wanted).to_frame(ROW).with_columns(pl.Series(_PLACE, wanted))
    own = keys.unique(ROW, keep="none", maintain_order=True)
    met = own.join(requests.unique(ROW, keep="none"), on=ROW, how="inner", maintain_order="left")
    return met.drop(ROW, _PLACE), met[_PLACE].to_numpy().astype(np.int64)


def fields_of(takes: Signature, requests: pl.DataFrame) -> tuple[Field, ...]:
    """What requests hold: the raw columns, then what else they say of each row."""
    beside = (name for name in requests.columns if name.startswith(HIDDEN))
    return (*takes.raw, *(Field(name=name, type="String") for name in beside))


def _sizes(rows: int) -> Iterator[tuple[int, int]]:
    alone = min(ALONE, rows)
    yield from pieces(alone, 1)
    yield from ((alone + start, alone + stop) for start, stop in pieces(rows - alone, TOGETHER))
