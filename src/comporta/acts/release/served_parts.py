"""Whether a version can be served, asked before it gets traffic: its parts as written, and loaded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comporta.errors import ComportaError, MissingExtra, NotFound, Refused, Tampered
from comporta.opened.project import OpenProject
from comporta.records import Version

if TYPE_CHECKING:
    from comporta.serve import LoadedVersion

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


def require_loads(opened: OpenProject, version: Version) -> None:
    """Raises Refused where a server could not load the version from what is kept, or gets no answer from it.
    A machine that lacks an extra of it cannot say, and the servers have theirs."""
    from comporta.opened.live_files import LIVE_FILE, noting_refused
    from comporta.opened.served_version import load_version
    from comporta.serve.live_version import live_version

    def load() -> LoadedVersion:
        return load_version(opened, version)[0]

    try:
        with noting_refused() as files:
            live_version(load, version.id, int(opened.clock().timestamp() * 1e9), lambda line: None)
    except MissingExtra:
        return
    except ComportaError as error:
        raise Refused(f"{version.id}: a server could not load it, so it gets no traffic. {error}") from error
    if files:
        raise Refused(
            f"{version.id}: its code reads {files[0]}, and goes on without it where it is refused: "
            f"{LIVE_FILE}"
        )
