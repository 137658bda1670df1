"""Features that are missing, or as large as a double can be, leave every measuring its figures."""

import numpy as np
import polars as pl
import pytest

from comporta.checks.baselines.measure import baselines
from comporta.checks.feature_quality.measure import quality
from comporta.checks.label_errors.measure import measure_label_errors
from comporta.checks.membership.measure import reference
from comporta.checks.shared.measuring.reference import importances, reference_of
from comporta.checks.shared.tables import FEATURE, HIGH, LOW, REPLICATES, RESAMPLED, SHARE
from comporta.checks.single_feature.measure import alone
from comporta.records import Field, Figure, Findings, Signature, decode, encode
from comporta.stats.simple import numbers_of

ROWS = 800
draw = np.random.default_rng(0)
plain = draw.normal(size=ROWS)
came = plain + draw.normal(size=ROWS) > 0
HOSTILE = {
    "plain": plain,
    "near the largest": draw.normal(size=ROWS) * 1e300,
    "one is the largest": np.where(np.arange(ROWS) == 7, 1.7e308, plain),
    "both ends": np.where(np.arange(ROWS) % 9 == 0, 1.7e308, -1.7e308),
    "infinite": np.where(np.arange(ROWS) % 9 == 0, np.inf, plain),
    "not a number": np.full(ROWS, np.nan),
    "subnormal": draw.normal(size=ROWS) * 1e-310,
}
TABLE = pl.DataFrame(HOSTILE).with_columns(
    pl.lit(None, pl.Float64).alias("missing number"),
    pl.lit(None, pl.Int64).alias("missing whole"),
    pl.lit(None, pl.Boolean).alias("missing flag"),
    pl.lit(None, pl.String).alias("missing word"),
    pl.lit(None).alias("missing"),
    __key=pl.int_range(ROWS).cast(pl.String),
    __target=pl.Series(came),
)
FIELDS = tuple(
    Field(name=name, type="String" if "word" in name else "Float64")
    for name in TABLE.columns
    if not name.startswith("__")
)


def said(rows: pl.DataFrame) -> pl.DataFrame:
    chance = 1 / (1 + np.exp(-rows["plain"].to_numpy()))
    label = pl.Series(np.where(chance > 0.5, "true", "false"), dtype=pl.Enum(["false", "true"]))
    return rows.with_columns(
        __label=label, __probability_0=pl.Series(1 - chance), __probability_1=pl.Series(chance)
    )


def test_every_column_has_a_place_among_the_numbers_of_a_simple_model() -> None:
    train, test = TABLE[:500], TABLE[500:]
    names = [field.name for field in FIELDS]
    for part in numbers_of(train[names], test[names]):
        assert np.isfinite(part).all() and np.abs(part).max() <= 10


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_measurings_of_features_have_figures_that_can_be_read_again() -> None:
    train, test = TABLE[:500], TABLE[500:]
    for found in (baselines(said(test), train), alone(train, said(test)), quality(train, test)):
        again = decode(encode(found), Findings)
        assert again.figures and again == found


def test_the_reference_of_hostile_features_can_be_read_by_the_next_version() -> None:
    kept = reference_of(said(TABLE), FIELDS)
    assert decode(encode(kept), type(kept)) == kept


def test_an_attackers_reference_learns_beside_features_that_are_all_missing() -> None:
    takes = Signature(
        raw=(), features=FIELDS, output="both", task="binary", classes=("false", "true"), label="Boolean"
    )
    assert np.isfinite(reference(TABLE[:500], takes, 0)(TABLE[500:])).all()


def test_a_figure_that_is_no_number_is_told_as_not_measured() -> None:
    found = Findings(
        figures=(Figure(metric="importance", value=float("nan"), rows=9), Figure(metric="other", value=1.0))
    )
    assert [each.metric for each in found.figures] == ["other"]
    assert [(each.metric, each.rows) for each in found.unmeasured] == [("importance", 9)]
    assert decode(encode(found), Findings) == found


def test_importances_that_were_kept_without_numbers_count_as_not_measured() -> None:
    row = {FEATURE: "x", SHARE: None, LOW: None, HIGH: None, RESAMPLED: (0.5,)}
    assert importances(Findings(tables=(REPLICATES.of([row]),))) is None


def test_contradicted_numbers_are_told_with_the_rows_to_look_at() -> None:
    truth = plain * 3
    rows = TABLE.with_columns(__target=pl.Series(np.where(np.arange(ROWS) < 8, 99.0, truth)))
    found = measure_label_errors(rows.with_columns(__prediction=pl.Series(truth + 0.1 * plain**2)))
    assert found.figures[0].value == pytest.approx(8 / ROWS, abs=0.01)
    assert found.tables and len(found.tables[-1].rows) >= 8
