"""Whether the test rows were really never seen in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from comporta.checks.contamination import figures
from comporta.checks.shared.judging.arguments import check_choice, names, number
from comporta.checks.shared.judging.bounds import Bound, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import percent
from comporta.records import LEVELS, NUMBER, Evidence, Level, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec

TITLE = code(
    "check.contamination",
    "train/test contamination: at most {share:g} % of test rows seen in training{apart}",
    share=NUMBER, apart=Text,
)  # fmt: skip
APART = code("check.contamination.apart", ", no {columns: or } in both parts", columns=tuple)
KEYS = code("contamination.keys", "share of test rows that training has under the same key")
ENTITIES = code("contamination.entities", "share of test rows that are of an entity in training")
ALIKE = code("contamination.alike", "share of test rows that are alike to a training row")
NEARLY = code("contamination.nearly_alike", "share of test rows that are nearly alike to a training row")
REQUESTS = code(
    "contamination.requests_alike",
    "share of test rows that are alike, in all that a request carries and the target, to a training row",
)


class Contamination(Record, frozen=True, kw_only=True):
    """No key and no entity in both parts, and at most `twins` of the test rows alike to one in training."""

    kind: ClassVar[str] = "contamination"
    twins: float
    entities: tuple[str, ...] = ()
    subjects: bool = False
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`contamination?twins=0.01&entities=customer&subjects=yes`."""
        return identity(self.kind, twins=self.twins, entities=self.entities, subjects=self.subjects)

    @property
    def title(self) -> Text:
        """`train/test contamination: at most 1 % of test rows seen in training`."""
        apart = (*self.entities, *(("subject",) if self.subjects else ()))
        return TITLE(share=percent(self.twins), apart=APART(columns=apart) if apart else "")

    def needs(self) -> tuple[Need, ...]:
        """All rows of both parts."""
        return (need("contamination", columns=list(self.entities), subjects=self.subjects),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on keys, entities and twins; the worst decides."""
        (found,) = evidence
        there = {each.metric for each in found.figures}
        bounds = [Bound(metric=figures.KEYS.metric, limit=0, what=KEYS())]
        if self.entities or self.subjects or figures.ENTITIES.metric in there:
            bounds.append(Bound(metric=figures.ENTITIES.metric, limit=0, what=ENTITIES()))
        alike = (
            (figures.TWINS, ALIKE),
            (figures.NEAR_TWINS, NEARLY),
            (figures.REQUESTS, REQUESTS),
        )
        for each, words in alike:
            if each is figures.TWINS or each.metric in there:
                bounds.append(Bound(metric=each.metric, limit=self.twins, on="fault", what=words()))
        return within_bounds(self, found, bounds)


def contamination(
    *,
    twins: float = 0.01,
    entities: str | Sequence[str] = (),
    subjects: bool = False,
    required: bool = True,
    level: Level = "release",
) -> Contamination:
    """The test rows were not seen in training: `contamination(entities=("customer",))`.

    Four questions, all of them on all rows, by hash joins:

    - No `__key` stands in both parts.
    - No value of a column in `entities` does, nor, with `subjects=True`, a subject of the dataset; the group
      of a split by group always counts. Missing values are no entity. Customers who come back are natural
      in a split by time, so nothing else is asked unasked.
    - At most `twins` of the test rows are alike to a training row in all features and the target; exactly,
      or nearly: numbers on the same cell of a grid of 16 steps across their middle 98 %, on one of two
      grids. It fails where the whole 95 % interval is above the limit.

    - Where the dataset declares a subject and three of a request's columns are real numbers that hardly
      repeat: at most `twins` of the test rows are alike to a training row of another subject in the target
      and all that the request carries, times aside. A copy under another date is, whatever was joined to it.

    Rows of few distinct values repeat by themselves. So what counts is the share of twins beyond chance: each
    test row is held against the training rows whose halves are about as common among the others as its own,
    and the share of them that have a twin among themselves. Rows that are rare in either half of their
    columns (one in a hundred, or 25) count whole where most pairs of such rows that agree in one half agree
    in the other, and have one target, which they do when one was made from the other. For requests the share
    beyond that of all training rows counts.

    What it does not see: copies among the common rows of a table of few distinct values or of mostly nothing,
    copies spread evenly over both parts of such a table, or moved a little before the split (see
    `duplicates`); a copy moved by a thousandth of each number's spread is found in about three of four of 40
    columns, so that the share is a lower bound; near twins where fewer than six features are real numbers.
    Rows of one entity that are alike in all features and the target make twins.
    Raises BadProject on a share outside of 0 to 1, or entities that are no names.
    """
    check_choice("contamination", "level", level, LEVELS)
    return Contamination(
        twins=number("contamination", "twins", twins, low=0, high=1),
        entities=names("contamination", "entities", entities),
        subjects=bool(subjects),
        required=required,
        level=level,
    )


MEASUREMENT = MeasurementSpec(
    need="contamination",
    run="evidence.contamination",
    reads={"train": "train", "test": "test"},
    context=("split", "known"),
    fatal=True,
    section="data",
)
