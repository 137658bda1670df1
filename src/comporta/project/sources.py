"""Python files that count by what is written in them, and an importer that runs exactly that text.

Python's own importer trusts compiled files by whole seconds and size, so it can run a text that is no longer
there. Where a recipe says which code ran, that must not happen: project files are compiled from their text,
and which text it was is remembered.
"""

from __future__ import annotations

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
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType

from blake3 import blake3

_DECLARES = re.compile(r"^(?:(?:async +)?def|class) +(\w+)|^(\w+) *(?::[^=\n]*)?=(?!=)", re.M)
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


class TextLoader(importlib.machinery.SourceFileLoader):
    """Compiles the text that stands in the file now."""

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
            if (
                type(spec.loader) is importlib.machinery.SourceFileLoader
                and spec.origin is not None
                and counts_by_content(spec.origin)
                and not is_own_file(spec.origin)
            ):
                spec.loader = TextLoader(fullname, spec.origin)
            return spec  # type: ignore[no-any-return]
        return None


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
    if sys.path[:1] != [here]:
        sys.path[:] = [here, *(path for path in sys.path if path != here)]
    if _entered == [here]:
        return
    _entered[:] = [here]
    importlib.invalidate_caches()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if (
            not isinstance(file, str)
            or name == "__main__"
            or file.startswith(f"{here}/")
            or not counts_by_content(file)
        ):
            continue
        mine = root.joinpath(*name.split("."))
        if mine.with_suffix(".py").exists() or (mine / "__init__.py").exists():
            del sys.modules[name]
