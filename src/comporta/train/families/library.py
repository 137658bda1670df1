"""Which library a model's class is of."""

from __future__ import annotations

from typing import Any


def of_library(model: Any, library: str) -> bool:
    """Whether its class is one of the library's own."""
    return type(model).__module__.partition(".")[0] == library
