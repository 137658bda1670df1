"""Whether what a version is served from is there as it was written, asked before it gets traffic."""

from __future__ import annotations

from comporta.errors import NotFound, Refused, Tampered
from comporta.opened.project import OpenProject
from comporta.records import Version

SERVED = ("model", "onnx", "signature", "parity", "trial", "bundle", "code")
"""The parts that a server loads."""


def require_served_parts(opened: OpenProject, version: Version) -> None:
    """Raises Refused, naming the part, where one is missing or holds other bytes than were written."""
    for part in SERVED:
        if part not in version.parts:
            continue
        try:
            opened.context.get(version.parts[part])
        except (NotFound, Tampered) as error:
            raise Refused(
                f"{version.id}: its part {part!r} cannot be served. {error} "
                f"To build it again: comporta reproduce {version.id}"
            ) from error
