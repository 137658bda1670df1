"""CatBoost and words in frames: it takes them as categories only where it is told so, and none missing.

Here columns of words are its categories wherever none are named, in polars and pandas frames alike, and a
word that is missing is a category of its own, in training and in every answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import wraps
from typing import Any

import polars as pl

from comporta.train.families.library import of_library
from comporta.train.families.when_loaded import when_loaded

_CORE = "catboost.core"
_WORDS = (pl.String, pl.Categorical, pl.Enum)


def teach_catboost() -> None:
    """CatBoost in this process takes words of frames from now on, or from when it is first imported; and it
    writes no folder `catboost_info` unless it is asked to."""
    when_loaded(_CORE, _teach)


def _teach(core: Any) -> None:
    if not hasattr(core.Pool.__init__, "__wrapped__"):
        core.Pool.__init__ = _taking_words(core.Pool.__init__)
        core._CatBoostBase._train = _writing_nothing(core._CatBoostBase._train)


def missing_word(words: Sequence[str]) -> str:
    """What a missing word is called among these: one that none of them is."""
    found = ""
    while found in words:
        found += "_"
    return found


def _taking_words(make: Any) -> Any:
    @wraps(make)
    def make_with_words(
        self: Any, data: Any, label: Any = None, cat_features: Any = None, **rest: Any
    ) -> Any:
        words = dict(_words(data))
        if words:
            cat_features = list(words) if cat_features is None else cat_features
            data = _spelled_out(data, words)
        return make(self, data, label, cat_features, **rest)

    return make_with_words


def _writing_nothing(train: Any) -> Any:
    @wraps(train)
    def train_in_memory(self: Any, train_pool: Any, test_pool: Any, params: Any, *rest: Any) -> Any:
        params.setdefault("allow_writing_files", False)
        return train(self, train_pool, test_pool, params, *rest)

    return train_in_memory


def _words(frame: Any) -> Iterator[tuple[str, Sequence[str]]]:
    """Of each column of words its name, and which words it may hold."""
    if isinstance(frame, pl.DataFrame):
        for series in frame:
            if series.dtype in _WORDS:
                listed = series.dtype.categories if isinstance(series.dtype, pl.Enum) else series.unique()
                yield series.name, listed.cast(pl.String).drop_nulls().to_list()
    elif of_library(frame, "pandas") and type(frame).__name__ == "DataFrame":
        for name in frame.columns:
            if type(frame[name].dtype).__name__ == "CategoricalDtype":
                yield name, [str(each) for each in frame[name].cat.categories]


def _spelled_out(frame: Any, words: Mapping[str, Sequence[str]]) -> Any:
    """Words as plain strings, none of them missing."""
    called = {name: missing_word(each) for name, each in words.items()}
    if isinstance(frame, pl.DataFrame):
        return frame.with_columns(
            pl.col(name).cast(pl.String).fill_null(missing) for name, missing in called.items()
        )
    return frame.assign(
        **{name: frame[name].astype(object).where(frame[name].notna(), each) for name, each in called.items()}
    )
