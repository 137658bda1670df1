"""Every proof in the record of events, verified once more: whose key, of what, once, while it was valid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from comporta.access import PERSON_KEYS
from comporta.opened.project import OpenProject
from comporta.opened.proof import APART, ActPlace, is_proven
from comporta.records import Event
from comporta.records.access import ActProof
from comporta.records.facts import ACTS
from comporta.records.instant import moment

_KINDS = {each.kind for each in ACTS}
_ACTS = ("approval", "waiver", "release", "token")
"""Where a fact holds who did it, if not itself."""


def verify_proofs(opened: OpenProject) -> tuple[str, ...]:
    """The faults, one sentence each."""
    place = ActPlace(project=opened.ledger.project, key=opened.keys.fingerprint)
    since = _first_keys(opened)
    used: dict[str, int] = {}
    faults = []
    for event in opened.ledger.events():
        if event.body is None or event.kind not in _KINDS:
            continue
        if b'"proof":{' not in event.body:
            if since and since.get(_actor_of(event.body), event.seq) < event.seq:
                faults.append(
                    f"event {event.seq} ({event.kind}): found no proof, expected one: a key was registered "
                    "for who it says did it. Ask who that was; what it decided may be forged."
                )
            continue
        try:
            told: dict[str, Any] = msgspec.json.decode(event.body)
            proof = msgspec.convert(told.get("proof"), ActProof)
        except msgspec.MsgspecError:
            faults.append(
                f"event {event.seq}: found no proof that can be read, expected one. Keep the ledger."
            )
            continue
        faults += [
            f"event {event.seq} ({event.kind}): {why}. Ask who that was; what it decided may be forged."
            for why in _faults(opened, event, told, proof, place, used)
        ]
        used.setdefault(proof.nonce, event.seq)
    return tuple(faults)


def _faults(
    opened: OpenProject,
    event: Event,
    told: dict[str, Any],
    proof: ActProof,
    place: ActPlace,
    used: dict[str, int],
) -> Iterator[str]:
    assert event.body is not None, "the caller looked into it"
    key = opened.ledger.get(PERSON_KEYS, proof.key)
    # One that revokes itself signs that too.
    if key is None or not key.since < event.seq <= (key.until or event.seq):
        yield "its proof is by a key that was not valid then"
    elif key.person != _by(told):
        yield "its proof is by another's key"
    if proof.nonce in used:
        yield f"its proof was used before, in event {used[proof.nonce]}"
    if abs(moment(proof.at) - event.at) > APART:
        yield "it was signed at another time than it was recorded"
    if proof.kind == "key" and not is_proven(proof, place, event.kind, event.body):
        yield "its signature is not of what it says"


def _first_keys(opened: OpenProject) -> dict[str, int]:
    """Person → the event that registered their first key: from it on their name alone does nothing."""
    found: dict[str, int] = {}
    for _, key in opened.ledger.scan(PERSON_KEYS):
        found[key.person] = min(key.since, found.get(key.person, key.since))
    return found


def _actor_of(body: bytes) -> str:
    try:
        by = _by(msgspec.json.decode(body, type=dict[str, Any]))
    except msgspec.MsgspecError:
        return ""  # no event: the ledger's own audit names it
    return by if isinstance(by, str) else ""


def _by(told: dict[str, Any]) -> Any:
    """Who did it."""
    if "by" in told:
        return told["by"]
    return next((told[name].get("by") for name in _ACTS if isinstance(told.get(name), dict)), None)
