"""The project's source, stored with each version: what is served and reproduced is what was trained.

A snapshot is one JSON artifact, path → text: the Python files below the project's root, and below `.beside`
each file elsewhere that the version's code reaches, by its module's name. A version is loaded from its
snapshot alone (`isolated`).
"""

from __future__ import annotations

import importlib.util
import io
import os
import re
import tokenize
from collections.abc import Mapping
from pathlib import Path

from comporta.project.sources import BESIDE
from comporta.records import Artifact
from comporta.store import StepContext

_LARGEST = 1_000_000
_IGNORED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env"})
_IMPORTED = frozenset({".py", ".so", ".pyd"})
_ENCODING = re.compile(r"^([ \t\f]*#.*?coding[:=][ \t]*)[-\w.]+")
_KEPT_ALONE = f"{BESIDE}/README"
"""Marks a snapshot that holds all that its code reaches: older ones lack what lies elsewhere."""


def files(root: Path, reached: Mapping[str, str]) -> dict[str, str]:
    """Relative path → text. Below the root all Python files but those that are large, unreadable, or in a
    folder of built or installed things; of `reached` (module → file) every one, wherever it lies."""
    found = {path: text for path in _below(root) if (text := _text(root / path, _LARGEST)) is not None}
    for module, file in reached.items():
        path = Path(file)
        text = _text(path)
        if text is not None:
            found[_place(module, path, root)] = text
    return dict(sorted(found.items()))


def keep(context: StepContext, root: Path, reached: Mapping[str, str]) -> Artifact:
    """Stores the project's source as it is now. reached: module → file, of all that its code reaches."""
    about = "What this version's code reaches outside of the project's folder.\n"
    return context.put_json({**files(root, reached), _KEPT_ALONE: about})


def lay_out(context: StepContext, snapshot: Artifact, below: Path) -> Path:
    """A folder holding that source and nothing else, written once. Its files are checked against the snapshot
    each time, and what was put beside them is removed: it would be imported."""
    sources = context.get_json(snapshot, dict[str, str])
    folder = below / snapshot.digest[:32]
    for name, text in sources.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"source {name!r} lies outside its snapshot")
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in folder.rglob("*"):
        if path.suffix in _IMPORTED and path.relative_to(folder).as_posix() not in sources:
            path.unlink(missing_ok=True)
    return folder


def _below(root: Path) -> list[str]:
    """The Python files below the root, in order of path."""
    found = []
    for folder, below, names in os.walk(root):
        below[:] = sorted(
            name
            for name in below
            if name not in _IGNORED
            and not name.startswith(".")
            and not (Path(folder) / name / "pyvenv.cfg").exists()
        )
        found += [
            (Path(folder) / name).relative_to(root).as_posix() for name in names if name.endswith(".py")
        ]
    return sorted(found)


def _place(module: str, file: Path, root: Path) -> str:
    """Where a reached file goes: where it is imported from, below the root if it lies there."""
    name = module.replace(".", "/")
    path = (
        f"{name}/__init__.py"
        if file.name == "__init__.py" and file.parent.name == name.rpartition("/")[2]
        else f"{name}.py"
    )
    # What lies below the root and is imported through another folder, such as `src`, goes by its name too.
    return path if file == root / path else f"{BESIDE}/{path}"


def _text(path: Path, largest: int | None = None) -> str | None:
    """None: it is too large, no Python text, or gone. What it says of its encoding is of UTF-8 then, in which
    it is kept."""
    try:
        if path.suffix != ".py" or (largest is not None and path.stat().st_size > largest):
            return None
        data = path.read_bytes()
        encoding, first = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = importlib.util.decode_source(data)
    except (OSError, UnicodeDecodeError, SyntaxError):
        return None
    if encoding.startswith("utf-8"):
        return text
    head = text.split("\n", len(first))
    head[: len(first)] = [_ENCODING.sub(r"\1utf-8", line) for line in head[: len(first)]]
    return "\n".join(head)
