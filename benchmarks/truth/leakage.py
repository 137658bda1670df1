"""Whether a leak that is spread over columns, or told by what is missing, is found; and how often sound
features alarm, also where what they tell lies on the limit itself.

Each world is kept once it was counted; `python benchmarks/truth/leakage.py FIRST LAST` counts those places of
the list alone, so that several processes can share them. It takes ten minutes of one processor.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from _kept import Kept
from _leaks import World, apart, drawn, with_answers
from _tables import KINDS, outcome, parts, row

from comporta.checks import leakage
from comporta.checks.leakage.figures import ERRORS_OF_CHAMPION, TOLD_BY_ALL
from comporta.checks.leakage.leap import leap_past
from comporta.checks.leakage.measure import CHAMPION, FEWEST, FEWEST_TOGETHER, find_leaks
from comporta.records import Figure, Findings
from comporta.stats.many import together

BESIDE = ("_leaks.py", "_tables.py")
ONE, FEW_VALUES = "one number that tells 0.95", "one of few values that tells 0.95"
LEAP = "a champion that tells 0.5 and a candidate that tells 0.95"
WIDE = f"{LEAP}, positives spread twice as far"
FILLED = "missing rows hold a twentieth of the positives"
EIGHT, THIRTY = "eight readings of one quantity that tell 0.98", "thirty numbers that tell 0.98 together"
LEAPS = tuple(
    World(kind, rows, base)
    for kind in (LEAP, WIDE)
    for rows, base in ((200, 0.25), (200, 0.5), (1_000, 0.05), (1_000, 0.5), (10_000, 0.005), (10_000, 0.5))
)
SOUND = (
    *LEAPS,
    World(FEW_VALUES, 200, 0.25),
    World(FEW_VALUES, 1_000, 0.05),
    World(ONE, 1_000),
    World(FILLED, 1_000, 0.3),
    World(FILLED, 10_000, 0.05),
    World(EIGHT, 1_000, 0.05),
    World(THIRTY, 1_000, 0.05),
    World(f"{ONE}, ten alike of each group", 2_000),
    World(f"{ONE}, ten alike and 40 days", 2_000),
    World(ONE, 1_000, 3),
    World(f"{ONE}, long tails", 1_000, 0),
    World(FEW_VALUES, 10_000, 0.005),
)
"""An optimal model tells the limit, or errs little more where a feature is gone: each alarm is wrong."""
FAULTS = (
    "three columns, each the label with noise, that tell 0.997 together",
    "seven columns that leak the same, 0.98",
    "one column of 0.975 where the others tell 0.75",
    "a column filled in for half of one class",
)
PLANTED = (
    *(World(f"planted: {FAULTS[2]}", rows) for rows in (2_500, 8_000, 20_000)),
    World(f"planted: {FAULTS[0]}", 2_500),
    World(f"planted: {FAULTS[0]}", 8_000),
    World(f"planted: {FAULTS[1]}", 8_000),
    World(f"planted: {FAULTS[3]}", 2_500),
)
LIKE = (World("one number that tells 0.975", 4_000),)
"""Honest, and of a leak's shape: whether it was known in time only people can tell."""
WORLDS = (*SOUND, *PLANTED, *LIKE)


def study(seeds: int = 1_000) -> list[dict[str, object]]:
    kept = Kept(Path(__file__))
    return [*_everyday(max(1, seeds // 50), kept), *(_counted(world, seeds, kept) for world in WORLDS)]


def _counted(world: World, seeds: int, kept: Kept) -> dict[str, object]:
    """The row of one world: where models are fitted a tenth of the seeds, where leaks are planted a
    twentieth."""
    times = max(1, seeds if world in LEAPS else seeds // 10 if world in SOUND else seeds // 20)
    name = f"{world.size}, {times}"
    if name not in kept:
        said = [_judged(world, seed) for seed in range(times)]
        kept.add(name, row(leakage().kind, _fault(world), _size(world), said))
    return dict(kept[name])


def _fault(world: World) -> str:
    if world in SOUND:
        return "none"
    fault = world.kind.removeprefix("planted: ")
    return f"{fault}, though honest" if world in LIKE else fault


def _size(world: World) -> str:
    test = len(range(world.rows)) // (5 if world in PLANTED else 2)
    return f"{world.size}, half of them test rows" if world in SOUND else f"about {test:,} test rows"


def _judged(world: World, seed: int) -> str:
    train, test, group = drawn(world, seed)
    if "champion" not in world.kind:
        return outcome(leakage(), find_leaks(train, with_answers(test), group=group))
    came = test["__target"].to_numpy()
    draw = np.random.default_rng([seed, 1])
    candidate, champion = draw.normal(size=(2, test.height))
    spread = 2.0 if "spread twice" in world.kind else 1.0
    between = apart(0.95) * np.sqrt((1 + spread**2) / 2)
    candidate = np.where(came, spread * candidate + between, candidate) - 2
    return _leap(with_answers(test, candidate), with_answers(test, champion), train["__key"])


def _leap(rows: pl.DataFrame, champion: pl.DataFrame, trained: pl.Series) -> str:
    """What is said where no trees are fitted: of the leap alone, whose intervals are those of a cliff."""
    if min(rows["__target"].sum(), (~rows["__target"]).sum()) < FEWEST:
        return "inconclusive"
    level = together(FEWEST_TOGETHER)
    leap = leap_past(rows, champion, [trained], above=0.95, fewest=FEWEST, group=None, level=level)
    figures = [Figure(metric=TOLD_BY_ALL.metric, value=0.5, low=0.4, high=0.6, rows=rows.height)]
    if leap is not None:
        figures.append(
            leap.figure(ERRORS_OF_CHAMPION.metric, rows.height, compared_with=CHAMPION, level=level)
        )
    return outcome(leakage(), Findings(figures=tuple(figures), rows=rows.height, of=rows.height))


def _everyday(seeds: int, kept: Kept) -> list[dict[str, object]]:
    """Tables without a fault, far from any limit, and with eight strong numbers."""
    makes: dict[str, Callable[[int], tuple[pl.DataFrame, pl.DataFrame]]] = {
        f"{kind}, {'numbers to tell' if regression else 'two classes'}, 2,000 rows": partial(
            parts, kind, 2_000, regression=regression
        )
        for regression in (False, True)
        for kind in KINDS
    }
    for strength, tell in ((3.0, "0.90"), (12.0, "0.98")):
        makes[f"eight strong numbers that tell {tell}, 4,000 rows"] = partial(_strong, strength)
    for size, make in makes.items():
        name = f"{size}, {seeds}"
        if name not in kept:
            pairs = (make(seed) for seed in range(seeds))
            said = [outcome(leakage(), find_leaks(train, with_answers(test))) for train, test in pairs]
            kept.add(name, row(leakage().kind, "none", size, said))
    return [dict(kept[f"{size}, {seeds}"]) for size in makes]


def _strong(strength: float, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    draw, rows = np.random.default_rng(seed), 4_000
    x = draw.normal(size=(rows, 8))
    score = strength * x @ np.linspace(0.5, 0.1, 8)
    whole = pl.DataFrame({f"f{n}": x[:, n] for n in range(8)}).with_columns(
        __key=pl.int_range(rows).cast(pl.String),
        __target=pl.Series(draw.random(rows) < 1 / (1 + np.exp(-score))),
    )
    return whole[: rows * 4 // 5], whole[rows * 4 // 5 :]


if __name__ == "__main__":
    first, last = (int(each) for each in sys.argv[1:3])
    for world in WORLDS[first:last]:
        print(_counted(world, 1_000, Kept(Path(__file__))), flush=True)
