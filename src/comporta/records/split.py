"""Which rows train a model and which are kept sealed to judge it."""

from __future__ import annotations

from datetime import timedelta

from comporta.records.duration import duration
from comporta.records.record import Record


class ByTime(Record, frozen=True, tag="time"):
    """The newest rows test. test: the span kept for it. gap: dropped between, at least the label's delay."""

    test: timedelta
    gap: timedelta = timedelta()


class ByGroup(Record, frozen=True, tag="group"):
    """Whole groups test, chosen by keyed hash: an append moves no group. group: a column."""

    group: str
    test: float = 0.2


class AtRandom(Record, frozen=True, tag="random"):
    """Rows test, chosen by keyed hash of their key: an append moves no row."""

    test: float = 0.2


Split = ByTime | ByGroup | AtRandom


def by_time(test: str | timedelta, gap: str | timedelta = timedelta()) -> ByTime:
    """The newest `test` of time tests; `gap` before it is dropped: `by_time("30d", gap="1d")`."""
    return ByTime(duration(test), duration(gap))


def by_group(group: str, test: float = 0.2) -> ByGroup:
    """About the share `test` of the groups tests, each whole: `by_group("customer")`."""
    return ByGroup(group, test)


def at_random(test: float = 0.2) -> AtRandom:
    """About the share `test` of the rows tests: `at_random(0.2)`."""
    return AtRandom(test)
