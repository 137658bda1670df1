"""Whether outputs that an older Comporta stored in another format have the same content as today's.

Outputs in today's format are compared by their bytes; nothing here is used for them.
"""

from __future__ import annotations

import re
from typing import Any

from comporta.records import Scores, decode, unmeasured_in

_RARER = re.compile(r"=one of [\d,]+ rarer values$")


def say_the_same(output: str, then: bytes, now: bytes) -> bool:
    """Whether these bytes in an older format have the same content as today's. output: its name in its step.
    False where the format is not an older one."""
    if output == "scores":
        return _scores(then, now)
    return output == "parity" and _parity(then, now)


def _scores(then: bytes, now: bytes) -> bool:
    """Before `unmeasured` existed, unmeasured metrics stood in names and sentences."""
    if "unmeasured" in decode(then, dict):
        return False
    older, newer = decode(then, Scores), decode(now, Scores)
    return (older.part, older.figures, _names(older)) == (newer.part, newer.figures, _names(newer))


def _names(scores: Scores) -> list[tuple[str, str]]:
    return [(each.metric, _RARER.sub("=…", each.slice)) for each in unmeasured_in(scores)]


def _parity(then: bytes, now: bytes) -> bool:
    """The reason why an export is not used was a sentence."""
    older, newer = (decode(each, dict[str, dict[str, dict[str, Any]]])["forms"] for each in (then, now))
    sentences = any(each["reason"] and isinstance(each["reason"], str) for each in older.values())
    return sentences and _without_reason(older) == _without_reason(newer)


def _without_reason(forms: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {form: {**each, "reason": bool(each["reason"])} for form, each in forms.items()}
