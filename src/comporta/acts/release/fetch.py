"""A version's files in a folder: for a build that packs the model elsewhere."""

from __future__ import annotations

from pathlib import Path

from comporta.acts.release.release import require_ready, version_of
from comporta.errors import BadProject, Refused
from comporta.opened.as_json import as_json
from comporta.opened.people import reason_of
from comporta.opened.permission import Permission, permission
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.records import Version, encode
from comporta.records.facts import VersionFetched

FILES = {
    "onnx": "model.onnx",
    "model": "model.bin",
    "signature": "signature.json",
    "parity": "parity.json",
    "lock": "lock.json",
}


def fetch(
    opened: OpenProject,
    name: str,
    folder: Path,
    *,
    unreleased: bool = False,
    by: str = "",
    reason: str = "",
    say: Say = sentence,
) -> tuple[Version, tuple[Path, ...]]:
    """Writes each form of the model, its signature, its lock, and `version.json` with its verdicts; the
    ledger has who did it. Files of these names are replaced.

    unreleased: also a version that is not released and could not be, for which a reason must be given. by:
    empty: the name you are logged in with. Raises NotFound, Tampered, Refused, and BadProject where the
    folder cannot be written.
    """
    version = version_of(opened, name)
    who = permission(opened, "version.fetch", by=by, version=version, say=say)
    releasable = is_releasable(opened, version, who, unreleased, reason, say)
    # All is read and checked before anything is written.
    found = {
        file: opened.context.get(version.parts[part]) for part, file in FILES.items() if part in version.parts
    }
    found["version.json"] = encode(as_json(version))
    try:
        if folder.exists() and not folder.is_dir():
            raise BadProject(f"{folder}: found a file, expected a folder to write the model into.")
        folder.mkdir(parents=True, exist_ok=True)
        fact = VersionFetched(
            model=version.model,
            number=version.number,
            by=who.identify(),
            reason=reason_of(opened, reason),
            releasable=releasable,
        )
        # The fact first: no copy is outside that the ledger does not know of.
        who.append(fact)
        for file, data in found.items():
            (folder / file).write_bytes(data)
    except OSError as fault:
        why = fault.strerror or type(fault).__name__
        raise BadProject(f"{folder} cannot be written: {why}. Name another folder.") from fault
    return version, tuple(folder / file for file in found)


def is_releasable(
    opened: OpenProject, version: Version, who: Permission, unreleased: bool, reason: str, say: Say
) -> bool:
    """Whether it is released or could be. Raises Refused where not, unless that is meant and has a reason."""
    if version.state == "released":
        return True
    try:
        require_ready(opened, version, who, say)
    except Refused as error:
        if unreleased and reason.strip():
            return False
        asked = "a reason: --reason WHY" if unreleased else "--unreleased --reason WHY, which is recorded"
        raise Refused(f"{error}\nTo use it as it is, add {asked}.") from error
    return True
