"""What was measured, and what a gate says about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from msgspec.structs import force_setattr

from comporta.errors import BadProject
from comporta.records.asset import Artifact
from comporta.records.figure import Figure, UnmeasuredFigure
from comporta.records.measurement import MeasurementSpec
from comporta.records.message import NO_TEXT, Code, PlainText, Text, code
from comporta.records.record import Json, Record, encode
from comporta.records.tables import Table, TableCode

Outcome = Literal["pass", "fail", "inconclusive", "does not apply"]
Level = Literal["commit", "release", "audit"]
"""When a check is asked: `commit` on each push, in seconds; `release` before production; `audit` the slow
ones too. A level asks for all checks of the levels before it."""

LEVELS: tuple[Level, ...] = ("commit", "release", "audit")


PASS = code("outcome.pass", "pass")
FAIL = code("outcome.fail", "fail")
INCONCLUSIVE = code("outcome.inconclusive", "inconclusive")
DOES_NOT_APPLY = code("outcome.does_not_apply", "does not apply")

OUTCOMES: dict[Outcome, Code] = {
    "pass": PASS,
    "fail": FAIL,
    "inconclusive": INCONCLUSIVE,
    "does not apply": DOES_NOT_APPLY,
}
"""What people read of each outcome."""

NO_NUMBER_FOUND = code("evidence.no_number_found", "it is no finite number on these rows")
CHANGED = code("check.changed", "{title}, as changed since", title=Text)

FEWEST_ROWS = 30
"""A slice of fewer is not measured."""

FEWEST_SUBJECTS = 10
"""A slice about fewer people or things is not measured either: one may own all of its rows, and a figure of
them would tell of that one. Ten is the threshold that research data centres commonly set for a cell."""


class Scores(Record, frozen=True, kw_only=True):
    """The figures of one model on one part of the data, and those that could not be measured. part: `train`,
    `test`, `champion test` ...

    intervals: the edition of the methods that made the figures' intervals, 0 before they were counted.
    missing: what `unmeasured` was in older artifacts; read by `former_figures`.
    """

    part: str
    figures: tuple[Figure, ...]
    unmeasured: tuple[UnmeasuredFigure, ...] = ()
    intervals: int = 0
    missing: dict[str, str] = {}


class Findings(Record, frozen=True, kw_only=True):
    """What one measuring found: the JSON behind one piece of evidence.

    figures: what a check judges. unmeasured: those that could not be. without: why it has no meaning for
    this model, or empty. rows, of: how many rows were read, of how many there were.
    notes: what a reader should know. tables: rows for pictures and for people; they may hold values
    from the data, so they stay in the store and never reach the ledger.
    missing: what `unmeasured` was in older artifacts; read by `former_figures`.
    """

    figures: tuple[Figure, ...] = ()
    unmeasured: tuple[UnmeasuredFigure, ...] = ()
    without: Text = NO_TEXT
    rows: int = 0
    of: int = 0
    notes: tuple[Text, ...] = ()
    missing: dict[str, str] = {}
    tables: tuple[Table, ...] = ()

    def __post_init__(self) -> None:
        """A figure that is no finite number was not measured: JSON has none, and what holds one would be read
        by nobody."""
        lost = tuple(each for each in self.figures if not math.isfinite(each.value))
        if lost:
            kept = tuple(each for each in self.figures if math.isfinite(each.value))
            force_setattr(self, "figures", kept)
            force_setattr(self, "unmeasured", (*self.unmeasured, *map(_no_number, lost)))

    def table(self, of: TableCode | str) -> Table | None:
        """Its table of this id, the first of several; None where there is none."""
        id = of if isinstance(of, str) else of.name
        return next((each for each in self.tables if each.id == id), None)


def _no_number(figure: Figure) -> UnmeasuredFigure:
    return UnmeasuredFigure(
        metric=figure.metric,
        compared_with=figure.compared_with,
        where=figure.where,
        under=figure.under,
        rows=figure.rows,
        why=NO_NUMBER_FOUND(),
    )


class Need(Record, frozen=True, kw_only=True):
    """One thing a check wants to see; equal needs are made once.

    what: `scores` (figures with intervals), `versus` (candidate minus champion, paired), `noise` …
    metric, by: which of its figures; by is the column whose values slice it, or empty for overall.
    params: how it is measured, as pairs of a name and canonical JSON: a need is a dict key, so nothing in
    it may be mutable. functions: the project's own that measure it, by argument name.
    measure, spec: of a need that Comporta does not know: the function that measures it, of the project or of
    an installed package, and what that reads.
    """

    what: str
    metric: str = ""
    by: str = ""
    params: tuple[tuple[str, str], ...] = ()
    functions: tuple[tuple[str, Callable[..., Any]], ...] = ()
    measure: Callable[..., Any] | None = None
    spec: MeasurementSpec | None = None


def need(
    what: str,
    *,
    metric: str = "",
    by: str = "",
    functions: Mapping[str, Callable[..., Any]] | None = None,
    measure: Callable[..., Any] | None = None,
    spec: MeasurementSpec | None = None,
    **params: Json,
) -> Need:
    """A need whose params are plain values: `need("noise", repeats=3)`.

    measure: of a thing that Comporta does not measure itself, the step that does, a function that a fresh
    process finds by its name: `def measure(context, *, predictions, by): ...` returns
    `{"findings": context.put_json(Findings(...))}`. spec: what it reads. The columns that the params `by`,
    `columns` and `of` name are kept beside the features. Raises BadProject where one of the two is missing.
    """
    if (measure is None) != (spec is None):
        found, lacks = ("measure", "spec") if spec is None else ("spec", "measure")
        raise BadProject(
            f"need {what!r}: found {found} without {lacks}, expected both: the function that measures it, "
            "and a MeasurementSpec of what that reads."
        )
    return Need(
        what=what,
        metric=metric,
        by=by,
        params=tuple((name, encode(params[name]).decode()) for name in sorted(params)),
        functions=tuple(sorted((functions or {}).items())),
        measure=measure,
        spec=spec,
    )


class Evidence(Record, frozen=True, kw_only=True):
    """What the engine made for one need. missing: why there is none, or empty. without: why it has no
    meaning here, or empty. unmeasured: what has no figure: of a need by a column, its slices."""

    need: Need
    figures: tuple[Figure, ...] = ()
    artifact: Artifact | None = None
    missing: Text = NO_TEXT
    without: Text = NO_TEXT
    unmeasured: tuple[UnmeasuredFigure, ...] = ()


class Verdict(Record, frozen=True, kw_only=True):
    """What one check says: the figure, the limit, and why.

    check: the check's id. title: what it is called where people read; empty in what an older release
    wrote, whose ids were titles. kind: of the check, or empty for a project's own. reason: one sentence, as
    its code.
    needed: rows that would settle an inconclusive one, or None. detectable: of a pass, how far beyond the
    limit the truth would have to lie to be found four times in five, 0 where anything beyond it would be;
    None where no interval tells. powerless: of a pass, that so few rows would have found no truth beyond the
    limit, not even the worst. what: of the evidence it rests on: reports are ordered by it. carried: asked
    of this candidate at first, and left out of its gates or changed since; it still counts. changed: of a
    check that was asked in another form at first, and stands beside
    that one. form: digest of what the check declared, or empty. words: what stands behind the digests in it
    (`#` and 32 hex digits): in a fact no value of the data is written out. not_run: the level that runs the
    check, where no run has reached it yet; None where it ran.
    """

    check: str
    outcome: Outcome
    required: bool
    reason: Text
    figure: Figure | None = None
    limit: float | None = None
    needed: int | None = None
    detectable: float | None = None
    powerless: bool = False
    evidence: Artifact | None = None
    what: str = ""
    carried: bool = False
    form: str = ""
    title: Text = NO_TEXT
    kind: str = ""
    changed: bool = False
    words: Artifact | None = None
    not_run: Level | None = None

    @property
    def display_title(self) -> Text:
        """What people read: the title, or the id where it has none; and whether it is of what changed."""
        title = self.title or PlainText(self.check)
        return CHANGED(title=title) if self.changed else title

    @property
    def blocks(self) -> bool:
        """Whether it keeps the candidate from being released, unless it is waived."""
        return self.required and self.outcome not in ("pass", "does not apply")

    @property
    def opens(self) -> bool:
        """The opposite, by the name that older releases gave."""
        return not self.blocks


class Check(Protocol):
    """A gate's check: a frozen object that says what it wants to see and judges only that.

    One with a field `level` is asked from that level on; without it, from `release` on. It may have a
    `title`, a Message or a text that people read in place of the name, and a `kind`, a word for all checks of
    its class.
    """

    @property
    def name(self) -> str:
        """Its id, unique among the model's gates: `limit?metric=roc_auc&at_least=0.7`."""

    @property
    def required(self) -> bool:
        """Whether a candidate that does not pass is blocked, or only reported."""

    def needs(self) -> tuple[Need, ...]:
        """What must be made before `judge` can be called."""

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the evidence, one per need and in its order. Pure."""
