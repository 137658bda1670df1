"""`comporta key`: the project's secret, out and in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli import words as say
from comporta.cli.options import Where
from comporta.errors import BadProject, WrongKey
from comporta.ledger import written_with
from comporta.project.load import find
from comporta.project.settings import settings
from comporta.records.credential import shown
from comporta.store.credential import with_password
from comporta.store.keys import derive
from comporta.store.secret import parse_secret, read_secret, write_secret


def export(*, project: Where = None) -> None:
    """Print the project's key as 64 hex digits, to keep it where secrets are kept."""
    root = find(project).parent
    secret = read_secret(settings(root).key, root)
    show.aside(say.KEY_SHOWN)
    show.line(secret.hex())


def import_(
    file: Annotated[Path | None, Parameter(help="The file that holds it; default: standard input.")] = None,
    /,
    *,
    project: Where = None,
) -> None:
    """Put a project's key in its place, readable by you alone.

    A key that is there is never overwritten; one that the project's data was not written with is refused.
    """
    root = find(project).parent
    where = settings(root)
    url = where.key
    if not url.startswith("file://"):
        raise BadProject(f"key: found {shown(url)} in comporta.toml, expected file://PATH to put it at.")
    secret = _secret(file)
    keys = derive(secret)
    # Before anything is written: a wrong key in its place would be refused by every other command.
    ledger = with_password(where.ledger, where.ledger_password, root)
    if written_with(ledger, key=keys.chain, root=root) is False:
        raise WrongKey(
            f"found key {keys.fingerprint}, expected the one that this project's data was written with. "
            "Nothing was written; import that one."
        )
    path = root / url.removeprefix("file://")
    write_secret(path, secret)
    show.line(say.KEY_PUT.format(fingerprint=keys.fingerprint, where=path.name))


def _secret(file: Path | None) -> bytes:
    try:
        text = sys.stdin.read() if file is None else file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongKey(f"{file}: cannot be read as a key ({error}). Name the file that holds it.") from None
    return parse_secret(text, "standard input" if file is None else str(file))
