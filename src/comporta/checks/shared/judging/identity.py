"""The id of a check: what kind it is and what tells it from others of its kind, in declared words.

No title, class, constructor or module is part of it: each of these may change and the check stays the same.
What an id holds, in which order and how it is spelled never changes once released.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote


def identity(kind: str, **values: Any) -> str:
    """`limit?metric=roc_auc&at_least=0.7&by=carrier`. values: by declared names, in declared order; what is
    empty (None, False, no text) is left out, several of a name follow each other, true is `yes`."""
    told = {name: _spell(value) for name, value in values.items()}
    given = {name: value for name, value in told.items() if value}
    pairs = "&".join(f"{name}={quote(each, safe=',:')}" for name, some in given.items() for each in some)
    return f"{kind}?{pairs}" if given else kind


def _spell(value: Any) -> list[str]:
    if value is None or value is False or value == "":
        return []
    if value is True:
        return ["yes"]
    if isinstance(value, tuple | list):
        return [text for each in value for text in _spell(each)]
    if isinstance(value, float | int):
        # 50 and 50.0 are one limit, and every other float is its own.
        return [str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))]
    return [str(value)]
