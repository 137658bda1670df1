from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comporta.errors import BadData, BadProject
from comporta.records import at_random, by_group, by_time
from comporta.records.duration import duration, duration_text
from comporta.train.split import assign_split

SECRET = b"s" * 32
START = datetime(2024, 1, 1, tzinfo=UTC)


def keys(count, start=0):
    return pl.Series([f'["{number}"]' for number in range(start, start + count)])


def hours(numbers):
    return pl.Series("at", [START + timedelta(hours=number) for number in numbers])


def test_the_newest_span_tests_and_the_gap_before_it_is_dropped():
    parts = assign_split(by_time("3h", gap="2h"), secret=SECRET, at=hours(range(10)))
    # Newest is hour 9: hours 7, 8, 9 test, hours 5 and 6 are the gap.
    assert parts.to_list() == ["train"] * 5 + ["gap"] * 2 + ["test"] * 3


@given(st.lists(st.integers(0, 300), min_size=1, max_size=60), st.integers(1, 100), st.integers(0, 50))
def test_no_training_row_is_nearer_to_a_test_row_than_the_gap(times, test, gap):
    split = by_time(timedelta(hours=test), gap=timedelta(hours=gap))
    try:
        parts = assign_split(split, secret=SECRET, at=hours(times))
    except BadData as fault:
        assert "no row" in str(fault)
        return
    train = [time for time, part in zip(times, parts, strict=True) if part == "train"]
    tests = [time for time, part in zip(times, parts, strict=True) if part == "test"]
    assert min(tests) - max(train) > gap
    assert max(tests) - min(tests) < test
    assert max(times) in tests


@given(st.integers(50, 300), st.integers(1, 300))
def test_an_append_moves_no_row(count, more):
    before = assign_split(at_random(0.3), secret=SECRET, keys=keys(count))
    after = assign_split(at_random(0.3), secret=SECRET, keys=keys(count + more))
    assert after.head(count).to_list() == before.to_list()


def test_about_the_asked_share_tests_and_another_secret_takes_others():
    parts = assign_split(at_random(0.2), secret=SECRET, keys=keys(20_000))
    assert (parts == "test").mean() == pytest.approx(0.2, abs=0.01)
    others = assign_split(at_random(0.2), secret=b"t" * 32, keys=keys(20_000))
    both = ((parts == "test") & (others == "test")).mean()
    assert both == pytest.approx(0.04, abs=0.01)


def test_a_larger_share_holds_the_smaller_one():
    small = assign_split(at_random(0.1), secret=SECRET, keys=keys(1000)) == "test"
    large = assign_split(at_random(0.3), secret=SECRET, keys=keys(1000)) == "test"
    assert (small & ~large).sum() == 0


def test_groups_are_never_torn():
    groups = pl.Series([f"customer {number % 40}" for number in range(1000)])
    parts = assign_split(by_group("customer", 0.25), secret=SECRET, keys=keys(1000), groups=groups)
    kinds = pl.DataFrame({"group": groups, "part": parts}).group_by("group").agg(pl.col("part").n_unique())
    assert kinds["part"].max() == 1


def test_a_row_without_its_group_stands_alone():
    groups = pl.Series([None] * 1000, dtype=pl.String)
    parts = assign_split(by_group("customer", 0.25), secret=SECRET, keys=keys(1000), groups=groups)
    assert (parts == "test").mean() == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize(
    ("split", "given", "error"),
    [
        (at_random(0.0), {"keys": keys(9)}, BadProject),
        (at_random(1.5), {"keys": keys(9)}, BadProject),
        (at_random(0.2), {}, BadProject),
        (by_group("a"), {"keys": keys(9)}, BadProject),
        (by_time("1d"), {}, BadProject),
        (by_time("1d"), {"at": pl.Series([1, 2])}, BadProject),
        (by_time("0s"), {"at": hours(range(9))}, BadProject),
        (by_time("30d"), {"at": hours(range(9))}, BadData),
        (by_time("1h", gap="30d"), {"at": hours(range(9))}, BadData),
        (by_time("1d"), {"at": pl.Series("at", [START, None])}, BadData),
        (at_random(0.0001), {"keys": keys(3)}, BadData),
    ],
)
def test_a_split_that_cannot_be_made_is_one_clear_error(split, given, error):
    with pytest.raises(error, match=r"expected|no |Take"):
        assign_split(split, secret=SECRET, **given)


@pytest.mark.parametrize("text", ["0s", "90s", "1.5s", "15m", "36h", "14d", "600d"])
def test_a_span_is_told_as_people_write_it(text: str) -> None:
    assert duration_text(duration(text)) == text


def test_a_split_that_leaves_no_row_tells_its_spans_as_they_were_written() -> None:
    with pytest.raises(BadData, match=r"is left to train by test=600d, gap=1h\. Take another span"):
        assign_split(by_time("600d", gap="1h"), secret=SECRET, at=hours(range(10)))
