"""uv, by which environments are built: where it is, and one call of it."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from comporta.engine.lock import without_user
from comporta.errors import MissingExtra
from comporta.records.credential import mask

_FRAME = re.compile(r"[\s\u00d7\u2022\u2500-\u257f\u25b6]+")


class UvFailure(Exception):
    """What uv said when it could not do it: one line."""


def find_uv() -> str:
    """The program: on the path, else of the package `uv`. Raises MissingExtra."""
    if (found := shutil.which("uv")) is not None:
        return found
    if find_spec("uv") is not None:
        module = importlib.import_module("uv")
        try:
            return str(module.find_uv_bin())
        except FileNotFoundError:
            pass
    raise MissingExtra(
        "comporta env needs uv, which was found neither on the path nor as a Python package. Install it: "
        "pip install uv"
    )


def call_uv(uv: str, words: Sequence[str], *, root: Path, hold: int) -> None:
    """Runs it in the project's folder, by whose settings it finds its package index. hold: a descriptor that
    it keeps open while it lives. Raises UvFailure."""
    done = subprocess.run(
        [uv, *words],
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=(hold,),
        check=False,
    )
    if done.returncode:
        said = _FRAME.sub(" ", done.stderr or done.stdout).strip()
        raise UvFailure(mask(without_user(said))[:1500])
