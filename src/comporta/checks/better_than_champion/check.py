"""The candidate must be better than the model that serves now."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from comporta.checks.shared.judging.arguments import check_choice, name, number
from comporta.checks.shared.judging.bounds import Bound, Judgement, within_bounds
from comporta.checks.shared.judging.champion_difference import (
    difference,
    difference_text,
    figures_to_judge,
    rows_for,
)
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import NOT_RELIABLE, by_columns, sentence
from comporta.records import (
    LEVELS,
    NO_TEXT,
    NUMBER,
    Evidence,
    Level,
    Message,
    Need,
    Record,
    Text,
    Verdict,
    code,
)
from comporta.records.metric import metric as named

TITLE = code(
    "check.better_than_champion",
    "{metric}{by} better than the champion{room}",
    metric=str,
    by=Text,
    room=Text,
)
BY_ROOM = code("check.better_than_champion.by", " by {room:g}", room=NUMBER)
BY_MORE = code("better_than_champion.by_more", " by more than {room:g}", room=NUMBER)
BETTER = code("better_than_champion.better", "{seen}: better{room}", seen=Message, room=Text)
NOT_BETTER = code("better_than_champion.not_better", "{seen}: not better{room}", seen=Message, room=Text)
NO_INTERVAL = code(
    "better_than_champion.no_interval",
    "{seen}: inconclusive: no interval, too few independent rows to tell whether it is better{room}",
    seen=Message, room=Text,
)  # fmt: skip
OPEN = code(
    "better_than_champion.open",
    "{seen}: inconclusive: it may be better{room} or not",
    seen=Message,
    room=Text,
)
ROWS_TO_SHOW = code(
    "better_than_champion.rows_to_show",
    "if the true difference is the measured one, {rows:,} rows show it with 80 % power", rows=int,
)  # fmt: skip


class BetterThanChampion(Record, frozen=True, kw_only=True):
    """The candidate is better than the champion by more than `by_at_least`, in the metric's own unit.

    A test of superiority: it passes when all of the paired 95 % interval is beyond, so that a candidate
    that is no better than that passes about one time in forty.
    """

    kind: ClassVar[str] = "better_than_champion"
    metric: str
    by_at_least: float
    by: str = ""
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`better_than_champion?metric=roc_auc&by_at_least=0.01&by=carrier`."""
        return identity(self.kind, metric=self.metric, by_at_least=self.by_at_least, by=self.by)

    @property
    def title(self) -> Text:
        """`roc_auc by carrier better than the champion by 0.01`."""
        room: Text = BY_ROOM(room=self.by_at_least) if self.by_at_least else NO_TEXT
        return TITLE(metric=self.metric, by=by_columns(self.by), room=room)

    def needs(self) -> tuple[Need, ...]:
        """Candidate minus champion, paired."""
        return difference(self.metric, self.by)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with the difference that decides it: the worst slice."""
        (found,) = evidence
        higher = named(self.metric).higher
        limit = self.by_at_least if higher else -self.by_at_least

        def reason(decides: Judgement, every: object) -> Text:
            return sentence(*self._clauses(decides, difference_text(decides.figure, found)))

        figures = figures_to_judge(found)
        bound = Bound(limit=limit, higher=higher, on="interval", figures=figures)
        verdict = within_bounds(self, found, (bound,), reason)
        figure = verdict.figure
        if figure is None or figure.low is None or figure.high is None:
            return verdict
        if verdict.outcome == "pass" and 0.0 == limit == (figure.low if higher else figure.high):
            # Just as good is not better: two equal models differ by nothing, with an interval of nothing.
            equal = sentence(NOT_BETTER(seen=difference_text(figure, found), room=""))
            return replace(verdict, outcome="fail", reason=equal)
        if verdict.outcome == "inconclusive" and not figure.doubt:
            return replace(verdict, needed=rows_for(figure, (1 if higher else -1) * (figure.value - limit)))
        return verdict

    def _clauses(self, decides: Judgement, seen: Message) -> tuple[Text, ...]:
        room: Text = BY_MORE(room=self.by_at_least) if self.by_at_least else NO_TEXT
        if decides.outcome == "pass":
            return (BETTER(seen=seen, room=room),)
        if decides.outcome == "fail":
            return (NOT_BETTER(seen=seen, room=room),)
        if decides.figure.low is None or decides.figure.high is None:
            return (NO_INTERVAL(seen=seen, room=room),)
        if decides.figure.doubt:
            return (NOT_RELIABLE(seen=seen, why=decides.figure.doubt),)
        rows = rows_for(decides.figure, decides.slack)
        return OPEN(seen=seen, room=room), ROWS_TO_SHOW(rows=rows) if rows else NO_TEXT


def better_than_champion(
    metric: str,
    by_at_least: float = 0.0,
    *,
    by: str | None = None,
    required: bool = True,
    level: Level = "release",
) -> BetterThanChampion:
    """Better than the champion: `better_than_champion("roc_auc", 0.005)`.

    On the test rows that both predict and neither was trained on, paired. Where rows are units the interval
    is Tango's score interval (1998) for accuracy and for recall of two classes, DeLong's (1988) for the area
    under the ROC curve of two classes, and Student's paired t for mae, mape, log_loss and brier; the evidence
    has the p-values of McNemar (mid-p), DeLong, Student and Wilcoxon, and up to 5,000 rows the paired
    bootstrap is told beside them. For other metrics it is the paired bootstrap (BCa; of more than 5,000 rows
    the jackknife of blocks); where rows come in a declared group, in three days or more, or are alike, the
    jackknife or the bootstrap of whole units.

    by_at_least: in the metric's own unit; which way is better is known from the metric. by: every value of a
    column must be better. `Model(business="roc_auc")` asks for this check, required, of every challenger.

    It passes when all of the 95 % interval is beyond, fails when all of it is not, and is inconclusive in
    between; the verdict then tells how many rows would show the difference with 80 % power. It does not
    apply to a first version. A champion whose features are not in the candidate's table cannot be compared:
    inconclusive.

    How many labels: at 5 % of rows that only one of two equal classifiers has right, 3,092 show them equal
    within one point of accuracy and 12,366 within half a point (80 % power, one-sided 5 %).

    A better candidate on too few rows to show it is kept out too; the tables count it as a false alarm.

    What it does not see: rows that arrive after the test part; a champion that was refitted on newer rows.
    Raises BadProject on an unknown metric, or a difference that is no number of 0 or more.
    """
    named(metric)
    check_choice("better_than_champion", "level", level, LEVELS)
    return BetterThanChampion(
        metric=metric,
        by_at_least=number("better_than_champion", "by_at_least", by_at_least, low=0),
        by=name("better_than_champion", "by", by),
        required=required,
        level=level,
    )
