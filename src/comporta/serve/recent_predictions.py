"""Which model gave the newest answers, before the log can tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from comporta.records import Signature

MOST = 65_536


class RecentPrediction(NamedTuple):
    """model, signature: who answered, and what its version takes and gives. sampled: whether it is logged."""

    model: str
    signature: Signature
    sampled: bool = True


class RecentPredictions:
    """By prediction id: of the newest answers, at least `most` and at most twice as many."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._newer: dict[str, RecentPrediction] = {}
        self._older: dict[str, RecentPrediction] = {}

    def put(self, ids: Iterable[str], prediction: RecentPrediction) -> None:
        """Known from now on; the oldest go."""
        if len(self._newer) >= self._most:
            self._older, self._newer = self._newer, {}
        self._newer.update(dict.fromkeys(ids, prediction))

    def get(self, id: str) -> RecentPrediction | None:
        """None where it is too old, or was answered by another process."""
        return self._newer.get(id) or self._older.get(id)
