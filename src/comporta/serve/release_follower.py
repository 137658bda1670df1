"""Which versions serve now, kept up with the releases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from math import inf
from typing import TypeVar

import msgspec

from comporta.errors import wording
from comporta.records import Route, Signature
from comporta.serve.feedback_body import distinct_signatures
from comporta.serve.metric_sample import MetricSample
from comporta.serve.server_now import server_now
from comporta.serve.serving_state import (
    ServedModel,
    ServingState,
    announce,
    answering_shares,
    next_serving_state,
    wanted_versions,
)
from comporta.serve.sibling_workers import SiblingWorkers
from comporta.serve.tally import Tally
from comporta.serve.version_loader import VersionLoader
from comporta.serve.version_source import VersionSource

_POLLS_BETWEEN_TRIES = 30
_PEEKS = 5  # in the time between two looks: whether there is something to be looked at
_PATIENCE = 10.0  # seconds to wait for siblings that load the same release
_LITTLE_PATIENCE = 0.3  # where it is in memory everywhere
_LOOK = 0.005
T = TypeVar("T")


class ReloadCounts(msgspec.Struct):
    """count: how often what serves was replaced. seconds: what that took. last: when, seconds since 1970."""

    count: int = 0
    failures: int = 0
    seconds: float = 0.0
    last: float = 0.0


class ReleaseFollower:
    """`serving` is what answers now; it is replaced whole as releases come.

    What is in memory answers within a second of its release, whatever else is still being loaded.

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
        partition: float = inf,
        tally: Tally | None = None,
        say: Callable[[str], None],
    ) -> None:
        """poll: seconds between looks for a release; a new one makes one sooner. on_change: called after each
        replacement. on_look: called at each look, in its thread. siblings: other workers of the same server.
        on_first_look: called once, when every release that could be read was loaded or has failed.
        partition: seconds without a look after which nothing answers any more. tally: where it is told what
        serves here."""
        self.serving = ServingState()
        self.labels_differ = False
        self.least_sample = 1.0
        self._source, self._poll, self._now = source, poll, nanoseconds
        self._on_change, self._on_first_look, self._say = on_change, on_first_look, say
        self._on_look, self._siblings, self._partition, self._tally = on_look, siblings, partition, tally
        self._reloads, self._lines = ReloadCounts(), list[str]()
        self._allowed = self.serving  # what answers as long as releases can be read
        self._routes: Mapping[str, Route] | None = None
        self._seen: object = None
        self._due = self._noticed = 0.0
        self._tries, self._fails, self._first, self._news = 0, False, True, False
        self._read_at = nanoseconds()
        self._holding: dict[str, tuple[int | None, float]] = {}
        self._looked, self._wake = asyncio.Event(), asyncio.Event()
        self._loader = VersionLoader(source, nanoseconds, self._lines.append, self._note_loaded)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to look; called from the event loop that serves."""
        self._task = asyncio.create_task(self._follow())

    def stop(self) -> None:
        """No more looks."""
        self._loader.close()
        if self._task is not None:
            self._task.cancel()

    def is_loading(self, model: str) -> bool:
        """Whether a model that does not answer yet soon may: it is released, or that is not known yet."""
        return self._routes is None or model in self._routes

    def signatures(self) -> dict[str, list[Signature]] | None:
        """Of each model those of the versions that answer; None where a label may be about a model that
        answers no more, or not yet."""
        if self._routes is None or self._routes.keys() - self.serving.models.keys():
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

    def samples(self) -> Iterator[MetricSample]:
        """What is counted of replacements. May be called by any thread."""
        reloads = self._reloads
        yield MetricSample("reloads_total", reloads.count)
        yield MetricSample("reload_failures_total", reloads.failures)
        yield MetricSample("reload_seconds_total", reloads.seconds)
        yield MetricSample("reload_last_seconds", reloads.last, kind="latest")
        yield MetricSample("workers_cut_off", int(self._fails), kind="now")
        yield MetricSample("releases_read_seconds", self._read_at / 1e9, kind="latest")

    async def _follow(self) -> None:
        """Looks for ever, and lets the next set of versions answer once it is ready."""
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() >= self._due:
                await self._look()
            elif await self._is_news():
                self._due = 0.0
                continue
            held = False
            try:
                held = self._advance()
            # A boundary: whatever a release is, what serves goes on, and the next look may find a better one.
            except Exception as error:
                self._reloads.failures += 1
                self._lines.append(
                    wording(f"a release cannot be followed ({type(error).__name__}: {error}).")
                )
                self._show(self._allowed)
            await self._pause(held=held)

    async def _pause(self, *, held: bool) -> None:
        """Until something was loaded, siblings that are waited for are ready, or it is time for a look."""
        loop = asyncio.get_running_loop()
        end = min(self._due, loop.time() + self._poll / _PEEKS)
        while (left := end - loop.time()) > 0 and not self._news and not (held and self._may_go()):
            self._wake.clear()
            timer = loop.call_later(min(left, _LOOK) if held else left, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                timer.cancel()

    def _note_loaded(self) -> None:
        self._news = True
        self._wake.set()

    def _may_go(self) -> bool:
        """Whether siblings are ready, or were waited for long enough."""
        ready = self._siblings is None or self._siblings.all_prepared(_releases(self._routes or {}))
        return ready or min(until for _, until in self._holding.values()) < time.monotonic()

    async def _is_news(self) -> bool:
        """Whether the source says that a look would find something. What it raises, the next look will."""
        try:
            return bool(await self._patiently(asyncio.to_thread(self._source.mark)) != self._seen)
        except Exception:
            return False

    async def _look(self) -> None:
        """Reads what is released."""
        loop = asyncio.get_running_loop()
        self._due = loop.time() + self._poll
        again, self._tries = self._tries % _POLLS_BETWEEN_TRIES == 0, self._tries + 1

        def read() -> tuple[object, Mapping[str, Route]]:
            self._on_look()
            return self._source.mark(), self._source.routes()

        try:
            self._seen, routes = await self._patiently(asyncio.to_thread(read))
        # A boundary: while the ledger cannot be read, what serves goes on serving.
        except Exception as error:
            self._reloads.failures += 1
            self._fails = True
            if again:
                known = wording(
                    f"releases cannot be read ({type(error).__name__}: {error}); what serves goes on"
                )
                limit = wording(f", for at most {self._partition:g} seconds")
                self._lines.append(f"{known}{'' if self._partition == inf else limit}.")
            self._looked.set()
            return
        self._fails, self._read_at = False, self._now()
        if self._tally is not None:
            self._tally.note_look(self._read_at)
        self._want(routes, again=again)

    def _want(self, routes: Mapping[str, Route], *, again: bool) -> None:
        """Has loaded what these name and is not in memory."""
        before = self._routes or {}
        changed = {
            model
            for model, route in routes.items()
            if (old := before.get(model)) is None or old.shares != route.shares
        }
        if self._routes is None or routes != before:
            self._noticed = time.monotonic()
            self._routes, self._news = routes, True
        keys = wanted_versions(routes)
        used = {
            (model, number)
            for model, served in self._allowed.models.items()
            for number in (*served.versions, *served.warm)
        }
        self._loader.want(keys, used=used, again={key for key in keys if again or key[0] in changed})

    async def _patiently(self, reading: Awaitable[T]) -> T:
        """What a thread reads; meanwhile what was loaded may answer."""
        task = asyncio.ensure_future(reading)
        while not (await asyncio.wait({task}, timeout=self._poll))[0]:
            self._fails = True
            self._advance()
        return task.result()

    def _advance(self) -> bool:
        """Lets answer what is ready. Whether some of it waits for siblings."""
        routes, loader, old = self._routes, self._loader, self._allowed
        if routes is None or not (self._news or self._holding):
            self._show(old)
            return False
        self._news = False
        new = next_serving_state(old, routes, loader.live, loader.failed)
        complete = not any(
            loader.is_open((model, share.version))
            for model, route in routes.items()
            for share in answering_shares(route)
        )
        if complete and self._siblings is not None:
            self._siblings.prepare(_releases(routes))
        held = [] if self._first else self._held_models(old, new)
        if held:
            kept = {
                model: old.models[model] if model in held else served for model, served in new.models.items()
            }
            new = ServingState(kept, new.failed, new.unready)
            if kept.keys() == old.models.keys() and all(kept[name] is old.models[name] for name in kept):
                new = old if (new.failed, new.unready) == (old.failed, old.unready) else new
        if new is not old and not (self._first and not complete):
            self._replace(old, new)
        self._show(self._allowed)
        if self._first and complete:
            self._first = False
            self._on_first_look(self.serving)
        if not self._first:
            self._looked.set()
        return bool(held)

    def _held_models(self, old: ServingState, new: ServingState) -> list[str]:
        """Models whose new shares wait until the siblings have loaded them too, so that all let them answer
        at once; but not for one that takes too long."""
        siblings = self._siblings
        if siblings is None or self._routes is None or siblings.all_prepared(_releases(self._routes)):
            self._holding.clear()
            return []
        now, held = time.monotonic(), []
        for model, served in new.models.items():
            before = old.models.get(model)
            if before is None or before.shares == served.shares:
                self._holding.pop(model, None)
                continue
            release, until = self._holding.get(model, (None, 0.0))
            if model not in self._holding or release != served.release:
                until = now + (_LITTLE_PATIENCE if _was_warm(before, served) else _PATIENCE)
                self._holding[model] = served.release, until
            if now < until:
                held.append(model)
        return held

    def _replace(self, old: ServingState, new: ServingState) -> None:
        reloads = self._reloads
        self._allowed = new
        reloads.failures += sum(old.failed.get(model) != each for model, each in new.failed.items())
        reloads.count += 1
        reloads.seconds += time.monotonic() - self._noticed
        reloads.last = self._now() / 1e9
        announce(old, new, self._lines.append)
        if self._tally is not None:
            self._tally.tell(server_now(new))

    def _show(self, serving: ServingState) -> None:
        """This answers, unless releases could not be read for too long; then what there is to say is said."""
        if self._fails and self._now() - self._read_at > self._partition * 1e9:
            if not self.serving.cut_off:
                self._lines.append(
                    wording(
                        f"releases could not be read for {self._partition:g} seconds (--max-partition): "
                        "nothing is answered until they can be."
                    )
                )
            serving = self.serving if self.serving.cut_off else ServingState(cut_off=True)
        if serving is not self.serving:
            self.serving = serving
            self.labels_differ = len(distinct_signatures(self._serving_signatures())) > 1
            self.least_sample = serving.least_sample
            self._on_change()
        while self._lines:  # what is said to answer does
            self._say(self._lines.pop(0))


def _releases(routes: Mapping[str, Route]) -> int:
    """A number that each release makes larger."""
    return sum(route.number or 0 for route in routes.values())


def _was_warm(before: ServedModel, served: ServedModel) -> bool:
    """Whether nothing had to be loaded for these shares."""
    return all(before.holds(share.version) for share in served.shares)
