"""Which versions serve now, kept up with the releases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping

import msgspec

from comporta.records import Route, Signature
from comporta.serve.feedback_body import distinct_signatures
from comporta.serve.metric_sample import MetricSample
from comporta.serve.serving_state import ServingState, next_serving_state
from comporta.serve.sibling_workers import SiblingWorkers
from comporta.serve.version_source import VersionSource

_POLLS_BETWEEN_TRIES = 30
_PATIENCE = 10.0  # seconds to wait for siblings that load the same release
_LOOK = 0.005


class ReloadCounts(msgspec.Struct):
    """count: how often what serves was replaced. seconds: what that took. last: when, seconds since 1970."""

    count: int = 0
    failures: int = 0
    seconds: float = 0.0
    last: float = 0.0


class ReleaseFollower:
    """`serving` is what answers now; it is replaced whole as releases come.

    labels_differ: whether the versions in it read labels otherwise than each other. least_sample: the
    smallest share of answers that one of them keeps."""

    def __init__(
        self,
        source: VersionSource,
        *,
        poll: float,
        nanoseconds: Callable[[], int],
        on_change: Callable[[], None],
        on_first_look: Callable[[ServingState], None] = lambda serving: None,
        on_look: Callable[[], None] = lambda: None,
        siblings: SiblingWorkers | None = None,
        say: Callable[[str], None],
    ) -> None:
        """poll: seconds between looks for a release. on_change: called after each replacement.
        on_look: called at each look, in its thread. siblings: other workers of the same server.
        on_first_look: called once, when every release that could be read was loaded or has failed."""
        self.serving = ServingState()
        self.labels_differ = False
        self.least_sample = 1.0
        self._source, self._poll, self._now = source, poll, nanoseconds
        self._on_change, self._on_first_look, self._say = on_change, on_first_look, say
        self._on_look, self._siblings = on_look, siblings
        self._releases = 0
        self._reloads = ReloadCounts()
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
            began = time.monotonic()
            try:
                await asyncio.to_thread(self._on_look)
                serving = await asyncio.to_thread(
                    next_serving_state, self.serving, self._source, self._now, say,
                    again=tries % _POLLS_BETWEEN_TRIES == 0, on_routes=self._note_routes,
                )  # fmt: skip
                self._note_failures(serving)
                await self._meet_siblings(changed=serving is not self.serving and not first)
                if serving is not self.serving:
                    self.serving = serving
                    self.labels_differ = len(distinct_signatures(self._serving_signatures())) > 1
                    self.least_sample = serving.least_sample
                    self._on_change()
                    self._reloads.count += 1
                    self._reloads.seconds += time.monotonic() - began
                    self._reloads.last = self._now() / 1e9
                if first:
                    first = False
                    self._on_first_look(serving)
            # A boundary: while the ledger cannot be read, what serves goes on serving.
            except Exception as error:
                self._reloads.failures += 1
                if tries % _POLLS_BETWEEN_TRIES == 0:
                    say(f"releases cannot be read ({type(error).__name__}: {error}); what serves goes on.")
            for line in lines:  # what is said to answer does
                self._say(line)
            tries += 1
            self._looked.set()
            await asyncio.sleep(self._poll)

    def samples(self) -> Iterator[MetricSample]:
        """What is counted of replacements. May be called by any thread."""
        reloads = self._reloads
        yield MetricSample("reloads_total", reloads.count)
        yield MetricSample("reload_failures_total", reloads.failures)
        yield MetricSample("reload_seconds_total", reloads.seconds)
        yield MetricSample("reload_last_seconds", reloads.last, kind="latest")

    def _note_failures(self, serving: ServingState) -> None:
        before = self.serving.failed
        self._reloads.failures += sum(before.get(model) != each for model, each in serving.failed.items())

    def _note_routes(self, routes: Mapping[str, Route]) -> None:
        self._released = frozenset(routes)
        self._releases = sum(route.history[-1].number for route in routes.values() if route.history)

    async def _meet_siblings(self, *, changed: bool) -> None:
        """Tells them what is loaded here. changed: and waits until they have loaded it too, so that all let
        it answer at once; but not for one that takes too long."""
        siblings, releases = self._siblings, self._releases
        if siblings is None:
            return
        siblings.prepare(releases)
        until = asyncio.get_running_loop().time() + _PATIENCE
        while changed and not siblings.all_prepared(releases):
            if asyncio.get_running_loop().time() > until:
                return
            await asyncio.sleep(_LOOK)
