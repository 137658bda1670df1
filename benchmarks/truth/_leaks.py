"""Worlds for the study of leakage: sound ones in which an alarm comes easily, and leaks of several kinds.

Half of the rows are test rows. In the sound ones an optimal model tells exactly the limit, so that each alarm
is wrong: the trees that the check fits are at most as good.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from _tables import START, parts
from scipy.optimize import brentq
from scipy.stats import norm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Parts = tuple[pl.DataFrame, pl.DataFrame]

LIMIT = 0.95
CUTS = np.arange(-1.0, 4.0)
THREE_APART = 2.31
"""How far the means of three classes are apart on one number that tells 0.95: the mean of one class against
the rest, of the best model's chances."""


@dataclass(frozen=True)
class World:
    """rows: of training and test together. base: the share of the rarer class; 0: numbers, 3: three
    classes."""

    kind: str
    rows: int
    base: float = 0.5

    @property
    def size(self) -> str:
        """What the table says of it: `one number that tells 0.95, 1,000 rows, 5 % positive`."""
        share = {0.0: "numbers to tell", 3.0: "three classes"}.get(
            self.base, f"{100 * self.base:g} % positive"
        )
        return f"{self.kind}, {self.rows:,} rows, {share}"


def apart(area: float) -> float:
    """How far apart two normal classes are whose area under the ROC curve is this: Green and Swets 1966."""
    return float(np.sqrt(2) * norm.ppf(area))


def drawn(world: World, seed: int) -> tuple[pl.DataFrame, pl.DataFrame, str | None]:
    """Training rows, test rows with the answers of a candidate, and the column of groups, if there is one."""
    draw = np.random.default_rng([seed, world.rows])
    rows = world.rows
    if world.kind.startswith("planted: "):
        train, test = _planted(world, seed)
        return train, test, None
    repeats = 10 if "ten alike" in world.kind else 1
    different = rows // repeats
    y = _truth(world, draw, different)
    x = _features(world, draw, y)
    frame = pl.DataFrame({f"f{n}": values for n, values in enumerate(x.T)}).with_columns(
        __target=pl.Series(y)
    )
    if repeats > 1:
        frame = frame[np.repeat(np.arange(different), repeats)]
    frame = frame.with_columns(__key=pl.int_range(rows).cast(pl.String))
    group = None
    if "days" in world.kind:  # five different rows a day, each ten times
        day = pl.int_range(rows) // (repeats * 5)
        frame = frame.with_columns(__at=pl.lit(START).dt.cast_time_unit("us") + day * timedelta(days=1))
    elif repeats > 1:
        group = "who"
        frame = frame.with_columns(__keep_who=(pl.int_range(rows) // repeats))
    return frame[: rows // 2], frame[rows // 2 :], group


def _truth(world: World, draw: np.random.Generator, rows: int) -> NDArray[np.generic]:
    if world.base == 3:
        return draw.integers(0, 3, rows)
    if world.base == 0:
        return draw.normal(size=rows)
    return draw.random(rows) < world.base


def _features(world: World, draw: np.random.Generator, y: NDArray[np.generic]) -> Floats:
    """Eight numbers, or thirty: what the kind names, and noise."""
    kind, rows = world.kind, len(y)
    x = draw.normal(size=(rows, 30 if "thirty" in kind else 8))
    if world.base == 0:
        # R² of y given x0 = y + noise is 1 / (1 + noise²).
        noise = np.sqrt(1 / LIMIT - 1)
        tail = draw.standard_t(3, rows) / np.sqrt(3) if "long tails" in kind else draw.normal(size=rows)
        x[:, 0] = y + noise * tail
    elif world.base == 3:
        x[:, 0] += THREE_APART * y
    elif "few values" in kind:
        x[:, 0] = np.digitize(x[:, 0] + _coarse_apart() * y, CUTS)
        x[:, 1:] = x[:, 1:] > 0
    elif "eight readings" in kind:
        x = (x[:, :1] + apart(0.98) * y[:, None]) + 0.3 * draw.normal(size=x.shape)
    elif "thirty" in kind:
        x += apart(0.98) / np.sqrt(30) * y[:, None]
    elif "missing" in kind:
        x[:, 1] += apart(0.80) * y
        # The rows that lack it, half of all, hold a twentieth of the positives that they would by chance.
        lacks = np.where(y, 0.5 * (1 - LIMIT), 0.5 * (1 - (1 - LIMIT) * world.base) / (1 - world.base))
        x[draw.random(rows) < lacks, 0] = np.nan
    elif "champion" not in kind:
        told = next(each for each in (0.95, 0.975) if f"{each:g}" in kind)
        x[:, 0] += apart(told) * y
    return x


def _coarse_apart() -> float:
    """How far apart two classes are whose area is the limit once they are cut into few values."""

    def area(d: float) -> float:
        here, there = (np.diff(norm.cdf([-np.inf, *CUTS, np.inf], loc=at)) for at in (0.0, d))
        return float(there @ (np.cumsum(here) - here / 2)) - LIMIT

    return float(brentq(area, 1, 4))


def with_answers(test: pl.DataFrame, scores: Floats | None = None) -> pl.DataFrame:
    """Test rows with a model's answers. scores: of two classes, larger where the second is likelier; None:
    the same of all."""
    target = test["__target"]
    if target.dtype.is_float():
        return test.with_columns(__prediction=pl.lit(0.0))
    classes = ["false", "true"] if target.dtype == pl.Boolean else ["0", "1", "2"]
    label = pl.Series([classes[-1]] * test.height, dtype=pl.Enum(classes))
    chance = np.full(test.height, 0.5) if scores is None else 1 / (1 + np.exp(-scores))
    if len(classes) == 3:
        return test.with_columns(__label=label, **{f"__probability_{n}": pl.lit(1 / 3) for n in range(3)})
    return test.with_columns(
        __label=label, __probability_0=pl.Series(1 - chance), __probability_1=pl.Series(chance)
    )


def _planted(world: World, seed: int) -> Parts:
    """A sound table whose features tell 0.75, and a leak beside them."""
    train, test = parts("mixed", world.rows, seed)
    draw = np.random.default_rng(seed)
    whole = pl.concat([train, test]).drop("__at")  # else the six days of 8,000 minutes are what is counted
    came = whole["__target"].to_numpy()

    def noisy(noise: float) -> Floats:
        return came + noise * draw.normal(size=len(came))

    if "three" in world.kind:
        leaks = {f"leak {n}": noisy(0.45) for n in range(3)}
    elif "seven" in world.kind:
        leak = noisy(0.34)
        leaks = {f"leak {n}": leak + 0.01 * draw.normal(size=len(came)) for n in range(7)}
    elif "one column" in world.kind:
        leaks = {"leak": noisy(0.36)}
    else:
        leaks = {"leak": np.where(came & (draw.random(len(came)) < 0.5), 1.0, np.nan)}
    whole = whole.with_columns(**{name: pl.Series(values) for name, values in leaks.items()})
    return whole[: train.height], whole[train.height :]
