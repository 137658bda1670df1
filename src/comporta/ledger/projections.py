"""Projections: which facts change which state, and the changes of a transaction before they are written."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar, cast, get_args, get_type_hints

import msgspec
from blake3 import blake3

from comporta.errors import BadProject, Tampered
from comporta.ledger.decoding import Decoding
from comporta.ledger.upcasts import Upcast
from comporta.records.event import Event, Fact, Projection
from comporta.records.facts import ChainContinued, EventRemoved
from comporta.records.record import encode

S = TypeVar("S")
Apply = Callable[[Any, Event, Any], Any]
_OWN = (ChainContinued, EventRemoved)  # what a ledger itself appends


class StoredStates(Protocol):
    """Stored states, as JSON text."""

    def state(self, projection: str, key: str) -> str | None:
        """The text under this key, or None."""

    def states(self, projection: str, prefix: str, newest: bool, limit: int | None) -> list[tuple[str, str]]:
        """Keys that start with `prefix` and their texts, in order of key; `newest`: in reverse."""


class StoredLeases(Protocol):
    """Stored leases, as JSON text."""

    def lease(self, name: str) -> str | None:
        """The text of the lease of this name, or None."""


class StoredRows(StoredStates, StoredLeases, Protocol):
    """What a transaction reads."""


class ProjectionSet:
    """The projections a ledger was opened with, and what it takes to apply and decode events."""

    def __init__(
        self,
        projections: Sequence[Projection[Any]],
        facts: Iterable[type[Fact]],
        upcasts: Mapping[tuple[str, int], Upcast],
    ) -> None:
        self.by_name = {projection.name: projection for projection in projections}
        if len(self.by_name) < len(projections):
            names = sorted(projection.name for projection in projections)
            raise BadProject(f"two projections share a name among {names}. Rename one.")
        applied = {fact for projection in projections for fact in projection.apply}
        self.decoding = Decoding({*facts, *applied, *_OWN}, upcasts)
        self.appliers: dict[type[Fact], list[tuple[str, Apply]]] = {}
        for projection in projections:
            for fact, apply in projection.apply.items():
                self.appliers.setdefault(fact, []).append((projection.name, apply))
        self._decoders = {
            name: msgspec.json.Decoder(projection.state) for name, projection in self.by_name.items()
        }
        # What is stored beside a projection; when it changes, history is applied again.
        self.marks = {name: _mark(projection) for name, projection in self.by_name.items()}

    def decode(self, projection: str, text: str) -> Any:
        """The state that was stored. Raises BadProject for a projection this ledger was not opened with,
        Tampered where it is no such state."""
        decoder = self._decoders[self.require(projection)]
        try:
            return decoder.decode(text)
        except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
            raise Tampered(
                f"projection {projection!r}: what is stored is not what a ledger wrote ({error}). "
                "`comporta audit verify` names each such state."
            ) from error

    def require(self, projection: str) -> str:
        """The name itself. Raises BadProject for a projection this ledger was not opened with."""
        if projection not in self.by_name:
            raise BadProject(
                f"projection {projection!r}: the ledger was opened without it. Hand it to open_ledger."
            )
        return projection


def _mark(projection: Projection[Any]) -> str:
    kinds = {fact.kind: fact.schema for fact in projection.apply}
    return encode({"kinds": kinds, "state": _shape(cast("Hashable", projection.state))}).decode()


@cache
def _shape(type_: Any) -> str:
    """Names the fields of every record in a type: one added to any of them changes the stored text."""
    shapes: set[str] = set()
    seen: set[Any] = set()
    left = [type_]
    while left:
        each = left.pop()
        left.extend(get_args(each))
        if isinstance(each, type) and issubclass(each, msgspec.Struct) and each not in seen:
            seen.add(each)
            left.extend(get_type_hints(each).values())
            shapes.add(f"{each.__qualname__}({','.join(each.__struct_fields__)})")
    return blake3(";".join(sorted(shapes) or [repr(type_)]).encode()).hexdigest()[:16]


def kinds_of(mark: str) -> set[str]:
    """The kinds that the projection with this mark applies; none for what is no mark."""
    try:
        return set(msgspec.json.decode(mark)["kinds"])
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError):
        return set()


class States:
    """Stored states with this transaction's changes over them."""

    def __init__(self, projections: ProjectionSet, rows: StoredStates) -> None:
        self._projections = projections
        self._rows = rows
        self.changes: dict[tuple[str, str], str | None] = {}
        self._stored: dict[tuple[str, str], str | None] = {}  # as looked up: a transaction sees one moment

    def get(self, projection: Projection[S], key: str) -> S | None:
        state: S | None = self._get(self._projections.require(projection.name), key)
        return state

    def scan(
        self, projection: Projection[S], prefix: str = "", *, newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, S]]:
        name = self._projections.require(projection.name)
        changed = {
            key: text for (of, key), text in self.changes.items() if of == name and key.startswith(prefix)
        }
        # As many more as may fall away: a change can remove a stored key or come before it.
        stored = self._rows.states(name, prefix, newest, None if limit is None else limit + len(changed))
        merged = dict(stored) | changed
        # Code points sort as UTF-8 bytes do, so this is the databases' order as well.
        keys = sorted((key for key, text in merged.items() if text is not None), reverse=newest)[:limit]
        return [(key, self._projections.decode(name, merged[key] or "")) for key in keys]

    def apply(self, fact: Fact, event: Event, only: Iterable[str] | None = None) -> None:
        """Applies what the projections (`only` these) make of the fact."""
        for name, apply in self._projections.appliers.get(type(fact), ()):
            if only is not None and name not in only:
                continue
            # All of it first: `apply` sees the state before, also where it yields as it goes.
            changes = list(apply(fact, event, lambda key, name=name: self._get(name, key)))
            for key, state in changes:
                if "\0" in key:
                    raise ValueError(
                        f"projection {name!r}: found a key with a NUL, expected text. Correct its `apply`."
                    )
                self.changes[name, key] = None if state is None else encode(state).decode()

    def _get(self, name: str, key: str) -> Any:
        place = (name, key)
        if place in self.changes:
            text = self.changes[place]
        else:
            if place not in self._stored:
                self._stored[place] = self._rows.state(name, key)
            text = self._stored[place]
        return None if text is None else self._projections.decode(name, text)


def after(prefix: str) -> str | None:
    """The smallest text above every text that starts with `prefix`; None where there is none."""
    for end in range(len(prefix), 0, -1):
        code = ord(prefix[end - 1])
        if code < 0x10FFFF:
            # Surrogates are no characters: the next one after U+D7FF is U+E000.
            return prefix[: end - 1] + chr(0xE000 if code == 0xD7FF else code + 1)
    return None
