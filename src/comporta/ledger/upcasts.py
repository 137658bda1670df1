"""What makes the body of an older schema one of the next: facts that are stored never change.

A fact whose fields get another meaning gets schema + 1 and an entry here; a released entry never changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


def _evaluated_on_a_part(body: dict[str, Any]) -> dict[str, Any]:
    """Which split it was is found through the versions that have this part."""
    return {**body, "split": "", "window": 0}


_CHANGED = ", as changed since"
_UNASKED = re.compile(r"Not (?:audited|asked) yet: comporta gate (?P<version>\S+) --level (?P<level>\w+)\.")


def _split_changed(about: dict[str, Any]) -> dict[str, Any]:
    """Of a verdict or a waiver: what the end of its check's name told is a field of its own."""
    check = about["check"]
    if not check.endswith(_CHANGED):
        return about
    return {**about, "check": check.removesuffix(_CHANGED), "changed": True}


def _verdict(verdict: dict[str, Any]) -> dict[str, Any]:
    """That a check was not asked yet is a code; every other sentence stays as it was."""
    named, unasked = _split_changed(verdict), _UNASKED.fullmatch(verdict["reason"])
    if unasked is None:
        return named
    return {**named, "reason": {"type": "message", "code": "gate.not_asked", "values": unasked.groupdict()}}


def _version(version: dict[str, Any]) -> dict[str, Any]:
    return {
        **version,
        "verdicts": [_verdict(each) for each in version.get("verdicts", ())],
        "waivers": [_split_changed(each) for each in version.get("waivers", ())],
    }


def _registered_2(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "version": _version(body["version"])}


def _judged_2(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "verdicts": [_verdict(each) for each in body["verdicts"]]}


def _waived_2(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "waiver": _split_changed(body["waiver"])}


def _released_1(body: dict[str, Any]) -> dict[str, Any]:
    """Shares had no roles: the first of the largest was the champion, and the one before it was retired."""
    release = body["release"]
    shares = release["shares"]
    largest = max(range(len(shares)), key=lambda place: shares[place]["weight"])
    named = [
        {**share, "role": "champion" if place == largest else "challenger"}
        for place, share in enumerate(shares)
    ]
    left = {release["previous"]} - {None} - {share["version"] for share in shares}
    return {**body, "release": {**release, "shares": named, "retired": sorted(left)}}


_PURPOSES = {"run": "build", "check": "check", "gate": "judge", "reproduce": "reproduce"}


def _run_started_1(body: dict[str, Any]) -> dict[str, Any]:
    """What a run was for was told by the command that began it."""
    word, _, _ = body["command"].partition(" ")
    return {**body, "purpose": _PURPOSES.get(word, "other")}


def _leave(body: dict[str, Any]) -> dict[str, Any]:
    """A name or a text stands where an id, an artifact or a code may: both are read."""
    return body


UPCASTS: Mapping[tuple[str, int], Upcast] = {
    ("test.looked", 1): _evaluated_on_a_part,
    ("version.registered", 1): _registered_2,
    ("version.judged", 1): _judged_2,
    ("version.waived", 1): _waived_2,
    ("version.waived", 2): _leave,
    ("run.started", 1): _run_started_1,
    ("run.ended", 1): _leave,
    ("version.approved", 1): _leave,
    ("version.released", 1): _released_1,
    ("batch.predicted", 1): _leave,
}
"""(kind, schema) → what makes that body one of schema + 1."""
