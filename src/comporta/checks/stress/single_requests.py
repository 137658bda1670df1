"""Test rows as single requests: raw where features are made on the way, else as their features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from comporta.checks.shared.measuring.raw_requests import Raw, fields_of, is_raw, match_requests
from comporta.checks.shared.measuring.v2_requests import as_json
from comporta.checks.stress.codes import (
    NO_ROW_WITH_KEY_AND_TIME,
    NO_WAY_TO_FEATURES,
)
from comporta.checks.stress.figures import MADE, PLAIN, RAW
from comporta.records import Field, Message, Signature, Slice
from comporta.records.columns import KEY
from comporta.records.features import Bundle
from comporta.store import StepContext

if TYPE_CHECKING:
    import polars as pl


class RequestSample(NamedTuple):
    """bodies: one JSON request a row. fields: their inputs, in order. where: from where on they ask. why: no
    raw requests are among them though features are made on the way, or None."""

    bodies: list[bytes]
    fields: tuple[Field, ...]
    where: str
    why: Message | None = None


def carry_rows(
    context: StepContext,
    takes: Signature,
    rows: pl.DataFrame,
    bundle: Bundle | None,
    tables: Mapping[str, Slice],
    raw: Raw | None,
) -> RequestSample:
    """The rows as requests. bundle: from a request to its features. tables: by dataset, what it reads. raw:
    gives rows as requests carry them, each with its own time."""
    features = [as_json(rows[at : at + 1], takes.features) for at in range(rows.height)]
    if is_raw(takes, bundle):
        return RequestSample(features, takes.features, PLAIN)
    if raw is None or bundle is None or bundle.of not in tables or KEY not in rows.columns:
        return RequestSample(features, takes.features, MADE, NO_WAY_TO_FEATURES())
    found, _ = match_requests(rows, np.arange(rows.height), raw(context, bundle, tables, rows[KEY].to_list()))
    if found.is_empty():
        return RequestSample(features, takes.features, MADE, NO_ROW_WITH_KEY_AND_TIME())
    fields = fields_of(takes, found)
    return RequestSample([as_json(found[at : at + 1], fields) for at in range(found.height)], fields, RAW)
