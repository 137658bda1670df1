"""States made anew from the signed events alone: for what must not rest on a table that can be edited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from comporta.errors import Tampered
from comporta.ledger.chain import link
from comporta.ledger.decoding import Decoding
from comporta.ledger.protocol import Ledger
from comporta.ledger.signing import is_signed, public_key
from comporta.ledger.stored import is_written, row_of
from comporta.ledger.upcasts import UPCASTS, Upcast
from comporta.records.event import Event, Fact, Head, Projection
from comporta.records.facts import FACTS, EventRemoved

S = TypeVar("S")


class SignedStates:
    """Reads a project's whole chain once, later only what is new of it, and verifies each event on the way:
    its leaf, its link, and at the end the signature over all of it.

    key: the chain's. filed_under: the names under which a fact is found again; of one without any, nothing is
    remembered. Memory: a few numbers for each fact that has a name, and the states that were asked for.
    """

    def __init__(
        self,
        ledger: Ledger,
        key: bytes,
        filed_under: Callable[[Fact], Iterable[str]],
        *,
        facts: Sequence[type[Fact]] = FACTS,
        upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
    ) -> None:
        self._ledger, self._key, self._filed_under = ledger, key, filed_under
        self._decoding = Decoding(set(facts), upcasts)
        self._end = Head(seq=0, hash="")
        self._files: dict[str, list[Head]] = {}
        self._states: dict[
            tuple[str, str], tuple[int, dict[str, Any]]
        ] = {}  # with how many facts they are of
        self._removed: set[int] = set()

    def renew(self) -> None:
        """Reads what is new. Raises Tampered where an event is not what this project signed; nothing of what
        is new counts then."""
        end, keyed, files = self._end, False, dict[str, list[Head]]()
        bodiless, removed = set[int](), set(self._removed)
        for event in self._ledger.events(end.seq):
            if (event.seq, event.prev) != (end.seq + 1, end.hash) or not self._is_written(event):
                raise _not_signed(event.seq)
            end, keyed = Head(seq=event.seq, hash=event.hash), not event.leaf
            fact = self._decoding.fact(event)
            if isinstance(fact, EventRemoved):
                removed.add(fact.seq)
            elif event.body is None:
                bodiless.add(event.seq)
            for name in () if fact is None else self._filed_under(fact):
                files.setdefault(name, []).append(end)
        for seq in sorted(bodiless - removed):
            raise _not_signed(seq)
        if end != self._end and not keyed:
            self._require_signed(end)
        self._end, self._removed = end, removed
        for name, places in files.items():
            self._files.setdefault(name, []).extend(places)

    def state(self, projection: Projection[S], name: str, key: str) -> S | None:
        """What the facts filed under this name make of the projection's state under this key. Raises
        Tampered where one was changed since it was read."""
        places = self._files.get(name, [])
        count, states = self._states.get((projection.name, name), (0, {}))
        for place in places[count:]:
            event = next(self._ledger.events(place.seq - 1), None)
            if event is None or event.hash != place.hash or not self._is_written(event):
                raise _not_signed(place.seq)
            if event.body is None and event.seq not in self._removed:
                raise _not_signed(place.seq)
            fact = self._decoding.fact(event)
            apply = projection.apply.get(type(fact)) if fact is not None else None
            if fact is not None and apply is not None:
                states = states | dict(apply(fact, event, states.get))
        self._states[projection.name, name] = len(places), states
        return states.get(key)

    def _is_written(self, event: Event) -> bool:
        if event.body is None:
            # A fact of its own must say that it was removed; its leaf stays and is part of the link.
            return bool(event.leaf) and event.hash == link(event.prev, event.leaf)
        return is_written(self._key, self._ledger.project, row_of(event), event.seq)

    def _require_signed(self, end: Head) -> None:
        public = public_key(self._key)
        with self._ledger.snapshot() as snapshot:
            head = next((each for each in snapshot.heads() if each.seq == end.seq), None)
        if head is None or (head.link, head.key) != (end.hash, public):
            raise _not_signed(end.seq)
        if not is_signed(public, head.signature, self._ledger.project, end):
            raise _not_signed(end.seq)


def _not_signed(seq: int) -> Tampered:
    return Tampered(
        f"ledger: event {seq} is not what this project signed. `comporta audit verify` names what was "
        "changed; restore the ledger from a backup."
    )
