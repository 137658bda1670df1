"""The project's key: read, and installed where it is the one that data was written with."""

from __future__ import annotations

from pathlib import Path

from comporta.errors import BadProject, WrongKey
from comporta.ledger import written_with
from comporta.ledger.signing import PUBLISHED, pem, public_key, published_key
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.project.settings import Settings, settings
from comporta.records import Record
from comporta.records.credential import showable
from comporta.store import derive, open_store, read_secret, store_config, with_password
from comporta.store.secret import write_secret


class InstalledKey(Record, frozen=True, kw_only=True):
    """What an import did. same: the key was there already. aside: where the one before lies now, or None."""

    fingerprint: str
    path: Path
    same: bool = False
    aside: Path | None = None


def project_key(root: Path) -> bytes:
    """The key of the project in this folder. Raises NotFound, BadProject."""
    return read_secret(settings(root).key, root)


def project_public_key(root: Path) -> str:
    """What its record is signed with, 64 hex digits."""
    return public_key(derive(project_key(root)).chain)


def public_key_of(opened: OpenProject) -> str:
    """The same of an opened project, where who asks may see versions. Raises Forbidden."""
    require_permission(opened, "version.read")
    return public_key(opened.keys.chain)


def import_key(root: Path, secret: bytes) -> InstalledKey:
    """Installs the key of the project in this folder, readable by its owner alone.

    A key that is there is moved aside if nothing was written with it yet. Raises WrongKey, with nothing
    written, where data was written with another or `comporta.pub` is of another; BadProject where the
    settings name no file.
    """
    where = settings(root)
    if not where.key.startswith("file://"):
        raise BadProject(
            f"key: found {showable(where.key)} in comporta.toml, expected file://PATH to put it at."
        )
    keys = derive(secret)
    path = root / where.key.removeprefix("file://")
    there = read_secret(where.key, root) if path.exists() else None
    # Before anything is written: a wrong key in its place would be refused by every other command.
    ledger = with_password(where.ledger, where.ledger_password, root)
    written = written_with(ledger, key=keys.chain, root=root)
    if written is False:
        raise WrongKey(
            f"found key {keys.fingerprint}, expected the one that this project's data was written with. "
            "Nothing was written; import that one."
        )
    if there == secret:
        return InstalledKey(fingerprint=keys.fingerprint, path=path, same=True)
    old = None if there is None else derive(there)
    public, published = public_key(keys.chain), published_key(root)
    if published not in ("", public, old and public_key(old.chain)):
        raise WrongKey(
            f"found key {keys.fingerprint}, expected the one that {PUBLISHED} is of. Nothing was written; "
            f"import that one, or delete {PUBLISHED} if this project begins anew."
        )
    aside = None
    # What the ledger tells of the new key rules the old one out; where it tells nothing, an empty store does.
    if old is not None and (written or not _stores_anything(where, root)):
        aside = path.with_name(f"{path.stem}.{old.fingerprint}{path.suffix}")
        path.rename(aside)
    write_secret(path, secret)
    if published not in ("", public):
        (root / PUBLISHED).write_text(pem(public), encoding="ascii")
    return InstalledKey(fingerprint=keys.fingerprint, path=path, aside=aside)


def _stores_anything(where: Settings, root: Path) -> bool:
    store = open_store(where.store, root, where.project_id, store_config(where.store_credentials, root))
    return next(iter(store.list()), None) is not None
