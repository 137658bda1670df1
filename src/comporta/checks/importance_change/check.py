"""Whether a new version leans on other features than the ones before it."""

from __future__ import annotations

from typing import ClassVar

from comporta.checks.importance_change.draw import DRAWINGS
from comporta.checks.importance_change.figures import MOVED, RANK_CHANGED
from comporta.checks.shared.judging.arguments import number, usual, whole
from comporta.checks.shared.judging.bounds import Bound, On
from comporta.checks.shared.judging.earlier_versions import since_earlier
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import percent
from comporta.records import NO_TEXT, NUMBER, Evidence, Level, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec

TITLE = code(
    "check.importance_change",
    "feature importance: at most {share:.4g} % moved{ranks}",
    share=NUMBER,
    ranks=Text,
)
RANKS = code("check.importance_change.ranks", ", no top feature by more than {ranks} ranks", ranks=int)


class ImportanceChange(Record, frozen=True, kw_only=True):
    """At most `moved` of the importance lies with other features than before; ranks: by how many ranks one
    of the ten most important features may rise or fall, None: any. versions: judged, newest first."""

    kind: ClassVar[str] = "importance_change"
    moved: float
    ranks: int | None = None
    versions: int = 1
    on: On = "fault"
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`importance_change?moved=0.5`."""
        return identity(self.kind, moved=self.moved, ranks=self.ranks)

    @property
    def title(self) -> Text:
        """`feature importance: at most 50 % moved`."""
        ranks: Text = NO_TEXT if self.ranks is None else RANKS(ranks=self.ranks)
        return TITLE(share=percent(self.moved), ranks=ranks)

    def needs(self) -> tuple[Need, ...]:
        """The change of shares and ranks."""
        return (need("importance change"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the shares together, and on each top feature's rank."""
        (found,) = evidence
        bounds = [Bound(metric=MOVED.metric, limit=self.moved, on=self.on)]
        if self.ranks is not None:
            bounds.append(Bound(metric=RANK_CHANGED.metric, limit=self.ranks, on=self.on))
        return since_earlier(self, found, bounds, versions=self.versions)


def importance_change(
    moved: float = 0.5,
    *,
    ranks: int | None = None,
    versions: int = 1,
    on: On = "fault",
    required: bool = True,
    level: Level = "release",
) -> ImportanceChange:
    """The model leans on about the same features: `importance_change(0.3, ranks=5)`.

    Importance is by permutation: the mean loss added when a feature's values change rows, of at most 5,000
    test rows; its shares sum to 1. moved: half the sum of the changes of shares (L1), 0 to 1, against the
    stored resamples of the `versions` newest earlier versions. Its interval is the change seen, less and
    plus what resampling whole units of both versions' rows moves in 95 of 100 cases (triangle inequality,
    so it errs towards no alarm). ranks: the same for the rank of each feature among the ten most important
    of either version, with percentile intervals of resampled ranks.

    With `on="fault"` it fails where all of an interval is above its limit. First versions, and those before
    which no importance was kept: does not apply, or inconclusive. Resampling test rows is not refitting: two
    sound fits share importance between correlated features as chance has it, so leave room.
    Raises BadProject on a share outside 0 to 1 or ranks below 0.
    """
    usual("importance_change", on, level)
    return ImportanceChange(
        moved=number("importance_change", "moved", moved, low=0, high=1),
        ranks=None if ranks is None else whole("importance_change", "ranks", ranks, low=0, high=10_000),
        versions=whole("importance_change", "versions", versions, low=1, high=100),
        on=on,
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="importance change",
    run="evidence.importance_change",
    reads={"importance": "importance"},
    variadic=("earlier",),
    section="behaviour",
    drawings=DRAWINGS,
)
