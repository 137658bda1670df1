"""The project's source, stored with each version: what is served and reproduced is what was trained.

A snapshot is one JSON artifact, path → text, of the Python files below the project's root.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from comporta.project.reference import resolve
from comporta.records import Artifact
from comporta.store import StepContext

_alone = threading.Lock()
_LARGEST = 1_000_000
_IGNORED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env"})


def files(root: Path) -> dict[str, str]:
    """Relative path → text of the project's Python files, in order of path."""
    found: dict[str, str] = {}
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if name not in _IGNORED and not name.startswith("."))
        if any((Path(folder) / name / "pyvenv.cfg").exists() for name in below):
            below[:] = [name for name in below if not (Path(folder) / name / "pyvenv.cfg").exists()]
        for name in sorted(names):
            path = Path(folder) / name
            if name.endswith(".py") and path.stat().st_size <= _LARGEST:
                found[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
    return found


def keep(context: StepContext, root: Path) -> Artifact:
    """Stores the project's source as it is now."""
    return context.put_json(files(root))


def lay_out(context: StepContext, snapshot: Artifact, below: Path) -> Path:
    """A folder holding that source, written once. Its files are checked against the snapshot each time."""
    sources = context.get_json(snapshot, dict[str, str])
    folder = below / snapshot.digest[:32]
    for name, text in sources.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"source {name!r} lies outside its snapshot")
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder


def functions(root: Path, refs: tuple[str, ...]) -> tuple[Callable[..., Any], ...]:
    """The functions of a laid out source, apart from any other project in this process.

    What the source imports from its own folder is imported anew from there, and taken out of
    `sys.modules` afterwards: several versions of one project serve side by side.
    Raises BadProject when one is not there.
    """
    if not refs:
        return ()
    with _alone:
        before = {name: module for name, module in sys.modules.items() if _own(module, root)}
        names = {Path(path).with_suffix("").as_posix().replace("/", ".") for path in files(root)}
        hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name in names} | before
        sys.path.insert(0, str(root))
        importlib.invalidate_caches()
        try:
            return tuple(resolve(ref, root) for ref in refs)
        finally:
            sys.path[:] = [path for path in sys.path if path != str(root)]
            for name in [name for name, module in sys.modules.items() if _own(module, root)]:
                del sys.modules[name]
            sys.modules.update({name: module for name, module in hidden.items() if not _own(module, root)})


def _own(module: object, root: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).is_relative_to(root)
