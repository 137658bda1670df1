"""How often `no_worse` refuses a challenger that is as good, and finds one that is worse by twice the margin.

Each pair is judged with `on="interval"`, which must be shown that it is within the margin, and with
`on="fault"`, which `standard()` asks. What is in doubt stands under *other*: it closes the way too.
"""

from __future__ import annotations

from _challengers import two
from _tables import outcome, row

from comporta.checks import no_worse
from comporta.checks.champion import measure as evidence

CODE = (
    "checks/champion/measure.py",
    "checks/shared/judging/champion_difference.py",
    "checks/champion/check.py",
)
BESIDE = ("_challengers.py", "_tables.py")
MARGINS = {"roc_auc": 0.01, "accuracy": 0.01, "log_loss": 0.01, "mae": 0.02}
SIZES = (2_000, 20_000)
GROUPS = 200

# The bootstrap beside an exact test is told and not judged.
evidence.DRAWN = 0


def study(seeds: int = 100) -> list[dict[str, object]]:
    out = []
    for metric, margin in MARGINS.items():
        checks = {
            f'no_worse("{metric}", margin={margin:g}{told})': no_worse(metric, margin=margin, on=on)
            for on, told in (("interval", ""), ("fault", ', on="fault"'))
        }
        for rows in SIZES:
            for groups in (0, GROUPS):
                for lost, fault in ((0.0, "none"), (2 * margin, "worse by twice the margin")):
                    found = [
                        evidence.versus(
                            *two(metric, rows, seed, lost=lost, groups=groups),
                            metric,
                            group="customer" if groups else None,
                            seed=seed,
                        )
                        for seed in range(seeds)
                    ]
                    size = f"{rows:,} rows" + (f" in {groups} groups" if groups else "")
                    out += [
                        row(name, fault, size, [outcome(check, each) for each in found])
                        for name, check in checks.items()
                    ]
    return sorted(out, key=lambda each: str(each["check"]))
