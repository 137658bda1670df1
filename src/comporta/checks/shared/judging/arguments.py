"""What a constructor was given, checked in one place."""

from __future__ import annotations

import math
from typing import get_args

from comporta.checks.shared.judging.bounds import On
from comporta.errors import BadProject
from comporta.records import LEVELS
from comporta.records.class_name import class_name


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


def check_choice(check: str, name: str, value: object, among: tuple[str, ...]) -> None:
    """Raises BadProject unless the value is one of these."""
    if value not in among:
        raise BadProject(f"{check}: found {name}={value!r}, expected one of {', '.join(among)}.")


def usual(check: str, on: object, level: object) -> None:
    """Raises BadProject on an unknown `on` or `level`."""
    check_choice(check, "on", on, get_args(On))
    check_choice(check, "level", level, LEVELS)


def label(check: str, name: str, value: object) -> str:
    """A class as signatures name it: `true`, `0`, `late`; empty where it is None. Raises BadProject."""
    if value is None:
        return ""
    found = class_name(value)
    if found is None:
        raise BadProject(f"{check}: found {name}={value!r}, expected one of the target's classes, or None.")
    return found


def name(check: str, argument: str, value: object) -> str:
    """One name of a column or a metric; empty where none was given (None). Raises BadProject."""
    if value is not None and not (isinstance(value, str) and value):
        raise BadProject(f"{check}: found {argument}={value!r}, expected a name, or None.")
    return value or ""


def flag(check: str, argument: str, value: object) -> bool:
    """True or False. Raises BadProject on what is neither: `"no"` would count as true."""
    if not isinstance(value, bool):
        raise BadProject(f"{check}: found {argument}={value!r}, expected True or False.")
    return value


def names(check: str, name: str, value: object) -> tuple[str, ...]:
    """One name, several, or none (None, an empty tuple), as a tuple of names. Raises BadProject."""
    if value is None or value == () or value == []:
        return ()
    found = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else ()
    if not found or not all(isinstance(each, str) and each for each in found):
        raise BadProject(f"{check}: found {name}={value!r}, expected a column's name, or several in a tuple.")
    return found
