"""The project's source, kept with each version: what is served and reproduced is what was trained.

A snapshot is one JSON artifact, path → text, of the Python files below the project's root.
"""

from __future__ import annotations

import os
from pathlib import Path

from comporta.records import Artifact
from comporta.store import Desk

_LARGEST = 1_000_000
_PASSED_OVER = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env"})


def files(root: Path) -> dict[str, str]:
    """Relative path → text of the project's Python files, in order of path."""
    found: dict[str, str] = {}
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if name not in _PASSED_OVER and not name.startswith("."))
        if any((Path(folder) / name / "pyvenv.cfg").exists() for name in below):
            below[:] = [name for name in below if not (Path(folder) / name / "pyvenv.cfg").exists()]
        for name in sorted(names):
            path = Path(folder) / name
            if name.endswith(".py") and path.stat().st_size <= _LARGEST:
                found[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
    return found


def keep(desk: Desk, root: Path) -> Artifact:
    """The project's source as it stands."""
    return desk.put_json(files(root))


def lay_out(desk: Desk, snapshot: Artifact, below: Path) -> Path:
    """A folder holding that source, written once. Its files are checked against the snapshot each time."""
    sources = desk.get_json(snapshot, dict[str, str])
    folder = below / snapshot.digest[:32]
    for name, text in sources.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"source {name!r} lies outside its snapshot")
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder
