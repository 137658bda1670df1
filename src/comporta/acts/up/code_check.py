"""Whether a checkout's project loads: `python -m comporta.acts.up.code_check HOME FOLDER NAME`, in a process
of its own, since its code runs there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from comporta.errors import ComportaError, first_line
from comporta.opened.deployed import open_checkout
from comporta.project.faults import format_faults, project_faults
from comporta.records.credential import mask
from comporta.records.visible import visible

SECONDS = 120.0
_MARK = "does not load: "


def why_not(home: Path, folder: Path, name: str, seconds: float = SECONDS) -> str:
    """Why the project in this folder does not load, in one line; empty: it does. home: where its settings
    are."""
    command = [sys.executable, "-P", "-m", "comporta.acts.up.code_check", str(home), str(folder), name]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False, cwd=home)
    except subprocess.TimeoutExpired:
        return f"it was not read within {seconds:g} s"
    if done.returncode == 0:
        return ""
    if done.returncode < 0:
        return f"reading it died of {signal.Signals(-done.returncode).name}"
    lines = done.stdout.decode(errors="replace").splitlines()
    said = next((line for line in reversed(lines) if line.startswith(_MARK)), "")
    return visible(said.removeprefix(_MARK)[:500], keep="") or f"reading it ended with {done.returncode}"


def main(words: list[str]) -> int:
    """0: it loads. 1: it does not, and why is printed."""
    home, folder, name = Path(words[0]), Path(words[1]), words[2]
    try:
        with open_checkout(home, folder, name, works=False) as opened:
            if found := project_faults(opened.project, opened.root):
                print(f"\n{_MARK}{first_line_of(format_faults(found))}")
                return 1
    except ComportaError as error:
        print(f"\n{_MARK}{mask(first_line_of(str(error)))}")
        return 1
    # The boundary to a user's file.
    except BaseException as error:
        print(f"\n{_MARK}{mask(f'{type(error).__name__}: {first_line(error)}')}")
        return 1
    return 0


def first_line_of(text: str) -> str:
    """The first of several errors, and that there are more."""
    first, _, rest = text.partition("\n")
    return f"{first} (and {rest.count(chr(10)) + 1} more)" if rest.strip() else first


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
