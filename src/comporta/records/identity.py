"""Who somebody is, without a name in any fact: a random id, named only in a directory that can forget."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from comporta.errors import BadProject
from comporta.records.record import Record

LONGEST_NAME = 200
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What shows nothing and is no control character: Unicode's Default_Ignorable_Code_Point, and the blank of
Braille."""
_ID = re.compile(r"(?:person|service)-[0-9a-f]{16}")
_SERVICE = "service-"
_ALIKE = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"}
"""Alphabets that have letters of one look."""


class Identity(Record, frozen=True, kw_only=True):
    """An entry of the directory of people. id: `person-`, of a service account `service-`, and 16 random hex
    digits; facts hold only that.

    name: as it was first given. since: when this person was first seen. seal: keyed digest of these three.
    """

    id: str
    name: str
    since: datetime
    seal: str = ""


def is_person_id(text: str) -> bool:
    """Whether it is an id of a person or a service account, not a name."""
    return _ID.fullmatch(text) is not None


def is_service_id(text: str) -> bool:
    """Whether it is an id of a service account, such as a CI system has."""
    return text.startswith(_SERVICE)


def clean_name(name: str) -> str:
    """The name to keep and to show: NFC, trimmed, single spaces, without invisible characters, which would
    make two people of one. Raises BadProject on one that is blank, too long, or an id."""
    visible = "".join(
        each
        for each in _UNSEEN.sub("", name)
        if each.isspace() or not unicodedata.category(each).startswith("C")
    )
    found = " ".join(unicodedata.normalize("NFC", visible).split())
    if not found:
        raise BadProject("found a blank name, expected that of a person.")
    if len(found) > LONGEST_NAME:
        raise BadProject(
            f"found a name of {len(found)} characters, expected at most {LONGEST_NAME}. Shorten it."
        )
    # As names are compared: in capitals an id would be that person's.
    if _ID.search(_without_case(found)):
        raise BadProject(f"found an id of a person in {found!r}, expected the person's name.")
    return found


def canonical_name(name: str) -> str:
    """The form in which names are compared: cleaned, without case. Raises BadProject as `clean_name`."""
    return _without_case(clean_name(name))


def require_plain(name: str) -> None:
    """Raises BadProject on a new name that reads as another's: letters of two alphabets in one word, or forms
    such as full-width ones, which Unicode takes for the same letters (NFKC)."""
    plain = unicodedata.normalize("NFKC", name)
    if plain != unicodedata.normalize("NFC", name):
        raise BadProject(f"found the name {name!r}, which reads as {plain!r}. Write it like that.")
    for word in name.split():
        found = {unicodedata.name(each, "").partition(" ")[0] for each in word if each.isalpha()}
        if len(mixed := sorted(found & _ALIKE)) > 1:
            raise BadProject(
                f"found letters of two alphabets in {word!r} ({', '.join(mixed).title()}), expected one: it "
                "could be read as another's name."
            )


def _without_case(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def person_key(by: str) -> str:
    """What tells people in facts apart: the id; of an older fact the name, as it is compared. Nothing that
    was stored is refused."""
    try:
        return by if is_person_id(by) else canonical_name(by)
    except BadProject:
        return by
