"""How often a release is decided wrongly, by scenario and rule: docs/reference/release-decisions.md.

    python benchmarks/truth/releases.py               every scenario, 2,000 plans each, and the page: minutes
    python benchmarks/truth/releases.py --page        only the page, from results/releases.json
    python benchmarks/truth/releases.py --check       nothing; exits with 1 if the page is not of the results
    ... --plans 300 --only WORD…                      fewer plans; scenarios whose name has one of the words

Seeds are fixed: the same code gives the same page. A scenario whose rate is not promised says why.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from binascii import crc32
from pathlib import Path
from typing import Any

import numpy as np
from _code import code_of, digest_of
from _release_budget import RULES, WORSE, chains
from _release_page import PAGE, page
from _release_product import comporta
from _release_rules import OTHERS, Ends
from _release_scenarios import LABELS, PLAINLY, Scenario
from _release_special import SPECIAL

CODE = (
    "release/plan_decision.py",
    "stats/arm_evidence.py",
    "stats/betting.py",
    "stats/claims.py",
    "stats/coin.py",
    "stats/margin_budget.py",
    "stats/paired_betting.py",
    "stats/paired_evidence.py",
    "stats/sample_ratio.py",
    "stats/wealth.py",
)
BESIDE = (
    "_release_budget.py",
    "_release_earnings.py",
    "_release_product.py",
    "_release_rules.py",
    "_release_scenarios.py",
    "_release_special.py",
    "_release_trials.py",
)
RESULTS = Path(__file__).parent / "results" / "releases" / "decisions.json"
PLANS, AT_ONCE = 2_000, 250
SCENARIOS = (*PLAINLY, *LABELS, *SPECIAL)


def counted(scenario: Scenario, plans: int) -> dict[str, Any]:
    """One row: of each rule the shares of plans that it promoted and rolled back, and the median day."""
    ends: dict[str, list[Ends]] = {}
    for part in range(0, plans, AT_ONCE):
        random = np.random.default_rng([crc32(scenario.name.encode()), part])
        trials = scenario.drawn(random, min(AT_ONCE, plans - part))
        ends.setdefault("comporta", []).append(comporta(trials))
        for name, rule in OTHERS.items():
            ends.setdefault(name, []).append(rule(trials, scenario.higher))
    rules = {name: _summed(each) for name, each in ends.items()}
    row = {"scenario": scenario.name, "truth": scenario.truth, "beyond": scenario.beyond, "plans": plans}
    return {**row, "rules": rules}


def _summed(parts: list[Ends]) -> dict[str, Any]:
    promoted, rolled_back, day = (np.concatenate(each) for each in zip(*parts, strict=True))
    return {
        "promoted": int(promoted.sum()),
        "rolled_back": int(rolled_back.sum()),
        "day": float(np.median(day)),
    }


def results() -> dict[str, Any]:
    """What was counted, `stale` where the code is another now."""
    held: dict[str, Any] = json.loads(RESULTS.read_text())
    return {**held, "stale": held["digest"] != digest_of(code_of(Path(__file__)))}


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--plans", type=int, default=PLANS)
    ask.add_argument("--only", nargs="*", default=[])
    for flag in ("--page", "--check"):
        ask.add_argument(flag, action="store_true")
    want = ask.parse_args()
    if want.check:
        if not PAGE.exists() or PAGE.read_text() != page(results()):
            sys.exit(f"{PAGE.name}: is not what the results make. Run `python {Path(__file__).name} --page`.")
        return
    if not want.page:
        rows = []
        for scenario in SCENARIOS:
            if want.only and not any(word in scenario.name for word in want.only):
                continue
            began = time.process_time()
            rows.append(counted(scenario, want.plans))
            took = time.process_time() - began
            print(json.dumps({**rows[-1], "seconds": round(took, 1)}), flush=True)
        if want.only:
            return
        budget = [chains(worse, rule) for worse in WORSE for rule in RULES]
        held = {"digest": digest_of(code_of(Path(__file__))), "rows": rows, "budget": budget}
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(held, indent=1) + "\n")
    PAGE.write_text(page(results()))


if __name__ == "__main__":
    main()
