"""Test rows as single requests: raw where features are made on the way, else as their features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from comporta.evidence.from_raw import Raw, fields_of, is_raw, met
from comporta.evidence.request import as_json
from comporta.records import Field, Signature, Slice
from comporta.records.columns import KEY
from comporta.store import Desk

if TYPE_CHECKING:
    import polars as pl

RAW = "from the raw request on"
PLAIN = "from the features on, as requests carry them"
MADE = "from the features on, without the joins and computed features before them"


class Carried(NamedTuple):
    """bodies: one JSON request a row. fields: their inputs, in order. where: from where on they ask. why: no
    raw requests are among them though features are made on the way, or empty."""

    bodies: list[bytes]
    fields: tuple[Field, ...]
    where: str
    why: str = ""


def carried(
    desk: Desk,
    takes: Signature,
    rows: pl.DataFrame,
    way: Mapping[str, Any] | None,
    tables: Mapping[str, Slice],
    raw: Raw | None,
) -> Carried:
    """The rows as requests. way: from a request to its features. tables: by dataset, what it reads. raw:
    gives rows as requests carry them, each with its own time."""
    features = [as_json(rows[at : at + 1], takes.features) for at in range(rows.height)]
    if is_raw(takes, way):
        return Carried(features, takes.features, PLAIN)
    if raw is None or way is None or way["of"] not in tables or KEY not in rows.columns:
        return Carried(features, takes.features, MADE, "nothing tells how requests become features")
    found, _ = met(rows, np.arange(rows.height), raw(desk, way, tables, rows[KEY].to_list()))
    if found.is_empty():
        why = "no test row has a key of its own and a time, and is still among the rows"
        return Carried(features, takes.features, MADE, why)
    fields = fields_of(takes, found)
    return Carried([as_json(found[at : at + 1], fields) for at in range(found.height)], fields, RAW)
