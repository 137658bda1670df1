"""No e-mail address, telephone or account number of anyone in what a model reads, says, or is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from comporta.checks.personal_data import codes
from comporta.checks.personal_data.figures import PERSONAL_DATA, PLACE, PLACES
from comporta.checks.shared.judging.arguments import check_choice, names
from comporta.checks.shared.judging.bounds import not_applicable, not_measured
from comporta.checks.shared.judging.identity import identity
from comporta.records import (
    LEVELS,
    Evidence,
    Figure,
    Level,
    Message,
    Need,
    Record,
    Text,
    Verdict,
    Words,
    code,
    condition,
    need,
    place,
)
from comporta.records.measurement import MeasurementSpec

SHOWN = 5
ALLOWED = {"the kept model": codes.MODEL(), "the ONNX export": codes.ONNX(), "answer": codes.ANSWER()}
"""What `allow` calls each place that is no column."""

TITLE = code("check.personal_data", "no personal data")
OUTSIDE = code("check.personal_data.outside", "no personal data outside of {columns}", columns=tuple)
NOTHING = code(
    "personal_data.nothing",
    "Nothing with the form of personal data in {places} places: features, columns, predictions, the kept "
    "model and its exports.",
    places=int,
)  # fmt: skip
BY_NAME = code("personal_data.by_name", "{place}", place=(Words, Message))
BY_VALUES = code(
    "personal_data.by_values",
    "{place} ({count:,} of {rows:,} values)",
    place=(Words, Message),
    count=int,
    rows=int,
)
FOUND = code(
    "personal_data.found", "Found in {places:; }{more}: expected none. Leave it out, or name it in allow=.",
    places=tuple, more=Text,
)  # fmt: skip
AND_MORE = code("personal_data.and_more", " and {count} more", count=int)


class NoPersonalData(Record, frozen=True, kw_only=True):
    """Nothing that has the form of personal data, outside of the columns and places allowed."""

    kind: ClassVar[str] = "personal_data"
    allow: tuple[str, ...] = ()
    required: bool = True
    level: Level = "commit"

    @property
    def name(self) -> str:
        """`personal_data?allow=postcode`."""
        return identity(self.kind, allow=self.allow)

    @property
    def title(self) -> Text:
        """`no personal data outside of postcode`."""
        return OUTSIDE(columns=self.allow) if self.allow else TITLE()

    def needs(self) -> tuple[Need, ...]:
        """Where it was found."""
        return (need("personal data"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict, with every place."""
        (found,) = evidence
        if found.without:
            return not_applicable(self, found)
        searched = [each for each in found.figures if each.metric == PLACES.metric]
        if found.missing or not searched or not searched[0].value > 0:
            return not_measured(self, 0.0, found)
        shown = [
            each for each in found.figures if each.metric == PERSONAL_DATA.metric and not self._allows(each)
        ]
        return Verdict(
            check=self.name,
            outcome="fail" if shown else "pass",
            required=self.required,
            reason=_examples(shown) if shown else NOTHING(places=int(searched[0].value)),
            figure=shown[0] if shown else searched[0],
            limit=0.0 if shown else None,
            evidence=found.artifact,
        )

    def _allows(self, figure: Figure) -> bool:
        where = [condition(figure, each) for each in PLACE]
        allowed = (*self.allow, *(ALLOWED[name] for name in self.allow if name in ALLOWED))
        return any(each in allowed for each in where if each is not None)


def _examples(shown: Sequence[Figure]) -> Text:
    more = len(shown) - SHOWN
    places = tuple(_place(each) for each in shown[:SHOWN])
    return FOUND(places=places, more=AND_MORE(count=more) if more > 0 else "")


def _place(figure: Figure) -> Text:
    where = place(figure) or Words()
    if condition(figure, "kind") == codes.BY_ITS_NAME():
        return BY_NAME(place=where)
    return BY_VALUES(place=where, count=int(figure.value), rows=figure.rows)


def no_personal_data(
    *, allow: str | Sequence[str] | None = None, required: bool = True, level: Level = "commit"
) -> NoPersonalData:
    """No personal data in features, kept columns, answers or artifacts: `no_personal_data()`.

    Looks for e-mail addresses, telephone numbers with a country code, IBANs, card numbers, and national
    numbers of BR, DE, ES, FR, IT, NL, PT and US: by form, and by check digit where there is one. Numbers of
    digits alone must pass in most of the values that have the form, as chance passes a tenth. Features named
    like `email` or `date_of_birth` are found by name. Training and test rows are read, at most 50,000
    different values of a column, and the words of the trial rows that are kept with the model; the bytes of
    the kept model and of its ONNX export are searched for addresses and IBANs. The rows that explanations
    are measured against are test rows. allow: columns that may hold it, or `"the kept model"`,
    `"the ONNX export"`.

    It does not see names of people, addresses of places, or numbers of other countries. Raises BadProject.
    """
    check_choice("no_personal_data", "level", level, LEVELS)
    return NoPersonalData(allow=names("no_personal_data", "allow", allow), required=required, level=level)


MEASUREMENT = MeasurementSpec(
    need="personal data",
    run="evidence.personal_data",
    reads={"model": "model", "signature": "signature", "train": "train", "test": "test"},
    optional={"onnx": "onnx", "trial": "trial"},
    section="privacy",
)
