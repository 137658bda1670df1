"""What a version leaves for later ones and for monitoring to compare with: counts over fixed cells."""

from __future__ import annotations

from typing import Literal

from comporta.records.record import Record

Cells = Literal["numbers", "words", "hashed"]


class Profile(Record, frozen=True, kw_only=True):
    """One column, counted over cells that do not change: a few hundred bytes, whatever the rows.

    cells: `numbers`: cell i holds what is above edges[i-1] and at most edges[i]; one more than edges.
    `words`: one cell per word, the last for all others. `hashed`: too many words for a cell each; the cell
    is CRC-32 of the word, modulo the number of cells.
    counts: values in each cell; missing ones stand apart. rows: all, missing ones too.
    mean, square: of the finite numbers, square the sum of squared distances from the mean; finite: how many.
    low, high: the smallest and largest finite number, None where there is none.
    common: the most common words of `hashed` and how many of each, for people to read, not for tests.
    effect: mean design effect of the counts: 1 where rows stand alone, more where groups or days hold
    together (Rao and Scott 1981). uneven: squared coefficient of variation of the design effects.
    units: independent units. Two profiles over the same cells add up: `stats.profiles.merged`.
    """

    cells: Cells
    edges: tuple[float, ...] = ()
    words: tuple[str, ...] = ()
    counts: tuple[int, ...]
    missing: int
    rows: int
    finite: int = 0
    mean: float = 0.0
    square: float = 0.0
    low: float | None = None
    high: float | None = None
    common: dict[str, int] = {}
    effect: float = 1.0
    uneven: float = 0.0
    units: int = 0


class Importances(Record, frozen=True, kw_only=True):
    """How much each feature matters to one model. shares: sum to 1, in the order of features; low, high:
    their 95 % intervals. replicates: the shares again on resampled rows, one tuple each, so that a later
    version can tell a change from noise. method: how they were measured; rows: on how many."""

    method: str
    features: tuple[str, ...]
    shares: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    replicates: tuple[tuple[float, ...], ...]
    rows: int


class Reference(Record, frozen=True, kw_only=True):
    """The evidence of one version, kept for those after it.

    features: by name. scores: the chance of each class by its name (of two classes the second alone), or
    `prediction` of a regression; empty where the model gives labels only. decisions: the classes decided,
    None for regression. labels: what came true, on the rows where it is known.
    """

    task: str
    classes: tuple[str, ...]
    rows: int
    features: dict[str, Profile]
    scores: dict[str, Profile]
    decisions: Profile | None
    labels: Profile | None
    importance: Importances | None = None
