"""What a constructor was given, checked in one place."""

from __future__ import annotations

import math
from typing import get_args

from comporta.checks.shared.judging.bounds import On
from comporta.errors import BadProject
from comporta.records import LEVELS


def number(check: str, name: str, value: object, *, low: float = -math.inf, high: float = math.inf) -> float:
    """The value as a finite float from `low` to `high`. Raises BadProject."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or not low <= float(value) <= high:  # type: ignore[arg-type]
        said = "a finite number" if math.isinf(low) else f"a number of {low:g} or more"
        said = said if math.isinf(high) else f"a number from {low:g} to {high:g}"
        raise BadProject(f"{check}: found {name}={value!r}, expected {said}.")
    return float(value)  # type: ignore[arg-type]


def whole(check: str, name: str, value: object, *, low: int, high: int) -> int:
    """The value as an int from `low` to `high`. Raises BadProject."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise BadProject(f"{check}: found {name}={value!r}, expected a whole number from {low} to {high}.")
    return value


def chosen(check: str, name: str, value: object, among: tuple[str, ...]) -> None:
    """Raises BadProject unless the value is one of these."""
    if value not in among:
        raise BadProject(f"{check}: found {name}={value!r}, expected one of {', '.join(among)}.")


def usual(check: str, on: object, level: object) -> None:
    """Raises BadProject on an unknown `on` or `level`."""
    chosen(check, "on", on, get_args(On))
    chosen(check, "level", level, LEVELS)


def names(check: str, name: str, value: object) -> tuple[str, ...]:
    """One name, several, or None, as a tuple of names. Raises BadProject."""
    if value is None:
        return ()
    found = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else ()
    if not found or not all(isinstance(each, str) and each for each in found):
        raise BadProject(f"{check}: found {name}={value!r}, expected a column's name, or several in a tuple.")
    return found
