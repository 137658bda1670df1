"""The boundary to a person at a terminal: whatever happens becomes one clear message and an exit code."""

from __future__ import annotations

import inspect
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib import import_module

from cyclopts import App, CycloptsError, Parameter

from comporta.cli import show
from comporta.cli.commands import COMMANDS, COMPLETION, FORMER, NOUNS, Command
from comporta.cli.unread import readers_may_leave
from comporta.cli.words import words as say
from comporta.errors import ComportaError, first_line
from comporta.records.credential import mask
from comporta.records.extras import install_advice

FAULT, MISTAKE, INTERRUPTED = 1, 2, 130


def app(*, listed: bool = False, explained: Command | None = None) -> App:
    """All commands, each imported when it is called. listed: with a line each, in place of their own help.
    explained: the one whose own help is asked for."""
    nouns = {name: _app(name, tells) for name, tells in NOUNS.items()}
    root = _app("comporta", say.TAGLINE)
    for name, each in nouns.items():
        root.command(each, name=name)
    for command in COMMANDS:
        noun, _, verb = command.name.rpartition(" ")
        inside = nouns[noun] if noun else root
        target = f"comporta.cli.{command.target}"
        told = command.tells if listed else _help_of(target) if command is explained else None
        inside.command(target, name=verb, help=told, help_format="plaintext")
        for former in (old for old, today in FORMER.items() if today == command.name):
            inside.command(target, name=former.split()[-1], show=False)
    root.command("comporta.cli.completion:install_completion", name=COMPLETION, show=False)
    return root


def _help_of(target: str) -> str:
    """What a command's function says of itself, a line a paragraph: whoever prints it breaks lines where the
    terminal ends, and not where the source does."""
    module, _, name = target.partition(":")
    text = inspect.getdoc(getattr(import_module(module), name)) or ""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _command_of(words: Sequence[str]) -> Command | None:
    """The command that these words begin with, by its name of today."""
    asked = [word for word in words[:2] if not word.startswith("-")]
    former = FORMER.get(" ".join(asked), "").split()
    return next(
        (each for each in COMMANDS if each.name.split() in (asked[: len(each.name.split())], former)), None
    )


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
    with readers_may_leave():
        return _call(words)


def join_dashes(words: Sequence[str]) -> list[str]:
    """`--out -` as `--out=-`: a dash alone is a value, and the parser would take it for an option."""
    found: list[str] = []
    for word in words:
        if word == "-" and found and found[-1].startswith("--") and "=" not in found[-1]:
            found[-1] += "=-"
        else:
            found.append(word)
    return found


def _call(words: Sequence[str]) -> int:
    try:
        listed = words[0] in NOUNS and all(word.startswith("-") for word in words[1:])
        helps = any(word in ("--help", "-h") for word in words)
        known = app(listed=listed, explained=_command_of(words) if helps else None)
        found, bound, _ = known.parse_args(join_dashes(words), exit_on_error=False, print_error=False)
        if found.__module__.startswith("comporta.cli."):
            with show.results():
                code = found(*bound.args, **bound.kwargs)
        else:  # --help or --version, which print themselves
            code = found(*bound.args, **bound.kwargs)
    except CycloptsError as error:
        show.aside(f"{error}".strip())
        command = _command_of(words)
        show.aside(say.SEE_HELP.format(command=f" {command.name}" if command else ""))
        return MISTAKE
    except ComportaError as error:
        _debug()
        show.aside(mask(str(error)))
        return error.exit_code
    except KeyboardInterrupt:
        show.aside(say.INTERRUPTED + (say.KEPT if words[0] == "run" else ""))
        return INTERRUPTED
    except Exception as error:  # the last boundary: a traceback is for us, not for the person who asked
        _debug()
        if advice := install_advice(error):
            show.aside(f"{_in_one_line(error)}. {advice}")
            return MISTAKE
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
