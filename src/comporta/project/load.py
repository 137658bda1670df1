"""From a path to the project it declares: found, imported from its root, and its mistakes said plainly."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

import msgspec

from comporta.errors import BadProject, ComportaError
from comporta.project.locate import misspelt
from comporta.project.project import Project
from comporta.project.settings import FILE as SETTINGS
from comporta.project.sources import TextLoader, counts, enter, loaded, text_digest

FILE = "project.py"

# What the last load brought in: dropped before another, so that an edit is seen and two projects in one
# process do not share a sibling module of the same name.
_brought: set[str] = set()


def find(path: Path | None = None) -> Path:
    """The project file: `path` itself, the one in the folder `path`, or the nearest above the current folder.

    Raises BadProject when there is none.
    """
    if path is not None:
        here = path.expanduser().resolve()
        file = here / FILE if here.is_dir() else here
        if not file.is_file():
            raise BadProject(f"{path}: found no {file.name} there. Make a project: comporta init NAME")
        return file
    start = Path.cwd().resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder / FILE
        if (folder / SETTINGS).is_file():
            raise BadProject(
                f"{folder}: found {SETTINGS} but no {FILE} beside it. "
                f"Add one, or name the project's file: comporta COMMAND --project FILE"
            )
    raise BadProject(
        f"found no {FILE} in {start} or above. Go to a project's folder, name it with --project, "
        "or make one: comporta init NAME"
    )


def load(path: Path) -> Project:
    """The project that the file at `path` ends in, with its `root` filled in.

    The file is imported under its own name (`project` for `project.py`) with its folder first on `sys.path`,
    so that modules beside it can be imported; again only if it or one of them was edited since.
    Raises BadProject with file and line.
    """
    file = path.resolve()
    module = _import(file)
    project = _declared(module, file)
    return msgspec.structs.replace(project, root=(project.root or file.parent).resolve())


def _import(file: Path) -> ModuleType:
    name = file.stem
    if file.suffix != ".py":
        raise BadProject(f"{file.name}: found no Python file, expected one ending in .py.")
    if not name.isidentifier() or name in sys.stdlib_module_names:
        raise BadProject(f"{file.name}: found a name that cannot be imported. Rename it, e.g. {FILE}")
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(file) and not _edited():
        return known
    for old in _brought:
        sys.modules.pop(old, None)
    _brought.clear()
    enter(file.parent)
    loader = TextLoader(name, str(file))
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    assert spec is not None, "a loader was given"
    module = importlib.util.module_from_spec(spec)
    before = set(sys.modules)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # the boundary to a user's file: whatever it raises, SystemExit included
        sys.modules.pop(name, None)
        raise BadProject(_said(error, file)) from error
    finally:
        _brought.update(each for each in set(sys.modules) - before | {name} if _below(each, file.parent))
    return module


def _edited() -> bool:
    """Whether any file that the last load brought in has another text now than the one that was run."""
    for name in _brought:
        path = getattr(sys.modules.get(name), "__file__", None)
        try:
            if path is None or loaded(path) != text_digest(Path(path).read_bytes()):
                return True
        except OSError:
            return True
    return not _brought


def _below(name: str, root: Path) -> bool:
    """Whether this module is one of the project's own files, not something installed below its folder."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is not None and Path(file).is_relative_to(root) and counts(file)


def _declared(module: ModuleType, file: Path) -> Project:
    """The value `project`, or the only Project there is."""
    value = getattr(module, "project", None)
    if isinstance(value, Project):
        return value
    found = [(name, each) for name, each in vars(module).items() if isinstance(each, Project)]
    if len(found) == 1:
        return found[0][1]
    names = ", ".join(name for name, _ in found) or "none"
    raise BadProject(
        f"{file.name}: found {names}, expected one value `project = Project(...)`. Add it at the file's end."
    )


def _said(error: BaseException, file: Path) -> str:
    """One line a place: the file, the line, what Python said, what to do."""
    if isinstance(error, SyntaxError):
        where = Path(error.filename).name if error.filename else file.name
        return f"{where}:{error.lineno or 1}: {error.msg}. Correct it and try again."
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(file.parent) and counts(frame.filename)
    ]
    where = (
        f"{Path(frames[-1].filename).relative_to(file.parent)}:{frames[-1].lineno}" if frames else file.name
    )
    if isinstance(error, TypeError) and (faults := misspelt(file)):
        return "\n".join(str(fault) for fault in faults)
    if isinstance(error, ComportaError):
        return f"{where}: {error}"
    said = f"{where}: {type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, ModuleNotFoundError):
        return f"{said}. Install it, or correct the name."
    return f"{said}. Correct it and try again."
