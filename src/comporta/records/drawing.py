"""How a report shows what was measured for a check: under which heading, and as which pictures."""

from __future__ import annotations

from typing import Literal

from comporta.records.message import NO_TEXT, Text
from comporta.records.record import Record

Section = Literal[
    "quality", "champion", "time", "fairness", "robustness", "data", "behaviour", "privacy", "own"
]
"""Where a report tells it: how good the model is, against the champion, over time, fairness and conduct, when
pushed, the data, what the model looks at, privacy, the team's own."""


class Drawing(Record, frozen=True, kw_only=True):
    """How a table of the findings is drawn. table: its id; empty for any. kind: `dots` with their
    intervals, `bars` from 0, `moved` from what was to what is, or a `curve`. caption: what it shows; `{}`
    in it, or in a value of its message, stands for the row's `apart`.

    label: the ids of the columns that name a row, value, low, high: its numbers, was: the number before.
    apart: the columns by whose values it is cut into several pictures. along, up: a curve's axes, as
    (column, words).
    """

    table: str = ""
    kind: Literal["dots", "bars", "moved", "curve"]
    caption: Text | str
    label: tuple[str, ...] = ()
    value: str = "value"
    low: str = "low"
    high: str = "high"
    was: str = "was"
    apart: tuple[str, ...] = ()
    along: tuple[str, Text | str] = ("x", NO_TEXT)
    up: tuple[str, Text | str] = ("y", NO_TEXT)
    diagonal: bool = False


class Drawings(Record, frozen=True, kw_only=True):
    """How a report draws the findings of one measuring. tables: the first that fits a table draws it.
    metrics: what a figure is called under a picture, where its own name is too short for a reader.

    once: whether the tables repeat the figures, and are not drawn where
    those are.
    """

    tables: tuple[Drawing, ...] = ()
    metrics: dict[str, Text | str] = {}
    once: bool = False
