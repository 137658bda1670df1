"""The gate itself: every check is judged, and nothing that goes wrong opens it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from blake3 import blake3
from msgspec.structs import replace

from comporta.checks.shared.judging.slices import with_unmeasured_slices
from comporta.checks.shared.judging.wording import NOT_MEASURED
from comporta.checks.written import canonical_json, kind_of
from comporta.records import (
    LEVELS,
    NO_TEXT,
    Check,
    Evidence,
    Level,
    Message,
    Need,
    Outcome,
    Text,
    Verdict,
    code,
)

NEEDS_RAISED = code(
    "gate.needs_raised", "The check could not say what it needs: it raised {error}.", error=str
)
RAISED = code("gate.raised", "The check could not run: it raised {error}.", error=str)
NO_VERDICT = code("gate.no_verdict", "The check did not answer with a verdict.")
OTHER_NAME = code("gate.other_name", "The check answered under another name or rule than it declared.")
EXCUSED = code("gate.excused", "the check says that it does not apply, the evidence does not")
PASSED_NO_NUMBER = code("gate.passed_no_number", "The check passed a figure that is no number.")
UNMADE = code("gate.unmade", "nothing was made for {what}", what=str)


def needs(checks: Sequence[Check]) -> tuple[Need, ...]:
    """What these checks want to see, each once, in the order first asked."""
    found: dict[Need, None] = {}
    for check in checks:
        asked, _ = _needs_of(check)
        found.update(dict.fromkeys(asked))
    return tuple(found)


def level_of(check: Check) -> Level:
    """From which level on it is asked: its field `level`, else `release`."""
    found = _attribute(check, "level", "release")
    return found if found in LEVELS else "release"


def asked_at(checks: Sequence[Check], level: Level) -> tuple[Check, ...]:
    """Those that this level asks."""
    return tuple(each for each in checks if LEVELS.index(level_of(each)) <= LEVELS.index(level))


def judge(checks: Sequence[Check], evidence: Mapping[Need, Evidence]) -> tuple[Verdict, ...]:
    """One verdict per check, in their order. Pure, and it never raises: a check that raises, that judges
    evidence nobody made, or that answers nonsense is inconclusive, and blocks where it is required. So is one
    that passes by slice while a slice of 30 rows or more could not be measured."""
    return tuple(_about(check, _judge(check, evidence)) for check in checks)


def form(check: Check, beside: bytes = b"") -> str:
    """The digest of all that a check declares, 64 hex digits: two of one name ask the same only where it is
    equal. beside: what else decides what it asks, such as the code that its functions reach.

    It is made of the declared kind and of the declared values that are not the usual ones, so that a title, a
    class or a module may be called otherwise. A function in it counts by its source text, a kind that is not
    Comporta's by what it does, less docstrings and its title. Raises BadProject on a check that is no plain
    data: its limits could change unseen.
    """
    return blake3(canonical_json(check) + b"\n" + beside).hexdigest()


def policy(checks: Sequence[Check], forms: Mapping[str, str] | None = None) -> str:
    """The digest of what a candidate is asked to pass, 64 hex digits; the order of checks is nothing.

    forms: those of the checks, by name; None: of what is in the checks alone. Raises BadProject, as `form`.
    """
    every = (form(check) for check in checks) if forms is None else forms.values()
    return blake3("\n".join(sorted(every)).encode()).hexdigest()


def _needs_of(check: Check) -> tuple[tuple[Need, ...], str]:
    try:
        asked = tuple(check.needs())
        hash(asked)
        return asked, ""
    except Exception as fault:  # a check is foreign code: what it raises must block, not break the run
        return (), type(fault).__name__


def _judge(check: Check, evidence: Mapping[Need, Evidence]) -> Verdict:
    name, required = _attribute(check, "name", type(check).__name__), _attribute(check, "required", True)
    asked, fault = _needs_of(check)
    if fault:
        return _doubt(name, required, NEEDS_RAISED(error=fault))
    found = tuple(evidence.get(need) or _unmade(need) for need in asked)
    try:
        verdict = check.judge(found)
    except Exception as raised:  # as above; only the type is told: a message may hold values from the data
        return _doubt(name, required, RAISED(error=type(raised).__name__))
    if not isinstance(verdict, Verdict) or verdict.outcome not in get_args(Outcome):
        return _doubt(name, required, NO_VERDICT())
    if (verdict.check, verdict.required) != (name, required):
        return _doubt(name, required, OTHER_NAME())
    missing: Text = next((each.missing for each in found if each.missing), NO_TEXT)
    if verdict.outcome == "does not apply" and not any(each.without for each in found):
        missing = missing or EXCUSED()
    if missing and not verdict.blocks and verdict.outcome != "inconclusive":
        return _doubt(name, required, NOT_MEASURED(why=missing))
    if verdict.outcome == "pass" and verdict.figure is not None and not math.isfinite(verdict.figure.value):
        return _doubt(name, required, PASSED_NO_NUMBER())
    return with_unmeasured_slices(verdict, found)


def _about(check: Check, verdict: Verdict) -> Verdict:
    """With what it rests on, so that a report can order it, and what the check is called."""
    asked, _ = _needs_of(check)
    what = verdict.what or (asked[0].what if asked else "")
    return replace(verdict, what=what, title=title_of(check), kind=kind_of(check))


def title_of(check: Check) -> Text:
    """What people read: its `title`, else its name."""
    title: Text = _attribute(check, "title", "")
    return title or _attribute(check, "name", type(check).__name__)


def _unmade(need: Need) -> Evidence:
    return Evidence(need=need, missing=UNMADE(what=need.what))


def _doubt(name: str, required: bool, reason: Text) -> Verdict:
    return Verdict(check=name, outcome="inconclusive", required=required, reason=reason)


def _attribute(check: Check, name: str, otherwise: Any) -> Any:
    try:
        found = getattr(check, name)
    except Exception:  # foreign code again: an attribute that raises is not an open gate
        return otherwise
    expected = (str, Message) if name == "title" else type(otherwise)
    return found if isinstance(found, expected) else otherwise
