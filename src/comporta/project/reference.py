"""A function's name in a recipe, and the function of a name.

`project.py:fit` for what lies below the project's root, `package.module:fit` for the rest: the same text on
every machine, and enough for a fresh process to find the function again.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from comporta.errors import BadProject, ComportaError
from comporta.project.sources import counts_by_content, enter_project, is_own_file, run_module


def name_of(function: Callable[..., Any], root: Path) -> str:
    """Where this function is declared, for `resolve`. Raises BadProject for what has no name of its own."""
    root = root.resolve()
    found = _by_its_own_name(function) or _by_identity(function, root) or _by_its_code(function, root)
    if found is None:
        raise BadProject(_nameless(function))
    module, file, name = found
    below = file is not None and counts_by_content(file) and Path(file).is_relative_to(root)
    # Not where it is imported through another folder, such as `src`: there it has another name.
    if file is not None and below and module in ("__main__", module_name(Path(file), root)):
        return f"{Path(file).relative_to(root).as_posix()}:{name}"
    if module == "__main__":
        raise BadProject(_nameless(function))
    return f"{module}:{name}"


def resolve(ref: str, root: Path) -> Any:
    """The function of this name, imported if need be. Raises BadProject with file and line."""
    where, _, name = ref.partition(":")
    module = load_module(root / where, root) if where.endswith(".py") else _import(where, root)
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise BadProject(
                f"{where}: found no {name!r}, expected a function or class of that name. "
                "Declare it there, at the top of the file, or correct the reference."
            ) from None
    return found


def module_name(path: Path, root: Path) -> str:
    """How a file below the root is imported: `steps/fit.py` as `steps.fit`."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1:] == ["__init__"] and len(parts) > 1 else parts)


def load_module(path: Path, root: Path) -> ModuleType:
    """The module of a file below the root: the one imported already, or imported now from its text.

    Raises BadProject: no such file, or what it raised, with file and line.
    """
    root = Path(_real_path(str(root)))
    path = path.resolve()
    if not path.is_file():
        raise BadProject(f"{path}: found no such file. Restore it, or correct the reference.")
    name = module_name(path, root)
    main = sys.modules.get("__main__")
    if main is not None and _file(main) == str(path):
        return main
    known = sys.modules.get(name)
    if known is not None and _file(known) == str(path):
        return known
    enter_project(root)
    if all(part.isidentifier() for part in name.split(".")) and "." in name:
        module = _import(name, root)
        if _file(module) == str(path):
            return module
    try:
        return run_module(name, path)
    except Exception as error:  # the boundary to a user's file: whatever it raises
        raise _import_error(error, name, root) from error


def _import(name: str, root: Path) -> ModuleType:
    enter_project(root)
    try:
        return importlib.import_module(name)
    except Exception as error:  # the boundary to a user's file: whatever it raises
        raise _import_error(error, name, root) from error


def _import_error(error: Exception, name: str, root: Path) -> ComportaError:
    if isinstance(error, ComportaError):
        return error
    return BadProject(f"{name}: cannot be imported: {error_line(error, root)}")


def error_line(error: BaseException, root: Path) -> str:
    """`ValueError: message (features.py:12)`: what was raised, and the last line of the user's code."""
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    place = error_location(error, root)
    return f"{what} ({place})" if place else what


def error_location(error: BaseException, root: Path) -> str:
    """`file:line` of the innermost frame in a file that counts and is not Comporta's, or empty."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename, root)}:{error.lineno or 1}"
    places = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if file.startswith("<") or is_own_file(file) or not counts_by_content(file):
            continue
        places = f"{_short(file, root)}:{line}"
    return places


def _short(file: str, root: Path) -> str:
    path = Path(file)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file


def _file(module: ModuleType) -> str | None:
    file = getattr(module, "__file__", None)
    return _real_path(file) if isinstance(file, str) else None


@cache
def _real_path(file: str) -> str:
    """Where it was when it was first looked at: a module is of that text, whatever a link that led to it
    names by now."""
    return str(Path(file).resolve())


def _attribute(owner: Any, name: str) -> Any:
    for part in name.split("."):
        owner = getattr(owner, part, None)
    return owner


def _by_its_own_name(function: Callable[..., Any]) -> tuple[str, str | None, str] | None:
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    name = getattr(function, "__qualname__", "")
    if module is not None and name and "<" not in name and _attribute(module, name) is function:
        return module.__name__, _file(module), name
    return None


def _by_identity(function: Callable[..., Any], root: Path) -> tuple[str, str | None, str] | None:
    """A module of the project in which a global name stands for it: a partial, a decorated function."""
    for module_name, module in list(sys.modules.items()):
        file = _file(module) if isinstance(module, ModuleType) else None
        if file is None or not counts_by_content(file) or not Path(file).is_relative_to(root):
            continue
        for name, value in list(vars(module).items()):
            if value is function:
                return module_name, file, name
    return None


def _by_its_code(function: Callable[..., Any], root: Path) -> tuple[str, str | None, str] | None:
    """Its file, when its module is imported no longer: another project was loaded since."""
    code = getattr(function, "__code__", None)
    name, module = getattr(function, "__qualname__", "<"), getattr(function, "__module__", "") or ""
    file = getattr(code, "co_filename", "<")
    current = _file(sys.modules[module]) if module in sys.modules else None
    if "<" in name or file.startswith("<") or current == file or not Path(file).is_relative_to(root):
        return None
    return module, file, name


def _nameless(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", None) or repr(function)
    if getattr(function, "__module__", "") == "__main__" and "<" not in name:
        return (
            f"{name}: found it in a notebook or an interactive session, expected a function in a file. "
            "Move it into a .py file of the project and import it from there."
        )
    if "<lambda>" in name:
        kind = "a lambda"
    elif "<locals>" in name:
        kind = "a function made inside another function"
    else:
        kind = f"a {type(function).__name__} without a name of its own"
    return (
        f"{name}: found {kind}, expected a function that a fresh process can find by name. "
        "Declare it with `def` at the top of a project file."
    )
