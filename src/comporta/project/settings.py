"""Where things are: `comporta.toml`, with environment variables before it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from comporta.errors import BadProject
from comporta.records import DEFAULT_PROJECT, Record
from comporta.records.project import checked_project

FILE = "comporta.toml"
CODE = "code"
"""The table that `code_branch` reads."""
_KINDS = {list: "a list", dict: "a table", bool: "true or false", int: "a number", float: "a number"}


class Settings(Record, frozen=True, kw_only=True):
    """URLs. Relative file paths are taken from the project's root.

    ledger: `sqlite:///…` or `postgresql://…`; COMPORTA_LEDGER. store: `file://…`, `s3://…`;
    COMPORTA_STORE. executor: `local://?workers=2`; COMPORTA_EXECUTOR. budget: how long each level may measure
    a candidate; COMPORTA_BUDGET.
    job_pools: how many jobs of each pool run at a time, `gpu=1, loads=4`; COMPORTA_JOB_POOLS.
    machine_hours: that the jobs of a day (UTC) may take together; empty: no limit; COMPORTA_MACHINE_HOURS.
    project_id: what this project is called in ledger and store, which several can share: letters, digits, `_`
    and `-`; COMPORTA_PROJECT_ID. It stays as it is once something was kept under it.

    Secrets by reference, `env://NAME`, `file://PATH` or `command://PROGRAM ARGUMENTS`. key: 32 bytes in hex;
    COMPORTA_KEY. ledger_password: of the user in a `postgresql://` URL; COMPORTA_LEDGER_PASSWORD.
    store_credentials: what an object store is opened with, as JSON or lines NAME=VALUE;
    COMPORTA_STORE_CREDENTIALS. job_token: the signed token of the CI job that acts; COMPORTA_JOB_TOKEN.
    webhook_secret: what webhooks are signed with; COMPORTA_WEBHOOK_SECRET.
    """

    ledger: str = "sqlite:///.comporta/ledger.db"
    store: str = "file://.comporta/store"
    key: str = "file://comporta.key"
    executor: str = "local://"
    ledger_password: str = ""
    store_credentials: str = ""
    job_token: str = ""
    webhook_secret: str = ""
    budget: str = "commit=1m, release=30m, audit=4h"
    project_id: str = DEFAULT_PROJECT
    job_pools: str = ""
    machine_hours: str = ""


def settings(root: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """What `comporta.toml` in `root` says, if it is there; COMPORTA_LEDGER and its like go before it.

    Raises BadProject on a file that is no TOML, an unknown key, a value that is no text, or a project id that
    is none.
    """
    said = read_toml(root / FILE)
    said.pop(CODE, None)
    _require_texts(said)
    for name in Settings.__struct_fields__:
        variable = f"COMPORTA_{name.upper()}"
        if environment.get(variable):
            said[name] = environment[variable]
    found = Settings(**said)
    checked_project(found.project_id)
    return found


def read_toml(file: Path) -> dict[str, Any]:
    """The file's keys and values; none where there is no file. Raises BadProject on one that is no TOML."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadProject(f"{file.name}: found no readable TOML ({error}). Correct or delete it.") from error


def require_known(found: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raises BadProject on a key that is none of these. where: before the message."""
    for key in found:
        if key not in known:
            raise BadProject(f"{where}: found {key!r}, expected only {', '.join(known)}. Remove it.")


def require_text(value: object, where: str) -> None:
    """Raises BadProject on what is no text; the value is not shown, for it may be a secret."""
    if not isinstance(value, str):
        found = _KINDS.get(type(value), "what is no text")
        raise BadProject(f"{where}: found {found}, expected text in quotes.")


def _require_texts(said: Mapping[str, Any]) -> None:
    require_known(said, (*Settings.__struct_fields__, f"[{CODE}]"), FILE)
    for key, value in said.items():
        require_text(value, f"{FILE}: {key}")
