"""How often a candidate that is no better passes as better, and one that is better does.

A candidate that is better is no fault: at which share the gate stays shut on it is its rate of false alarms,
which more rows make smaller.
"""

from __future__ import annotations

from _challengers import two
from _tables import outcome, row

from comporta.checks import better_than_champion
from comporta.checks.champion import measure as evidence

CODE = (
    "checks/champion/measure.py",
    "checks/shared/judging/champion_difference.py",
    "checks/better_than_champion/check.py",
)
BESIDE = ("_challengers.py", "_tables.py")
BETTER = {"accuracy": 0.02, "roc_auc": 0.02, "log_loss": 0.02, "mae": 0.03}

# The bootstrap beside an exact test is told and not judged.
evidence.DRAWN = 0


def study(seeds: int = 100) -> list[dict[str, object]]:
    """found: the share of seeds at which the gate stays shut; a fault is a candidate that is no better."""
    out = []
    for metric, better in BETTER.items():
        check = better_than_champion(metric)
        for rows in (2_000, 20_000):
            for lost, fault in ((0.0, "the candidate is only as good"), (-better, "none")):
                shut = [
                    outcome(check, evidence.versus(*two(metric, rows, seed, lost=lost), metric, seed=seed))
                    != "pass"
                    for seed in range(seeds)
                ]
                size = f"{rows:,} rows" + ("" if lost == 0 else f", better by {better:g}")
                said = ["fail" if each else "pass" for each in shut]
                out.append(row(f'better_than_champion("{metric}")', fault, size, said))
    return out
