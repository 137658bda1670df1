"""Who acts, by the best proof at hand: a CI job's token, the user's own key, or the name that is claimed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from comporta.access import PERSON_KEYS, IssuerRule, verify_job_token
from comporta.errors import BadProject, Forbidden, NotFound
from comporta.opened.people import current_user, find, is_forgotten, name_of_id
from comporta.opened.person_key import person_key, public_hex
from comporta.opened.project import OpenProject
from comporta.records import canonical_name
from comporta.records.access import Actor
from comporta.store import resolve

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class ActingPerson(NamedTuple):
    """name: as it is shown. private: the key that signs what they do, or None."""

    actor: Actor
    name: str
    private: Ed25519PrivateKey | None = None


_acting: ContextVar[ActingPerson | None] = ContextVar("acting", default=None)


@contextmanager
def acting_as(person: ActingPerson) -> Iterator[None]:
    """Whatever is asked for in here, this person asks for it, and not whoever runs the process: they showed a
    token of theirs."""
    before = _acting.set(person)
    try:
        yield
    finally:
        _acting.reset(before)


def require_in_person(what: str) -> None:
    """Raises Forbidden where a token acts, and not a person or a program that proves itself: what is made
    would let somebody act after the token has ended, though it was ended because it got lost."""
    if _acting.get() is not None:
        raise Forbidden(
            f"{what}: a token may not, for that would let somebody act after it has ended. Do it at the "
            "command line."
        )


def acting_person(opened: OpenProject, by: str = "", *, nameless: bool = False) -> ActingPerson:
    """Who acts. by: the name that is claimed; empty: whose key, or whose job, it is, else the name that one
    is logged in with. nameless: it may be nobody, as in a bare container. Raises BadProject on a name that is
    none, or is not the job's; Refused on a token that proves nothing."""
    if (acting := _acting.get()) is not None:
        return _by_token(acting, by, nameless)
    if opened.settings.job_token:
        return _by_job(opened, by)
    return _by_key(opened, by) or _by_name(opened, by, nameless)


def _by_token(acting: ActingPerson, by: str, nameless: bool) -> ActingPerson:
    if by and canonical_name(by) != acting.actor.name:
        raise BadProject(f"by: found {by!r}, expected {acting.name!r}, whose token it is. Leave it out.")
    if not acting.name and not nameless:
        raise BadProject(
            "the token was made by nobody with a name. Make one: comporta token add NAME --by WHO"
        )
    return acting


def _by_job(opened: OpenProject, by: str) -> ActingPerson:
    rules, keys = {}, {}
    for digest, key in opened.ledger.scan(PERSON_KEYS):
        if key.rule is not None and not key.until and not is_forgotten(opened, key.person):
            try:
                rules[digest] = opened.context.get_json(key.rule, IssuerRule)
            except (NotFound, msgspec.MsgspecError):
                continue  # deleted: it proves nothing any more
            keys[digest] = key
    token = resolve("job_token", opened.settings.job_token, opened.home).value
    jobs = verify_job_token(token, rules, opened.now())
    names = {each.rule: name_of_id(opened, keys[each.rule].person) for each in jobs}
    if by:
        jobs = tuple(each for each in jobs if canonical_name(names[each.rule]) == canonical_name(by))
        if not jobs:
            found = " or ".join(sorted({repr(each) for each in names.values()}))
            raise BadProject(f"--by: found {by!r}, expected {found}, whose token it is. Leave it out.")
    # The rule that asks most is of the account that is meant: a job of the main branch is also one of the
    # repository.
    most = max(len(rules[each.rule].claims) for each in jobs)
    job, *others = (each for each in jobs if len(rules[each.rule].claims) == most)
    id, name = keys[job.rule].person, names[job.rule]
    if any(keys[each.rule].person != id for each in others):
        known = ", ".join(sorted({names[each.rule] for each in (job, *others)}))
        raise BadProject(
            f"job_token: found a job of {known} alike, expected of one. Ask more of one of them, by one more "
            "--claim: comporta people trust"
        )
    actor = Actor(id=id, name=canonical_name(name), proof="ci_job", key=job.rule, job=job.job)
    return ActingPerson(actor, name)


def _by_key(opened: OpenProject, by: str) -> ActingPerson | None:
    private = person_key()
    if private is None:
        return None
    public = public_hex(private)
    key = opened.ledger.get(PERSON_KEYS, public)
    if key is None or key.until or is_forgotten(opened, key.person):
        return None
    name = name_of_id(opened, key.person)
    if by and canonical_name(by) != canonical_name(name):
        return None
    actor = Actor(id=key.person, name=canonical_name(name), proof="key", key=public)
    return ActingPerson(actor, name, private)


def _by_name(opened: OpenProject, by: str, nameless: bool) -> ActingPerson:
    try:
        name = current_user(by)
    except BadProject:
        if by or not nameless:
            raise
        return ActingPerson(Actor(), "")
    known = find(opened, name)
    return ActingPerson(Actor(id="" if known is None else known.id, name=canonical_name(name)), name)
