"""Freeing the environments that no released version needs: `comporta env` builds them again."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from comporta.opened.environments import (
    DRAFT,
    LOCK,
    environment_folder,
    environments_built,
    environments_folder,
    taking_turns,
)
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.records import Record
from comporta.registry import VERSIONS, version_key
from comporta.release import ROUTES

_AGE = timedelta(days=1)


class EnvironmentSweep(Record, frozen=True, kw_only=True):
    """What was freed of environments, or would be: their folders, and bytes. in_use: how many released
    versions have; young: how many others were used within a day."""

    freed: tuple[str, ...] = ()
    size: int = 0
    in_use: int = 0
    young: int = 0


def sweep_environments(opened: OpenProject, *, dry: bool = False) -> EnvironmentSweep:
    """Frees environments of versions without traffic that were not used for a day, and what is left of builds
    that were killed."""
    require_permission(opened, "store.sweep")
    needed = _folders_in_use(opened)
    freed: list[str] = []
    size = in_use = young = 0
    for folder, used in environments_built(opened):
        if folder in needed:
            in_use += 1
        elif opened.clock().timestamp() - used < _AGE.total_seconds():
            young += 1
        else:
            size += _size(folder)
            freed.append(str(folder))
            if not dry:
                _free(folder)
    if not dry:
        for draft in environments_folder(opened).glob(f"*{DRAFT}*"):
            _free(draft.with_name(draft.name.partition(".")[0]), only_drafts=True)
    return EnvironmentSweep(freed=tuple(freed), size=size, in_use=in_use, young=young)


def _folders_in_use(opened: OpenProject) -> set[Path]:
    """Where the environments of versions with traffic are, or would be."""
    found = set()
    for model, route in opened.ledger.scan(ROUTES):
        for share in route.shares:
            version = opened.ledger.get(VERSIONS, version_key(model, share.version))
            if version is not None and LOCK in version.parts:
                found.add(environment_folder(opened, version))
    return found


def _free(folder: Path, *, only_drafts: bool = False) -> None:
    """Removes it, unless somebody builds it: under another name first, for no half of it may count as one."""
    with taking_turns(folder, wait=False) as turn:
        if turn is None:
            return
        old = folder.with_name(f"{folder.name}{DRAFT}")
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(f"{old}-old", ignore_errors=True)
        if not only_drafts:
            folder.rename(old)
            shutil.rmtree(old, ignore_errors=True)


def _size(folder: Path) -> int:
    """Bytes of its files, as each would be alone: those that uv's cache shares are counted too."""
    return sum(each.lstat().st_size for each in folder.rglob("*") if each.is_file() and not each.is_symlink())
