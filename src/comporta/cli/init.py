"""`comporta init`: a small project that runs at once."""

from __future__ import annotations

import errno
import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.words import words as say
from comporta.errors import BadProject, ComportaError, StorageFull
from comporta.ledger.signing import PUBLISHED, pem, public_key
from comporta.project.settings import settings
from comporta.records import DEFAULT_PROJECT
from comporta.store.keys import derive
from comporta.store.secret import write_secret

# A project that has one already needs no other: only what it stands on is added.
_SAMPLE = ("project.py", "sample.py", "README.md")
_GROUND = ("comporta.toml", ".gitignore")


def init(
    name: Annotated[Path, Parameter(help="The folder to make; `.` adds what a project here lacks.")],
    /,
    *,
    bare: Annotated[bool, Parameter(help=say.BARE, negative="")] = False,
) -> None:
    """Make a small project that runs at once on data it makes up, and the project's key.

    What is already there is left as it is: in a folder with a project.py, such as one that was cloned, only
    what is missing is added, and no key where comporta.pub says that the project has one.
    """
    folder = name.expanduser()
    called = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.resolve().name).strip("-_")[:64]
    if not called or not called[0].isalpha():
        raise BadProject(f"{name}: found a name that does not begin with a letter, expected e.g. churn.")
    made = make(folder, called, bare=bare)
    show.line(say.MADE.format(where=folder))
    for file, tells in made:
        show.line(f"  {file:<15}{tells}")
    if any(tells in (say.KEY_GONE, say.KEY_ELSEWHERE) for _, tells in made):
        show.line(say.NEXT_KEY)
        return
    if not (folder / "project.py").exists():
        show.line(say.NEXT_BARE)
        return
    show.line(say.NEXT_AFTER_INIT.format(where=folder) if folder.resolve() != Path.cwd() else say.NEXT_HERE)


def make(folder: Path, name: str, *, bare: bool = False) -> list[tuple[str, str]]:
    """The files of a new project and what is in each. bare: no sample, only what a project stands on.

    Raises BadProject where `folder` cannot be one.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wanted = _GROUND if bare or (folder / "project.py").exists() else (*_SAMPLE, *_GROUND)
        made = [(file, _write(folder / file, name)) for file in wanted]
    except OSError as error:
        raise _error(error, folder) from error
    return [*made, *_key(folder)]


def _write(file: Path, name: str) -> str:
    template = files("comporta.cli") / "template" / f"{file.name.lstrip('.')}.in"
    try:
        out = file.open("x", encoding="utf-8")
    except FileExistsError:
        return say.THERE
    try:
        with out:
            text = template.read_text(encoding="utf-8").replace("{{ name }}", name)
            out.write(text.replace("{{ project }}", _project(file.parent, name)))
    except OSError:
        # Half a file would be taken for the person's own the next time.
        file.unlink(missing_ok=True)
        raise
    return say.FILES[file.name]


def _project(folder: Path, name: str) -> str:
    """The project's id. What was kept already, under settings that are gone, was kept as `default`."""
    return DEFAULT_PROJECT if (folder / ".comporta").exists() else name


def _error(error: OSError, folder: Path) -> ComportaError:
    """What stood in the way, and what to do about it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull(f"{folder}: cannot be written ({error.strerror}). Make room and try again.")
    if error.errno == errno.EROFS:
        return BadProject(
            f"{folder}: lies on a disk that can only be read ({error.strerror}). "
            "Name a folder elsewhere, or have the disk mounted for writing."
        )
    if isinstance(error, PermissionError):
        return BadProject(
            f"{folder}: you may not write there ({error.strerror}). Name another folder, or correct its "
            "permissions."
        )
    return BadProject(f"{folder}: found no folder to write in ({error.strerror}). Name another.")


def _key(folder: Path) -> list[tuple[str, str]]:
    """The key where the settings look for it; none where they look outside of files."""
    url = settings(folder).key
    if not url.startswith("file://"):
        return []
    path = folder / url.removeprefix("file://")
    if path.exists():
        return [(path.name, say.THERE)]
    if (folder / ".comporta").exists():
        return [(path.name, say.KEY_GONE)]  # a new one could not read what is kept there
    if (folder / PUBLISHED).exists():
        return [(path.name, say.KEY_ELSEWHERE)]  # a new one would sign what no one could verify with that
    secret = write_secret(path)
    return [(path.name, say.FILES["key"]), *_public(folder, secret)]


def _public(folder: Path, secret: bytes) -> list[tuple[str, str]]:
    """What strangers verify with, of a key that was made now."""
    file = folder / PUBLISHED
    file.write_text(pem(public_key(derive(secret).chain)), encoding="ascii")
    return [(file.name, say.FILES["public"])]
