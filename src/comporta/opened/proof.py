"""Proof of who acts: signed facts, and that nobody else can use a signature once more."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from comporta.access import NONCES, PERSON_KEYS
from comporta.errors import Refused, Tampered
from comporta.ledger.chain import parts
from comporta.records import Record, View, encode
from comporta.records.access import Actor, ActProof
from comporta.records.act_fact import ActFact
from comporta.records.instant import microseconds, moment

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

F = TypeVar("F", bound=ActFact)
APART = timedelta(minutes=5)
"""How far the clock of who signs may be from the ledger's."""


class ActPlace(Record, frozen=True, kw_only=True):
    """What a signature is for and nothing else. project: its id in the ledger; key: the fingerprint of the
    key that the ledger is written with."""

    project: str
    key: str


def signed_act(place: ActPlace, kind: str, body: bytes, nonce: str, at: int) -> bytes:
    """What a proof's signature covers. body: of the fact as it is stored, its proof left out."""
    told: dict[str, Any] = msgspec.json.decode(body)
    told.pop("proof", None)
    return parts(
        b"comporta act 1",
        place.project.encode(),
        place.key.encode(),
        kind.encode(),
        nonce.encode(),
        b"%d" % at,
        msgspec.json.encode(told),
    )


def sign(fact: F, private: Ed25519PrivateKey, place: ActPlace, now: datetime) -> F:
    """The fact with a proof by this key."""
    nonce, at = secrets.token_hex(16), microseconds(now)
    signature = private.sign(signed_act(place, fact.kind, encode(fact), nonce, at))
    proof = ActProof(
        kind="key",
        key=private.public_key().public_bytes_raw().hex(),
        nonce=nonce,
        at=at,
        signature=signature.hex(),
    )
    return msgspec.structs.replace(fact, proof=proof)


def vouch(fact: F, actor: Actor, place: ActPlace, now: datetime) -> F:
    """The fact with a proof by a CI job, whose token was verified. The same act twice by one job has one
    nonce, and so is recorded once."""
    at = microseconds(now)
    act = signed_act(place, fact.kind, _without_times(encode(fact)), f"{actor.key}/{actor.job}", 0)
    proof = ActProof(kind="ci_job", key=actor.key, nonce=sha256(act).hexdigest()[:32], at=at, job=actor.job)
    return msgspec.structs.replace(fact, proof=proof)


def require_proven(view: View, fact: ActFact, by: str, place: ActPlace, now: datetime) -> None:
    """Raises Refused where a proof is of another's key, a revoked one, used before, or of another time, and
    where there is none of one who has a key, whatever they do; Tampered where its signature is wrong. Asked
    inside the transaction that appends the fact. by: whose act the fact says it is."""
    if isinstance(fact.proof, msgspec.UnsetType):
        if by and any(each.person == by for _, each in view.scan(PERSON_KEYS)):
            raise Refused(
                f"{fact.kind}: found a name alone, expected a signature by the key that is registered for "
                "it. Do it where that key lies; see: comporta people list"
            )
        return
    proof = fact.proof
    key = view.get(PERSON_KEYS, proof.key)
    if key is None or key.until or key.person != by:
        found = "a key that is registered for nobody" if key is None else "another's key"
        raise Refused(
            f"{fact.kind}: its proof is by {'a revoked key' if key and key.until else found}, expected one "
            "of the person's own. See: comporta people list"
        )
    if abs(moment(proof.at) - now) > APART:
        raise Refused(
            f"{fact.kind}: it was signed at {moment(proof.at):%Y-%m-%d %H:%M}, expected within five minutes "
            f"of now, {now:%Y-%m-%d %H:%M} (UTC). Set the clock."
        )
    if view.get(NONCES, proof.nonce) is not None:
        raise Refused(f"{fact.kind}: its proof was used before. Do it anew, and sign that.")
    if proof.kind == "key" and not is_proven(proof, place, fact.kind, encode(fact)):
        raise Tampered(f"{fact.kind}: its signature is not of what it says. Do it anew, and sign that.")


def is_proven(proof: ActProof, place: ActPlace, kind: str, body: bytes) -> bool:
    """Whether this signature of a key is of this fact. body: as stored."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(proof.key))
        key.verify(bytes.fromhex(proof.signature), signed_act(place, kind, body, proof.nonce, proof.at))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _without_times(body: bytes) -> bytes:
    """The body without when it happened: twice the same act is the same, a minute later too."""
    return encode(_timeless(msgspec.json.decode(body)))


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if name != "at"}
    return [_timeless(each) for each in value] if isinstance(value, list) else value
