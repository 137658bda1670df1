"""Whether test rows that training has seen are found, and none where there are none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from _tables import KINDS, outcome, parts, row, sizes

from comporta.checks import contamination
from comporta.checks.contamination.measure import find_contamination

REQUEST = [f"f{number}" for number in range(1, 20)]


def study(seeds: int = 60) -> list[dict[str, object]]:
    check, out = contamination(), []
    for kind in KINDS:
        for rows, some in sizes(seeds):
            said = [outcome(check, find_contamination(*parts(kind, rows, seed))) for seed in some]
            out.append(row("contamination", "none", f"{kind}, {rows:,} rows", said))
    for size, make in COMMON.items():
        said = [outcome(check, find_contamination(*_drawn(make, seed))) for seed in range(2 * seeds)]
        out.append(row("contamination", "none", size, said))
    faults = {
        "3 % of the test rows copied into training": (_copied, KINDS),
        "3 % copied, each number moved by 0.1 % of its spread": (_moved, ("numbers", "sensors")),
        "every row doubled before the split": (_doubled, ("numbers", "mixed")),
        "one key in both parts": (_one_key, ("mixed",)),
    }
    for fault, (plant, kinds) in faults.items():
        for kind in kinds:
            said = [outcome(check, find_contamination(*plant(kind, 5_000, seed))) for seed in range(seeds)]
            out.append(row("contamination", fault, f"{kind}, 5,000 rows", said))
    for fault, shared in (("none", 0.0), ("a tenth of the test rows copied to another date", 0.1)):
        said = [
            outcome(check, find_contamination(*_redated(seed, shared), known=REQUEST))
            for seed in range(2 * seeds)
        ]
        out.append(row("contamination", fault, "numbers, one joined by date, subjects, 5,000 rows", said))
    said = [outcome(check, find_contamination(*_hours(seed), known=REQUEST)) for seed in range(2 * seeds)]
    out.append(row("contamination", "none", "numbers that all of an hour share, subjects, 5,000 rows", said))
    by_group = contamination(entities=("customer",))
    said = [
        outcome(by_group, find_contamination(*_customers(seed, 1), ["customer"])) for seed in range(seeds)
    ]
    out.append(row("contamination", "one customer of a split by customer in both parts", "5,000 rows", said))
    said = [
        outcome(by_group, find_contamination(*_customers(seed, 0), ["customer"])) for seed in range(seeds)
    ]
    out.append(row("contamination", "none", "split by customer, 5,000 rows", said))
    return out


def _flags(draw: np.random.Generator, rows: int, test: bool) -> np.ndarray:
    return (draw.random((rows, 10)) < np.linspace(0.005, 0.03, 10)).astype(int)


def _word(draw: np.random.Generator, rows: int, test: bool) -> np.ndarray:
    others = draw.choice(list("abcd"), (rows, 4), p=[0.5, 0.3, 0.15, 0.05])
    common = draw.random(rows) < (0.9 if test else 0.5)
    return np.column_stack([others, np.where(common, "the", draw.choice(list("pqrstuvw"), rows))])


def _shops(draw: np.random.Generator, rows: int, test: bool) -> np.ndarray:
    return draw.integers(0, 3, rows)[:, None] * np.arange(1, 6)


def _calmer(draw: np.random.Generator, rows: int, test: bool) -> np.ndarray:
    hidden = draw.normal(size=(rows, 2)) * (0.4 if test else 1.0)
    return hidden @ np.arange(16).reshape(2, 8) / 8 + 0.05 * draw.normal(size=(rows, 8))


COMMON = {
    "ten flags, 97 to 99.5 % of them not set, 5,000 rows": _flags,
    "a word that grew from one in two to nine in ten, beside four others, 5,000 rows": _word,
    "traits of three shops, 5,000 rows": _shops,
    "sensors that move less in the test, 5,000 rows": _calmer,
}


def _drawn(
    make: Callable[[np.random.Generator, int, bool], np.ndarray], seed: int
) -> tuple[pl.DataFrame, ...]:
    draw = np.random.default_rng(seed)
    return tuple(
        pl.DataFrame(make(draw, rows, test)).with_columns(
            __key=pl.lit(f"{test} ") + pl.int_range(rows).cast(pl.String),
            __target=pl.Series(draw.random(rows) < 0.3),
        )
        for rows, test in ((4_000, False), (1_000, True))
    )


def _copied(kind: str, rows: int, seed: int, moved: float = 0.0) -> tuple[pl.DataFrame, pl.DataFrame]:
    train, test = parts(kind, rows, seed)
    some = test.sample(fraction=0.03, seed=seed)
    if moved:
        draw = np.random.default_rng(seed)
        some = some.with_columns(
            pl.Series(name, some[name].to_numpy() + moved * test[name].std() * draw.normal(size=some.height))
            for name in some.columns
            if some[name].dtype == pl.Float64 and not name.startswith("__")
        )
    return pl.concat([train, some.with_columns(pl.col("__key") + "again")]), test


def _moved(kind: str, rows: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    return _copied(kind, rows, seed, moved=0.001)


def _doubled(kind: str, rows: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    whole = pl.concat(parts(kind, rows, seed))
    whole = pl.concat([whole, whole.with_columns(pl.col("__key") + "again")])
    tests = pl.Series(np.random.default_rng(seed).random(whole.height) < 0.2)
    return whole.filter(~tests), whole.filter(tests)


def _redated(seed: int, share: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Copies under other keys and of other subjects, with what another date's join brings as `f0`."""
    train, test = (
        part.with_columns(__subject=pl.col("__key").hash()) for part in parts("numbers", 5_000, seed)
    )
    again = test.sample(fraction=share, seed=seed).with_columns(
        __key=pl.col("__key") + "again", __subject=pl.col("__key").hash(seed=1), f0=pl.col("f0") + 1
    )
    return pl.concat([train, again]), test


def _hours(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Four rows of each hour, alike in all but what is joined, parted at random."""
    draw = np.random.default_rng(seed)
    hours = pl.concat([*parts("numbers", 1_250, seed)])
    whole = pl.concat([hours] * 4).with_columns(
        __key=pl.int_range(4 * hours.height).cast(pl.String),
        __subject=pl.int_range(4 * hours.height),
        f0=pl.Series(draw.normal(size=4 * hours.height)),
    )
    tests = pl.Series(draw.random(whole.height) < 0.2)
    return whole.filter(~tests), whole.filter(tests)


def _one_key(kind: str, rows: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    train, test = parts(kind, rows, seed)
    return train, test.with_columns(
        __key=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(train["__key"][0])).otherwise("__key")
    )


def _customers(seed: int, shared: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    train, test = parts("mixed", 5_000, seed)
    draw = np.random.default_rng(seed)
    return (
        train.with_columns(__keep_customer=pl.Series(draw.integers(0, 400, train.height))),
        test.with_columns(__keep_customer=pl.Series(draw.integers(400 - shared, 500, test.height))),
    )
