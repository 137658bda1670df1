"""A person's own key on their own machine: one line in a file that only they can read, in no project."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from comporta.errors import BadProject, Refused, WrongKey
from comporta.records.credential import hide
from comporta.store import parse_secret
from comporta.store.secret import write_secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VARIABLE = "COMPORTA_PERSON_KEY"


def person_key_file() -> Path:
    """Where it lies: what COMPORTA_PERSON_KEY names, else `comporta/person.key` in the user's folder for
    configuration (`XDG_CONFIG_HOME`, `~/.config`)."""
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser()
    base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".config") / "comporta" / "person.key"


def person_key() -> Ed25519PrivateKey | None:
    """The key of the user who is logged in; None where there is none. Raises BadProject where others may read
    it, or it is none."""
    file = person_key_file()
    try:
        if (mode := stat.S_IMODE(file.stat().st_mode)) & 0o077:
            raise BadProject(
                f"{file}: found a key that others may read (mode {mode:o}), expected mode 600. If no "
                f"one did: chmod 600 {file}. Else have it revoked, delete it and make another."
            )
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadProject(
            f"{file}: found no key that can be read ({error}), expected one, or no file."
        ) from None
    try:
        return _private(parse_secret(text, str(file)))
    except WrongKey:
        raise BadProject(
            f"{file}: found no key, expected 64 hex digits in one line. Have it revoked, delete it and make "
            "another: comporta people key"
        ) from None


def make_person_key() -> Ed25519PrivateKey:
    """The key of the user who is logged in, made where there is none."""
    known = person_key()
    if known is not None:
        return known
    try:
        seed = write_secret(person_key_file(), secrets.token_bytes(32))
    except Refused:  # another process was first
        found = person_key()
        assert found is not None, "a key is there"
        return found
    except OSError as error:
        raise BadProject(
            f"{person_key_file()}: found no place for a key ({error.strerror}), expected a folder that you "
            f"may write. Make it, or name another file: {VARIABLE}=FILE"
        ) from None
    hide(seed.hex())
    return _private(seed)


def public_hex(private: Ed25519PrivateKey) -> str:
    """The public half, 64 hex digits."""
    return private.public_key().public_bytes_raw().hex()


def _private(seed: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed)
