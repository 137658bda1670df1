"""Versions in memory: loaded one after another beside what serves, so that nothing waits for a slow one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import partial

from comporta.errors import ComportaError
from comporta.serve.live_version import LiveVersion, live_version
from comporta.serve.serving_state import VersionKey
from comporta.serve.version_source import VersionSource


class VersionLoader:
    """live: those that can answer. failed: why others cannot. Changed in the event loop alone."""

    def __init__(
        self,
        source: VersionSource,
        nanoseconds: Callable[[], int],
        say: Callable[[str], None],
        on_change: Callable[[], None],
    ) -> None:
        """say: called in a thread beside the loop's. on_change: called once each was loaded or has failed."""
        self.live: dict[VersionKey, LiveVersion] = {}
        self.failed: dict[VersionKey, str] = {}
        self._source, self._now, self._say, self._on_change = source, nanoseconds, say, on_change
        self._queue: list[VersionKey] = []
        self._under_way: VersionKey | None = None
        self._task: asyncio.Task[None] | None = None

    def want(
        self, keys: Sequence[VersionKey], *, used: Collection[VersionKey], again: Collection[VersionKey]
    ) -> None:
        """Loads these, in their order, and lets go of all others but those in use. again: of what could not
        be loaded, what is tried once more."""
        wanted = {*keys, *used}
        self.live = {key: live for key, live in self.live.items() if key in wanted}
        self.failed = {key: reason for key, reason in self.failed.items() if key in wanted}
        waiting = {*self._queue}
        self._queue = [
            key
            for key in keys
            if key not in self.live
            and key != self._under_way
            and (key not in self.failed or key in again or key in waiting)
        ]
        if self._queue and self._task is None:
            self._task = asyncio.create_task(self._load())

    def is_open(self, key: VersionKey) -> bool:
        """Whether it is not known yet if this version can be loaded."""
        return key not in self.live and key not in self.failed

    def close(self) -> None:
        """No more loading."""
        if self._task is not None:
            self._task.cancel()

    async def _load(self) -> None:
        while self._queue:
            model, number = key = self._under_way = self._queue.pop(0)
            try:
                live = await asyncio.to_thread(
                    live_version,
                    partial(self._source.load, model, number),
                    f"{model}/{number}",
                    self._now(),
                    self._say,
                )
            except ComportaError as error:
                self.failed[key] = str(error)
            else:
                self.failed.pop(key, None)
                self.live[key] = live
            self._under_way = None
            self._on_change()
        self._task = None
