"""Which names a store takes: relative, and unable to point anywhere but inside."""

from __future__ import annotations

import re

from comporta.errors import BadProject

_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}(?:/[A-Za-z0-9._-]{1,255})*\Z")
_LONGEST = 1024  # the key length that S3 allows


def require_object_name(name: str) -> str:
    """The name itself. Raises BadProject on anything that is not a relative name of plain parts."""
    if len(name) > _LONGEST or not _NAME.match(name) or any(part in (".", "..") for part in name.split("/")):
        raise BadProject(
            f"store name: found {name[:80]!r}, expected parts of letters, digits, '.', '_' and '-' "
            "joined by '/', none of them '.' or '..'. Rename what it is made from."
        )
    return name


def require_prefix(prefix: str) -> str:
    """The prefix itself: the beginning of a name, or nothing. Raises BadProject."""
    if prefix:
        require_object_name(prefix.rstrip("/") if prefix.endswith("/") else prefix)
    return prefix
