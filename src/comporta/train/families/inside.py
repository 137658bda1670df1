"""The estimator and every one inside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

DEEPEST = 12


def inside(thing: Any, deep: int = 0, seen: set[int] | None = None) -> Iterator[Any]:
    """The estimator and every one inside it: steps, transformers, members, of any class."""
    seen = set() if seen is None else seen
    if deep > DEEPEST or id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, np.ndarray) and thing.dtype == object and thing.size < 1_000_000:
        thing = thing.ravel().tolist()
    if isinstance(thing, Mapping):
        thing = list(thing.values())
    if isinstance(thing, list | tuple):
        # A list of numbers is no list of estimators: its first members say so.
        if any(_holds(each) for each in thing[:8]):
            for each in thing:
                yield from inside(each, deep + 1, seen)
    elif _holds(thing):
        yield thing
        for each in vars(thing).values():
            yield from inside(each, deep + 1, seen)


def _holds(thing: Any) -> bool:
    """Whether it may hold estimators: an object with attributes that is no plain value, array or function."""
    if isinstance(thing, str | bytes | int | float | type | np.generic | pl.DataFrame | pl.Series):
        return False
    if isinstance(thing, list | tuple | Mapping):
        return True
    return hasattr(thing, "__dict__") and not isinstance(thing, np.ndarray) and not callable(thing)
