"""A team's own test as a check: a plain function, passed as an argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from comporta.checks.acceptance.figures import HOLDS as HOLDS_METRIC
from comporta.checks.acceptance.figures import VALUE
from comporta.checks.shared.judging.arguments import number, usual
from comporta.checks.shared.judging.bounds import Bound, On, not_applicable, not_measured, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import limits
from comporta.errors import BadProject
from comporta.records import Evidence, Level, Message, Need, Record, Text, Verdict, Words, code, need, place
from comporta.records.measurement import MeasurementSpec

TITLE = code("check.acceptance", "accepted: {label}", label=str)
LIMITED = code("check.acceptance.limited", "accepted: {label} {limits: and }", label=str, limits=tuple)
HOLDS = code("acceptance.holds", "{label} holds.", label=str)
BROKEN = code("acceptance.broken", "{label} does not hold.", label=str)
BROKEN_AT = code(
    "acceptance.broken_at", "{label} does not hold at {place}; the evidence has what it said.",
    label=str, place=(Words, Message),
)  # fmt: skip
NO_NUMBER = code("acceptance.no_number", "it says true, expected a number to hold against the limit")
NO_LIMIT = code("acceptance.no_limit", "it gives a number, and no at_least or at_most was declared")


class Accepted(Record, frozen=True, kw_only=True):
    """What a function says of the candidate holds; or the number it gives is within limits."""

    kind: ClassVar[str] = "acceptance"
    label: str
    function: Callable[..., Any]
    least: float | None = None
    most: float | None = None
    on: On = "interval"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`acceptance?label=no_free_rides&at_least=0.9`."""
        return identity(self.kind, label=self.label, at_least=self.least, at_most=self.most)

    @property
    def title(self) -> Text:
        """`accepted: no_free_rides at least 0.9`."""
        ends = limits(self.least, self.most)
        return LIMITED(label=self.label, limits=ends) if ends else TITLE(label=self.label)

    def needs(self) -> tuple[Need, ...]:
        """What the function says; limits change nothing of it."""
        return (need("acceptance", functions={"function": self.function}),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on what the function said."""
        (found,) = evidence
        if found.without:
            return not_applicable(self, found)
        if found.missing or not found.figures:
            return not_measured(self, None, found)
        figure = found.figures[0]
        limited = self.least is not None or self.most is not None
        if figure.metric == HOLDS_METRIC.metric:
            if limited and figure.value == 1:
                return self._doubt(found, NO_NUMBER())
            return self._verdict(found, bool(figure.value == 1))
        if not limited:
            return self._doubt(found, NO_LIMIT())
        on: On = "value" if figure.low is None and figure.metric == VALUE.metric else self.on
        ends = ((self.least, True), (self.most, False))
        return within_bounds(
            self,
            found,
            [
                Bound(metric=figure.metric, limit=limit, higher=higher, on=on, figures=(figure,))
                for limit, higher in ends
                if limit is not None
            ],
        )

    def _verdict(self, found: Evidence, holds: bool) -> Verdict:
        figure = found.figures[0]
        line = place(figure)
        broken = BROKEN(label=self.label) if line is None else BROKEN_AT(label=self.label, place=line)
        return Verdict(
            check=self.name,
            outcome="pass" if holds else "fail",
            required=self.required,
            reason=HOLDS(label=self.label) if holds else broken,
            figure=figure,
            evidence=found.artifact,
        )

    def _doubt(self, found: Evidence, why: Text) -> Verdict:
        return not_measured(self, None, found, why)


def accept(
    function: Callable[..., Any],
    name: str | None = None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    on: On = "interval",
    required: bool = True,
    level: Level = "release",
) -> Accepted:
    """The team's own test: `accept(no_free_rides)`, with `def no_free_rides(rows, predictions): ...`.

    The names of the function's arguments choose what it is handed: `rows` (the test rows: features, columns
    kept beside them, `__key`, `__at`), `truth` (what came true), `predictions` (of these rows: `label` and
    `probability`, or `prediction`), `predict` (a frame with the features → predictions), `train` and
    `train_truth`. It returns true or false; a number, held against at_least and at_most; a `Figure`, whose
    interval is; or raises AssertionError. All else is inconclusive and blocks where it is required: another
    exception, nothing returned, a number without a limit. An assertion's message goes to the evidence, as it
    may hold values; the verdict has its line.

    It must be at the top of a project file. Its source text counts in the policy: an edited test is another
    policy. For more than a function, pass any frozen object with `name`, `required`, `needs` and `judge`.
    Raises BadProject where it is no function, or on a limit that is no number.
    """
    label = name or getattr(function, "__name__", "")
    if not callable(function) or not label:
        raise BadProject(f"accept: found {function!r}, expected a function with a name.")
    usual(f"accept {label}", on, level)
    return Accepted(
        label=label,
        function=function,
        least=None if at_least is None else number(f"accept {label}", "at_least", at_least),
        most=None if at_most is None else number(f"accept {label}", "at_most", at_most),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="acceptance",
    run="evidence.acceptance",
    reads={
        "model": "model",
        "signature": "signature",
        "test": "test",
        "train": "train",
        "predictions": "predictions",
    },
    functions=("opened",),
)
