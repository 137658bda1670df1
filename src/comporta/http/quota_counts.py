"""Where it is counted what tokens asked for: in this process, or in memory that several share."""

from __future__ import annotations

import threading
from typing import Protocol

ENDS, REQUESTS, ROWS = range(3)
CELLS_BYTES = 24
AT_ONCE = "at once"
"""In place of a span: what is on its way and not answered yet."""


class QuotaCounts(Protocol):
    """Three numbers of 64 bits for each token and span of time, 0 at first: when the span ends (nanoseconds
    since 1970), and the requests and rows in it. Threads hold `lock` while they add to them."""

    lock: threading.Lock

    def own_cells(self, token: str, span: str) -> memoryview:
        """What this process counts: always the same numbers."""

    def other_cells(self, token: str, span: str) -> tuple[memoryview, ...]:
        """What others count that share the quota."""


class LocalQuotas:
    """Numbers of this process alone."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._cells: dict[tuple[str, str], memoryview] = {}

    def own_cells(self, token: str, span: str) -> memoryview:
        return self._cells.setdefault((token, span), memoryview(bytearray(CELLS_BYTES)).cast("q"))

    def other_cells(self, token: str, span: str) -> tuple[memoryview, ...]:
        return ()
