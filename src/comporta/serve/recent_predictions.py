"""Which model gave the newest answers, before the log can tell."""

from __future__ import annotations

from typing import NamedTuple

from comporta.records import Signature

MOST = 65_536
_AT_ONCE = 256


class RecentPrediction(NamedTuple):
    """model, signature: who answered, and what its version takes and gives. sampled: whether it is logged."""

    model: str
    signature: Signature
    sampled: bool = True


class RecentPredictions:
    """By prediction id: of the newest answers, at least `most` and at most twice as many.

    What each request answered is only laid aside, and put into the tables for many requests at once.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._aside: list[tuple[list[str], RecentPrediction]] = []
        self._newer: dict[str, RecentPrediction] = {}
        self._older: dict[str, RecentPrediction] = {}

    def put(self, ids: list[str], prediction: RecentPrediction) -> None:
        """Known from now on; the oldest go."""
        self._aside.append((ids, prediction))
        if len(self._aside) >= _AT_ONCE:
            self._put_aside()

    def get(self, id: str) -> RecentPrediction | None:
        """None where it is too old, or was answered by another process."""
        self._put_aside()
        return self._newer.get(id) or self._older.get(id)

    def _put_aside(self) -> None:
        for ids, prediction in self._aside:
            if len(self._newer) >= self._most:
                self._older, self._newer = self._newer, {}
            self._newer.update(dict.fromkeys(ids, prediction))
        self._aside.clear()
