"""Which model gave the newest answers, before the log can tell."""

from __future__ import annotations

from collections.abc import Iterable

from comporta.records import Signature

MOST = 65_536


class RecentPredictions:
    """By prediction id the model and what its version takes and gives: of the newest answers, at least `most`
    and at most twice as many."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._newer: dict[str, tuple[str, Signature]] = {}
        self._older: dict[str, tuple[str, Signature]] = {}

    def put(self, ids: Iterable[str], model: str, signature: Signature) -> None:
        """Known from now on; the oldest go."""
        if len(self._newer) >= self._most:
            self._older, self._newer = self._newer, {}
        self._newer.update(dict.fromkeys(ids, (model, signature)))

    def get(self, id: str) -> tuple[str, Signature] | None:
        """None where it is too old, or was answered by another process."""
        return self._newer.get(id) or self._older.get(id)
