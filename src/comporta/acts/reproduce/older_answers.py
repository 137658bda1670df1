"""Whether outputs that an older Comporta stored in another format have the same content as today's.

Outputs in today's format are compared by their bytes; nothing here is used for them.
"""

from __future__ import annotations

from functools import partial
from math import isclose
from typing import Any

from msgspec.structs import replace

from comporta.records import (
    NO_TEXT,
    Figure,
    Scores,
    codes_in,
    decode,
    figure,
    place_in_words,
    say,
    scores_today,
)
from comporta.train.families.onnx.older import same_model

ASKED = ("beside", "thresholds")
"""What older formats do not tell of a form: where it was asked beside rows as they come."""

_LAST_BITS = 1e-12
"""By how much, of itself, a number may differ: a processor that adds more numbers at once rounds their sum
otherwise, and an older format may come from another machine."""

_say = partial(say, templates=codes_in(figure))


def say_the_same(output: str, then: bytes, now: bytes) -> bool:
    """Whether these bytes in an older format have the same content as today's. output: its name in its step.
    False where the format is not an older one."""
    if output == "scores":
        return _scores(then, now)
    if output == "onnx":
        return same_model(then, now)
    return output == "parity" and _parity(then, now)


def _scores(then: bytes, now: bytes) -> bool:
    """Before figures had `where`, a slice was a text; before `unmeasured` was there, what could not be
    measured was told in names and sentences; of another edition of intervals the figures are compared without
    these."""
    stored, newer = decode(then, dict), decode(now, Scores)
    alike = stored.get("intervals", 0) == newer.intervals
    if all("where" in each for each in stored["figures"]) and "unmeasured" in stored and alike:
        return False
    older, numbers = _as_read(scores_today(decode(then, Scores)), alike)
    today, todays = _as_read(newer, alike)
    return older == today and all(map(_is_near, numbers, todays))


def _as_read(scores: Scores, intervals: bool) -> tuple[tuple[Any, ...], list[float | None]]:
    """The part, the figures and what has none, each slice as people read it: once it was kept so; and the
    figures' numbers. intervals: whether they are told too."""
    told = [each if intervals else _alone(each) for each in scores.figures]
    figures = [
        (place_in_words(each, _say), replace(each, where=(), value=0.0, low=None, high=None)) for each in told
    ]
    unmeasured = [(each.metric, place_in_words(each, _say)) for each in scores.unmeasured]
    numbers = [number for each in told for number in (each.value, each.low, each.high)]
    return (scores.part, figures, unmeasured), numbers


def _is_near(then: float | None, now: float | None) -> bool:
    return then == now or (then is not None and now is not None and isclose(then, now, rel_tol=_LAST_BITS))


def _alone(figure: Figure) -> Figure:
    """The number, without how sure it is."""
    return replace(figure, low=None, high=None, groups=0, notes=(), doubt=NO_TEXT)


def _parity(then: bytes, now: bytes) -> bool:
    """The reason why an export is not used was a sentence, and no form was asked at thresholds."""
    older, newer = (decode(each, dict[str, dict[str, dict[str, Any]]])["forms"] for each in (then, now))
    sentences = any(each["reason"] and isinstance(each["reason"], str) for each in older.values())
    unasked = any(
        each.keys().isdisjoint(ASKED) and not newer[form].keys().isdisjoint(ASKED)
        for form, each in older.items()
        if form in newer
    )
    return (sentences or unasked) and _common_form(older, sentences) == _common_form(newer, sentences)


def _common_form(forms: dict[str, dict[str, Any]], sentences: bool) -> dict[str, dict[str, Any]]:
    """What both formats tell. sentences: of a reason only whether there is one."""
    return {
        form: {
            name: bool(value) if sentences and name == "reason" else value
            for name, value in each.items()
            if name not in ASKED
        }
        for form, each in forms.items()
    }
