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

    outcome: its name.
    margin: by which share its rate may be worse at most for the version to be released.
    harm: from which share on the version is rolled back at once.
    superior: whether the version must be better.
    budget: how much worse releases may make it together, since one that was shown better or that a person
        promoted; None: twice the margin.

    >>> ReleaseMetric("wrong", margin=0.2).harm
    0.0
    """

    outcome: str
    margin: float = 0.1
    harm: float = 0.0
    superior: bool = False
    budget: float | None = None


class Fuse(Record, frozen=True, kw_only=True):
    """What ends a release at once, without any test.

    failures: the share of the new version's requests that may fail.
    slow: the share of them that may take longer than `latency`.
    latency: in milliseconds; None: as long as they like.
    least: requests before anything is said.

    >>> Fuse(latency=50).failures
    0.05
    """

    failures: float = 0.05
    slow: float = 0.5
    latency: float | None = None
    least: int = 50


class BlueGreen(Record, frozen=True, kw_only=True, tag="blue_green"):
    """The version is loaded on every server beside the one before, tried, and gets all traffic at once.

    replay: how many of the newest logged requests it is asked first.
    differ: the share of them whose answer may be another than was given, in all and in each of the model's
        slices.
    keep: how long the version before stays loaded.
    fuse: what gives it all traffic back within that time.
    on: `asked`: somebody begins it; `passed`: it begins by itself, with a version that may be released.
    owner: the person who answers for it.
    freeze: times in which it neither begins nor advances.

    >>> BlueGreen(keep="48h").replay
    1000
    """

    replay: int = 1000
    differ: float = 0.2
    keep: str | timedelta = timedelta(hours=24)
    fuse: Fuse = Fuse()
    on: StartsOn = "asked"
    owner: str = ""
    freeze: tuple[Freeze, ...] = ()


class Canary(Record, frozen=True, kw_only=True, tag="canary"):
    """The version answers a growing share of units, beside as many of the one before, until outcomes decide.

    percent: of units, step by step, rising, at most 50.
    metrics: names of outcomes, or `ReleaseMetric`, that decide; `error` and `latency` need no declaration.
    horizon: of outcomes that declare none.
    deadline: when it is rolled back undecided.
    dwell: how long a step lasts at least.
    season: the length of a whole cycle of traffic: a version is promoted at the end of one only.
    alpha: the chance of each wrong decision at most.
    decide: `arms`: each unit is answered by one of the two; `paired`: both score the same requests, one of
        them in shadow, which is for answers that cannot change what comes true.
    missing: the share of units without a label that is expected; None: as history shows.
    fuse: what ends it at once.
    holdback: the percent of units that the version before goes on answering.
    on: `asked`: somebody begins it; `passed`: it begins by itself, with a version that may be released.
    owner: the person who answers for it.
    freeze: times in which it neither begins nor advances.

    >>> Canary(metrics=("error",), horizon="10d").percent
    (1, 5, 25, 50)
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
    """The version scores the requests that the one before answers; nobody hears it, and nothing is promoted.

    rows: how many are compared.
    differ: the share of them whose answers may differ, in all and in each of the model's slices.
    deadline: when it ends with fewer rows.
    on: `asked`: somebody begins it; `passed`: it begins by itself, with a version that may be released.
    owner: the person who answers for it.
    freeze: times in which it does not begin.

    >>> Shadow(rows=5000).differ
    0.2
    """

    rows: int = 10_000
    differ: float = 0.2
    deadline: str | timedelta = timedelta(days=7)
    on: StartsOn = "asked"
    owner: str = ""
    freeze: tuple[Freeze, ...] = ()


ReleaseDeclaration = BlueGreen | Canary | Shadow
