"""Whether the model was taught what was not yet known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace

from comporta.checks.shared.judging.arguments import check_choice, names
from comporta.checks.shared.judging.bounds import Bound, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import sentences
from comporta.checks.time_travel import figures
from comporta.records import (
    LEVELS,
    Evidence,
    Figure,
    Level,
    Need,
    Quantity,
    Record,
    Text,
    Verdict,
    code,
    need,
)
from comporta.records.measurement import MeasurementSpec

TITLE = code("check.time_travel", "point-in-time joins: no feature from the future")
TIMELESS = code(
    "check.time_travel.timeless",
    "point-in-time joins: no feature from the future ({tables} taken as timeless)", tables=tuple,
)  # fmt: skip
JOINED_LATE = code("time_travel.late", "rows joined to what was not known yet, from")
JOINED_EARLY = code("time_travel.early", "rows joined to what had not happened yet, from")
UNDATED = code(
    "time_travel.undated",
    "Of {count} joins it is not told when their rows were known: give their datasets `time`, or `arrived`, "
    "or name those that never change in `timeless`.",
    count=int,
)  # fmt: skip
DECLARED = code(
    "time_travel.declared",
    "{count} known features tell no time: that they are known in time is declared, not seen.", count=int,
)  # fmt: skip


class NoTimeTravel(Record, frozen=True, kw_only=True):
    """No row was joined to a row that came later. timeless: datasets whose rows never change."""

    kind: ClassVar[str] = "time_travel"
    timeless: tuple[str, ...] = ()
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`time_travel?timeless=airports`."""
        return identity(self.kind, timeless=self.timeless)

    @property
    def title(self) -> Text:
        """`point-in-time joins: no feature from the future (airports taken as timeless)`."""
        return TIMELESS(tables=self.timeless) if self.timeless else TITLE()

    def needs(self) -> tuple[Need, ...]:
        """The times that every join kept, of all rows."""
        return (need("time travel", timeless=list(self.timeless)),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """Fails on one row from the future; inconclusive where a join does not tell its times."""
        (found,) = evidence
        bounds = (
            Bound(metric=figures.LATE.metric, limit=0, what=JOINED_LATE()),
            Bound(metric=figures.EARLY.metric, limit=0, what=JOINED_EARLY()),
        )
        verdict = within_bounds(self, found, bounds)
        undated = _figure(found, figures.UNDATED)
        if verdict.outcome == "pass" and (undated is None or undated.value != 0):
            count, which = (0, ()) if undated is None else (int(undated.value), undated.notes)
            said = sentences(UNDATED(count=count), *which)
            verdict = replace(verdict, outcome="inconclusive", reason=said)
        declared = _figure(found, figures.DECLARED)
        if declared is None or not declared.value:
            return verdict
        return replace(verdict, reason=sentences(verdict.reason, DECLARED(count=int(declared.value))))


def _figure(found: Evidence, of: Quantity) -> Figure | None:
    return next((each for each in found.figures if each.metric == of.metric), None)


def no_time_travel(
    *, timeless: str | Sequence[str] = (), required: bool = True, level: Level = "release"
) -> NoTimeTravel:
    """No feature comes from the future: `no_time_travel(timeless=("airports",))`.

    Every join keeps beside each row when the joined row happened and when it was known
    (`__weather_event`, `__weather_arrived`). Both must not be later than the row's own time `__at`, in all
    rows of both parts; one row is enough to fail. A join that found rows without such times makes it
    inconclusive, unless its dataset is named in `timeless`, as the check's name then tells. Without joins it
    does not apply. Columns of the rows that ask are `known` by declaration and keep no time: the verdict says
    how many of them are features.

    What it does not see: a `known` column that is filled in later, a time of arrival that the source got
    wrong, and what a dataset without `arrived` and `delay` overwrote: there the event's own time counts as
    the time at which it was known. `single_feature` finds some of these.
    Raises BadProject when `timeless` is not names.
    """
    check_choice("no_time_travel", "level", level, LEVELS)
    told = names("no_time_travel", "timeless", timeless)
    return NoTimeTravel(timeless=told, required=required, level=level)


MEASUREMENT = MeasurementSpec(
    need="time travel",
    run="evidence.time_travel",
    reads={"train": "train", "test": "test"},
    optional={"bundle": "bundle"},
    context=("known", "joins"),
    fatal=True,
    section="time",
)
