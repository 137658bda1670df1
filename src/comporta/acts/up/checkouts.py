"""Clean checkouts of a branch's commits, each in a folder of its own, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from pathlib import Path

from comporta.acts.up.git import Git
from comporta.errors import Busy
from comporta.opened.deployed import checkout_folder
from comporta.project.code_branch import CodeBranch

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_DRAFT = ".draft"
KEPT = 5
"""So many of the newest stay."""
KEPT_SECONDS = 24 * 3600.0
"""And each for so long after it was made, or was current last: a build may still be at work there."""


def newest_commit(git: Git, branch: CodeBranch) -> str:
    """The commit at which the branch stands in its repository. Raises Busy where that cannot be known now, or
    there is no such branch."""
    name = f"refs/heads/{branch.branch}"
    lines = git.run("ls-remote", "--", branch.url, name).splitlines()
    found = next((line.split("\t")[0] for line in lines if line.endswith(f"\t{name}")), "")
    if _COMMIT.fullmatch(found) is None:
        raise Busy(f"{branch.display_text}: found no branch of this name there.")
    return found


def check_out(git: Git, branch: CodeBranch, home: Path) -> tuple[str, Path]:
    """The newest commit of the branch, and the folder in which exactly its files are. Raises Busy."""
    commit = newest_commit(git, branch)
    folder = checkout_folder(home, commit)
    if _is_clean(git, folder, commit):
        return commit, folder
    draft = folder.with_name(f"next{_DRAFT}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.parent.mkdir(parents=True, exist_ok=True)
    git.run(
        "clone", "--quiet", "--no-checkout", "--depth", "1", "--single-branch", "--no-tags", "--template=",
        "--no-recurse-submodules", "--branch", branch.branch, "--", branch.url, str(draft),
    )  # fmt: skip
    # It may have gone on since it was asked.
    commit = git.run("rev-parse", "HEAD", folder=draft).strip()
    folder = checkout_folder(home, commit)
    if _is_clean(git, folder, commit):  # a build may be at work there
        shutil.rmtree(draft, ignore_errors=True)
        return commit, folder
    git.run("checkout", "--quiet", "--detach", commit, folder=draft)
    exclude = draft / ".git" / "info"
    exclude.mkdir(exist_ok=True)
    # What running the code leaves there makes it no other code.
    (exclude / "exclude").write_text("__pycache__/\n.comporta/\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return commit, folder


def note_replaced(home: Path, commit: str) -> None:
    """The age of this commit's checkout counts from now."""
    with contextlib.suppress(OSError):  # there is none
        os.utime(checkout_folder(home, commit))


def remove_old(home: Path, current: str, now: float | None = None) -> None:
    """Removes old checkouts. current: the commit that stays in any case. now: seconds since 1970."""
    now = time.time() if now is None else now
    below = checkout_folder(home, current).parent
    found = [each for each in below.iterdir() if _COMMIT.fullmatch(each.name) and each.name != current]
    ages = sorted((each.stat().st_mtime, each) for each in found)
    for at, each in ages[: max(0, len(ages) - KEPT + 1)]:
        if now - at > KEPT_SECONDS:
            shutil.rmtree(each, ignore_errors=True)


def _is_clean(git: Git, folder: Path, commit: str) -> bool:
    """Whether the folder has that commit's files, and nobody changed one."""
    if not (folder / ".git").is_dir():
        return False
    try:
        at = git.run("rev-parse", "HEAD", folder=folder).strip()
        return at == commit and not git.run("status", "--porcelain", folder=folder).strip()
    except Busy:
        return False
