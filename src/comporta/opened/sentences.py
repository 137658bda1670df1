"""What is kept as a code and values, said in English: the sentences of every module that declares codes."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from comporta.records import Message, Text, codes_in, say
from comporta.records.message import Say as Say

R = TypeVar("R")

_DECLARING = {"check", "codes", "draw", "figures", "tables"}
"""The files of a check's folder that may declare codes; what measures is heavy, and declares none."""

MODULES = (
    "comporta.records.figure",
    "comporta.records.tables",
    "comporta.records.verdict",
    "comporta.records.version",
    "comporta.records.staleness",
    "comporta.engine.reasons",
    "comporta.access.codes",
    "comporta.data.codes",
    "comporta.jobs.codes",
    "comporta.release.codes",
    "comporta.serve.codes",
    "comporta.stats.codes",
    "comporta.train.codes",
    "comporta.opened.codes",
    "comporta.report.codes",
    "comporta.report.release_codes",
    "comporta.acts.trace.codes",
    "comporta.ledger.faults",
    "comporta.ledger.bundle",
)
"""Others that do. They are imported where a sentence is asked for, so they must be light."""


@cache
def english() -> Mapping[str, str]:
    """Code → its English sentence."""
    return codes_in(*(import_module(name) for name in (*_of_checks(), *MODULES)))


def _of_checks() -> list[str]:
    """The modules of `checks/` that declare codes: those of each folder, and what judging shares."""
    import comporta.checks

    found = [
        "comporta.checks.judge",
        "comporta.checks.shared.figures",
        "comporta.checks.shared.tables",
        "comporta.checks.shared.measuring.codes",
    ]
    judging = import_module("comporta.checks.shared.judging")
    found += [f"{judging.__name__}.{each.name}" for each in pkgutil.iter_modules(judging.__path__)]
    for folder in pkgutil.iter_modules(comporta.checks.__path__):
        if folder.ispkg and folder.name != "shared":
            inside = import_module(f"comporta.checks.{folder.name}")
            names = {each.name for each in pkgutil.iter_modules(inside.__path__)}
            found += [f"{inside.__name__}.{name}" for name in sorted(names & _DECLARING)]
    return found


def in_words(record: R, say: Say) -> R:
    """The record, each message in it a sentence."""
    spoken: R = _in_words(record, say)
    return spoken


def _in_words(value: Any, say: Say) -> Any:
    if isinstance(value, Message):
        return say(value)
    if isinstance(value, msgspec.Struct):
        fields = {each.name: getattr(value, each.name) for each in msgspec.structs.fields(value)}
        return replace(value, **{name: _in_words(each, say) for name, each in fields.items()})
    if isinstance(value, tuple | list):
        return tuple(_in_words(each, say) for each in value)
    if isinstance(value, dict):
        return {name: _in_words(each, say) for name, each in value.items()}
    return value


def sentence(text: Text) -> str:
    """The English sentence; an older release's is shown as it was."""
    return text if isinstance(text, str) else say(text, english())
