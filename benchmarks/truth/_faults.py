"""docs/reference/faults.md: whole projects with a fault in them, and which of all checks find it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

FAULTS = Path(__file__).parents[2] / "docs" / "reference" / "faults.md"
GATES = FAULTS.with_name("gates.md")
STALE = "**Stale:** measured on earlier code. `make truth` measures it again."
STUDY = "catalogue"
BEGINS, ENDS = "<!-- Made by `make truth`. -->\n", "<!-- End. -->"

HEAD = """# Faults

<!-- Made by `make truth`: change benchmarks/truth/catalogue.py, not this page. -->

Which checks find which fault, in whole projects. A sound model that tells who pays a loan back is judged and
released, and answers production for a while. Then more rows come, one fault is planted, and what the same
recipe gives is judged as the champion's challenger: by `standard("high")` and by the other checks that a team
may ask of such a model, {checks} in all, at the level `audit`. Nothing is made up but the data. Each check by
itself, with how often it alarms without a fault, is in [checks](checks.md).

*found by*: the checks that failed; where not at each of the {seeds} seeds, how often. *in doubt*: those that
were inconclusive, which closes the way like a failure where the check is required. The first row has no
fault: what fails or is in doubt there is left out of the others, unless it happened more often. *standard()*:
how often `gates=standard()` alone would have kept the version out of production.

A fault that no check finds is one to look for by other means: the last table names them.
"""
NONE = "none"


def faults_page(held: Mapping[str, Any]) -> str:
    """The page. held: the result of the study: its `digest` and `rows`."""
    rows = held["rows"]
    sound = next(row for row in rows if row["fault"] == NONE)
    parts = [HEAD.format(checks=sound["checks"], seeds=sound["seeds"]), _table(rows, sound)]
    parts += ["## By check", _by_check(rows, sound), "## Found by nothing", _missed(rows, sound)]
    parts.append(
        STALE if held.get("stale") else f"Measured on all of `checks`: code digest `{held['digest']}`."
    )
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def gates_page(held: Mapping[str, Any], page: str) -> str:
    """The page of the gates with what `standard()` finds of the catalogue, between its two marks."""
    before, begins, rest = page.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    return f"{before}{begins}{standard_finds(held['rows'])}{ends}{after}"


def standard_finds(rows: list[Mapping[str, Any]]) -> str:
    """How many of the planted faults `standard()` keeps out by itself, in words."""
    planted = [row for row in rows if row["fault"] != NONE]
    always = sum(row["refused"] == row["seeds"] for row in planted)
    never = sum(not row["refused"] for row in planted)
    between = len(planted) - always - never
    now_and_then = f" now and then {between};" if between else ""
    return (
        f"`standard()` finds only a part of what may be wrong. Of the {len(planted)} faults of "
        f"[the catalogue](faults.md),\nplanted one by one in a sound project, it alone keeps {always} out of "
        f"production;{now_and_then} {never} go through.\nMost of these are told by a check that it only "
        "reports, or that must be told what matters to you.\n"
    )


def _table(rows: list[Mapping[str, Any]], sound: Mapping[str, Any]) -> str:
    lines = ["| fault | found by | in doubt | standard() |", "|---|---|---|---|"]
    for row in rows:
        told = [", ".join(_shown(row, sound, outcome)) for outcome in ("fail", "inconclusive")]
        lines.append(f"| {row['fault']} | {told[0]} | {told[1]} | {row['refused']} of {row['seeds']} |")
    return "\n".join(lines)


def _by_check(rows: list[Mapping[str, Any]], sound: Mapping[str, Any]) -> str:
    lines = ["| check | finds |", "|---|---|"]
    for check in sound["all"]:
        finds = [row["fault"] for row in rows if row["fault"] != NONE and check in _told(row, sound, "fail")]
        lines.append(f"| `{check}` | {'; '.join(finds)} |")
    return "\n".join(lines)


def _missed(rows: list[Mapping[str, Any]], sound: Mapping[str, Any]) -> str:
    lines = ["| fault | in doubt |", "|---|---|"]
    for row in rows:
        if row["fault"] != NONE and not _told(row, sound, "fail"):
            lines.append(f"| {row['fault']} | {', '.join(_shown(row, sound, 'inconclusive'))} |")
    return "\n".join(lines) if len(lines) > 2 else "Each is found by one check at least."


def _shown(row: Mapping[str, Any], sound: Mapping[str, Any], outcome: str) -> list[str]:
    told = _told(row, sound, outcome)
    return [
        f"`{check}`" + (f" {count} of {row['seeds']}" if count < row["seeds"] else "")
        for check, count in told.items()
    ]


def _told(row: Mapping[str, Any], sound: Mapping[str, Any], outcome: str) -> dict[str, int]:
    """The checks that said this, and how often; less those of the sound project."""
    if row is sound:
        return dict(row[outcome])
    return {check: count for check, count in row[outcome].items() if count > sound[outcome].get(check, 0)}
