"""Names of columns as a library takes them, where it refuses some signs."""

from __future__ import annotations

import re
from collections.abc import Sequence


def spell(names: Sequence[str], refused: re.Pattern[str]) -> list[str]:
    """Each name with `_` for what is refused in it; none becomes another's."""
    taken = {each for each in names if not refused.search(each)}
    found = []
    for each in names:
        spelling = refused.sub("_", each)
        while spelling != each and spelling in taken:
            spelling += "_"
        taken.add(spelling)
        found.append(spelling)
    return found
