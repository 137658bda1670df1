"""XGBoost and names of columns: it refuses `[`, `]` and `<`, by which its text of trees is read. Inside, such
a name is spelled with `_`."""

from __future__ import annotations

import re
from functools import wraps
from typing import Any

from comporta.errors import wording
from comporta.records.extras import require
from comporta.train.families.spelling import spell
from comporta.train.families.when_loaded import when_loaded

REFUSED = re.compile(r"^$|[\[\]<]")
"""What it refuses in a name (xgboost 3.2, `DMatrix.feature_names`)."""
_POLARS = "_transform_polars_df"
_READERS = (_POLARS, "_transform_pandas_df")
"""Of `xgboost.data`: frame → what XGBoost reads, names, types."""


def teach_xgboost() -> None:
    """XGBoost in this process takes any names of columns from now on, or from when it is first imported."""
    when_loaded("xgboost.data", _teach)


def _teach(data: Any) -> None:
    for name in _READERS:
        reader = getattr(data, name, None)
        if reader is not None and not hasattr(reader, "__wrapped__"):
            setattr(data, name, _spelling(reader))


def _spelling(reader: Any) -> Any:
    @wraps(reader)
    def read(*given: Any, **named: Any) -> Any:
        if reader.__name__ == _POLARS:
            require("pyarrow", wording("XGBoost: to read a polars frame it"), by="xgboost")
        rows, names, types = reader(*given, **named)
        return rows, names if names is None else spell(names, REFUSED), types

    return read
