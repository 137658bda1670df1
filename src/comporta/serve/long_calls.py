"""Calls that would keep the event loop: one after another in a thread of their own, and so many may wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from comporta.errors import BadRequest
from comporta.serve.prediction_ids import Ids

T = TypeVar("T")


class LongCalls:
    """One thread. queue: how many calls may wait or run at once."""

    def __init__(self, name: str, queue: int) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._ids = Ids()
        self._waiting, self._queue = 0, queue

    async def run(self, work: Callable[[Ids], T]) -> T:
        """What the call gives. It makes ids by the thread's own. Raises BadRequest with status 503."""
        if self._waiting >= self._queue:
            raise BadRequest(f"{self._waiting} long requests are waiting. Ask again later.", 503)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, self._ids)
        finally:
            self._waiting -= 1

    @property
    def waiting(self) -> int:
        """How many calls wait or run."""
        return self._waiting

    def close(self) -> None:
        """No more calls."""
        self._pool.shutdown(wait=False)
