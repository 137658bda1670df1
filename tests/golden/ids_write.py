"""Adds to `ids.json` the names of stored things that are new; a name that stands there is never taken out.

python tests/golden/ids_write.py
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

from comporta.acts.jobs.queued_acts import QUEUED_ACTS
from comporta.acts.judge.pool import TOOLS
from comporta.checks.pool import POOL
from comporta.opened.project import PROJECTIONS
from comporta.opened.steps import STEPS
from comporta.records import facts
from comporta.records.arguments import names_by_id
from comporta.records.ids import KINDS, PARTS
from comporta.train.families import codecs

RELEASED = Path(__file__).with_name("ids.json")


def declared() -> dict[str, list[str]]:
    """What is declared now, by what it names."""
    return {
        "steps": sorted(STEPS.functions),
        "former references of steps": sorted(f"{old} = {id}" for old, id in STEPS.former.items()),
        "arguments of steps": sorted(f"{id} {argument}" for id in _asked() for argument in _arguments(id)),
        "evidence": sorted(POOL),
        "lent functions": sorted(f"{name} = {id}" for name, id in TOOLS.items()),
        "acts of jobs": sorted(QUEUED_ACTS),
        "artifact kinds": sorted(KINDS),
        "parts": sorted(PARTS),
        "codecs": sorted(codec.name for codec in codecs()),
        "facts": sorted(each.kind for each in facts.FACTS),
        "readings": sorted(each.name for each in PROJECTIONS),
    }


def _asked() -> set[str]:
    """The steps that a recipe can ask: not what they are lent."""
    return STEPS.functions.keys() - TOOLS.values()


def _arguments(id: str) -> list[str]:
    module, _, name = STEPS.functions[id].partition(":")
    return list(names_by_id(getattr(importlib.import_module(module), name)))


def released() -> dict[str, list[str]]:
    """What has been released so far."""
    found: dict[str, list[str]] = json.loads(RELEASED.read_text()) if RELEASED.exists() else {}
    return found


if __name__ == "__main__":
    before = released()
    now = {what: sorted({*names, *before.get(what, ())}) for what, names in declared().items()}
    RELEASED.write_text(json.dumps(now, indent=1) + "\n")
