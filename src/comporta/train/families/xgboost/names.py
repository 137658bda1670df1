"""XGBoost and names of columns: it refuses `[`, `]` and `<`, by which its text of trees is read. Inside, such
a name is spelled with `_`."""

from __future__ import annotations

import re
import sys
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from comporta.train.families.spelling import spell

REFUSED = re.compile(r"^$|[\[\]<]")
"""What it refuses in a name (xgboost 3.2, `DMatrix.feature_names`)."""
_READERS = ("_transform_polars_df", "_transform_pandas_df")
"""Of `xgboost.data`: frame → what XGBoost reads, names, types."""


def teach_xgboost(frame: Any) -> None:
    """XGBoost in this process takes any names of columns from now on, where the frame has such, or it is
    loaded already."""
    names = [str(each) for each in getattr(frame, "columns", ())]
    if "xgboost" not in sys.modules and not any(map(REFUSED.search, names)):
        return
    if find_spec("xgboost") is None:
        return
    data: Any = import_module("xgboost.data")
    for name in _READERS:
        reader = getattr(data, name, None)
        if reader is not None and not hasattr(reader, "__wrapped__"):
            setattr(data, name, _spelling(reader))


def _spelling(reader: Any) -> Any:
    @wraps(reader)
    def read(*given: Any, **named: Any) -> Any:
        rows, names, types = reader(*given, **named)
        return rows, names if names is None else spell(names, REFUSED), types

    return read
