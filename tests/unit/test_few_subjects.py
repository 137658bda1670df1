"""A slice about fewer than ten people is measured nowhere, however many rows they have; about more it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from comporta.acts.judge.evidence import slices_unmeasured
from comporta.checks.attribute_inference.measure import measure as inferred
from comporta.checks.calibration.measure import calibration
from comporta.checks.champion.measure import versus
from comporta.checks.fairness.measure import compare
from comporta.checks.proxy.measure import telling
from comporta.checks.weak_slices.measure import weak_slices
from comporta.opened.sentences import english
from comporta.records import FEWEST_SUBJECTS, Findings, Need, encode, say
from comporta.stats.subjects import subjects_of
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.messages import slice_text
from comporta.train import steps
from comporta.train.asking import open_estimator
from comporta.train.scores import measure_scores

RARE = "Zenobia's illness"
ROWS = 1200


def predicted(people: int, seed: int = 0) -> pl.DataFrame:
    """Answers in three towns; 200 rows are of the third, about so many people, and wrong more often."""
    draw = np.random.default_rng(seed)
    town = np.array(["a"] * 500 + ["b"] * 500 + [RARE] * 200)
    subject = np.concatenate([np.arange(1000) + 1000, np.arange(200) % people])
    x = draw.normal(size=ROWS)
    chance = 1 / (1 + np.exp(-x))
    came = draw.random(ROWS) < np.where(town == RARE, 1 - chance, chance)
    order = draw.permutation(ROWS)
    return pl.DataFrame(
        {
            "x": x,
            "__key": [str(row) for row in range(ROWS)],
            "__keep_town": town,
            "__subject": pl.Series(subject, dtype=pl.UInt64),
            "__target": came,
            "__label": pl.Series(np.where(chance > 0.5, "true", "false"), dtype=pl.Enum(["false", "true"])),
            "__probability_0": 1 - chance,
            "__probability_1": chance,
        }
    )[order]


def attribute(rows: pl.DataFrame) -> Findings:
    context = StepContext(store=MemoryStore(), keys=derive(b"k" * 32))
    train = write(context, rows.select("x", "__keep_town", "__subject", "__target"))
    kept = steps.fit(context, train=train, fit=lambda X, y: LogisticRegression().fit(X, y))
    made = inferred(context, **kept, train=train, test=train, opened=open_estimator, of="town")
    return context.get_json(made["findings"], Findings)


MEASURED: dict[str, Callable[[pl.DataFrame], Any]] = {
    "scores": lambda rows: measure_scores(rows, ["accuracy"], ["town"]).figures,
    "calibration": lambda rows: calibration(rows, by=["town"]).figures,
    "versus": lambda rows: versus(rows, rows, "accuracy", "town"),
    "bias": lambda rows: _bias(rows),
    "weak slices": lambda rows: weak_slices(rows).table("slices").by_id,
    "proxy": lambda rows: _figures(telling(rows, ["x"], "town")),
    "attribute inference": lambda rows: _figures(attribute(rows)),
}


def _bias(rows: pl.DataFrame) -> Any:
    found = compare(rows, ["town"], "parity", subject=subjects_of(rows))
    return found.figures, found.tables


def _figures(found: Findings) -> Any:
    return found.figures, found.tables


@pytest.mark.parametrize("name", MEASURED)
def test_it_is_named_by_none_where_it_is_about_nine_and_by_each_where_it_is_about_ten(name: str) -> None:
    assert RARE.encode() not in encode(MEASURED[name](predicted(FEWEST_SUBJECTS - 1)))
    assert RARE.encode() in encode(MEASURED[name](predicted(FEWEST_SUBJECTS)))


def test_rows_that_have_no_subject_count_each_and_so_do_single_rows_without_one() -> None:
    rows = predicted(1)
    nobody = pl.lit(None, dtype=pl.UInt64).alias("__subject")
    for without in (rows.drop("__subject"), rows.with_columns(nobody)):
        assert any(
            RARE in slice_text(each) for each in measure_scores(without, ["accuracy"], ["town"]).figures
        )
    of_rare = pl.col("__keep_town") == RARE
    some = rows.with_columns(pl.when(~of_rare).then("__subject"))
    assert any(RARE in slice_text(each) for each in measure_scores(some, ["accuracy"], ["town"]).figures)


def test_the_reason_says_how_many_it_is_about_and_counts_as_small() -> None:
    found = measure_scores(predicted(3), ["accuracy"], ["town"])
    (lost,) = slices_unmeasured(Need(what="scores", metric="accuracy", by="town"), found)
    assert lost.small
    assert say(lost.why, english()) == "200 rows about 3 subjects, at least 10 expected"


def test_in_proxies_and_attributes_it_is_counted_among_those_not_judged() -> None:
    for found in (telling(predicted(3), ["x"], "town"), attribute(predicted(3))):
        (small,) = [each for each in found.figures if each.metric == "values_too_small"]
        assert small.value == 1
        assert any("fewer than 10 subjects" in say(note, english()) for note in found.notes)
