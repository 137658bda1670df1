"""Seals of directory entries: without the project's key nobody can change whose an id is."""

from __future__ import annotations

import hmac

import msgspec

from comporta.errors import BadProject, NotFound, Tampered
from comporta.records import Identity, Version, canonical_name, decode, encode, is_person_id
from comporta.store import Keys, Store, digest

PREFIX = "people/"
CHANGED = "name changed in the directory ({id})"

# No name holds a control character: no seal is a place, and no place a seal.
_SEAL = b"\0seal\0"


def place_of(keys: Keys, name: str) -> str:
    """Where the entry of this name lies. Raises BadProject on a name that is none."""
    return PREFIX + digest(keys.person, canonical_name(name).encode())


def seal(keys: Keys, entry: Identity) -> Identity:
    """The entry with its seal: a keyed digest (BLAKE3) of the id, the name and since."""
    return msgspec.structs.replace(entry, seal=_seal(keys, entry))


def is_genuine(keys: Keys, place: str, entry: Identity) -> bool:
    """Whether the entry was sealed with this key, and lies where its own name belongs."""
    try:
        at = place_of(keys, entry.name)
    except BadProject:
        return False
    return at == place and hmac.compare_digest(entry.seal.encode(), _seal(keys, entry).encode())


def read_entry(store: Store, place: str) -> Identity:
    """The entry at this place; not checked whether it is genuine. Raises NotFound, Tampered."""
    data = store.get(place)
    try:
        return decode(data, Identity)
    except msgspec.MsgspecError:
        raise Tampered(
            f"{store.url}/{place}: found no entry of the directory of people. Restore it from a backup, or "
            "delete it: who it was is then forgotten."
        ) from None


def known_ids(store: Store, keys: Keys) -> frozenset[str]:
    """The ids of all entries that are as they were written."""
    found = set()
    for each in store.list(PREFIX):
        try:
            entry = read_entry(store, each.name)
        except (NotFound, Tampered):
            continue  # forgotten since, or nobody's
        if is_genuine(keys, each.name, entry):
            found.add(entry.id)
    return frozenset(found)


def unknown_approvers(store: Store, keys: Keys, version: Version) -> frozenset[str]:
    """The ids of those who approved the version and whom the directory does not know: forgotten, or lost.

    Raises BadProject where the directory cannot be read: then nobody can tell."""
    ids = {each.by for each in version.approvals if is_person_id(each.by)}
    try:
        return frozenset(ids - known_ids(store, keys)) if ids else frozenset()
    except OSError as error:
        raise BadProject(
            f"{store.url}/{PREFIX}: the directory of people cannot be read ({error.strerror}), so nobody can "
            f"tell whose approvals of {version.id} count. Correct its permissions, or repair the disk."
        ) from error


def entry_changed_error(store: Store, place: str, entry: Identity) -> Tampered:
    """The error for an entry that is not genuine."""
    return Tampered(
        f"{store.url}/{place}: the entry of {entry.id} in the directory of people is not as it was written: "
        "its id, its name or its place was changed. Restore it from a backup, or delete it."
    )


def _seal(keys: Keys, entry: Identity) -> str:
    return digest(keys.person, _SEAL + encode([entry.id, entry.name, entry.since]))
