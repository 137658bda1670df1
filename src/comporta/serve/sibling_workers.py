"""What one worker of a server tells its siblings, and reads of them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from comporta.serve.metric_sample import MetricSample, add_up
from comporta.serve.shared_pages import (
    BEGINNINGS,
    CONNECTIONS,
    MODELS,
    PREPARED,
    PRESENT,
    TURNS,
    SharedLock,
    SharedPages,
    WorkerPage,
)
from comporta.serve.shared_quotas import SharedQuotas

_QUOTAS, _SEALING = range(2)
_samples = msgspec.msgpack.Decoder(list[MetricSample])


class SiblingWorkers:
    """Made in the worker of this index, when it begins.

    What the worker before it on this page had counted goes on to count."""

    def __init__(self, pages: SharedPages, index: int) -> None:
        self._page = pages.pages[index]
        self._others = tuple(page for at, page in enumerate(pages.pages) if at != index)
        self._before = [each for each in _read(self._page) if each.kind == "count"]
        self._page.words[BEGINNINGS] += 1
        for word in (PRESENT, CONNECTIONS, PREPARED, MODELS):
            self._page.words[word] = 0
        self.quotas = SharedQuotas(
            pages.quotas, SharedLock(pages.descriptor, _QUOTAS), index, len(pages.pages)
        )
        self.sealing = SharedLock(pages.descriptor, _SEALING)

    # Connections.

    def take_connections(self, number: int, *, present: bool = True) -> None:
        """Tells the others that this worker takes connections, and how many it has."""
        words = self._page.words
        words[PRESENT], words[CONNECTIONS] = int(present), number

    def answer_models(self, number: int) -> None:
        """Tells the others how many models answer here."""
        self._page.words[MODELS] = number

    def should_take(self, *, looked: bool) -> bool:
        """Whether connections are to come here too: where no other worker takes any; else once this one has
        looked at each release, and no other that takes them answers more models. So what one cannot load
        that begins later, as after an upgrade of a library, is asked of those that have it.
        """
        others = [page.words[MODELS] for page in self._others if page.words[PRESENT]]
        return not others or (looked and self._page.words[MODELS] >= max(others))

    def has_fewer(self, connections: int) -> bool:
        """Whether some other worker has fewer than so many."""
        return any(page.words[PRESENT] and page.words[CONNECTIONS] < connections for page in self._others)

    def note_turn(self) -> None:
        """Tells the supervisor that the event loop turns."""
        self._page.words[TURNS] += 1

    # Releases.

    def prepare(self, releases: int) -> None:
        """Tells the others that what was released, up to this number, is loaded here."""
        self._page.words[PREPARED] = releases

    def all_prepared(self, releases: int) -> bool:
        """Whether each of the others that takes connections has loaded that much."""
        return all(page.words[PREPARED] >= releases for page in self._others if page.words[PRESENT])

    # Numbers.

    def publish(self, samples: Iterable[MetricSample]) -> None:
        """Tells the others what this worker counts, and what those before it on its page did. By one
        thread at a time."""
        self._page.write(msgspec.msgpack.encode(add_up([*self._before, *samples])))

    def everywhere(self) -> list[MetricSample]:
        """What all workers count together, as each published it last."""
        counted = add_up(
            each
            for page in (self._page, *self._others)
            for each in _read(page)
            if each.kind != "now" or page is self._page or page.words[PRESENT]
        )
        return [*counted, MetricSample("worker_restarts_total", self.restarts)]

    @property
    def restarts(self) -> int:
        """How many workers took the place of another."""
        return sum(max(0, page.words[BEGINNINGS] - 1) for page in (self._page, *self._others))


def _read(page: WorkerPage) -> list[MetricSample]:
    data = page.read()
    return _samples.decode(data) if data else []
