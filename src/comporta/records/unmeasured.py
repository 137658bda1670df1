"""What a measuring has no figure of, whichever Comporta kept it."""

from __future__ import annotations

from comporta.records.verdict import FEWEST_ROWS, Findings, Scores, Unmeasured

_SMALL = f" rows, at least {FEWEST_ROWS} expected"


def unmeasured_in(found: Scores | Findings) -> tuple[Unmeasured, ...]:
    """The figures that are not there, in the order of the measuring."""
    return found.unmeasured or _of_older(found)


def _of_older(found: Scores | Findings) -> tuple[Unmeasured, ...]:
    """Of an artifact that an older Comporta kept: a name and a sentence each. Scores named a metric and,
    after a space, its slice; the names of findings held values of the data too, and are shown as they were.
    """
    if isinstance(found, Findings):
        return tuple(Unmeasured(slice=name, why=why) for name, why in found.missing.items())
    named = ((*name.partition(" ")[::2], why) for name, why in found.missing.items())
    return tuple(
        Unmeasured(metric=metric, slice=where, why=why, small=bool(where) and why.endswith(_SMALL))
        for metric, where, why in named
    )
