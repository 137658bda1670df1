"""What each check of a model declares, as digests: what a candidate is held to once it was asked for."""

from __future__ import annotations

from comporta.gates import form, needs, reached
from comporta.loop.checks import checks
from comporta.loop.house import House
from comporta.loop.pool import told, told_to
from comporta.project import Model
from comporta.project.reference import name_of
from comporta.records import Check, encode

ALWAYS = {"group", "split"}
"""What decides every figure: which rows it is of, and which of them are one unit."""

DECIDES = ALWAYS | {"known", "metrics", "shapes", "slices"}
"""What a model declares beside its gates that may decide what they ask."""


def forms(house: House, model: Model) -> dict[str, str]:
    """Check → digest of its limits, of the code that its functions and its own kind reach, and of what the
    model tells to its measuring. Raises BadProject on a check that is no plain data."""
    return {check.name: form(check, _beside(house, model, check)) for check in checks(model)}


def _beside(house: House, model: Model, check: Check) -> bytes:
    mine = reached(check)
    names = sorted({name_of(each, house.root) for each in mine})
    # The team's own kinds judge in this process; what is measured runs in another, from what is written.
    here = any(isinstance(each, type) for each in mine)
    facts = told(model)
    deciding = sorted(ALWAYS | (told_to(needs((check,))) & DECIDES))
    return encode(
        {
            "code": house.engine.declared(names, here=here, former=True) if names else "",
            "model": {name: facts[name] for name in deciding},
        }
    )
