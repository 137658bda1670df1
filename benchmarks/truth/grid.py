"""How often each kind of judgement is wrong at its limit, in nasty settings: docs/reference/error-rates.md.

    python benchmarks/truth/grid.py                  every judgement in every setting, and the page
    python benchmarks/truth/grid.py --only NAME…     only the judgements of these files, and the page
    python benchmarks/truth/grid.py --stale          only those whose code has changed since, and the page
    python benchmarks/truth/grid.py --page           only the page, from the results kept in results/grid/
    python benchmarks/truth/grid.py --check          nothing; exits with 1 if the page is not of the results
    ... --seeds 300 --first 5000                     as many seeds instead of 1,000, and others
    ... --minutes 20                                 of each file what begins in so long; the rest is left

A file in judgements/ has `JUDGEMENTS`; like a study it names what it judges by in `CODE`, and files of this
folder in `BESIDE`. Each setting that was counted is kept by the code's digest in build/truth, and what stands
in results/grid/ by the same digest counts too: a run that was stopped goes on. Settings are taken in an order
by lot, which is the same each time, those of many rows last, so that of a run that ends early the page tells
of settings of all kinds, and how many are left. A setting that is over its line is counted a second time, see
`_second`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from binascii import crc32
from pathlib import Path
from typing import Any

from _code import code_of, digest_of
from _grid import counted
from _grid_page import PAGE, page
from _kept import Kept
from _second import lacks_second, mark_of, with_second
from run import loaded

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "grid"
SEEDS = 1_000
MANY = 3_000
"""Rows above which a setting is counted after the others."""


def files() -> dict[str, Path]:
    """The files of judgements, by name."""
    return {file.stem: file for file in sorted((HERE / "judgements").glob("*.py"))}


def results() -> dict[str, dict[str, Any]]:
    """What was counted, of judgements that are still there; `stale` where their code is another now."""
    there = files()
    held = {file.stem: json.loads(file.read_text()) for file in sorted(RESULTS.glob("*.json"))}
    return {
        name: {**each, "stale": each["digest"] != digest_of(code_of(there[name]))}
        for name, each in held.items()
        if name in there
    }


def run(name: str, seeds: range, seconds: float = math.inf) -> None:
    """Counts the judgements of one file in their settings, and keeps what it found. seconds: in which a
    setting may begin."""
    file, until = files()[name], time.monotonic() + seconds
    kept = Kept(file)
    asked = {
        _key(judgement.name, setting.name, seeds): (judgement, setting)
        for judgement in loaded(file).JUDGEMENTS
        for setting in judgement.settings
    }
    for key, row in _counted_before(file, seeds).items():
        if key in asked and key not in kept:
            kept.add(key, row)
    for key in sorted(asked, key=lambda each: (asked[each][1].rows > MANY, crc32(each.encode()))):
        began = time.monotonic()
        if began > until or (key in kept and not lacks_second(kept[key])):
            continue
        row = kept[key] if key in kept else counted(*asked[key], seeds)
        kept.add(key, with_second(row, *asked[key]) if lacks_second(row) else row)
        print(f"{key}: {mark_of(kept[key])}, {time.monotonic() - began:.1f} s", file=sys.stderr)
        print(json.dumps(kept[key]), flush=True)
    rows = [kept[key] for key in asked if key in kept]
    RESULTS.mkdir(parents=True, exist_ok=True)
    held = {
        "file": name,
        "digest": digest_of(code_of(file)),
        "seeds": [seeds.start, seeds.stop],
        "rows": rows,
        "left": [
            f"{judgement.name}: {setting.name}"
            for key, (judgement, setting) in asked.items()
            if key not in kept
        ],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(held, indent=1) + "\n")


def _counted_before(file: Path, seeds: range) -> dict[str, dict[str, Any]]:
    """What results/grid/ has of these judgements, where it is of the same code and the same seeds."""
    results = RESULTS / f"{file.stem}.json"
    held = json.loads(results.read_text()) if results.exists() else {"digest": None}
    first_and_end = held.get("seeds", [0, SEEDS])
    if held["digest"] != digest_of(code_of(file)) or first_and_end != [seeds.start, seeds.stop]:
        return {}
    return {_key(row["judgement"], row["setting"], seeds): row for row in held["rows"]}


def _key(judgement: str, setting: str, seeds: range) -> str:
    return f"{judgement} | {setting} | {seeds.start} to {seeds.stop}"


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--only", nargs="*", default=[])
    for flag in ("--stale", "--page", "--check"):
        ask.add_argument(flag, action="store_true")
    ask.add_argument("--seeds", type=int, default=SEEDS)
    ask.add_argument("--first", type=int, default=0)
    ask.add_argument("--minutes", type=float, default=math.inf)
    want = ask.parse_args()
    there = files()
    if unknown := [name for name in want.only if name not in there]:
        sys.exit(f"found no judgements {', '.join(unknown)}, expected some of: {', '.join(there)}")
    if want.check:
        if not PAGE.exists() or PAGE.read_text() != page(results()):
            sys.exit(f"{PAGE.name}: is not what the results make. Run `python {Path(__file__).name} --page`.")
        return
    held = results()
    chosen = want.only or list(there)
    if want.stale:
        chosen = [name for name in chosen if name not in held or held[name]["stale"]]
    for name in [] if want.page else chosen:
        run(name, range(want.first, want.first + want.seeds), 60 * want.minutes)
    PAGE.write_text(page(results()))


if __name__ == "__main__":
    main()
