"""The project as it is deployed: its code from the commit that is current, its settings from where it
runs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path

import msgspec

from comporta.errors import BadProject, Refused
from comporta.opened.project import OpenProject, open_project, open_root
from comporta.project import ProjectDeclaration
from comporta.project.code_branch import CodeBranch, code_branch
from comporta.project.load import FILE, declared_root, find_project_file, load_project
from comporta.project.settings import settings
from comporta.records import Record, decode


class CurrentCode(Record, frozen=True, kw_only=True):
    """What `comporta up` wrote of the branch that it follows. source: the branch, as people may see it.
    commit: 40 hex digits of the last one that loads, empty while there is none; since: when it became
    current. refused: a newer one that does not load; why: what was wrong."""

    source: str
    commit: str = ""
    since: datetime | None = None
    refused: str = ""
    why: str = ""


def code_file(home: Path) -> Path:
    """Where that is written."""
    return home / ".comporta" / "up" / "code.json"


def checkout_folder(home: Path, commit: str) -> Path:
    """The checkout of this commit."""
    return home / ".comporta" / "code" / commit


def current_code(home: Path) -> CurrentCode | None:
    """What was written last; None: nothing, or nothing that can be read."""
    try:
        return decode(code_file(home).read_bytes(), CurrentCode)
    except (OSError, msgspec.MsgspecError):
        return None


def project_home(path: Path | None = None) -> tuple[Path, Path]:
    """The project's file, at `path` or above the current folder, and the folder of its settings. The file is
    run only where its text does not tell its root; never where `[code]` beside it names a branch. Raises
    BadProject."""
    file = find_project_file(path)
    if code_branch(file.parent) is not None:
        return file, file.parent
    return file, declared_root(file) or load_project(file).root or file.parent


def open_to_serve(path: Path | None = None, *, works: bool) -> OpenProject:
    """The project, opened to answer with what is released: where its code comes from a branch, the folder's
    own file is not run. Raises as `open_project`."""
    file, home = project_home(path)
    if code_branch(home) is not None:
        return open_root(home)
    return open_root(home, file) if works else open_project(file)


def open_deployed(path: Path | None = None, *, works: bool = True) -> OpenProject:
    """The project of the file at `path` or above the current folder, opened with the code of the current
    commit of its branch; of its own folder, where `[code]` names none. works: as in `open_project`.

    Raises Refused while no commit of the branch has loaded; and as `open_project`."""
    file, home = project_home(path)
    branch = code_branch(home)
    if branch is None:
        return open_project(file, works=works)
    return open_checkout(home, deployed_folder(home, branch), file.name, works=works)


def open_without_code(path: Path | None, refusal: Refused) -> OpenProject:
    """The project of a branch of which no commit has loaded: what was recorded can be read, and whoever needs
    to know what is declared gets this refusal. The file of the folder that people edit is no answer: it may
    declare other people than the branch does."""
    _, home = project_home(path)

    def refuse() -> ProjectDeclaration:
        raise refusal

    return OpenProject(refuse, home, settings(home))


def with_deployed_code(opened: OpenProject) -> AbstractContextManager[OpenProject]:
    """The same project with the code of the current commit of its branch; itself where its settings name no
    branch. Raises as `open_deployed`."""
    branch = code_branch(opened.home)
    if branch is None:
        return nullcontext(opened)
    name = FILE if opened.file is None else opened.file.name
    return open_checkout(opened.home, deployed_folder(opened.home, branch), name, works=False)


def deployed_folder(home: Path, branch: CodeBranch) -> Path:
    """The folder of the project in the checkout of the branch's current commit. Raises Refused while none has
    loaded."""
    current = current_code(home)
    if current is None or current.source != branch.display_text or not current.commit:
        raise Refused(
            f"no commit of {branch.display_text} has loaded yet, expected one. `comporta up` follows it; its "
            "log tells what is wrong."
        )
    return checkout_folder(home, current.commit) / branch.folder


def open_checkout(home: Path, folder: Path, name: str = FILE, *, works: bool = True) -> OpenProject:
    """The project whose code lies in this folder and whose settings, key and store are those of `home`. name:
    of its file. Raises BadProject where there is none; else as `open_project`."""
    file = folder / name
    if not file.is_file():
        raise BadProject(f"{folder}: found no {name} there, expected the project's file in the branch.")
    return OpenProject(
        lambda: load_project(file), folder.resolve(), settings(home), works=works, file=file, home=home
    )
