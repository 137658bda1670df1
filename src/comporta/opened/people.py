"""The people of a project: facts hold ids, and only this directory in the store maps an id to a name.

An entry lies under the keyed digest of the name, so that a name finds it and a listing shows none. To forget
somebody is to delete the entry: no fact changes, and the id can no longer be resolved.
"""

from __future__ import annotations

import getpass
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from datetime import datetime
from functools import cache
from typing import TypeVar

import msgspec

from comporta.access import DENIALS, GRANTS, PERSON_KEYS
from comporta.errors import BadProject, NotFound
from comporta.ledger import Ledger
from comporta.opened.copies import Copy
from comporta.opened.mentions import mentions
from comporta.opened.people_seal import (
    CHANGED,
    PREFIX,
    entry_changed_error,
    is_genuine,
    place_of,
    read_entry,
    seal,
)
from comporta.opened.project import OpenProject
from comporta.opened.removals import text_of
from comporta.records import (
    Approval,
    Artifact,
    Identity,
    Record,
    Release,
    Transaction,
    Version,
    Waiver,
    canonical_name,
    clean_name,
    decode,
    encode,
    is_person_id,
)
from comporta.records.access import Scope
from comporta.records.facts import PersonForgotten
from comporta.records.identity import require_plain
from comporta.registry import FORGOTTEN

S = TypeVar("S", Approval, Waiver, Release, Copy)


class Member(Record, frozen=True, kw_only=True):
    """A person of the directory, of the project's declaration, or both.

    id: empty for one who has not acted yet. role: as the project declares it, or as they were granted, or
    empty. since: when first seen. keys: how many valid ones prove who they are; valid_keys: which: public
    keys, or digests of a CI system's rules. denied: which actions, whatever their roles."""

    id: str = ""
    name: str
    role: str = ""
    since: datetime | None = None
    keys: int = 0
    valid_keys: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


def people(opened: OpenProject) -> tuple[Member, ...]:
    """Everybody in the directory or declared by the project, sorted by name."""
    found = {canonical_name(each.name): each for each in _members(opened)}
    declared = {canonical_name(each.name): each for each in opened.project.people}
    granted = roles_of(opened)
    keys = [each for _, each in opened.ledger.scan(PERSON_KEYS) if not each.until]
    denials = [each for _, each in opened.ledger.scan(DENIALS)]

    def member(key: str) -> Member:
        entry, person = found.get(key), declared.get(key)
        id = "" if entry is None else entry.id
        roles = granted.get(id, ()) if granted else (() if person is None else (person.role,))
        return Member(
            id=id,
            name=person.name if person is not None else found[key].name,
            role=", ".join(roles),
            since=None if entry is None else entry.since,
            keys=sum(each.person == id for each in keys),
            valid_keys=tuple(each.key for each in keys if each.person == id),
            denied=tuple(_with_scope(each.action, each.scope) for each in denials if each.person == id),
        )

    members = map(member, found.keys() | declared.keys())
    return tuple(sorted(members, key=lambda each: canonical_name(each.name)))


def roles_of(opened: OpenProject) -> dict[str, tuple[str, ...]]:
    """Id → the roles that were granted, each with what it is for and when it ends; empty while none was."""
    found: dict[str, tuple[str, ...]] = {}
    now = opened.now()
    for _, each in opened.ledger.scan(GRANTS):
        end = ""
        if each.until is not None:
            end = f"{'until' if each.until > now else 'ended'} {each.until:%Y-%m-%d}"
        found[each.person] = (*found.get(each.person, ()), _with_scope(each.role, each.scope, end))
    return found


def _with_scope(name: str, scope: Scope, more: str = "") -> str:
    """`oncall (model late, until 2027-01-31)`"""
    told = ", ".join(each for each in (scope.text, more) if each)
    return f"{name} ({told})" if told else name


def find(opened: OpenProject, name: str) -> Identity | None:
    """The directory's entry of this name, compared without case; None too where it is of somebody forgotten,
    whose deletion was interrupted. Raises BadProject on a name that is none."""
    known = _entry(opened, name)
    return None if known is None or is_forgotten(opened, known.id) else known


