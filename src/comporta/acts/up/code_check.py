"""Whether a checkout's project loads: `python -m comporta.acts.up.code_check HOME FOLDER NAME`, in a process
of its own, since its code runs there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from comporta.errors import ComportaError, first_line
from comporta.opened.deployed import open_checkout
from comporta.project.faults import format_faults, project_faults
from comporta.records import Record, decode, encode
from comporta.records.credential import mask
from comporta.records.visible import visible

SECONDS = 120.0


class CodeReport(Record, frozen=True, kw_only=True):
    """What such a process answers. failure: why the project does not load, in one line; empty: it does."""

    failure: str = ""


def load_failure(home: Path, folder: Path, name: str, seconds: float = SECONDS) -> str:
    """Why the project in this folder does not load, in one line; empty: it does. home: where its settings
    are."""
    command = [sys.executable, "-P", "-m", "comporta.acts.up.code_check", str(home), str(folder), name]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False, cwd=home)
        report = decode(done.stdout, CodeReport)
    except subprocess.TimeoutExpired:
        return f"it was not read within {seconds:g} s"
    except msgspec.MsgspecError:  # its code ended the process
        if done.returncode < 0:
            return f"reading it died of {signal.Signals(-done.returncode).name}"
        return f"reading it ended with {done.returncode}"
    return visible(report.failure[:500], keep="")


def main(words: list[str]) -> int:
    """Says whether it loads."""
    answer = os.dup(1)
    os.dup2(2, 1)  # what its code prints is no part of the answer
    report = CodeReport(failure=_failure(Path(words[0]), Path(words[1]), words[2]))
    with os.fdopen(answer, "wb") as stream:
        stream.write(encode(report))
    return 0


def _failure(home: Path, folder: Path, name: str) -> str:
    try:
        with open_checkout(home, folder, name, works=False) as opened:
            found = project_faults(opened.project, opened.root)
            return first_line_of(format_faults(found)) if found else ""
    except ComportaError as error:
        return mask(first_line_of(str(error)))
    # The boundary to a user's file.
    except BaseException as error:
        return mask(f"{type(error).__name__}: {first_line(error)}")


def first_line_of(text: str) -> str:
    """The first of several errors, and that there are more."""
    first, _, rest = text.partition("\n")
    return f"{first} (and {rest.count(chr(10)) + 1} more)" if rest.strip() else first


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
