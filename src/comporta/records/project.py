"""The id of a project: one of those that share a ledger and a store."""

from __future__ import annotations

import re

from comporta.errors import BadProject


def checked_project(id: str) -> str:
    """The id itself. Raises BadProject on anything but letters, digits, `_` and `-`, 64 at most."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", id):
        raise BadProject(
            f"project_id: found {id!r}, expected at most 64 letters, digits, '_' and '-', beginning "
            "with a letter or digit. Correct it in comporta.toml."
        )
    return id
