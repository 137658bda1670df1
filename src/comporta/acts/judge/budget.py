"""How long a level may measure one candidate: what has not begun by then is missing, and so is no pass."""

from __future__ import annotations

from comporta.errors import BadProject
from comporta.records import LEVELS, Level, duration

SECONDS_OF_A_LEVEL: dict[Level, float] = {"commit": 60.0, "release": 1800.0, "audit": 14_400.0}
"""Of a level that `budget` in `comporta.toml` does not name."""


def seconds_at(level: Level, said: str = "") -> float:
    """Seconds of this level. said: as in `comporta.toml`, `release=1h, audit=8h`; levels it does not name
    keep their own. Raises BadProject."""
    found: dict[str, float] = {each: SECONDS_OF_A_LEVEL[each] for each in LEVELS}
    for part in filter(None, map(str.strip, said.split(","))):
        name, _, span = (each.strip() for each in part.partition("="))
        if name not in LEVELS:
            raise BadProject(f"budget: found {part!r}, expected one of {', '.join(LEVELS)}: release=1h.")
        try:
            found[name] = duration(span).total_seconds()
        except BadProject as error:
            raise BadProject(f"budget: {name}: {error}") from error
    return found[level]
