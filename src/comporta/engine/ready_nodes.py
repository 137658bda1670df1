"""Which nodes of a plan can start: each once all that it reads is answered, in the order of the plan.

Each answer is looked up by who reads it, so that a plan of a thousand nodes costs a thousand look-ups.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Container, Iterator, Sequence

from comporta.engine.question import reads
from comporta.records import Node


class ReadyNodes:
    """The nodes that have not started. answered: names of those that are not among them any more."""

    def __init__(self, nodes: Sequence[Node], answered: Container[str]) -> None:
        self._nodes = nodes
        self._places = {node.name: place for place, node in enumerate(nodes)}
        self._left = set(self._places)
        self._readers: dict[str, list[int]] = {}
        self._unanswered: list[set[str]] = []
        for place, node in enumerate(nodes):
            unanswered = {name for name in reads(node) if name not in answered}
            self._unanswered.append(unanswered)
            for name in unanswered:
                self._readers.setdefault(name, []).append(place)
        self._ready = [place for place, names in enumerate(self._unanswered) if not names]

    def __len__(self) -> int:
        return len(self._left)

    def __contains__(self, node: Node) -> bool:
        return node.name in self._left

    def add_answer(self, name: str) -> None:
        """What reads it can start, unless it reads another one too that has no answer yet."""
        for place in self._readers.get(name, ()):
            self._unanswered[place].discard(name)
            if not self._unanswered[place]:
                heapq.heappush(self._ready, place)

    def put_back(self, node: Node) -> None:
        """It is to start again: its inputs are there."""
        self._left.add(node.name)
        heapq.heappush(self._ready, self._places[node.name])

    def take(self, must_wait: Callable[[Node], bool], is_next: Callable[[Node], bool]) -> Iterator[Node]:
        """Every node that can start, also those that an answer added meanwhile lets start. One that must
        wait is looked at again the next time. is_next: whether the last of them is taken before the first."""
        waiting = []
        while self._ready:
            last = max(self._ready)
            if is_next(self._nodes[last]):
                self._ready.remove(last)
                heapq.heapify(self._ready)
                place = last
            else:
                place = heapq.heappop(self._ready)
            node = self._nodes[place]
            if must_wait(node):
                waiting.append(place)
                continue
            self._left.discard(node.name)
            yield node
        self._ready = waiting

    def drop_readers(self, name: str) -> list[Node]:
        """Takes out all that reads this one, or reads what does; in the order of the plan."""
        names, dropped = [name], set()
        while names:
            for place in self._readers.get(names.pop(), ()):
                if (reader := self._nodes[place].name) in self._left:
                    self._left.discard(reader)
                    dropped.add(place)
                    names.append(reader)
        return [self._nodes[place] for place in sorted(dropped)]
