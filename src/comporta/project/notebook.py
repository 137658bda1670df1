"""A project declared in a notebook, as a project file that fresh processes can import.

The cells that declare it are written into a file beside the notebook (`cells`), and what runs is that file:
workers import it, recipes name it (`churn_notebook.py:fit`), it is kept as the source of each version, and
the command line takes it (`--project churn_notebook.py`).
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import msgspec

from comporta.errors import BadProject
from comporta.project.cells import ExecutedCell, kept_statements, text_of
from comporta.project.load import load_project
from comporta.project.project import ProjectDeclaration

MARK = "Written by Comporta from the cells of a notebook"
"""How the docstring of such a file begins. No other file is written over."""


def project_in_file(project: ProjectDeclaration) -> ProjectDeclaration:
    """The same project as a file declares it, where cells declare it; else the project itself.

    Raises BadProject where a cell declares what no file can hold, where the file would make another project
    than the notebook holds, and where it cannot be written.
    """
    main = sys.modules.get("__main__")
    shell = _shell()
    if shell is None or main is None or not _is_of_cells(project, main):
        return project
    # `_` and `_7` are what cells showed.
    names = [name for name, value in list(vars(main).items()) if value is project and name[0] != "_"]
    if not names:
        raise BadProject(
            "found a project without a name in this notebook, expected e.g. `project = Project(…)` in a cell."
        )
    cells = [ExecutedCell(at, text) for at, text in enumerate(shell.history_manager.input_hist_parsed)]
    statements = kept_statements(cells, names[0], _has)
    text = text_of(statements, f"{MARK}: edit the cells, not this file.")
    if names[0] != "project":
        text += f"\nproject = {names[0]}\n"
    file = (project.root or Path.cwd()).resolve() / _file_name(project.name)
    _write(file, text)
    made = load_project(file)
    _require_same(project, made, main, sys.modules[file.stem])
    return made


def _shell() -> Any:
    """IPython's shell in this process, or None."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell if hasattr(shell, "history_manager") else None


def _is_of_cells(project: ProjectDeclaration, main: ModuleType) -> bool:
    """Whether some function or class that it declares is one of a cell."""
    return any(getattr(each, "__module__", "") == main.__name__ for each in _callables(project, set()))


def _callables(value: Any, seen: set[int]) -> Iterator[Any]:
    """Every function and class that a declaration holds; of an object that is none of ours, its class."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, msgspec.Struct):
        yield type(value)
        for field in value.__struct_fields__:
            yield from _callables(getattr(value, field), seen)
    elif isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from _callables(each, seen)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _callables(each, seen)
    elif callable(value):
        yield value
        yield from _callables(getattr(value, "func", ()), seen)  # of a partial
    elif type(value).__module__ == "__main__":
        yield type(value)


def _file_name(project: str) -> str:
    """`churn_notebook.py`"""
    return f"{re.sub(r'[^0-9A-Za-z]+', '_', str(project)).strip('_').lower() or 'project'}_notebook.py"


def _has(module: str, name: str) -> bool:
    return hasattr(sys.modules.get(module), name)


def _write(file: Path, text: str) -> None:
    """The file with this text, whole. One that says the same stays as it is. Raises BadProject."""
    try:
        known = file.read_text(encoding="utf-8") if file.exists() else None
        if known == text:
            return
        if known is not None and not known.startswith(f'"""{MARK}'):
            raise BadProject(
                f"{file}: found a file that Comporta did not write, expected none of that name: the cells of "
                "this project are kept there. Rename the file, or the project."
            )
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise BadProject(
            f"{file} cannot be written: {why}. The cells of this project are kept there: run the notebook in "
            "a folder where you may write."
        ) from error


def _require_same(
    live: ProjectDeclaration, made: ProjectDeclaration, main: ModuleType, file: ModuleType
) -> None:
    """Raises BadProject where the notebook holds another project, or another function, than its cells make:
    a cell was run again that others depend on, or ran halfway."""
    found = next(_differences(live, made, "project"), None)
    if found is None:
        for name, value in vars(file).items():
            here = vars(main).get(name)
            if isinstance(value, FunctionType) and isinstance(here, FunctionType) and not _same(here, value):
                found = name
    if found is not None:
        raise BadProject(
            f"{found}: found another value in this notebook than its cells make when they run once, in their "
            f"order ({Path(file.__file__ or '').name}). Run the cells again that declare it, or restart and "
            "run all."
        )


def _differences(live: Any, made: Any, where: str) -> Iterator[str]:
    """Where two declarations differ. Functions are compared by their text; what cannot be compared is
    taken as equal."""
    if isinstance(live, FunctionType) and isinstance(made, FunctionType):
        if not _same(live, made):
            yield where
    elif type(live).__qualname__ != type(made).__qualname__:
        yield where
    elif isinstance(live, msgspec.Struct):
        for field in live.__struct_fields__:
            if field != "root":
                yield from _differences(getattr(live, field), getattr(made, field), _name(live, field, where))
    elif isinstance(live, tuple | list):
        if len(live) != len(made):
            yield where
        for at, (one, other) in enumerate(zip(live, made, strict=False)):
            yield from _differences(one, other, f"{where}[{at}]")
    elif isinstance(live, dict):
        if live.keys() != made.keys():
            yield where
        for key in live.keys() & made.keys():
            yield from _differences(live[key], made[key], f"{where}[{key!r}]")
    elif isinstance(live, str | bytes | int | float | bool | Path) and live != made and live == live:
        yield where


def _name(record: msgspec.Struct, field: str, where: str) -> str:
    """`Model 'late': params`"""
    name = getattr(record, "name", None)
    return f"{type(record).__name__} {name!r}: {field}" if isinstance(name, str) else f"{where}.{field}"


def _same(one: FunctionType, other: FunctionType) -> bool:
    """Whether two functions say the same. Not by their bytecode: that is another where the same text stands
    in a file. One whose text is not known is taken as the same."""
    return None in (forms := {_form(one), _form(other)}) or len(forms) == 1


def _form(function: FunctionType) -> str | None:
    try:
        return ast.dump(ast.parse(textwrap.dedent(inspect.getsource(function))))
    except (OSError, TypeError, SyntaxError):
        return None
