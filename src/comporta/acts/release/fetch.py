"""A version's files in a folder: for a build that packs the model elsewhere."""

from __future__ import annotations

from pathlib import Path

from comporta.acts.release.release import version_of
from comporta.errors import BadProject
from comporta.opened.as_json import as_json
from comporta.opened.project import OpenProject
from comporta.records import Version, encode

FILES = {"onnx": "model.onnx", "model": "model.bin", "signature": "signature.json", "parity": "parity.json"}


def fetch(opened: OpenProject, name: str, folder: Path) -> tuple[Version, tuple[Path, ...]]:
    """Writes each form of the model, its signature, and `version.json` with its verdicts. Files of these
    names are replaced. Raises NotFound, Tampered, and BadProject where the folder cannot be written."""
    version = version_of(opened, name)
    # All is read and checked before anything is written.
    found = {
        file: opened.context.get(version.parts[part]) for part, file in FILES.items() if part in version.parts
    }
    found["version.json"] = encode(as_json(version))
    try:
        if folder.exists() and not folder.is_dir():
            raise BadProject(f"{folder}: found a file, expected a folder to write the model into.")
        folder.mkdir(parents=True, exist_ok=True)
        for file, data in found.items():
            (folder / file).write_bytes(data)
    except OSError as fault:
        why = fault.strerror or type(fault).__name__
        raise BadProject(f"{folder} cannot be written: {why}. Name another folder.") from fault
    return version, tuple(folder / file for file in found)
