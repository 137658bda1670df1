"""From a path to the project it declares: found, imported from its root, and its mistakes said plainly."""

from __future__ import annotations

import ast
import sys
import threading
import traceback
from pathlib import Path
from types import ModuleType

import msgspec

from comporta.errors import BadProject, ComportaError
from comporta.project.locate import argument_faults
from comporta.project.project import ProjectDeclaration
from comporta.project.settings import FILE as SETTINGS
from comporta.project.sources import (
    counts_by_content,
    digest_at_import,
    enter_project,
    run_module,
    text_digest,
)
from comporta.records.extras import install_advice

FILE = "project.py"
_BEFORE_ROOT = ProjectDeclaration.__struct_fields__.index("root")

# What the last load brought in: dropped before another, so that an edit is seen and two projects in one
# process do not share a sibling module of the same name.
_brought: set[str] = set()


def find_project_file(path: Path | None = None) -> Path:
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


def load_project(path: Path) -> ProjectDeclaration:
    """The project that the file at `path` ends in, with its `root` filled in.

    The file is imported under its own name (`project` for `project.py`) with its folder first on `sys.path`,
    so that modules beside it can be imported; again only if it or one of them was edited since.
    Raises BadProject with file and line.
    """
    file = path.resolve()
    module = _import(file)
    project = _project_of_module(module, file)
    return msgspec.structs.replace(project, root=(project.root or file.parent).resolve())


def declared_root(file: Path) -> Path | None:
    """The root of the project in this file as far as its text tells it without being run; None: run it.

    Told where one statement says `project = Project(...)` and gives it no root.
    """
    call = _declaring_call(file)
    if call is None or len(call.args) > _BEFORE_ROOT or any(each.arg == "root" for each in call.keywords):
        return None
    return file.resolve().parent


_parsing = threading.Lock()


def leaves_out(file: Path, *fields: str) -> bool:
    """Whether the project in this file gives none of these fields, as far as its text tells it without being
    run; False too where it does not tell."""
    call = _declaring_call(file)
    first = min(ProjectDeclaration.__struct_fields__.index(each) for each in fields)
    return (
        call is not None and len(call.args) <= first and all(each.arg not in fields for each in call.keywords)
    )


def _declaring_call(file: Path) -> ast.Call | None:
    """`Project(...)` of the one statement `project = Project(...)`, its arguments all written out; None: the
    file must be run to know."""
    try:
        with _parsing:
            tree = ast.parse(file.read_bytes())
    # A SystemError too: Python 3.11 may lose count of its depth while another thread parses (gh-106905).
    except (SyntaxError, ValueError, OSError, SystemError):
        return None  # running it says what is wrong
    named = [each for each in ast.walk(tree) if isinstance(each, ast.Name) and each.id == "project"]
    bound = [each for each in named if isinstance(each.ctx, ast.Store)]
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and bound == statement.targets:
            call = statement.value
            if not isinstance(call, ast.Call) or ast.unparse(call.func).rpartition(".")[2] != "Project":
                continue
            plain = not any(isinstance(each, ast.Starred) for each in call.args)
            if plain and all(each.arg is not None for each in call.keywords):
                return call
    return None


def _import(file: Path) -> ModuleType:
    name = file.stem
    if file.suffix != ".py":
        raise BadProject(f"{file.name}: found no Python file, expected one ending in .py.")
    if not name.isidentifier() or name in sys.stdlib_module_names:
        raise BadProject(f"{file.name}: found a name that cannot be imported. Rename it, e.g. {FILE}")
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(file) and not _has_changed():
        return known
    for old in _brought:
        sys.modules.pop(old, None)
    _brought.clear()
    enter_project(file.parent)
    before = set(sys.modules)
    try:
        return run_module(name, file)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # the boundary to a user's file: whatever it raises, SystemExit included
        raise BadProject(_error_lines(error, file)) from error
    finally:
        _brought.update(each for each in set(sys.modules) - before | {name} if _below(each, file.parent))


def _has_changed() -> bool:
    """Whether any file that the last load brought in has another text now than the one that was run."""
    for name in _brought:
        path = getattr(sys.modules.get(name), "__file__", None)
        try:
            if path is None or digest_at_import(path) != text_digest(Path(path).read_bytes()):
                return True
        except OSError:
            return True
    return not _brought


def _below(name: str, root: Path) -> bool:
    """Whether this module is one of the project's own files, not something installed below its folder."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is not None and Path(file).is_relative_to(root) and counts_by_content(file)


def _project_of_module(module: ModuleType, file: Path) -> ProjectDeclaration:
    """The value `project`, or the only Project there is."""
    value = getattr(module, "project", None)
    if isinstance(value, ProjectDeclaration):
        return value
    found = [(name, each) for name, each in vars(module).items() if isinstance(each, ProjectDeclaration)]
    if len(found) == 1:
        return found[0][1]
    names = ", ".join(name for name, _ in found) or "none"
    raise BadProject(
        f"{file.name}: found {names}, expected one value `project = Project(...)`. Add it at the file's end."
    )


def _error_lines(error: BaseException, file: Path) -> str:
    """One line a place: the file, the line, what Python said, what to do."""
    if isinstance(error, SyntaxError):
        where = Path(error.filename).name if error.filename else file.name
        return f"{where}:{error.lineno or 1}: {error.msg}. Correct it and try again."
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(file.parent) and counts_by_content(frame.filename)
    ]
    where = (
        f"{Path(frames[-1].filename).relative_to(file.parent)}:{frames[-1].lineno}" if frames else file.name
    )
    if isinstance(error, TypeError) and (faults := argument_faults(file)):
        return "\n".join(str(fault) for fault in faults)
    if isinstance(error, ComportaError):
        return f"{where}: {error}"
    said = f"{where}: {type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, ModuleNotFoundError):
        return f"{said}. {install_advice(error) or 'Install it, or correct the name.'}"
    return f"{said}. Correct it and try again."
