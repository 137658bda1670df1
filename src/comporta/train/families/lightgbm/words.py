"""LightGBM and what it does not take of polars frames: words, and names of columns.

LightGBM 4.7 takes polars frames through Arrow, and aborts the whole process
on a column of words ("Unsupported Arrow type: dictionary"). Here it is given their places in the list, as
categories, which is what it makes of a pandas category itself. It refuses names with `[`, `,` and the like,
since it writes them as JSON: inside, such a name is spelled with `_`.
"""

from __future__ import annotations

import re
from functools import wraps
from typing import Any

import polars as pl

from comporta.errors import BadProject
from comporta.train.families.spelling import spell
from comporta.train.families.when_loaded import when_loaded

REFUSED = re.compile(r"^$|[\[\]{},:\"\\\x00- ]")
"""What its writer of JSON refuses in a name (LightGBM 4.7, `Common::CheckAllowedJSON`); the empty name, which
it does not count; and blanks, of which it makes `_` without looking whether another has that name."""


def teach_lightgbm() -> None:
    """LightGBM in this process reads polars words and any names of columns from now on, or from when it is
    first imported."""
    when_loaded("lightgbm.basic", _teach)


def _teach(lightgbm: Any) -> None:
    make, tell = lightgbm.Dataset._lazy_init, lightgbm._InnerPredictor.predict
    name = lightgbm.Dataset.set_feature_name
    if hasattr(make, "__wrapped__"):
        return

    @wraps(make)
    def make_with_words(self: Any, data: Any, *rest: Any, **more: Any) -> Any:
        if isinstance(data, pl.DataFrame) and (words := _words(data)):
            data = _places(data)
            if more.get("categorical_feature", "auto") == "auto" and more.get("reference") is None:
                more["categorical_feature"] = words
        return make(self, data, *rest, **more)

    @wraps(tell)
    def predict_with_words(self: Any, data: Any, *rest: Any, **more: Any) -> Any:
        return tell(self, _places(data) if isinstance(data, pl.DataFrame) else data, *rest, **more)

    @wraps(name)
    def spell_names(self: Any, names: Any) -> Any:
        return name(self, names if names is None or names == "auto" else spell(names, REFUSED))

    lightgbm.Dataset.set_feature_name = spell_names
    lightgbm.Dataset._lazy_init = make_with_words
    lightgbm._InnerPredictor.predict = predict_with_words


def _words(frame: pl.DataFrame) -> list[str]:
    return [s.name for s in frame if s.dtype in (pl.String, pl.Categorical, pl.Enum)]


def _places(frame: pl.DataFrame) -> pl.DataFrame:
    """Places in the list as 32-bit floats, missing as null; the rest as it is."""
    text = [s.name for s in frame if s.dtype in (pl.String, pl.Categorical)]
    if text:
        raise BadProject(
            f"LightGBM: found free text in {', '.join(text)}, expected numbers, booleans or words from a "
            "list. Encode it in a pipeline, or leave it out with `use`."
        )
    return frame.with_columns(s.to_physical().cast(pl.Float32) for s in frame if isinstance(s.dtype, pl.Enum))
