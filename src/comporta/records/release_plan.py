"""How a version comes to its traffic: plans, as a project file declares them."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from comporta.records.freeze import Freeze
from comporta.records.record import Record

StartsOn = Literal["asked", "passed"]
"""When a plan begins: once somebody asks for the release, or by itself for a version that may be released."""
Comparison = Literal["arms", "paired"]
"""arms: units are answered by one of two versions. paired: both score the same requests, one of them in
shadow: for answers that cannot change what comes true."""


class ReleaseMetric(Record, frozen=True):
    """What an outcome must show before a version gets all traffic.

    outcome: its name. margin: by which share the version may be worse at most, and still be released.
    harm: from which share on it is rolled back at once. superior: whether it must be better.

    >>> ReleaseMetric("wrong", margin=0.2).harm
    0.0
    """

    outcome: str
    margin: float = 0.1
    harm: float = 0.0
    superior: bool = False


class Fuse(Record, frozen=True, kw_only=True):
    """What ends a plan at once, without any test: the new version's share of requests that failed, or took
    longer than `latency` milliseconds. least: requests before anything is said."""

    failures: float = 0.05
    slow: float = 0.5
    latency: float | None = None
    least: int = 50


class BlueGreen(Record, frozen=True, kw_only=True, tag="blue_green"):
    """The version is loaded on every server beside the one that answers, tried, and then gets all traffic at
    once.

    replay: newest logged requests that it is asked first. differ: the share of them, in all and in each slice
    of the model's `slices`, whose answer may be another than was given. keep: how long the version before
    stays loaded.
    """

    replay: int = 1000
    differ: float = 0.2
    keep: str | timedelta = timedelta(hours=24)
    on: StartsOn = "asked"
    owner: str = ""
    freeze: tuple[Freeze, ...] = ()


class Canary(Record, frozen=True, kw_only=True, tag="canary"):
    """The version answers a growing share of units, beside an equal share that the one before answers, until
    outcomes decide.

    percent: of units, step by step, rising, at most 50. metrics: what decides: names of outcomes, or
    `ReleaseMetric`; `error` and `latency` need not be declared. horizon: of outcomes that declare none.
    deadline: when it is rolled back undecided. dwell: how long a step lasts at least.
    season: the length of a whole cycle of traffic: a version is promoted at the end of one only. alpha: the
    chance of each wrong decision at most. decide: from `arms`, or `paired`. missing: the share of units
    without a label that is expected; None: as history shows. fuse: what ends it at once. holdback: the
    percent of units that the version before goes on answering. on: when it begins. owner: the person who
    answers for it. freeze: when nothing advances.
    """

    percent: tuple[float, ...] = (1, 5, 25, 50)
    metrics: tuple[ReleaseMetric | str, ...] = ()
    horizon: str | timedelta = timedelta()
    deadline: str | timedelta = timedelta(days=60)
    dwell: str | timedelta = timedelta(hours=1)
    season: str | timedelta = timedelta(days=7)
    alpha: float = 0.05
    decide: Comparison = "arms"
    missing: float | None = None
    fuse: Fuse = Fuse()
    holdback: float = 0.0
    on: StartsOn = "asked"
    owner: str = ""
    freeze: tuple[Freeze, ...] = ()


class Shadow(Record, frozen=True, kw_only=True, tag="shadow"):
    """The version scores the requests that the one before answers; nobody hears it.

    rows: how many are compared. differ: as of `BlueGreen`. deadline: when it ends, with fewer rows. It
    promotes nothing: what it found is told, and stays with the version.
    """

    rows: int = 10_000
    differ: float = 0.2
    deadline: str | timedelta = timedelta(days=7)
    on: StartsOn = "asked"
    owner: str = ""
    freeze: tuple[Freeze, ...] = ()


ReleaseDeclaration = BlueGreen | Canary | Shadow
