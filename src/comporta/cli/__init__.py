"""The command line: one file per noun, each command a plain documented function.

The page of all commands is printed from a table, so that it costs no import; a command's own file, and the
library that reads its arguments, are loaded when it is called.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from comporta.cli.commands import page


def main(words: Sequence[str] | None = None) -> int:
    """The exit code of `comporta WORDS`: 0 done; 1 a fault of Comporta; 2 a mistake it explains; 3 done, and
    the answer is no (a gate did not open, faults were found, a reproduction differs); 130 interrupted."""
    asked = list(sys.argv[1:] if words is None else words)
    if not asked or asked[0] in ("--help", "-h", "help"):
        print(page(colour=sys.stdout.isatty()))
        return 0
    from comporta.cli.boundary import call

    return call(asked)
