"""Where a project's code comes from when nobody edits it: a branch of a repository, by `[code]` of
comporta.toml."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from comporta.errors import BadProject
from comporta.project.settings import CODE, FILE, read_toml, require_known, require_text
from comporta.records import Record
from comporta.records.credential import password_in, without_password
from comporta.records.duration import duration

_SCHEMES = ("https", "ssh", "file")
_BRANCH = re.compile(r"(?!.*(\.\.|//|@\{|\.lock(/|$)))[A-Za-z0-9_][A-Za-z0-9_./+@-]*(?<![./])")
_VARIABLE = "COMPORTA_CODE_FROM"
_EXAMPLE = '"git+https://HOST/OWNER/REPOSITORY#main"'
_KEYS = ("from", "folder", "every")
SHORTEST_INTERVAL = timedelta(seconds=1)


class CodeBranch(Record, frozen=True, kw_only=True):
    """url: as git takes it. branch: its name. folder: of the project in the repository; empty: its root.
    every: how often it is looked at."""

    url: str
    branch: str
    folder: str = ""
    every: timedelta = timedelta(minutes=1)

    @property
    def display_text(self) -> str:
        """As people may see it: no password is in it."""
        return f"{without_password(self.url)}#{self.branch}"


def code_branch(root: Path, environment: Mapping[str, str] = os.environ) -> CodeBranch | None:
    """What `[code]` of the `comporta.toml` in this folder says; COMPORTA_CODE_FROM goes before its `from`.
    None: nothing. Raises BadProject."""
    said = read_toml(root / FILE).get(CODE, {})
    where = f"{FILE}: [{CODE}]"
    if not isinstance(said, dict):
        raise BadProject(f"{where}: found a value, expected a table with from = {_EXAMPLE}.")
    require_known(said, _KEYS, where)
    for key, value in said.items():
        require_text(value, f"{where}: {key}")
    if environment.get(_VARIABLE):
        said["from"], source = environment[_VARIABLE], _VARIABLE
    else:
        source = f"{where}: from"
    if not said:
        return None
    if not said.get("from"):
        raise BadProject(f"{where}: found no from, expected from = {_EXAMPLE}.")
    url, branch = _parse(said["from"], source)
    return CodeBranch(
        url=url,
        branch=branch,
        folder=_folder(said.get("folder", ""), f"{where}: folder"),
        every=_interval(said.get("every", "1m"), f"{where}: every"),
    )


def _parse(text: str, where: str) -> tuple[str, str]:
    url, separator, branch = text.removeprefix("git+").partition("#")
    scheme = url.partition("://")[0]
    if "://" not in url or scheme not in _SCHEMES:
        known = ", ".join(f"git+{each}://" for each in _SCHEMES)
        raise BadProject(
            f"{where}: found no URL of a repository that begins with one of {known}: {_EXAMPLE}."
        )
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url) or url.startswith("-"):
        raise BadProject(f"{where}: found a blank or a control character in the URL. Write it as %20.")
    parts = urlsplit(url)
    if scheme != "file" and (not parts.hostname or parts.hostname.startswith("-")):
        raise BadProject(f"{where}: found no host in the URL, expected {_EXAMPLE}.")
    if password_in(url):
        raise BadProject(
            f"{where}: its URL holds a password, which everybody can read who can read that file. Take it "
            "out, and "
            "let git's credential helper, or an SSH key, give it."
        )
    if scheme == "https" and parts.username:
        raise BadProject(
            f"{where}: its URL names a user before the host, which may be a token that everybody can read. "
            "Take it out, and let git's credential helper, or an SSH key, give it."
        )
    if not separator or _BRANCH.fullmatch(branch) is None:
        found = f"{branch[:80]!r}" if separator else "none"
        raise BadProject(f"{where}: found {found} as the branch, expected its name behind #, such as #main.")
    return url, branch


def _folder(text: str, where: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\0" in text:
        raise BadProject(
            f"{where}: found {text!r}, expected a folder in the repository, such as models/churn."
        )
    return "" if text in ("", ".") else path.as_posix()


def _interval(text: str, where: str) -> timedelta:
    try:
        span = duration(text)
    except BadProject as fault:
        raise BadProject(f"{where}: {fault}") from None
    if not SHORTEST_INTERVAL <= span <= timedelta(days=1):
        raise BadProject(f"{where}: found {text!r}, expected from 1s to 1d.")
    return span
