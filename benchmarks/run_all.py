"""Every promise, one after another: the JSON lines on stdout, what runs and what came of it on stderr.

    python benchmarks/run_all.py [NAME…]     only the scripts of these names

Exits with 1 when a script broke; a promise that does not hold is a result, not an error.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
MINUTES = 10


def scripts(names: list[str]) -> list[Path]:
    """The scripts of these names, or all but this one. Exits on an unknown name."""
    found = {
        file.stem: file
        for file in sorted(HERE.glob("*.py"))
        if file != Path(__file__) and file.stem[0] != "_"
    }
    if unknown := [name for name in names if name not in found]:
        sys.exit(f"found no {', '.join(unknown)}, expected some of: {', '.join(found)}")
    return [found[name] for name in names or found]


def lines(script: Path) -> tuple[list[dict[str, object]], str]:
    """What the script printed, and why it broke, or nothing."""
    try:
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, timeout=MINUTES * 60, check=False
        )
    except subprocess.TimeoutExpired:
        return [], f"not done after {MINUTES} minutes"
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 0 and said:
        return said, ""
    return said, (done.stderr.strip() or "printed nothing").splitlines()[-1]


def main() -> None:
    broke, held, missed = [], 0, []
    for script in scripts(sys.argv[1:]):
        began = time.monotonic()
        said, why = lines(script)
        print(f"{script.stem}  {time.monotonic() - began:.0f} s", file=sys.stderr)
        for each in said:
            print(json.dumps(each), flush=True)
            mark = "holds" if each["holds"] else "DOES NOT HOLD"
            line = f"  {mark}: {each['promise']}: {each['measured']} {each['unit']}, limit {each['limit']}"
            print(line, file=sys.stderr)
            held += bool(each["holds"])
            missed += [] if each["holds"] else [each["promise"]]
        if why:
            broke.append(script.stem)
            print(f"  BROKE: {why}", file=sys.stderr)
    print(f"{held} hold, {len(missed)} do not, {len(broke)} scripts broke", file=sys.stderr)
    sys.exit(1 if broke else 0)


if __name__ == "__main__":
    main()