def identify(opened: OpenProject, name: str, *, service: bool = False) -> Identity:
    """The entry of this name, made where there is none. service: as of a service account. Raises BadProject
    on a name that is none."""
    while (known := find(opened, name)) is None:
        require_plain(clean_name(name))
        _finish_forgetting(opened, name)
        kind = "service" if service else "person"
        made = Identity(id=f"{kind}-{secrets.token_hex(8)}", name=clean_name(name), since=opened.now())
        # Put only where none is: of two at once, both go on with the one that came first.
        if opened.store.put(_place(opened, name), encode(seal(opened.keys, made))):
            return made
    return known


def forget(
    opened: OpenProject,
    name: str,
    *,
    by: str = "",
    record: Callable[[Transaction, PersonForgotten], object] = lambda tx, fact: tx.append(fact),
) -> Identity:
    """Deletes the name; what the person did stays, under the id alone. name: or the id. by: the id of who
    does it, or empty; record: appends the fact, where it may be.

    Raises NotFound, where the directory has no such name.
    """
    known = _with_id(opened, name) if is_person_id(name) else _entry(opened, name)
    if known is None:
        old = _older_events_note(opened, name)
        raise NotFound(f"found nobody called {name!r} in the directory. See: comporta people list{old}")

    def commit(tx: Transaction) -> None:
        if tx.get(FORGOTTEN, known.id) is None:
            record(tx, PersonForgotten(person=known.id, by=by))

    # The fact first: killed in between, the same command once more does the rest.
    opened.ledger.transact(commit)
    opened.store.delete(_place(opened, known.name))
    return known


def _older_events_note(opened: OpenProject, name: str) -> str:
    """A sentence about events from before people had ids that hold the name; empty where there are none."""
    still = None if is_person_id(name) else mentions(opened, name)
    if still is None or not still.count:
        return ""
    removable = ", ".join(map(str, still.removable)) or "none"
    return (
        f". Events from before people had ids that hold the name: {still.count}, of which "
        f"`comporta audit remove SEQ --reason erasure` can delete the bodies of {removable}."
    )


def _finish_forgetting(opened: OpenProject, name: str) -> None:
    """The name's entry deleted, where a fact says that its person was forgotten."""
    known = _entry(opened, name)
    if known is None or not is_forgotten(opened, known.id):
        return

    def delete(tx: Transaction) -> None:
        # Writers take turns: else it could be another's new entry that is deleted. Such a rest is rare.
        rest = _entry(opened, name)
        if rest is None:
            return
        if tx.get(FORGOTTEN, rest.id) is not None or opened.ledger.others(FORGOTTEN, rest.id):
            opened.store.delete(_place(opened, name))

    opened.ledger.transact(delete)


def current_user(by: str) -> str:
    """This name, cleaned; empty: the name of the user who is logged in.

    Raises BadProject on a blank name, or where the user has none.
    """
    if by:
        return clean_name(by)
    try:
        return clean_name(getpass.getuser())
    except (OSError, KeyError):  # no name for this user id, as in a bare container
        raise BadProject("found no name that you are logged in with, expected one: --by NAME.") from None


def reason_of(opened: OpenProject, text: str) -> Artifact | str:
    """Stores the reason as an artifact, which can be deleted; empty where there is none."""
    return opened.context.put(text.strip().encode(), "text") if text.strip() else ""


def with_names(opened: OpenProject, *versions: Version) -> tuple[Version, ...]:
    """The versions with names for ids, and the text of reasons."""
    name_of = _names(opened)
    return tuple(
        msgspec.structs.replace(
            version,
            approvals=tuple(_with_name(opened, each, name_of) for each in version.approvals),
            waivers=tuple(_with_name(opened, each, name_of) for each in version.waivers),
            trained_by=tuple(map(name_of, version.trained_by)),
        )
        for version in versions
    )


def releases_with_names(opened: OpenProject, *releases: Release) -> tuple[Release, ...]:
    """The releases with names for ids, and the text of reasons."""
    name_of = _names(opened)
    return tuple(_with_name(opened, each, name_of) for each in releases)


