"""How far a share seen at some seeds can be from what it is: Clopper and Pearson's exact bounds (1934)."""

from __future__ import annotations

import math
from typing import Any

from scipy.special import betaincinv

SOUND = "none"
SURE = 0.95


def is_sound(fault: str) -> bool:
    """Whether nothing was planted: what fails then is a false alarm, whatever else the name tells."""
    return fault.partition(" ")[0].strip(":,") == SOUND or "no fault" in fault


def most(times: int, seeds: int) -> float:
    """What the rate is at most, 95 % sure, where it was seen so many times: 0 of 10 is up to 25.9 %."""
    return 1.0 if times >= seeds else float(betaincinv(times + 1, seeds - times, SURE))


def least(times: int, seeds: int) -> float:
    """What the rate is at least, 95 % sure: 10 of 10 is 74.1 % or more."""
    return 0.0 if times <= 0 else float(betaincinv(times, seeds - times + 1, 1 - SURE))


def sure(row: dict[str, Any]) -> str:
    """A false alarm's upper bound, and a finding's lower one, each rounded to the worse side."""
    times = round(row["found"] * row["seeds"])
    if is_sound(row["fault"]):
        return f"at most {percent(math.ceil(1000 * most(times, row['seeds']) - 1e-9) / 1000)}"
    return f"at least {percent(math.floor(1000 * least(times, row['seeds']) + 1e-9) / 1000)}"


def percent(value: float) -> str:
    return f"{value:.1%}".replace(".0%", "%").replace("%", " %")
