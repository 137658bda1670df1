"""Sizes as people write them: `64KiB`, `16MiB`, `1GB`."""

from __future__ import annotations

import re

from comporta.errors import BadProject

_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def byte_size(text: str) -> int:
    """Bytes. Raises BadProject on anything but a whole or decimal number and a unit."""
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)([A-Za-z]{1,3})", text)
    if match is None or match[2] not in _UNITS:
        raise BadProject(f"found {text!r}, expected a size such as '64KiB', '16MiB' or '1GB'.")
    return int(float(match[1]) * _UNITS[match[2]])
