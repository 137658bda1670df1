"""The boundary to a person at a terminal: whatever happens becomes one clear message and an exit code."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from comporta.cli import show
from comporta.cli.commands import COMMANDS, FORMER, NOUNS
from comporta.cli.words import words as say
from comporta.errors import ComportaError, first_line
from comporta.records.credential import mask

FAULT, MISTAKE, INTERRUPTED = 1, 2, 130


def app(*, listed: bool = False) -> App:
    """All commands, each imported when it is called. listed: with a line each, in place of their own help."""
    nouns = {name: _app(name, tells) for name, tells in NOUNS.items()}
    root = _app("comporta", say.TAGLINE)
    for name, each in nouns.items():
        root.command(each, name=name)
    for command in COMMANDS:
        noun, _, verb = command.name.rpartition(" ")
        inside = nouns[noun] if noun else root
        target = f"comporta.cli.{command.target}"
        inside.command(target, name=verb, help=command.tells if listed else None, help_format="plaintext")
        for former in (old for old, today in FORMER.items() if today == command.name):
            inside.command(target, name=former.split()[-1], show=False)
    return root


def _app(name: str, tells: str) -> App:
    return App(
        name=name,
        help=tells,
        version=_version,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(negative=(), show_default=False),
    )


def call(words: Sequence[str]) -> int:
    """Run one command. Nothing is raised."""
    try:
        listed = words[0] in NOUNS and all(word.startswith("-") for word in words[1:])
        found, bound, _ = app(listed=listed).parse_args(list(words), exit_on_error=False, print_error=False)
        if found.__module__.startswith("comporta.cli."):
            with show.results():
                code = found(*bound.args, **bound.kwargs)
        else:  # --help or --version, which print themselves
            code = found(*bound.args, **bound.kwargs)
        sys.stdout.flush()
    except CycloptsError as error:
        show.aside(f"{error}".strip())
        asked = [word for word in words[:2] if not word.startswith("-")]
        known = [
            command.name for command in COMMANDS if command.name.split() == asked[: len(command.name.split())]
        ]
        show.aside(say.SEE_HELP.format(command="".join(f" {name}" for name in known[:1])))
        return MISTAKE
    except ComportaError as error:
        _debug()
        show.aside(mask(str(error)))
        return error.exit_code
    except KeyboardInterrupt:
        show.aside(say.INTERRUPTED + (say.KEPT if words[0] == "run" else ""))
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left (`comporta runs | head`): no one is there to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last boundary: a traceback is for us, not for the person who asked
        _debug()
        try:
            said = say.FAULT.format(error=_in_one_line(error), report=_report(words))
        except OSError:  # no room, or no place, for a report
            said = say.FAULT_UNWRITTEN.format(error=_in_one_line(error))
        show.aside(said)
        return FAULT
    return code if isinstance(code, int) else 0


def _version() -> str:
    import comporta

    return comporta.__version__


def _debug() -> None:
    if os.environ.get("COMPORTA_DEBUG"):
        show.aside(mask(traceback.format_exc()))


def _in_one_line(error: BaseException) -> str:
    return mask(f"{type(error).__name__}: {first_line(error)}")


def _report(words: Sequence[str]) -> str:
    """Where the traceback was written, readable by this person only: it may hold values from the data."""
    handle, path = tempfile.mkstemp(prefix="comporta-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        called = f"comporta {' '.join(words)}\ncomporta {_version()}, Python {sys.version}\n\n"
        file.write(mask(called + traceback.format_exc()))
    return path
