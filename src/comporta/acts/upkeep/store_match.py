"""Whether a ledger and a store belong to the same project: what another ledger needs must not be freed, and a
ledger that was emptied must not pass for a new one."""

from __future__ import annotations

from collections.abc import Set
from contextlib import closing
from datetime import datetime, timedelta

import msgspec

from comporta.errors import ComportaError, Refused
from comporta.ledger import Ledger
from comporta.opened.project import OpenProject
from comporta.records.credential import without_password
from comporta.store.space import ARTIFACTS

# A store's clock may be behind the one that the ledger's events are written by.
_SKEW = timedelta(minutes=1)


def require_same_project(opened: OpenProject, needed: Set[str]) -> None:
    """needed: names of the artifacts that the ledger reaches.

    Raises Refused where the store holds what was not written under this ledger: a dataset's version that it
    never recorded, or artifacts that it does not reach and that are older than its first event, or only
    such as it does not reach; Tampered where a version that it recorded is not in the store.
    """
    # Here, for it brings polars along.
    from comporta.data import list_datasets
    from comporta.opened.follow import require_known

    for dataset in list_datasets(opened.store):
        if unseen := require_known(opened, dataset):
            raise _mismatch(
                opened, f"version {unseen[-1].number} of {dataset!r}, which this ledger never recorded"
            )
    first = _first_event(opened)
    found = strange = False
    for entry in opened.store.list(ARTIFACTS):
        if entry.name in needed:
            found = True
        elif entry.at < first - _SKEW:
            raise _mismatch(opened, "artifacts that are older than this ledger's first event")
        else:
            strange = True
    if needed and strange and not found:
        raise _mismatch(opened, "artifacts, but none of those that this ledger recorded")


def find_unrecorded(opened: OpenProject, known: Set[str]) -> tuple[str, ...]:
    """What the store holds though it is older than the ledger's first event, one sentence each: a ledger that
    was emptied or replaced begins anew. known: names of the artifacts that the ledger's facts name.

    A dataset's version says itself, under the project's key, when it was made; of an artifact the store does.
    """
    # Here, for they bring polars along.
    from comporta.data import list_datasets
    from comporta.opened.follow import require_known

    begun = _first_event(opened) - _SKEW
    found = []
    for dataset in list_datasets(opened.store):
        try:
            old = [each for each in require_known(opened, dataset) if each.at < begun]
        except (ComportaError, msgspec.MsgspecError):
            continue  # its log was changed: the verification of datasets names it
        if old:
            found.append(f"version {old[-1].number} of {dataset!r}")
    strange = sum(each.name not in known and each.at < begun for each in opened.store.list(ARTIFACTS))
    if strange:
        found.append(f"{strange} artifacts")
    return tuple(_GONE.format(url=opened.store.url, what=each, ledger=_ledger(opened)) for each in found)


_GONE = (
    "store {url}: it holds {what}, older than the first event of the ledger {ledger}, which never recorded "
    "it. That ledger was emptied or put in another's place: restore it from a backup, or name the one that "
    "belongs to this store (ledger in comporta.toml, COMPORTA_LEDGER)."
)


def _ledger(opened: OpenProject) -> str:
    return without_password(opened.settings.ledger)


def _first_event(opened: OpenProject) -> datetime:
    """When the oldest project of this ledger began."""
    found = [_first_event_at(opened.ledger)]
    for project in opened.ledger.projects():
        if project != opened.ledger.project:
            with closing(opened.ledger_of(project)) as ledger:
                found.append(_first_event_at(ledger))
    return min((at for at in found if at is not None), default=opened.clock())


def _first_event_at(ledger: Ledger) -> datetime | None:
    first = next(iter(ledger.events()), None)
    return None if first is None else first.at


def _mismatch(opened: OpenProject, what: str) -> Refused:
    return Refused(
        f"store {opened.store.url}: it holds {what}, and nothing was freed. Looked at: ledger "
        f"{_ledger(opened)}. Name the one that belongs to this store (ledger in "
        "comporta.toml, COMPORTA_LEDGER); if it is the right one, `comporta run` records what is new."
    )