def copies_with_names(opened: OpenProject, *copies: Copy) -> tuple[Copy, ...]:
    """The copies with names for ids, and the text of reasons."""
    name_of = _names(opened)
    return tuple(_with_name(opened, each, name_of) for each in copies)


def _with_name(opened: OpenProject, act: S, name_of: Callable[[str], str]) -> S:
    by = name_of(act.by) if is_person_id(act.by) else act.by
    return msgspec.structs.replace(act, by=by, reason=_text(opened, act.reason))


def _text(opened: OpenProject, reason: Artifact | str) -> str:
    return reason if isinstance(reason, str) else text_of(opened.context, opened.ledger, reason)


def names_of_ids(opened: OpenProject) -> dict[str, str]:
    """Id → name, of all who were not forgotten."""
    return {each.id: each.name for each in _members(opened)}


def known_before(opened: OpenProject, forgotten: Collection[str]) -> frozenset[str]:
    """The ids of those who were in the directory before the first of these was forgotten, and are: nobody of
    them came back under another id."""
    others = {project for id in forgotten for project, _ in opened.ledger.others(FORGOTTEN, id)}
    ends = list(_ends(opened.ledger, forgotten))
    for project in sorted(others):
        with closing(opened.ledger_of(project)) as ledger:
            ends += _ends(ledger, forgotten)
    if not ends:
        return frozenset()
    return frozenset(each.id for each in _members(opened) if each.since < min(ends))


def _ends(ledger: Ledger, forgotten: Collection[str]) -> Iterator[datetime]:
    """When these were forgotten, as this project's events tell it."""
    for event in ledger.events():
        if event.kind != PersonForgotten.kind or event.body is None:
            continue
        if decode(event.body, PersonForgotten).person in forgotten:
            yield event.at


def name_of_id(opened: OpenProject, id: str) -> str:
    """The name of this id; or a note that nobody can say it."""
    return _names(opened)(id)


def _names(opened: OpenProject) -> Callable[[str], str]:
    """A function from id to name, or to a note. The directory is read once, on first use."""

    @cache
    def names() -> dict[str, str]:
        return names_of_ids(opened)

    def name_of(id: str) -> str:
        if (name := names().get(id)) is not None:
            return name
        # Only the fact tells: a directory that was lost forgets nobody.
        if is_forgotten(opened, id):
            return f"a person forgotten ({id})"
        return f"unknown ({id}): not in the directory"

    return name_of


def is_forgotten(opened: OpenProject, id: str) -> bool:
    """Whether this project, or another one of the same ledger, says that the directory forgot who it was."""
    return opened.ledger.get(FORGOTTEN, id) is not None or bool(opened.ledger.others(FORGOTTEN, id))


def _members(opened: OpenProject) -> list[Identity]:
    """The entries of all who were not forgotten."""
    return [each for each in _entries(opened) if not is_forgotten(opened, each.id)]


def _entry(opened: OpenProject, name: str) -> Identity | None:
    """The entry under this name, also of somebody forgotten."""
    place = _place(opened, name)
    try:
        return _genuine(opened, place)
    except NotFound:
        return None


def _place(opened: OpenProject, name: str) -> str:
    return place_of(opened.keys, name)


def _entries(opened: OpenProject) -> list[Identity]:
    """All entries; one that was changed has a note in place of its name."""
    found = []
    for each in opened.store.list(PREFIX):
        try:
            entry = read_entry(opened.store, each.name)
        except NotFound:
            continue  # forgotten since
        if not is_genuine(opened.keys, each.name, entry):
            entry = msgspec.structs.replace(entry, name=CHANGED.format(id=entry.id))
        found.append(entry)
    return found


def _with_id(opened: OpenProject, id: str) -> Identity | None:
    for each in opened.store.list(PREFIX):
        try:
            if read_entry(opened.store, each.name).id == id:
                return _genuine(opened, each.name)
        except NotFound:
            continue  # forgotten since
    return None


def _genuine(opened: OpenProject, place: str) -> Identity:
    """The entry at this place. Raises NotFound; Tampered, where it was changed."""
    entry = read_entry(opened.store, place)
    if not is_genuine(opened.keys, place, entry):
        raise entry_changed_error(opened.store, place, entry)
    return entry
