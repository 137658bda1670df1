"""Tables with personal data in one value or in a column, and tables full of other numbers and words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from _called import called

from comporta.checks.personal_data import kinds
from comporta.checks.personal_data.check import no_personal_data
from comporta.checks.personal_data.measure import findings, in_rows
from comporta.records import Evidence

CODE = ("checks/personal_data/measure.py", "checks/personal_data/kinds.py", "checks/personal_data/check.py")
CHECK = no_personal_data()


def table(seed: int, rows: int) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "order": draw.integers(10**8, 10**9, rows),
            "item": draw.integers(10**10, 10**11, rows),
            "long": draw.integers(10**15, 10**16, rows).astype(str),
            "serial": np.arange(10**8, 10**8 + rows) + seed,
            "seconds": draw.integers(1_600_000_000, 1_700_000_000, rows),
            "amount": draw.normal(0, 1e9, rows),
            "town": draw.choice(["Vila Nova de Gaia", "Saint-Denis", "O'Fallon, MO 63366"], rows),
            "at": ["2024-01-03 10:00:00+01:00"] * rows,
            "note": [f"call back on day {number}, -3 % of +12.50" for number in draw.integers(0, 99, rows)],
        }
    )


def numbers(holds: Callable[[str], bool], digits: int, seed: int) -> list[int]:
    draw = np.random.default_rng(seed)
    drawn = (str(each) for each in draw.integers(10 ** (digits - 1), 10**digits, 3_000))
    return [int(each) for each in drawn if holds(each)]


def planted(fault: str, seed: int, rows: int) -> pl.DataFrame:
    frame = table(seed, rows)
    if fault.startswith("one "):
        text = {
            "one e-mail address": "see ana.silva@example.com",
            "one telephone number": "call +351 912 345 678",
            "one IBAN": "to GB82 WEST 1234 5698 7654 32",
        }[fault]
        return frame.with_columns(
            note=pl.when(pl.int_range(rows) == seed).then(pl.lit(text)).otherwise("note")
        )
    if fault.startswith("a column"):
        holds, digits = {"NIF": (kinds.nif, 9), "BSN": (kinds.bsn, 9), "card": (kinds.card, 16)}[
            fault.split()[3]
        ]
        held = numbers(holds, digits, seed)
        return frame.with_columns(who=pl.Series(np.resize(held, rows)))
    return frame


def fails(fault: str, seed: int, rows: int) -> bool:
    found = findings(list(in_rows(planted(fault, seed, rows))), 10, rows)
    (asked,) = CHECK.needs()
    return CHECK.judge((Evidence(need=asked, figures=found.figures),)).outcome == "fail"


def study(seeds: int = 300) -> list[dict[str, Any]]:
    """Nine columns of ids, times, amounts and words; then one more thing, at a tenth of the seeds."""
    faults = (
        "none",
        "one e-mail address",
        "one telephone number",
        "one IBAN",
        "a column of NIF numbers",
        "a column of BSN numbers",
        "a column of card numbers",
    )
    return [
        {
            "check": called(CHECK),
            "fault": fault,
            "size": "2,000 rows",
            "found": float(np.mean([fails(fault, seed, 2_000) for seed in range(times)])),
            "seeds": times,
        }
        for fault in faults
        for times in (seeds if fault == "none" else max(1, seeds // 10),)
    ]
