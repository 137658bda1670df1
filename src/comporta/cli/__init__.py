"""The command line: one file per noun, each command a plain documented function.

The page of all commands is printed from a table, so that it costs no import; a command's own file, and the
library that reads its arguments, are loaded when it is called. Nothing is loaded before `main` has begun:
Ctrl-C is then an interruption like any other.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def main(words: Sequence[str] | None = None) -> int:
    """The exit code of `comporta WORDS`: 0 done; 1 a fault of Comporta; 2 a mistake it explains; 3 done, and
    the answer is no (a gate did not open, faults were found, a reproduction differs); 130 interrupted."""
    asked = list(sys.argv[1:] if words is None else words)
    if words is None:
        sys.unraisablehook = _unraisable
    try:
        if asked and asked[0] not in ("--help", "-h", "help"):
            from comporta.cli.boundary import call

            return call(asked)
        from comporta.cli.commands import page

        print(page(colour=sys.stdout.isatty()), flush=True)
    except BrokenPipeError:  # the reader left: `comporta --help | head`
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    finally:
        if words is None:
            import gc

            # Else all that was imported is walked through once more before it ends: a tenth of a second.
            gc.freeze()
    return 0


def _unraisable(raised: Any) -> None:
    """An interruption inside a callback (the importer has some), where Python cannot raise it: once more."""
    if not issubclass(raised.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(raised)
        return
    import _thread
    import threading

    threading.Timer(0.001, _thread.interrupt_main).start()
