"""What a version leaves for later ones: counts over fixed cells, which add up."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comporta.checks.shared.measuring import reference
from comporta.errors import BadData
from comporta.records import Field, Signature, encode
from comporta.records.reference import Reference
from comporta.stats.profiles import HASHED, merge, profile, recount
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write


def table(rows, columns, seed=0):
    draw = np.random.default_rng(seed)
    chance = draw.random(rows)
    return pl.DataFrame(
        {f"f{number}": draw.normal(size=rows) for number in range(columns)}
        | {"town": draw.choice(["Lisboa", "Porto", "Faro"], rows)}
        | {
            "__key": [str(number) for number in range(rows)],
            "__at": [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(rows)],
            "__target": draw.random(rows) < chance,
            "__label": pl.Series(np.where(chance > 0.5, "true", "false"), dtype=pl.Enum(["false", "true"])),
            "__probability_0": 1 - chance,
            "__probability_1": chance,
        }
    )


def context():
    return StepContext(store=MemoryStore(), keys=derive(bytes(32)))


def takes(columns):
    features = (
        *(Field(name=f"f{number}", type="Float64") for number in range(columns)),
        Field(name="town", type="String", values=("Faro", "Lisboa", "Porto")),
    )
    return Signature(raw=features, features=features, output="both", task="binary", classes=("false", "true"))


def test_forty_features_leave_less_than_200_kilobytes():
    at = context()
    rows = table(5_000, 40)
    made = reference.measure(at, predictions=write(at, rows), signature=at.put_json(takes(40)))
    assert made["reference"].size < 200_000
    found = at.get_json(made["reference"], Reference)
    assert found.rows == 5_000 and found.task == "binary"
    assert set(found.features) == {*(f"f{n}" for n in range(40)), "town"}
    assert sum(found.decisions.counts) == 5_000
    assert found.labels.counts[found.labels.words.index("true")] == int(rows["__target"].sum())
    assert list(found.scores) == ["true"]
    again = reference.measure(at, predictions=write(at, rows), signature=at.put_json(takes(40)))
    assert again == made


def test_a_regression_leaves_its_numbers_and_no_decisions():
    rows = table(500, 2).select(pl.col("f0", "f1"), __target=pl.col("f0"), __prediction=pl.col("f1"))
    found = reference.reference_of(rows, takes(2).features[:2])
    assert found.task == "regression" and found.decisions is None
    assert list(found.scores) == ["prediction"]
    assert found.labels.finite == 500


def test_each_twentieth_holds_a_twentieth():
    found = profile(pl.Series(np.random.default_rng(0).normal(size=2_000)))
    assert len(found.counts) == 20
    assert max(found.counts) - min(found.counts) <= 1


def test_missing_and_infinite_values_are_counted_and_spoil_no_moment():
    found = profile(pl.Series([1.0, 2.0, None, float("nan"), float("inf"), -float("inf")]))
    assert (found.missing, sum(found.counts), found.finite) == (2, 4, 2)
    assert (found.mean, found.square, found.low, found.high) == (1.5, 0.5, 1.0, 2.0)


def test_a_column_without_values_is_counted_as_missing():
    for empty in (
        pl.Series([None, None]),
        pl.Series([], dtype=pl.Float64),
        pl.Series([None], dtype=pl.String),
    ):
        found = profile(empty)
        assert sum(found.counts) == 0 and found.missing == found.rows == len(empty)


def test_few_different_numbers_have_a_cell_each():
    found = profile(pl.Series([0, 0, 0, 1, 2, 2]))
    assert found.counts == (3, 1, 2)
    assert recount(pl.Series([True, False, None]), found).counts == (1, 1, 0)


def test_a_word_never_seen_in_training_is_an_other_one():
    found = profile(pl.Series(["a", "b", "new", None]), words=("a", "b"))
    assert (found.counts, found.missing) == ((1, 1, 1), 1)


def test_many_words_are_hashed_and_the_most_common_told():
    words = pl.Series([f"street {n % 500}" for n in range(5_000)] + ["main"] * 100)
    found = profile(words)
    assert found.cells == "hashed" and len(found.counts) == HASHED and sum(found.counts) == 5_100
    assert found.common["main"] == 100
    assert recount(words.reverse(), found) == found


def test_words_are_not_compared_with_numbers():
    with pytest.raises(BadData):
        recount(pl.Series(["a"]), profile(pl.Series([1.0, 2.0])))
    with pytest.raises(BadData):
        profile(pl.Series([datetime(2024, 1, 1)]))


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=60), st.integers(0, 60))
def test_two_segments_added_are_the_whole(values, cut):
    whole = pl.Series(values, dtype=pl.Float64)
    like = profile(pl.Series(np.linspace(-1e6, 1e6, 400)))
    both = merge(recount(whole[:cut], like), recount(whole[cut:], like))
    once = recount(whole, like)
    assert (both.counts, both.missing, both.rows, both.finite) == (
        once.counts,
        once.missing,
        once.rows,
        once.finite,
    )
    assert both.mean == pytest.approx(once.mean, rel=1e-9, abs=1e-6)
    assert both.square == pytest.approx(once.square, rel=1e-9, abs=1e-3)
    assert (both.low, both.high) == (once.low, once.high)


def test_profiles_over_other_cells_are_not_added():
    with pytest.raises(BadData):
        merge(profile(pl.Series(np.arange(100.0))), profile(pl.Series(np.arange(50.0))))


def test_rows_that_repeat_within_a_unit_count_as_fewer():
    draw = np.random.default_rng(1)
    once = draw.normal(size=1_000)
    units = np.repeat(np.arange(1_000), 10)
    alone = profile(pl.Series(draw.normal(size=10_000)), units)
    tied = profile(pl.Series(np.repeat(once, 10)), units)
    assert alone.effect == pytest.approx(1, abs=0.05)
    assert tied.effect == pytest.approx(10, rel=0.1)


def test_the_same_counts_are_the_same_bytes():
    rows = table(300, 3)
    assert encode(reference.reference_of(rows, takes(3).features)) == encode(
        reference.reference_of(rows.clone(), takes(3).features)
    )
