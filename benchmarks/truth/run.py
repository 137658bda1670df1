"""Which check finds which planted fault, and how often it alarms without one: the studies behind a page.

    python benchmarks/truth/run.py               every study, and docs/reference/checks.md and faults.md
    python benchmarks/truth/run.py NAME…         only the studies of these names, and the pages
    python benchmarks/truth/run.py --stale       only those whose check has changed since, and the pages
    python benchmarks/truth/run.py --page        only the pages, from the results kept in results/
    python benchmarks/truth/run.py --check       nothing; exits with 1 where a page is not of the results
    python benchmarks/truth/run.py --check --stale  the same, also where a table is of earlier code
    ... --seeds 30                               as many seeds instead of each study's own number

A study is a module beside this one with `study(seeds)`, which gives rows of `check`, `fault` (`none`: nothing
was planted), `size`, `found` (the share of seeds at which the check failed) and `seeds`. The study `noise`
is of the check in the folder `checks/noise`; one of other files names them in `CODE`. Two are of whole
projects, and take hours at their own number of seeds: `standard` and `catalogue`.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import json
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from _code import code_of, digest_of
from _faults import FAULTS, GATES, STUDY, faults_page, gates_page
from _page import PAGE, page
from _rates import SOUND, is_sound

HERE = Path(__file__).parent
RESULTS = HERE / "results"
SEEDS = 100


def studies() -> dict[str, Path]:
    """The modules beside this one that have a study."""
    beside = (file for file in sorted(HERE.glob("*.py")) if file.stem[0] != "_")
    return {file.stem: file for file in beside if "\ndef study(" in file.read_text()}


def loaded(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"truth_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def kept() -> dict[str, dict[str, Any]]:
    """The results there are, of studies that are still there, each with the files of its check."""
    there = studies()
    files = {file.stem: file for file in sorted(RESULTS.glob("*.json"))}
    return {
        name: _current(json.loads(file.read_text()), code_of(there[name]))
        for name, file in files.items()
        if name in there
    }


def _current(held: dict[str, Any], code: tuple[str, ...]) -> dict[str, Any]:
    return {**held, "code": code, "stale": held["digest"] != digest_of(code)}


def run(name: str, file: Path, seeds: int | None) -> None:
    """Runs one study and keeps what it found."""
    module = loaded(file)
    default = inspect.signature(module.study).parameters["seeds"].default
    times = seeds or (SEEDS if default is inspect.Parameter.empty else default)
    began = time.monotonic()
    rows = module.study(times)
    if odd := [row["fault"] for row in rows if is_sound(row["fault"]) and row["fault"] != SOUND]:
        raise ValueError(
            f"{name}: found the fault {odd[0]!r}, expected {SOUND!r}, and what it is of as `size`."
        )
    took = time.monotonic() - began
    held = {"study": name, "digest": digest_of(code_of(file)), "rows": rows}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(held, indent=1) + "\n")
    print(f"{name}: {len(rows)} rows in {took:.1f} s", file=sys.stderr)
    for row in rows:
        print(json.dumps(row), flush=True)


def stale() -> dict[str, str]:
    """Studies whose table is not of the check's code as it is now, and why."""
    held = kept()
    why = {}
    for name in studies():
        if name not in held:
            why[name] = "was never run"
        elif held[name]["stale"]:
            why[name] = "was run on other code of the check"
    return why


def pages() -> dict[Path, str]:
    """What stands in docs/reference: each check by itself, the catalogue of faults, and what `standard()`
    finds of it."""
    held = kept()
    whole = held.pop(STUDY, None)
    found = {FAULTS: faults_page(whole), GATES: gates_page(whole, GATES.read_text())} if whole else {}
    return {PAGE: page(held), **found}


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("names", nargs="*")
    for flag in ("--stale", "--page", "--check"):
        ask.add_argument(flag, action="store_true")
    ask.add_argument("--seeds", type=int)
    want = ask.parse_args()
    there = studies()
    if want.check:
        faults = [f"{name}: {why}" for name, why in stale().items()] if want.stale else []
        faults = faults or [
            f"{file.name}: is not what the results and the docstrings of the checks make"
            for file, text in pages().items()
            if not file.exists() or file.read_text() != text
        ]
        for fault in faults:
            print(f"{fault}. Run `make truth`.")
        sys.exit(bool(faults))
    if unknown := [name for name in want.names if name not in there]:
        sys.exit(f"found no study {', '.join(unknown)}, expected some of: {', '.join(there)}")
    chosen = list(stale()) if want.stale else want.names or list(there)
    broke = []
    for name in [] if want.page else chosen:
        try:
            run(name, there[name], want.seeds)
        except Exception:  # one broken study hides no other
            traceback.print_exc()
            broke.append(name)
    for file, text in pages().items():
        file.write_text(text)
    if broke:
        sys.exit(f"broke: {', '.join(broke)}")


if __name__ == "__main__":
    main()
