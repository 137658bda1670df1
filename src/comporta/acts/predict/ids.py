"""Prediction ids of a batch: 16 hex digits of the batch, 16 of the row's keyed hash.

Nothing is kept for each row that was answered: the ledger has the batch, which names the version and the
rows, and the hash finds the row among them.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import cache

import numpy as np
import polars as pl

from comporta.data.keys import key_hashes
from comporta.records import DatasetSchema
from comporta.store import Keys


def batch_id(now: datetime) -> str:
    """A new one: milliseconds since 1970 as in the ids of served predictions, then 16 random bits."""
    return f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(2)}"


def prediction_ids(batch: str, hashes: pl.Series) -> pl.Series:
    """The id of each row. hashes: of the rows' keys, UInt64 (`row_hashes`)."""
    parts = [
        _four_digits()[((hashes // (1 << shift)) % (1 << 16)).cast(pl.UInt32)].alias(str(shift))
        for shift in (48, 32, 16, 0)
    ]
    return pl.DataFrame(parts).select(pl.concat_str(pl.lit(batch), pl.all())).to_series()


def row_hashes(rows: pl.DataFrame, shape: DatasetSchema, keys: Keys) -> pl.Series:
    """The keyed hash of each row's key, UInt64. Raises BadData when a key column is missing."""
    return pl.Series(np.ascontiguousarray(key_hashes(rows, shape, keys)), dtype=pl.UInt64)


@cache
def _four_digits() -> pl.Series:
    """16 bits → their hex digits: a look-up costs a tenth of formatting each row."""
    return pl.Series([f"{each:04x}" for each in range(1 << 16)], dtype=pl.String)
