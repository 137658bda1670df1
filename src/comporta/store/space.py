"""How much a store holds, and freeing what nothing reaches any more. Knows names only."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import datetime, timedelta

from msgspec import field

from comporta.errors import BadProject
from comporta.records.record import Record
from comporta.store.names import require_prefix
from comporta.store.protocol import Store, StoredObject

ARTIFACTS = "artifacts/"
_AGE = timedelta(days=1)


class PrefixUsage(Record, frozen=True, kw_only=True):
    """What lies under one prefix. size: bytes."""

    prefix: str
    objects: int
    size: int


class SweepReport(Record, frozen=True, kw_only=True):
    """What a sweep freed, or would free. young: not reached, but too new to be sure. size: bytes freed."""

    freed: tuple[StoredObject, ...]
    size: int
    in_use: int = field(name="kept")
    young: int
    dry: bool


def usage(store: Store, *, depth: int = 1, prefix: str = "") -> tuple[PrefixUsage, ...]:
    """Objects and bytes by the first `depth` parts of their names, in order of name."""
    totals: dict[str, tuple[int, int]] = {}
    for entry in store.list(prefix):
        parts = entry.name.split("/")
        place = "/".join(parts[:depth]) + ("/" if len(parts) > depth else "")
        objects, size = totals.get(place, (0, 0))
        totals[place] = (objects + 1, size + entry.size)
    return tuple(
        PrefixUsage(prefix=place, objects=objects, size=size)
        for place, (objects, size) in sorted(totals.items())
    )


def sweep(
    store: Store,
    reachable: Set[str],
    *,
    now: datetime,
    prefixes: Iterable[str] = (ARTIFACTS,),
    age: timedelta = _AGE,
    dry: bool = False,
) -> SweepReport:
    """Deletes the objects under `prefixes` that are not in `reachable`; `dry`: only says which.

    reachable: names that a version, a release, a hold or a remembered step reaches. age: an object put
    (or asked to be put again) later than this before `now` is left alone, for a run that is still
    writing has not said yet what it reaches; choose it longer than the longest step.
    Objects under other prefixes are never touched. Raises BadProject on an empty prefix.
    """
    freed: list[StoredObject] = []
    kept = young = 0
    for prefix in prefixes:
        if not require_prefix(prefix).endswith("/"):
            raise BadProject(f"sweep: found the prefix {prefix!r}, expected one that ends in '/'.")
        for entry in store.list(prefix):
            if entry.name in reachable:
                kept += 1
            elif now - entry.at < age:
                young += 1
            elif dry:
                freed.append(entry)
            elif _still_old(store, entry, now - age):
                store.delete(entry.name)
                freed.append(entry)
            else:
                young += 1
    return SweepReport(
        freed=tuple(freed), size=sum(entry.size for entry in freed), in_use=kept, young=young, dry=dry
    )


def _still_old(store: Store, entry: StoredObject, before: datetime) -> bool:
    """Looks once more: a long listing is history by the time its end is reached."""
    return any(each.name == entry.name and each.at <= before for each in store.list(entry.name))
