"""The people of a project: facts hold ids, and only this directory in the store maps an id to a name.

An entry lies under the keyed digest of the name, so that a name finds it and a listing shows none. To forget
somebody is to delete the entry: no fact changes, and the id can no longer be resolved.
"""

from __future__ import annotations

import getpass
import secrets
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import TypeVar

import msgspec

from comporta.errors import BadProject, NotFound, Refused
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
from comporta.project.person import Role
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
    encode,
    is_person_id,
)
from comporta.records.facts import PersonForgotten
from comporta.registry import FORGOTTEN

S = TypeVar("S", Approval, Waiver, Release)


class Member(Record, frozen=True, kw_only=True):
    """A person of the directory, of the project's declaration, or both.

    id: empty for one who has not acted yet. role: as the project declares it, or empty. since: when first
    seen."""

    id: str = ""
    name: str
    role: str = ""
    since: datetime | None = None


def people(opened: OpenProject) -> tuple[Member, ...]:
    """Everybody in the directory or declared by the project, sorted by name."""
    found = {canonical_name(each.name): each for each in _members(opened)}
    declared = {canonical_name(each.name): each for each in opened.project.people}
    members = (
        Member(
            id=found[key].id if key in found else "",
            name=declared[key].name if key in declared else found[key].name,
            role=declared[key].role if key in declared else "",
            since=found[key].since if key in found else None,
        )
        for key in found.keys() | declared.keys()
    )
    return tuple(sorted(members, key=lambda each: canonical_name(each.name)))


def find(opened: OpenProject, name: str) -> Identity | None:
    """The directory's entry of this name, compared without case; None too where it is of somebody forgotten,
    whose deletion was interrupted. Raises BadProject on a name that is none."""
    known = _entry(opened, name)
    return None if known is None or is_forgotten(opened, known.id) else known


def identify(opened: OpenProject, name: str) -> Identity:
    """The entry of this name, made where there is none. Raises BadProject on a name that is none."""
    while (known := find(opened, name)) is None:
        _finish_forgetting(opened, name)
        made = Identity(id=f"person-{secrets.token_hex(8)}", name=clean_name(name), since=opened.clock())
        # Put only where none is: of two at once, both go on with the one that came first.
        if opened.store.put(_place(opened, name), encode(seal(opened.keys, made))):
            return made
    return known


def forget(opened: OpenProject, name: str) -> Identity:
    """Deletes the name; what the person did stays, under the id alone. name: or the id.

    Raises NotFound, where the directory has no such name.
    """
    known = _with_id(opened, name) if is_person_id(name) else _entry(opened, name)
    if known is None:
        old = _older_events_note(opened, name)
        raise NotFound(f"found nobody called {name!r} in the directory. See: comporta people list{old}")

    def commit(tx: Transaction) -> None:
        if tx.get(FORGOTTEN, known.id) is None:
            tx.append(PersonForgotten(person=known.id))

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


def role_of(opened: OpenProject, name: str, role: str, roles: tuple[Role, ...], act: str) -> str:
    """The role in which this person acts. role: as claimed; it counts where the project declares nobody.

    Raises Refused, naming who may; BadProject on a role that is another than is declared, or is none.
    """
    named = role.strip()
    if not opened.project.people:
        every = Role.__args__  # type: ignore[attr-defined]
        if named and named not in every:
            raise BadProject(f"--role: found {named!r}, expected one of: {', '.join(every)}.")
        return named
    person = opened.project.person(name)
    if person is None or person.role not in roles:
        able = ", ".join(each.name for each in opened.project.people if each.role in roles) or "nobody yet"
        raise Refused(
            f"{name!r} may not {act}, expected one of: {able}. "
            "Who may is declared: Project(people=(Person('ana', 'validator'), …))."
        )
    if named and named != person.role:
        raise BadProject(
            f"--role: found {named!r}, expected {person.role!r}, as the project declares for {person.name}. "
            "Leave it out."
        )
    return person.role


def declared_role(opened: OpenProject, name: str, role: str, roles: tuple[Role, ...], act: str) -> str:
    """As `role_of`, for acts that only somebody declared may do: Refused too where the project declares
    nobody."""
    if not opened.project.people:
        raise Refused(
            f"{name!r} may not {act}, expected one of: nobody yet. "
            "Who may is declared: Project(people=(Person('ana', 'validator'), …))."
        )
    return role_of(opened, name, role, roles, act)


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
        )
        for version in versions
    )


def releases_with_names(opened: OpenProject, *releases: Release) -> tuple[Release, ...]:
    """The releases with names for ids, and the text of reasons."""
    name_of = _names(opened)
    return tuple(_with_name(opened, each, name_of) for each in releases)


def _with_name(opened: OpenProject, act: S, name_of: Callable[[str], str]) -> S:
    by = name_of(act.by) if is_person_id(act.by) else act.by
    return msgspec.structs.replace(act, by=by, reason=_text(opened, act.reason))


def _text(opened: OpenProject, reason: Artifact | str) -> str:
    return reason if isinstance(reason, str) else text_of(opened.context, opened.ledger, reason)


def _names(opened: OpenProject) -> Callable[[str], str]:
    """A function from id to name, or to a note. The directory is read once, on first use."""

    @cache
    def names() -> dict[str, str]:
        return {each.id: each.name for each in _members(opened)}

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
