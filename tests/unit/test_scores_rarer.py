"""Values beyond the most common of a column are told as not measured: small, or too many."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from comporta.acts.judge.evidence import slices_unmeasured
from comporta.records import Need
from comporta.testing.messages import slice_text
from comporta.train.codes import RARER_TOO_FEW, RARER_VALUES
from comporta.train.scores import measure_scores


@pytest.mark.parametrize(("each", "small"), [(40, False), (3, True)])
def test_values_beyond_the_fifty_most_common_are_unmeasured_and_small_where_they_are(each, small):
    draw = np.random.default_rng(0)
    store = np.concatenate([np.repeat(np.arange(50), 60), np.repeat(np.arange(50, 54), each)])
    rows = pl.DataFrame({"store": [f"s{place}" for place in store], "__target": draw.normal(size=len(store))})
    rows = rows.with_columns(__prediction=pl.col("__target") + 0.1)
    found = measure_scores(rows, ["mae"], ["store"])
    assert sum(bool(slice_text(figure)) for figure in found.figures) == 50
    (lost,) = slices_unmeasured(Need(what="scores", metric="mae", by="store"), found)
    why = RARER_TOO_FEW(values=4, rows=each, least=30) if small else RARER_VALUES(values=4, most=50)
    assert (slice_text(lost), lost.why, lost.small) == ("store=…", why, small)
