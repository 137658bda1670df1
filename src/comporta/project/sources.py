"""Python files that count by what is written in them, and an importer that runs exactly that text.

Python's own importer trusts compiled files by whole seconds and size, so it can run a text that is no longer
there. Where a recipe says which code ran, that must not happen: project files are compiled from their text,
and which text it was is remembered.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import re
import site
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from blake3 import blake3

_DECLARES = re.compile(r"^(?:(?:async +)?def|class) +(\w+)|^(\w+) *(?::[^=\n]*)?=(?!=)", re.M)
BESIDE = ".beside"
"""The folder of a kept source with what its code reaches outside of the project, by its module's name."""

_HOME = str(Path(__file__).parent.parent) + "/"
# Modules loaded before this one by Python's own importer are as old as this at most.
STARTED = time.time_ns()


@cache
def _installed_roots() -> tuple[str, ...]:
    paths = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += [*site.getsitepackages(), site.getusersitepackages()]
    return tuple({f"{Path(path)}/" for path in paths if path})


@cache
def counts_by_content(path: str) -> bool:
    """Whether this file counts by its content: a project's, an editable package's or Comporta's own; not
    the standard library's, nor an installed distribution's, which count by version."""
    if path.startswith(_HOME):
        return True
    if "/site-packages/" in path or "/dist-packages/" in path:
        return False
    return not path.startswith(_installed_roots())


def is_own_file(path: str) -> bool:
    """Whether this file is Comporta's."""
    return path.startswith(_HOME)


def names_of_own() -> Counter[str]:
    """Of each name that Comporta's files declare at their top, how many declare it."""
    return _names_below(_HOME)


@cache
def _names_below(folder: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for file in Path(folder).rglob("*.py"):
        found.update({one or other for one, other in _DECLARES.findall(file.read_text())})
    return found


_loaded: dict[str, str] = {}


def digest_at_import(path: str) -> str | None:
    """Digest of the text that was run when this file was imported here; None when that is not known."""
    return _loaded.get(path)


def text_digest(text: bytes) -> str:
    """Names a text, not a secret: it never leaves this machine's cache."""
    return blake3(text).hexdigest()


_importing: dict[str, Callable[..., Any]] = {}


def importing_below(folder: Path, importing: Callable[..., Any]) -> None:
    """From now on `import` means this in modules loaded from below the folder. importing: an `__import__`."""
    _importing[f"{folder}/"] = importing


class TextLoader(importlib.machinery.SourceFileLoader):
    """Compiles the text that stands in the file now."""

    def exec_module(self, module: ModuleType) -> None:
        for folder, importing in _importing.items():
            if self.path.startswith(folder):
                # Functions keep the builtins that they were declared with, so this holds at every call.
                module.__dict__["__builtins__"] = {**vars(builtins), "__import__": importing}
        super().exec_module(module)

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        text = self.get_data(path)
        _loaded[path] = text_digest(text)
        return self.source_to_code(text, path)


def run_module(name: str, path: Path) -> ModuleType:
    """The module of this name, in `sys.modules`, made by running the text that stands in the file now.

    Raises what the text raises; the module is then in `sys.modules` no longer.
    """
    loader = TextLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None, "a loader was given"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


class TextFinder(importlib.abc.MetaPathFinder):
    """Finds what the other finders find, and gives files that count to `TextLoader`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is self or (find := getattr(finder, "find_spec", None)) is None:
                continue
            spec = find(fullname, path, target)
            if spec is None:
                continue
            _require_kept(fullname, spec.origin)
            if (
                type(spec.loader) is importlib.machinery.SourceFileLoader
                and spec.origin is not None
                and counts_by_content(spec.origin)
                and not is_own_file(spec.origin)
            ):
                spec.loader = TextLoader(fullname, spec.origin)
            return spec  # type: ignore[no-any-return]
        return None


def _require_kept(name: str, file: str | None) -> None:
    """Raises ModuleNotFoundError for a live file while a kept source is being imported."""
    if file is None or not file.startswith("/") or not counts_by_content(file) or is_own_file(file):
        return
    here = sys.path[0] if sys.path else ""
    if is_kept_alone(Path(here)) and not file.startswith(f"{here}/"):
        raise ModuleNotFoundError(
            f"{name} is not in the source that was kept with this version, only in {file}, which may have "
            "changed since. Build the version again: comporta run",
            name=name,
        )


def is_kept_alone(root: Path) -> bool:
    """Whether this folder is a kept source that holds all that its code reaches."""
    return (root / BESIDE).is_dir()


_finder = TextFinder()


def install_finder() -> None:
    """From now on, files that count are imported from their text."""
    if sys.meta_path[:1] != [_finder]:
        if _finder in sys.meta_path:
            sys.meta_path.remove(_finder)
        sys.meta_path.insert(0, _finder)


_entered: list[str] = []


def enter_project(root: Path) -> None:
    """Modules below `root` can be imported by their name, and those of another root no longer stand in
    their way."""
    install_finder()
    here = str(root)
    folders = [here, str(root / BESIDE)] if is_kept_alone(root) else [here]
    if sys.path[: len(folders)] != folders:
        sys.path[:] = [*folders, *(path for path in sys.path if path not in folders)]
    if _entered == [here]:
        return
    # A kept source stands for the live files of the same names, so nothing of it may stay behind.
    left = tuple(f"{each}/" for each in _entered if is_kept_alone(Path(each)))
    sys.path[:] = [path for path in sys.path if path in folders or not f"{path}/".startswith(left)]
    _entered[:] = [here]
    importlib.invalidate_caches()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or name == "__main__" or not counts_by_content(file):
            continue
        if is_own_file(file):  # hundreds, which no project stands for: to look for each took 0.1 s
            continue
        # What is left lies below a project's folder, so it is looked for before what is entered.
        if file.startswith(left) or (not file.startswith(f"{here}/") and _has(folders, name)):
            del sys.modules[name]


def _has(folders: Sequence[str], name: str) -> bool:
    """Whether one of these folders has the module of this name."""
    mine = [Path(folder).joinpath(*name.split(".")) for folder in folders]
    return any(each.with_suffix(".py").exists() or (each / "__init__.py").exists() for each in mine)
