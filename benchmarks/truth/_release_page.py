"""docs/reference/release-decisions.md: how often a plan is decided wrongly, by scenario and by rule."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _faults import STALE
from _rates import percent
from scipy.special import betaincinv

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "release-decisions.md"
ALPHA, ROOM, SURE = 0.05, 0.013, 0.99

HEAD = """# How often a release is decided wrongly

<!-- Made by benchmarks/truth/releases.py: change that and what stands beside it, not this page. -->

A canary is promoted or rolled back by evidence that may be looked at any time ([release](release.md)). Here
plans are tried on drawn units whose truth is known: two arms of 3,000 units a day that are matured, 5 % of
them bad, a margin of 10 %, harm looked at every day, promotion at the end of whole weeks, eight weeks, each
wrong decision at most 5 % of the time; what is different in a scenario is in its name.

*right*: what the plan should do. `promote`: a version that is no worse, or better. `not promote`: one that is
worse by the margin or more. `either`: one that is worse, within the margin. *wrong at most*: the upper end of
the 99 % interval of the share of plans that did the other thing. *withheld*: undecided at the deadline, which
is never wrong and is what is right where labels are missing or units are few; the version before stays.
*day*: by which half of the plans had ended, counted from the day on which the first unit's horizon was over.
How rows are erased is being built ([erasure](data.md#erasure)).
"""
OTHERS_HEAD = """## Other rules in the same plans

What teams use instead, on what has arrived so far: wrong decisions / withheld. *peeked z-test*: a one-sided
test at 5 % each day, of harm and of non-inferiority. *fixed bar*: the canary's rate of the day is at most a
quarter above the usual one, on each of 14 days, or it is rolled back (Argo Rollouts, Flagger). *GrowthBook*:
the interval of its Safe Rollouts (normal mixture tuned to 5,000 units, boundary at zero), which rolls back on
harm and ships after two weeks what was not.
"""
BUDGET_HEAD = """## Fifty releases one after the other

Every decision above may be right and the model still go away step by step. Candidates are worse than their
champion by so much on average, with a standard deviation of 3 %; the bad rate after fifty canaries, times
that before the first. Promoted versions had lucky figures, so the product of the point ratios bounds nothing;
a release spends its point ratio and one standard error more, and gives nothing back, until an anchor is set
anew.

| worse on average | budget | bad rate, median | 95 % of chains below | releases of 50 |
|---|---|---|---|---|
"""
RIGHT = {"good": "promote", "bad": "not promote", "either": "either"}
WRONG = {"good": "rolled_back", "bad": "promoted"}


def page(held: Mapping[str, Any]) -> str:
    """The page. held: `digest`, `stale`, `rows` and `budget`."""
    rows = held["rows"]
    promised = [row for row in rows if not row["beyond"]]
    other = [row for row in rows if row["beyond"]]
    parts = [HEAD, _summary(promised), _table(promised)]
    parts += ["## What no rule on these counts can promise\n", _table(other, why=True)]
    parts += [OTHERS_HEAD, _others(rows), BUDGET_HEAD + _budget(held["budget"])]
    stale = STALE.replace("`make truth`", "`make releases`")
    parts.append(stale if held["stale"] else f"Measured on code of the digest `{held['digest']}`.")
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def most(times: int, plans: int) -> float:
    """The upper 99 % bound of a share (Clopper and Pearson 1934)."""
    return 1.0 if times >= plans else float(betaincinv(times + 1, plans - times, SURE))


def wrong(row: Mapping[str, Any], rule: str = "comporta") -> int:
    """Plans that this rule decided wrongly."""
    return int(row["rules"][rule][WRONG[row["truth"]]]) if row["truth"] in WRONG else 0


def _summary(rows: list[Mapping[str, Any]]) -> str:
    asked = [row for row in rows if row["truth"] in WRONG]
    worst = max(asked, key=lambda row: most(wrong(row), row["plans"]))
    bound = most(wrong(worst), worst["plans"])
    held = sum(most(wrong(row), row["plans"]) <= ALPHA + ROOM for row in asked)
    return (
        f"Promised: at most {percent(ALPHA)}, shown as an upper bound of at most {percent(ALPHA + ROOM)}.\n"
        f"It holds in {held} of {len(asked)} scenarios of {worst['plans']:,} plans each; the largest upper\n"
        f"bound is {percent(bound)} (*{worst['scenario']}*).\n"
    )


def _table(rows: list[Mapping[str, Any]], why: bool = False) -> str:
    titles = ["scenario", "right", "promoted", "rolled back", "withheld", "wrong at most", "day"]
    lines = _head([*titles, "why"] if why else titles)
    for row in rows:
        found, plans = row["rules"]["comporta"], row["plans"]
        bound = percent(most(wrong(row), plans)) if row["truth"] in WRONG else "-"
        cells = [row["scenario"], RIGHT[row["truth"]], _share(found["promoted"], plans)]
        cells += [_share(found["rolled_back"], plans), _share(_withheld(found, plans), plans), bound]
        cells += [f"{found['day']:.3g}", *([row["beyond"]] if why else [])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _others(rows: list[Mapping[str, Any]]) -> str:
    names = list(rows[0]["rules"])
    lines = _head(["scenario", "right", *names])
    for row in rows:
        if row["truth"] not in WRONG:
            continue
        cells = [row["scenario"], RIGHT[row["truth"]]]
        for name in names:
            found, plans = row["rules"][name], row["plans"]
            cells.append(f"{_share(wrong(row, name), plans)} / {_share(_withheld(found, plans), plans)}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _budget(rows: list[Mapping[str, Any]]) -> str:
    return "\n".join(
        f"| {percent(row['worse'])} | {row['rule']} | {row['rate']:.2f} | {row['most']:.2f} | "
        f"{row['promoted']:.0f} |"
        for row in rows
    )


def _head(titles: list[str]) -> list[str]:
    return ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]


def _withheld(found: Mapping[str, Any], plans: int) -> int:
    return int(plans - found["promoted"] - found["rolled_back"])


def _share(times: int, plans: int) -> str:
    return percent(times / plans)
