"""How a class is named, whatever it is declared as."""

from __future__ import annotations

import math

ClassLabel = str | bool | int | float
"""A class, as the target has it: `"approve"`, `True`, `0`."""


def class_name(value: object) -> str | None:
    """A class as signatures name it: `true`, `0`, `late`; None for what is no class."""
    value = value.item() if hasattr(value, "item") and not isinstance(value, type) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value.is_integer() else str(value)
    return value if isinstance(value, str) and value else None
