"""Stamps tables with the digest of today's code where it is proven that today's code makes the same.

    python benchmarks/truth/restamp.py COMMIT              every table that is of other code than today's
    python benchmarks/truth/restamp.py COMMIT NAME…        these alone
    ... --seeds 3 --processes 2

Each study runs with the code at COMMIT, in a worktree below build/restamp, and with today's, with the same
seeds; only where every row is the same is the table stamped, and told how it was proven. A check may have
another title by now. The table must have been of the code at COMMIT: its digest then is asked of the code
then. Where every file is the same bytes, and only the digest's rule another, nothing is run. Stopped, it goes
on with what is not stamped yet. The pages are written at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from _code import ROOT, code_of, digest_of
from run import RESULTS, pages, studies

LONG = {"standard": 1, "catalogue": 1}
"""Studies of whole projects, and how many seeds are enough to see a difference: each takes many minutes."""
BELOW = ROOT / "build" / "restamp"
STUDY = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import run
print(json.dumps(run.loaded(Path(sys.argv[1]) / (sys.argv[2] + ".py")).study(int(sys.argv[3]))))
"""
FRESH = """
import json, sys
sys.path.insert(0, sys.argv[1])
import run
print(json.dumps(run.stale()))
"""


class Differs(Exception):
    """Why a table cannot be stamped."""


def asked(root: Path, script: str, *words: str) -> Any:
    """What a script says that runs with the code below this root."""
    env = {**os.environ, "PYTHONPATH": str(root / "src")}
    truth = str(root / "benchmarks" / "truth")
    done = subprocess.run(
        [sys.executable, "-c", script, truth, *words],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Differs(f"{root.name}: {(done.stderr.strip() or 'it said nothing').splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def then_at(commit: str) -> Path:
    """A worktree of that commit, made once."""
    folder = BELOW / commit[:12]
    if not folder.exists():
        BELOW.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "worktree", "add", "--detach", str(folder), commit], cwd=ROOT, check=True)
    return folder


def prove(name: str, then: Path, seeds: int) -> None:
    """Raises Differs where the study's rows are others with today's code."""
    before, now = asked(then, STUDY, name, str(seeds)), asked(ROOT, STUDY, name, str(seeds))
    if (other := difference(before, now)) is not None:
        raise Differs(
            f"found {other[1]}, expected {other[0]} as at {then.name}. Run the study anew: run.py {name}"
        )


def difference(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> tuple[Any, Any] | None:
    """The first two rows that differ in more than how their check is titled; None where there are none."""
    if len(before) != len(now):
        return len(before), len(now)
    titles: dict[str, str] = {}
    for old, new in zip(before, now, strict=True):
        same = titles.setdefault(old.get("check", ""), new.get("check", "")) == new.get("check", "")
        if not same or {**old, "check": ""} != {**new, "check": ""}:
            return old, new
    return None if len(set(titles.values())) == len(titles) else (len(titles), len(set(titles.values())))


def same_files(name: str, then: Path) -> bool:
    """Whether all that the study depends on is as it was: then only the digest's own rule is another."""
    files = code_of(studies()[name])
    return all(
        (then / each).exists() and (then / each).read_bytes() == (ROOT / each).read_bytes() for each in files
    )


def stamp(name: str, commit: str = "", seeds: int = 0) -> None:
    """The table as it was, with today's digest and how that was proven; without a commit, as before."""
    file = RESULTS / f"{name}.json"
    held = json.loads(file.read_text())
    kept = {key: value for key, value in held.items() if key not in ("code", "digest", "rows", "proven")}
    digest = digest_of(code_of(studies()[name]))
    proven = {"commit": commit, "seeds": seeds, "digest": held["digest"]} if commit else held.get("proven")
    part = file.with_suffix(".part")
    part.write_text(
        json.dumps(
            {**kept, "digest": digest, **({"proven": proven} if proven else {}), "rows": held["rows"]},
            indent=1,
        )
        + "\n"
    )
    part.replace(file)


def stale(names: list[str]) -> list[str]:
    """Tables that are there and of other code than today's."""
    found = []
    for name, file in studies().items():
        table = RESULTS / f"{name}.json"
        if table.exists() and (not names or name in names):
            held = json.loads(table.read_text())
            if held["digest"] != digest_of(code_of(file)) or "code" in held:
                found.append(name)
    return found


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("commit")
    ask.add_argument("names", nargs="*")
    ask.add_argument("--seeds", type=int, default=3)
    ask.add_argument("--processes", type=int, default=2)
    want = ask.parse_args()
    revision = ["git", "rev-parse", "--verify", f"{want.commit}^{{commit}}"]
    commit = subprocess.run(revision, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    then, left = then_at(commit), stale(want.names)
    unfit = asked(then, FRESH)
    began, faults = time.monotonic(), []

    def one(name: str) -> str:
        if name in unfit:
            raise Differs(f"{unfit[name]} already at {commit[:12]}. Run the study anew: run.py {name}")
        held = json.loads((RESULTS / f"{name}.json").read_text())["rows"]
        if difference(rows_at(then, name) or [], held) is not None:
            raise Differs(f"its rows are others than at {commit[:12]}. Run the study anew: run.py {name}")
        if same_files(name, then):
            stamp(name)
            return "its files are the same bytes; stamped"
        seeds = min(want.seeds, LONG.get(name, want.seeds))
        prove(name, then, seeds)
        stamp(name, commit, seeds)
        return "the same; stamped"

    def told(name: str) -> None:
        try:
            said = one(name)
        except Differs as fault:
            faults.append(name)
            said = str(fault)
        print(f"{time.monotonic() - began:6.0f} s  {name}: {said}", file=sys.stderr, flush=True)

    print(f"{len(left)} tables to prove, {want.seeds} seeds each", file=sys.stderr)
    with ThreadPoolExecutor(want.processes) as pool:
        list(pool.map(told, left))
    for file, text in pages().items():
        file.write_text(text)
    if faults:
        sys.exit(f"not stamped: {', '.join(sorted(faults))}")
    subprocess.run(["git", "worktree", "remove", "--force", str(then)], cwd=ROOT, check=True)


def rows_at(then: Path, name: str) -> Any:
    """The table as it was at that commit."""
    file = then / RESULTS.relative_to(ROOT) / f"{name}.json"
    return json.loads(file.read_text())["rows"] if file.exists() else None


if __name__ == "__main__":
    main()
