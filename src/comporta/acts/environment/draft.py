"""A folder that is built beside its place and put there whole: stopped in between, nothing is left of it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from comporta.opened.environments import DRAFT


@contextlib.contextmanager
def draft_of(folder: Path) -> Iterator[Path]:
    """A new folder beside it, which takes its place at the end of the body, unless that raises. Whoever asks
    has the turn."""
    draft = folder.with_name(f"{folder.name}{DRAFT}")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        yield draft
        if folder.exists():
            old = folder.with_name(f"{folder.name}{DRAFT}-old")
            shutil.rmtree(old, ignore_errors=True)
            folder.rename(old)
            draft.rename(folder)
            shutil.rmtree(old, ignore_errors=True)
        else:
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
