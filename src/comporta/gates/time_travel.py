"""Whether the model was taught what was not yet known."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from comporta.gates.argument import chosen, names
from comporta.gates.held import Held, held
from comporta.records import LEVELS, Evidence, Level, Need, Record, Verdict, need

LATE, EARLY = "rows joined before it was known", "rows joined to the future"


class NoTimeTravel(Record, frozen=True, kw_only=True):
    """No row was joined to a row that came later. timeless: datasets whose rows never change."""

    timeless: tuple[str, ...] = ()
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`no feature comes from the future, airports taken as timeless`."""
        excused = f", {', '.join(self.timeless)} taken as timeless" if self.timeless else ""
        return f"no feature comes from the future{excused}"

    def needs(self) -> tuple[Need, ...]:
        """The times that every join kept, of all rows."""
        return (need("time travel", timeless=list(self.timeless)),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """Fails on one row from the future; inconclusive where a join does not tell its times."""
        (found,) = evidence
        verdict = held(
            self,
            found,
            (
                Held(metric=LATE, limit=0, slice=None, says="rows joined to what was not known yet, from"),
                Held(
                    metric=EARLY, limit=0, slice=None, says="rows joined to what had not happened yet, from"
                ),
            ),
        )
        undated = _count(found, "joins without times")
        if verdict.outcome == "pass" and undated != 0:
            verdict = replace(
                verdict,
                outcome="inconclusive",
                reason=f"Of {undated or 0:.0f} joins it is not told when their rows were known: give their "
                "datasets `time`, or `arrived`, or name those that never change in `timeless`.",
            )
        declared = _count(found, "known features without times")
        if not declared:
            return verdict
        said = (
            f"{declared:.0f} known features tell no time: that they are known in time is declared, not seen."
        )
        return replace(verdict, reason=f"{verdict.reason} {said}")


def _count(found: Evidence, metric: str) -> float | None:
    return next((each.value for each in found.figures if each.metric == metric), None)


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
    chosen("no_time_travel", "level", level, LEVELS)
    told = names("no_time_travel", "timeless", timeless or None)
    return NoTimeTravel(timeless=told, required=required, level=level)
