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
from comporta.project.load import find
from comporta.project.settings import settings
from comporta.store.keys import SECRET_BYTES, derive
from comporta.store.secret import read_secret, write_secret


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
    """Put a project's key in its place, readable by you alone. A key that is there is never overwritten."""
    root = find(project).parent
    url = settings(root).key
    if not url.startswith("file://"):
        raise BadProject(f"key: found {url!r} in comporta.toml, expected file://PATH to put it at.")
    secret = _secret(file)
    path = root / url.removeprefix("file://")
    write_secret(path, secret)
    show.line(say.KEY_PUT.format(fingerprint=derive(secret).fingerprint, where=path.name))


def _secret(file: Path | None) -> bytes:
    try:
        text = sys.stdin.read() if file is None else file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongKey(f"{file}: cannot be read as a key ({error}). Name the file that holds it.") from None
    try:
        secret = bytes.fromhex(text.strip())
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise WrongKey(
            f"found {len(text.strip())} characters, expected the {2 * SECRET_BYTES} hex digits that "
            "`comporta key export` prints."
        )
    return secret
