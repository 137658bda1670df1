"""The project's secret: 32 bytes, kept as one line of hex in a file only its owner may read."""

from __future__ import annotations

import os
import string
from pathlib import Path

from comporta.errors import Refused, WrongKey
from comporta.records.credential import hide, showable
from comporta.store.credential import resolve
from comporta.store.disk import in_plain_words, make_folder, sync, sync_folder, write_all
from comporta.store.keys import SECRET_BYTES, new_secret

_EXPECTED = f"{2 * SECRET_BYTES} hex digits"
_ADVICE = {
    "empty": "Put there what `comporta key export` prints (`comporta key import`).",
    "env": "Set it to the 64 hex digits that `comporta key export` prints where the project has its key.",
    "file": (
        "Git leaves it out of a clone. For a project that has data, `comporta key import` puts the key it "
        "was made with; on a CI runner, set COMPORTA_KEY to env://NAME, and NAME to that key. For a new "
        "project, `comporta init .` makes one, beside a notebook `comporta init . --bare`."
    ),
}


def read_secret(url: str, root: Path) -> bytes:
    """The 32 bytes behind `file://PATH` (relative to `root` unless it starts with `/`), `env://NAME` or
    `command://PROGRAM ARGUMENTS`.

    Raises WrongKey when there is none or it is not 64 hex digits, BadProject on another scheme.
    """
    found = resolve("key", url, root, expected=_EXPECTED, advice=_ADVICE, error=WrongKey)
    return parse_secret(found.value, f"key {showable(url)}")


def parse_secret(text: str, where: str) -> bytes:
    """The 32 bytes of 64 hex digits. where: what errors call it. Raises WrongKey, without the text."""
    try:
        secret = bytes.fromhex(text.strip())
        hide(text.strip())
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise WrongKey(
            f"{where}: found {_describe_wrong_key(text.strip())}, expected {_EXPECTED}. {_ADVICE['empty']}"
        )
    return secret


def _describe_wrong_key(text: str) -> str:
    """What was found in place of a key, less the text itself: it may be one, mistyped."""
    odd = sum(letter not in string.hexdigits for letter in text)
    return f"{len(text)} characters, {odd} of them no hex digits" if odd else f"{len(text)} characters"


def write_secret(path: Path, secret: bytes | None = None) -> bytes:
    """The secret now at `path`, 0600: the given one, or a new one. Raises Refused when a file is there."""
    kept = new_secret() if secret is None else secret
    if len(kept) != SECRET_BYTES:
        raise WrongKey(
            f"key: found {len(kept)} bytes, expected {SECRET_BYTES}. Import the project's own key."
        )
    path = Path(path).absolute()
    with in_plain_words(f"key {path}"):
        make_folder(path.parent)
        draft = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            write_all(descriptor, kept.hex().encode() + b"\n")
            sync(descriptor)
            os.link(draft, path)
            sync_folder(path.parent)
        except FileExistsError:
            raise Refused(
                f"key {path}: there is one already, and everything written with it would become unreadable. "
                "Move it away first if that is meant."
            ) from None
        finally:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
    return kept
