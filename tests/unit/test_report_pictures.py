"""What the measuring itself gives, of every kind of model, is drawn and says what it shows."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from comporta.checks import calibrated, demographic_parity, importance_change
from comporta.checks.calibration.measure import calibration
from comporta.checks.fairness.measure import compare
from comporta.checks.importance_change.measure import measure_change
from comporta.checks.pool import drawings_of
from comporta.opened.sentences import in_words, sentence
from comporta.records import Check, Evidence, Findings, metric_text
from comporta.records.reference import Importances
from comporta.report.evidence_pictures import pictures
from comporta.report.standing import findings_in_text as in_text

ROWS = 900
SEXES = pl.Series("__keep_sex", ["f", "m"] * (ROWS // 2))


def captions(check: Check, found: Findings) -> list[str]:
    """Of the pictures that a check's verdict on these findings is told with."""
    (need,) = check.needs()
    verdict = check.judge((Evidence(need=need, figures=found.figures),))
    metrics = {each.metric: sentence(metric_text(each.metric)) for each in found.figures}
    shown = in_text(in_words(found, sentence), sentence)
    drawn = pictures(
        replace(verdict, what=need.what), shown, in_words(drawings_of(need.what), sentence), metrics
    )
    return [re.sub("<.*?>", "", each.partition("<figcaption>")[2]) for each in drawn]


def classified(classes: str) -> pl.DataFrame:
    chance = np.random.default_rng(1)
    said = chance.dirichlet(np.ones(len(classes)), ROWS)
    came = (said.cumsum(axis=1) > chance.random((ROWS, 1))).argmax(axis=1)
    kind = pl.Enum(list(classes))
    return pl.DataFrame(
        {
            "__key": [str(n) for n in range(ROWS)],
            "__target": pl.Series([classes[n] for n in came], dtype=kind),
            "__label": pl.Series([classes[n] for n in said.argmax(axis=1)], dtype=kind),
            **{f"__probability_{n}": said[:, n] for n in range(len(classes))},
        }
    ).with_columns(SEXES)


def numbered() -> pl.DataFrame:
    chance = np.random.default_rng(1)
    said = chance.normal(size=ROWS)
    came = said + chance.normal(size=ROWS)
    return pl.DataFrame(
        {"__key": [str(n) for n in range(ROWS)], "__target": came, "__prediction": said}
    ).with_columns(SEXES)


@pytest.mark.parametrize(
    ("rows", "begins"),
    [
        (classified("ab"), ["Dashed: it comes as often as it is said."]),
        (
            classified("abc"),
            ["Smooth calibration error", "Named class. Dashed", *(f"Class {each}. Dashed" for each in "abc")],
        ),
        (numbered(), ["Each tenth of the rows, by what was said."]),
    ],
    ids=["two classes", "three", "numbers"],
)
def test_calibration_is_a_picture_of_each_claim(rows, begins):
    found = captions(calibrated(), calibration(rows))
    assert [caption[: len(begin)] for caption, begin in zip(found, begins, strict=True)] == begins


@pytest.mark.parametrize(
    ("rows", "of"),
    [
        (classified("ab"), ["selection rate"]),
        (classified("abc"), [f"selection rate ({each})" for each in "abc"]),
        (numbered(), ["mean prediction"]),
    ],
    ids=["two classes", "three", "numbers"],
)
def test_the_rates_of_groups_are_a_picture_for_each_rate(rows, of):
    pairs, *groups = captions(demographic_parity(by="sex"), compare(rows, ["sex"], "parity"))
    assert pairs.endswith("difference, with 95 % intervals. Dashed: the limit 0.1.")
    assert groups == [f"The {each} of each group, with its 95 % interval." for each in of]


def test_a_failing_importance_check_shows_each_earlier_version():
    def kept(*shares: float) -> Importances:
        replicates = tuple(tuple(share + n / 1000 for share in shares) for n in range(20))
        return Importances(
            method="permutation", features=("age", "income"), shares=shares, low=shares, high=shares,
            replicates=replicates, rows=ROWS,
        )  # fmt: skip

    found = measure_change(kept(0.9, 0.1), {1: kept(0.1, 0.9), 2: kept(0.2, 0.8)})
    moved, first, second = captions(importance_change(versions=2), found)
    assert moved.startswith("Share of all importance that lies with other features than before")
    assert "hollow in the version released before this one, full in this." in first
    assert "hollow in earlier 2, full in this." in second
