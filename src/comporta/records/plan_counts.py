"""What a release plan counted of its arms: facts, which no later label, correction or erasure changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import add, sub

from comporta.records.record import Record


class UnitCounts(Record, frozen=True, kw_only=True):
    """Units of an arm whose horizon is over. n: all of them. bad: of the labelled ones, those with the worse
    outcome. unlabelled: those whose label never came, or whose answer was not logged."""

    n: int = 0
    bad: int = 0
    unlabelled: int = 0

    def __add__(self, other: UnitCounts) -> UnitCounts:
        return UnitCounts(
            n=self.n + other.n,
            bad=self.bad + other.bad,
            unlabelled=self.unlabelled + other.unlabelled,
        )


class PairedCounts(Record, frozen=True, kw_only=True):
    """Units that both versions scored. both, canary, control: of the labelled ones, those for which both, the
    canary alone or the control alone had the worse outcome. alike: of the unlabelled ones, those that both
    answered alike."""

    n: int = 0
    both: int = 0
    canary: int = 0
    control: int = 0
    unlabelled: int = 0
    alike: int = 0

    def __add__(self, other: PairedCounts) -> PairedCounts:
        return PairedCounts(
            **{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__}
        )


class LevelCounts(Record, frozen=True, kw_only=True):
    """Units of an arm by the value of a number. levels: (which level of `stats.betting`, how many), a value
    between two being part of both; those that none has are left out. sum, squares: of the labelled values."""

    levels: tuple[tuple[int, float], ...] = ()
    n: int = 0
    unlabelled: int = 0
    sum: float = 0.0
    squares: float = 0.0

    def __add__(self, other: LevelCounts) -> LevelCounts:
        levels = dict(self.levels)
        for level, count in other.levels:
            levels[level] = levels.get(level, 0.0) + count
        return LevelCounts(
            levels=tuple(sorted(levels.items())),
            n=self.n + other.n,
            unlabelled=self.unlabelled + other.unlabelled,
            sum=self.sum + other.sum,
            squares=self.squares + other.squares,
        )


class MeanCounts(Record, frozen=True, kw_only=True):
    """Of both arms."""

    canary: LevelCounts = LevelCounts()
    control: LevelCounts = LevelCounts()

    def __add__(self, other: MeanCounts) -> MeanCounts:
        return MeanCounts(canary=self.canary + other.canary, control=self.control + other.control)


class MetricCounts(Record, frozen=True, kw_only=True):
    """What was counted of one outcome: two arms, by the values of a number too, or pairs."""

    canary: UnitCounts = UnitCounts()
    control: UnitCounts = UnitCounts()
    paired: PairedCounts | None = None
    means: MeanCounts | None = None

    def __add__(self, other: MetricCounts) -> MetricCounts:
        paired = self.paired if other.paired is None else other.paired + (self.paired or PairedCounts())
        means = self.means if other.means is None else other.means + (self.means or MeanCounts())
        return MetricCounts(
            canary=self.canary + other.canary,
            control=self.control + other.control,
            paired=paired,
            means=means,
        )


class ExposureBin(Record, frozen=True, kw_only=True):
    """Units of each arm that were answered first after the bin before ended and until this one does, as they
    were counted then. Rows that were answered and not logged are in it, each as a unit."""

    until: datetime
    canary: int
    control: int


class ArmTally(Record, frozen=True, kw_only=True):
    """Requests of an arm. failed: requests answered by an error of the version. slow: longer than the fuse
    allows. unlogged: rows that were not logged. without_unit: rows that said no unit, which cannot count."""

    requests: int = 0
    failed: int = 0
    slow: int = 0
    unlogged: int = 0
    without_unit: int = 0

    def __add__(self, other: ArmTally) -> ArmTally:
        return self._with_each(other, add)

    def __sub__(self, other: ArmTally) -> ArmTally:
        return self._with_each(other, sub)

    def at_least(self, other: ArmTally) -> ArmTally:
        """The larger of both, count by count."""
        return self._with_each(other, max)

    def _with_each(self, other: ArmTally, of: Callable[[int, int], int]) -> ArmTally:
        return ArmTally(
            **{name: of(getattr(self, name), getattr(other, name)) for name in self.__struct_fields__}
        )
