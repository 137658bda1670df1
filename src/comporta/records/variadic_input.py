"""The names of inputs of which a step is handed several: made and read here alone, for recipes hold them.

A step takes them as `**others`. Their names never change: `earlier 1`, `table weather`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

_EARLIER, _TABLE = "earlier ", "table "


def earlier_input(number: int) -> str:
    """The reference of an earlier version; 1 is the newest."""
    return f"{_EARLIER}{number}"


def table_input(dataset: str) -> str:
    """The version of a dataset that features read."""
    return f"{_TABLE}{dataset}"


def earlier_inputs(others: Mapping[str, T]) -> dict[int, T]:
    """Of what a step was handed, what earlier versions left, by number: the newest, 1, first."""
    found = {int(rest): each for rest, each in _by_name(_EARLIER, others)}
    return {number: found[number] for number in sorted(found)}


def table_inputs(others: Mapping[str, T]) -> dict[str, T]:
    """Of what a step was handed, the versions of datasets, by dataset."""
    return dict(_by_name(_TABLE, others))


def _by_name(kind: str, others: Mapping[str, T]) -> list[tuple[str, T]]:
    return [(name[len(kind) :], each) for name, each in others.items() if name.startswith(kind)]
