"""Whether a checkout's project loads: `python -m comporta.acts.up.code_check HOME FOLDER NAME`, in a process
of its own, since its code runs there."""

from __future__ import annotations

import sys
from pathlib import Path

from comporta.errors import ComportaError, first_line
from comporta.opened.answering_process import PATIENCE, NoAnswer, answer_with, ask_process, take_output
from comporta.opened.deployed import open_checkout
from comporta.project.faults import format_faults, project_faults
from comporta.records import Record
from comporta.records.credential import mask
from comporta.records.visible import visible


class CodeReport(Record, frozen=True, kw_only=True):
    """What such a process answers. failure: why the project does not load, in one line; empty: it does."""

    failure: str = ""


def load_failure(home: Path, folder: Path, name: str, seconds: float = PATIENCE) -> str:
    """Why the project in this folder does not load, in one line; empty: it does. home: where its settings
    are."""
    words = (str(home), str(folder), name)
    found = ask_process(
        "comporta.acts.up.code_check", *words, answer=CodeReport, seconds=seconds, folder=home
    )
    if isinstance(found, NoAnswer):
        return f"what read it gave no answer: {found.why}"
    return visible(found.failure[:500], keep="")


def main(words: list[str]) -> int:
    """Says whether it loads."""
    output = take_output()
    answer_with(output, CodeReport(failure=_failure(Path(words[0]), Path(words[1]), words[2])))
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
