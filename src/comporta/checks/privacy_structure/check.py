"""A model's build must not hold the rows it learned from."""

from __future__ import annotations

from typing import Any, ClassVar

from comporta.checks.privacy_structure import figures
from comporta.checks.shared.judging.arguments import check_choice, number
from comporta.checks.shared.judging.bounds import Bound, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.records import LEVELS, NUMBER, Evidence, Level, Message, Need, Record, Text, Verdict, code, need
from comporta.records.measurement import MeasurementSpec

TITLE = code("check.privacy_structure", "the model stores no training rows")
OTHER = code("check.privacy_structure.limits", "the model stores no training rows ({limits})", limits=tuple)
LIMIT = code("check.privacy_structure.limit", "{what} {limit:g}", what=str, limit=NUMBER)
UNLIMITED = code("check.privacy_structure.unlimited", "{what} not judged", what=str)
KEPT = code("privacy_structure.kept", "share of the training rows that the model keeps as they are")
LEAVES = code("privacy_structure.leaves", "share of the training rows in leaves of fewer than 5")
WEIGHTS = code("privacy_structure.weights", "weights for each training row")
WORDS = code("privacy_structure.words", "words kept that fewer than 5 training rows have:")

_OF = {
    "kept": (figures.ROWS_KEPT, KEPT),
    "leaves": (figures.ROWS_IN_SMALL_LEAVES, LEAVES),
    "weights": (figures.WEIGHTS_PER_ROW, WEIGHTS),
    "words": (figures.RARE_WORDS, WORDS),
}
"""What each limit is for, and how people read it."""
_USUAL = {"kept": 0.0, "leaves": 0.1, "weights": 1.0, "words": None}
"""What an id does not tell. It never changes, whatever the constructor takes where nothing is said."""


class PrivacyStructure(Record, frozen=True, kw_only=True):
    """Limits on what the build holds; None: not judged."""

    kind: ClassVar[str] = "privacy_structure"
    kept: float | None = 0.0
    leaves: float | None = 0.1
    weights: float | None = 1.0
    words: int | None = None
    required: bool = True
    level: Level = "commit"

    @property
    def name(self) -> str:
        """`privacy_structure?leaves=none`: the limits that are not the usual ones."""
        told: dict[str, Any] = {
            name: "none" if limit is None else limit for name, limit in self._unusual().items()
        }
        return identity(self.kind, **told)

    @property
    def title(self) -> Text:
        """`the model stores no training rows`, with the limits that are not the usual ones."""
        said = tuple(_limit(name, limit) for name, limit in self._unusual().items())
        return OTHER(limits=said) if said else TITLE()

    def needs(self) -> tuple[Need, ...]:
        """The screen of the estimator."""
        return (need("privacy structure"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on what this kind of model has: no tree, no leaf."""
        (found,) = evidence
        there = {each.metric for each in found.figures}
        bounds = []
        for name, limit in self._limits().items():
            of, words = _OF[name]
            if limit is not None and (of.metric in there or of is figures.ROWS_KEPT):
                bounds.append(Bound(metric=of.metric, limit=float(limit), what=words()))
        return within_bounds(self, found, bounds)

    def _limits(self) -> dict[str, float | None]:
        return {"kept": self.kept, "leaves": self.leaves, "weights": self.weights, "words": self.words}

    def _unusual(self) -> dict[str, float | None]:
        return {name: limit for name, limit in self._limits().items() if limit != _USUAL[name]}


def _limit(name: str, limit: float | None) -> Message:
    return UNLIMITED(what=name) if limit is None else LIMIT(what=name, limit=limit)


def privacy_structure(
    *,
    kept: float | None = 0.0,
    leaves: float | None = 0.1,
    weights: float | None = 1.0,
    words: int | None = None,
    required: bool = True,
    level: Level = "commit",
) -> PrivacyStructure:
    """A model holds no training row by its build: `privacy_structure()`.

    Looks at the estimator and at all inside it, without a prediction, in well under a second. kept: the share
    of the training rows that it keeps as they are (nearest neighbours, support vectors, Gaussian processes,
    any table as long as the training part). leaves: the share in leaves of fewer than five, the mean over
    trees (unpruned trees and forests; scikit-learn's and LightGBM's). weights: of linear models and networks,
    for each training row. words: how many words in the lists of the signature fewer than five rows have.
    None does not judge one.

    It is quick and coarse: what it refuses may reveal little (`membership` measures that), and boosted trees
    that learned rows by heart in large leaves pass. A model of an unknown build is inconclusive.
    Raises BadProject.
    """
    check_choice("privacy_structure", "level", level, LEVELS)
    limits = {"kept": kept, "leaves": leaves, "weights": weights, "words": words}
    for name, value in limits.items():
        if value is not None:
            number("privacy_structure", name, value, low=0)
    if all(value is None for value in limits.values()):
        number("privacy_structure", "kept", kept, low=0)
    return PrivacyStructure(
        kept=kept, leaves=leaves, weights=weights, words=words, required=required, level=level
    )


MEASUREMENT = MeasurementSpec(
    need="privacy structure",
    run="evidence.privacy_structure",
    reads={"model": "model", "signature": "signature", "train": "train"},
    functions=("opened",),
    section="privacy",
)
