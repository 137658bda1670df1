"""Generated tables without a fault, of the kinds that real ones come in; studies plant faults in them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import judge
from comporta.records import Check, Findings

KINDS = ("numbers", "mixed", "coarse", "sensors")
START = datetime(2025, 1, 1, tzinfo=UTC)


def table(kind: str, rows: int, seed: int, *, regression: bool = False) -> pl.DataFrame:
    """numbers: 20 real features. mixed: prices in cents, counts, words, a quarter missing. coarse: eight
    words of few values. sensors: eight readings of two hidden quantities, with a little noise."""
    draw = np.random.default_rng(seed)
    made: dict[str, object]
    if kind == "coarse":
        made = {f"c{n}": draw.choice(list("abcd"), rows, p=[0.5, 0.3, 0.15, 0.05]) for n in range(8)}
        signal = sum((made[f"c{n}"] == "a") * 1.0 for n in range(3)) - 1.5
    elif kind == "sensors":
        hidden = draw.normal(size=(rows, 2))
        readings = hidden @ draw.normal(size=(2, 8)) + 0.05 * draw.normal(size=(rows, 8))
        made = {f"s{n}": readings[:, n] for n in range(8)}
        signal = hidden[:, 0]
    else:
        numbers = draw.normal(size=(rows, 20))
        signal = numbers[:, 0] + 0.5 * numbers[:, 1]
        made = {f"f{n}": numbers[:, n] for n in range(20)}
        if kind == "mixed":
            made = {f"f{n}": made[f"f{n}"] for n in range(3)}
            made["price"] = np.round(np.exp(3 + draw.normal(size=rows)), 2)
            made["count"] = draw.poisson(3, rows)
            made["word"] = draw.choice(["red", "green", "blue"], rows)
            made["flag"] = draw.random(rows) < 0.2
            made["rare"] = np.where(draw.random(rows) < 0.25, np.nan, draw.normal(size=rows))
    noisy = signal + draw.normal(size=rows)
    number = pl.int_range(pl.len())
    return pl.DataFrame(made).with_columns(
        __key=pl.lit(f"{seed}-") + number.cast(pl.String),
        __at=pl.lit(START).dt.cast_time_unit("us") + pl.duration(minutes=number),
        __target=pl.Series(noisy if regression else noisy > 0.5),
    )


def parts(kind: str, rows: int, seed: int, *, regression: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Train and test, four to one, at random."""
    whole = table(kind, rows, seed, regression=regression)
    tests = np.random.default_rng(seed + 1).random(rows) < 0.2
    return whole.filter(pl.Series(~tests)), whole.filter(pl.Series(tests))


def sizes(seeds: int) -> tuple[tuple[int, range], ...]:
    """Rows, and the seeds of tables of so many: fewer of the large."""
    return (2_000, range(seeds)), (20_000, range(max(10, seeds // 6)))


def outcome(check: Check, found: Findings) -> str:
    """What the check says of these findings."""
    (asked,) = check.needs()
    evidence = evidence_of(asked, found)
    (verdict,) = judge((check,), {asked: evidence})
    return verdict.outcome


def row(check: str, fault: str, size: str, outcomes: list[str]) -> dict[str, object]:
    """One line of a study. other: what it said where it neither failed nor passed, and how often."""
    failed = sum(each == "fail" for each in outcomes) / len(outcomes)
    rest = {each: outcomes.count(each) / len(outcomes) for each in outcomes if each not in ("fail", "pass")}
    other = ", ".join(f"{each} {share:.0%}" for each, share in sorted(rest.items()))
    return {
        "check": check,
        "fault": fault,
        "size": size,
        "found": failed,
        "seeds": len(outcomes),
        "other": other,
    }
