"""How often `standard()` as a whole refuses a sound candidate: whole projects, on the real path.

    python benchmarks/truth/run.py standard --seeds 100
    python benchmarks/truth/standard.py --sizes 2000 --seeds 0 50     only these, kept for the table

What was judged is kept in `build/truth` by the code's digest, so that the table can be made in parts, also by
several processes, and goes on where it stopped. A first version is judged and released, with what closes its
way waived; then a quarter as many rows come, the seed of the fit is another, and the same recipe is judged as
a challenger. Each run is judged by what `standard("high")` requires, which holds what the others require, and
every fifth seed at the level `audit` that it asks for; checks that only report refuse nothing, and are left
out to save time.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Models of a few thousand rows: on busy processors more threads wait for each other longer than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path[:0] = [str(Path(__file__).parent)] * (str(Path(__file__).parent) not in sys.path)

from _kept import Kept  # noqa: E402

if TYPE_CHECKING:
    from comporta.records import Level

CODE = (
    "checks/standard.py",
    "checks/explanation/attribution.py",
    "checks/baselines/measure.py",
    "checks/calibration/measure.py",
    "checks/contamination/measure.py",
    "checks/expectations/measure.py",
    "checks/explanation/measure.py",
    "checks/feature_quality/measure.py",
    "checks/learning_curve/measure.py",
    "checks/stress/load.py",
    "checks/noise/measure.py",
    "checks/parity/measure.py",
    "checks/personal_data/measure.py",
    "checks/personal_data/kinds.py",
    "checks/privacy_structure/measure.py",
    "checks/shared/measuring/v2_requests.py",
    "checks/stress/malformed.py",
    "checks/single_feature/measure.py",
    "checks/stress/measure.py",
    "checks/time_travel/measure.py",
    "checks/champion/measure.py",
    "checks/weak_slices/measure.py",
    "train/families/parts.py",
    "train/families/scikit_learn/attribution.py",
    "train/families/scikit_learn/structure.py",
    "checks/shared/judging/champion_difference.py",
    "checks/baselines/check.py",
    "checks/calibration/check.py",
    "checks/champion/check.py",
    "checks/contamination/check.py",
    "checks/expectations/check.py",
    "checks/explanation/check.py",
    "checks/feature_quality/check.py",
    "checks/learning_curve/check.py",
    "checks/noise/check.py",
    "checks/parity/check.py",
    "checks/personal_data/check.py",
    "checks/privacy_structure/check.py",
    "checks/single_feature/check.py",
    "checks/stress/check.py",
    "checks/time_travel/check.py",
    "checks/weak_slices/check.py",
)
BESIDE = ("_kept.py", "_real.py", "_sound.py")
SIZES = (2_000, 20_000)
WHO = ("first", "challenger")
FIFTH = 5


def study(seeds: int = 100) -> list[dict[str, object]]:
    require_named()
    kept = Kept(Path(__file__))
    for size in SIZES:
        made(kept, size, range(seeds))
    asked = (("medium", "release", 1), ("high", "release", 1), ("high", "audit", FIFTH))
    return [
        row(risk, level, size, who, [kept[f"{size} {seed}"] for seed in range(0, seeds, step)])
        for risk, level, step in asked
        for size in SIZES
        for who in WHO
    ]


def require_named() -> None:
    """Ends where `CODE` lacks files of a check that may refuse: the table would not go stale with them."""
    from comporta.checks import needs, standard
    from comporta.checks.pool import POOL

    required = [each for each in standard("high") if each.required]
    gates = {f"checks/{type(each).__module__.split('.')[2]}/check.py" for each in required}
    measured = {POOL[each.what].run for each in needs(required) if each.what in POOL}
    evidence = {f"evidence/{run.partition(':')[0].rpartition('.')[2]}.py" for run in measured}
    if lacking := sorted((gates | evidence) - set(CODE)):
        sys.exit(f"standard: CODE lacks {', '.join(lacking)}")


def made(kept: Kept, size: int, seeds: range) -> None:
    """Judges what was not judged before."""
    for seed in seeds:
        if f"{size} {seed}" not in kept:
            began = time.monotonic()
            kept.add(f"{size} {seed}", judged(seed, size))
            print(f"{size} rows, seed {seed}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)


def judged(seed: int, size: int) -> dict[str, Any]:
    """What each check says of a first version and of a challenger."""
    import _sound as sound
    from _real import folder

    kind = sound.kind_of(seed)
    first, then = sound.tables(kind, seed, size), sound.tables(kind, seed, size // 4, size)
    timeless = sound.TIMELESS.get(kind, ())
    gates = f'tuple(each for each in standard("high", timeless={timeless!r}) if each.required)'
    known = sound.known(kind, first)
    level: Level = "release" if seed % FIFTH else "audit"
    with folder(sound.text(kind, known, gates, 2 * seed), seed + 1) as project:
        project.add(first, 1)
        one = project.judged(level)
        project.release(one)
        project.add(then, 2)
        project.declare(sound.text(kind, known, gates, 2 * seed + 1))
        two = project.judged(level)
    return {"kind": kind, "first": said(one), "challenger": said(two)}


def said(version: Any) -> dict[str, list[str]]:
    from comporta.opened.sentences import sentence

    return {each.check: [each.outcome, sentence(each.reason)] for each in version.verdicts}


def row(risk: str, level: Level, size: int, who: str, judged: list[dict[str, Any]]) -> dict[str, object]:
    """How many were refused, and by which of the checks that are required at this level."""
    import _sound as sound

    from comporta.checks import asked_at, standard

    refused = 0
    by: Counter[str] = Counter()
    for each in judged:
        gates = standard(risk, timeless=sound.TIMELESS.get(each["kind"], ()))  # type: ignore[arg-type]
        required = {check.name: check for check in asked_at(gates, level) if check.required}
        shut = [name for name in required if each[who][name][0] not in ("pass", "does not apply")]
        refused += bool(shut)
        by.update(f"{type(required[name]).__name__} {each[who][name][0]}" for name in shut)
    called = "standard()" if risk == "medium" else f'standard("{risk}")'
    return {
        "check": called if level == "release" else f"{called}, audited",
        "fault": "none",
        "size": f"{size:,} rows, {who} version" if who == "first" else f"{size:,} rows, {who}",
        "found": refused / len(judged),
        "seeds": len(judged),
        "refused by": ", ".join(f"{name}: {count}" for name, count in by.most_common()),
    }


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    ask.add_argument("--seeds", type=int, nargs=2, default=(0, 100), metavar=("FROM", "TO"))
    want = ask.parse_args()
    for size in want.sizes:
        made(Kept(Path(__file__)), size, range(*want.seeds))


if __name__ == "__main__":
    main()
