"""Which versions serve now, kept up with the releases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from comporta.records import Signature
from comporta.serve.feedback_body import distinct_signatures
from comporta.serve.serving_state import ServingState, next_serving_state
from comporta.serve.version_source import VersionSource

_POLLS_BETWEEN_TRIES = 30


class ReleaseFollower:
    """`serving` is what answers now; it is replaced whole as releases come.

    labels_differ: whether the versions in it read labels otherwise than each other."""

    def __init__(
        self,
        source: VersionSource,
        *,
        poll: float,
        nanoseconds: Callable[[], int],
        on_change: Callable[[], None],
        on_first_look: Callable[[ServingState], None] = lambda serving: None,
        say: Callable[[str], None],
    ) -> None:
        """poll: seconds between looks for a release. on_change: called after each replacement.
        on_first_look: called once, when every release that could be read was loaded or has failed."""
        self.serving = ServingState()
        self.labels_differ = False
        self._source, self._poll, self._now = source, poll, nanoseconds
        self._on_change, self._on_first_look, self._say = on_change, on_first_look, say
        self._released: frozenset[str] | None = None
        self._looked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to look; called from the event loop that serves."""
        self._task = asyncio.create_task(self._follow())

    def stop(self) -> None:
        """No more looks."""
        if self._task is not None:
            self._task.cancel()

    def is_loading(self, model: str) -> bool:
        """Whether a model that does not answer yet soon may: it is released, or that is not known yet."""
        return self._released is None or model in self._released

    def signatures(self) -> dict[str, list[Signature]] | None:
        """Of each model those of the versions that answer; None where a label may be about a model that
        answers no more, or not yet."""
        if self._released is None or self._released - self.serving.models.keys():
            return None
        return self._serving_signatures()

    def _serving_signatures(self) -> dict[str, list[Signature]]:
        return {
            name: [live.loaded.signature for live in (each.champion, *each.versions.values())]
            for name, each in self.serving.models.items()
        }

    async def looked_once(self) -> None:
        """Returns when every release was looked at once."""
        await self._looked.wait()

    async def _follow(self) -> None:
        """Looks for ever, and lets the next set of versions answer once all of it is ready."""
        tries, first = 0, True
        while True:
            lines: list[str] = []
            say = lines.append
            try:
                serving = await asyncio.to_thread(
                    next_serving_state, self.serving, self._source, self._now, say,
                    again=tries % _POLLS_BETWEEN_TRIES == 0, released=self._set_released,
                )  # fmt: skip
                if serving is not self.serving:
                    self.serving = serving
                    self.labels_differ = len(distinct_signatures(self._serving_signatures())) > 1
                    self._on_change()
                if first:
                    first = False
                    self._on_first_look(serving)
            # A boundary: while the ledger cannot be read, what serves goes on serving.
            except Exception as error:
                if tries % _POLLS_BETWEEN_TRIES == 0:
                    say(f"releases cannot be read ({type(error).__name__}: {error}); what serves goes on.")
            for line in lines:  # what is said to answer does
                self._say(line)
            tries += 1
            self._looked.set()
            await asyncio.sleep(self._poll)

    def _set_released(self, models: frozenset[str]) -> None:
        self._released = models
