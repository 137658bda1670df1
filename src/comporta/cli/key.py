"""`comporta key`: the project's secret, out and in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.options import Where
from comporta.cli.words import words as say
from comporta.errors import BadProject, WrongKey
from comporta.ledger import written_with
from comporta.ledger.signing import PUBLISHED, pem, public_key, published_key
from comporta.project.load import find_project_file
from comporta.project.settings import Settings, settings
from comporta.records.credential import showable
from comporta.store import derive, open_store, parse_secret, read_secret, store_config, with_password
from comporta.store.secret import write_secret


def export(*, project: Where = None) -> None:
    """Print the project's key as 64 hex digits, to keep it where secrets are kept."""
    root = find_project_file(project).parent
    secret = read_secret(settings(root).key, root)
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
    root = find_project_file(project).parent
    where = settings(root)
    url = where.key
    if not url.startswith("file://"):
        raise BadProject(f"key: found {showable(url)} in comporta.toml, expected file://PATH to put it at.")
    secret = _secret(file)
    keys = derive(secret)
    path = root / url.removeprefix("file://")
    there = read_secret(url, root) if path.exists() else None
    # Before anything is written: a wrong key in its place would be refused by every other command.
    ledger = with_password(where.ledger, where.ledger_password, root)
    written = written_with(ledger, key=keys.chain, root=root)
    if written is False:
        raise WrongKey(
            f"found key {keys.fingerprint}, expected the one that this project's data was written with. "
            "Nothing was written; import that one."
        )
    if there == secret:
        show.line(say.KEY_SAME.format(fingerprint=keys.fingerprint, where=path.name))
        return
    old = None if there is None else derive(there)
    public, published = public_key(keys.chain), published_key(root)
    if published not in ("", public, old and public_key(old.chain)):
        raise WrongKey(
            f"found key {keys.fingerprint}, expected the one that {PUBLISHED} is of. Nothing was written; "
            f"import that one, or delete {PUBLISHED} if this project begins anew."
        )
    aside = None
    # What the ledger tells of the new key rules the old one out; where it tells nothing, an empty store does.
    if old is not None and (written or not _holds_anything(where, root)):
        aside = path.with_name(f"{path.stem}.{old.fingerprint}{path.suffix}")
        path.rename(aside)
    write_secret(path, secret)
    if published not in ("", public):
        (root / PUBLISHED).write_text(pem(public), encoding="ascii")
    show.line(say.KEY_PUT.format(fingerprint=keys.fingerprint, where=path.name))
    if aside is not None:
        show.aside(say.KEY_MOVED.format(where=aside.name))


def _holds_anything(where: Settings, root: Path) -> bool:
    """Whether the store holds anything."""
    store = open_store(where.store, root, where.project_id, store_config(where.store_credentials, root))
    return next(iter(store.list()), None) is not None


def _secret(file: Path | None) -> bytes:
    try:
        text = sys.stdin.read() if file is None else file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongKey(f"{file}: cannot be read as a key ({error}). Name the file that holds it.") from None
    return parse_secret(text, "standard input" if file is None else str(file))
