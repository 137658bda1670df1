"""`comporta key`: the project's secret, out and in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.options import Where
from comporta.cli.words import words as say
from comporta.errors import WrongKey
from comporta.project.load import find_project_file
from comporta.store import parse_secret


def export(*, project: Where = None) -> None:
    """Print the project's key as 64 hex digits, to keep it where secrets are kept."""
    from comporta.acts.upkeep.key import project_key

    secret = project_key(find_project_file(project).parent)
    show.aside(say.KEY_SHOWN)
    show.line(secret.hex())


def import_(
    file: Annotated[Path | None, Parameter(help="The file that holds it; default: standard input.")] = None,
    /,
    *,
    project: Where = None,
) -> None:
    """Install a project's key, readable by you alone.

    An existing key is moved aside if nothing was written with it yet, else the import is refused. It is also
    refused when the project's data was written with another key, or comporta.pub belongs to another.
    """
    from comporta.acts.upkeep.key import import_key

    put = import_key(find_project_file(project).parent, _secret(file))
    text = say.KEY_SAME if put.same else say.KEY_PUT
    show.line(text.format(fingerprint=put.fingerprint, where=put.path.name))
    if put.aside is not None:
        show.aside(say.KEY_MOVED.format(where=put.aside.name))


def _secret(file: Path | None) -> bytes:
    try:
        text = sys.stdin.read() if file is None else file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongKey(f"{file}: cannot be read as a key ({error}). Name the file that holds it.") from None
    return parse_secret(text, "standard input" if file is None else str(file))
