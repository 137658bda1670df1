"""Which events still hold a person's name: those from before people had ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from comporta.errors import BadProject
from comporta.opened.project import OpenProject
from comporta.records import Record, canonical_name, decode, is_person_id

_ACTING = re.compile(rb'"by":"(?:person|service)-|"trained_by":\["')


class Mentions(Record, frozen=True, kw_only=True):
    """Numbers of events that hold a name. removable: those whose body `comporta audit remove` can delete.
    fixed: those of the keyed chain, whose links cover the bodies."""

    removable: tuple[int, ...] = ()
    fixed: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many events hold it."""
        return len(self.removable) + len(self.fixed)


def mentions(opened: OpenProject, name: str) -> Mentions:
    """The events in which this person acts by name, or is named in the reason of an act; case aside.

    Raises BadProject on a name that is none.
    """
    wanted = canonical_name(name)
    word = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
    removable: list[int] = []
    fixed: list[int] = []
    for event in opened.ledger.events():
        if (
            event.body is not None
            and b'"by"' in event.body
            and _mentions_person(decode(event.body, Any), wanted, word)
        ):
            (removable if event.leaf else fixed).append(event.seq)
    return Mentions(removable=tuple(removable), fixed=tuple(fixed))


def acting_ids(opened: OpenProject) -> dict[str, int]:
    """Id of each person who acted → the first event that says so. Bodies that are no JSON are the chain's own
    fault."""
    found: dict[str, int] = {}
    for event in opened.ledger.events():
        if event.body is not None and _ACTING.search(event.body):
            try:
                body = decode(event.body, Any)
            except msgspec.MsgspecError:
                continue
            for id in _ids(body):
                found.setdefault(id, event.seq)
    return found


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        acting = (value.get("by"), *_several(value.get("trained_by")))
        yield from (each for each in acting if isinstance(each, str) and is_person_id(each))
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _ids(each)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mentions_person(value: Any, wanted: str, word: re.Pattern[str]) -> bool:
    """Whether an act in this part of an event is by the person, or its reason names them."""
    if isinstance(value, list):
        return any(_mentions_person(each, wanted, word) for each in value)
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("by"), str):
        reason = value.get("reason")
        if _normalise(value["by"]) == wanted or (isinstance(reason, str) and word.search(_normalise(reason))):
            return True
    return any(_mentions_person(each, wanted, word) for each in value.values())


def _normalise(text: str) -> str:
    """Text as names are compared; as it is, where it is longer than a name, or an id, or blank."""
    try:
        return canonical_name(text)
    except BadProject:
        return " ".join(text.casefold().split())
