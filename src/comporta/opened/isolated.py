"""A laid out source imported apart from all else in the process: several versions side by side.

Its modules are in `sys.modules` only while something is imported. What they import, also later from inside a
function, comes from the same folder, from an installed distribution or from the standard library; the working
project, and what else counts by its content, is refused: it may be edited, and a version answers as it did.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from comporta.opened.live_files import LiveFolder, refuse_live_code, refuse_live_data
from comporta.project.reference import resolve
from comporta.project.sources import (
    BESIDE,
    counts_by_content,
    importing_below,
    install_finder,
    is_kept_alone,
    is_own_file,
)

_one_at_a_time = threading.RLock()


class IsolatedSource:
    """The modules of one laid out folder. live: the project's folder, whose files they may not read."""

    def __init__(self, root: Path, live: LiveFolder | None = None) -> None:
        self.root = root.resolve()
        self._modules: dict[str, ModuleType] = {}
        self._tops = {
            path.stem if path.suffix == ".py" else path.name
            for folder in (self.root, self.root / BESIDE)
            if folder.is_dir()
            for path in folder.iterdir()
            if path.suffix == ".py" or path.is_dir()
        }
        self._installed: set[str] = set()
        self._alone = is_kept_alone(self.root)
        self._entered = False
        self._importlib = _ImportlibInside(self._import_by_name)
        importing_below(self.root, self._import)
        if self._alone:
            refuse_live_code(self.root)
            if live is not None:
                refuse_live_data(self.root, live)

    def functions(self, refs: Sequence[str]) -> tuple[Callable[..., Any], ...]:
        """The functions of these references. Raises BadProject when one is not there."""
        if not refs:
            return ()
        with self.enter():
            return tuple(resolve(ref, self.root) for ref in refs)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Imports find this source's modules, and no live project's."""
        with _one_at_a_time:
            if self._entered:
                yield
                return
            hidden = {name: module for name, module in list(sys.modules.items()) if self._hides(name, module)}
            for name in hidden:
                del sys.modules[name]
            sys.modules.update(self._modules)
            before = dict(sys.modules)
            install_finder()
            path = list(sys.path)
            sys.path[:0] = [str(self.root), str(self.root / BESIDE)]
            importlib.invalidate_caches()
            self._entered = True
            try:
                yield
            finally:
                self._entered = False
                sys.path[:] = path
                # What stood there before is another's: a thousand modules need not be looked at each time.
                came = {
                    name: each
                    for name, each in list(sys.modules.items())
                    if before.get(name) is not each or name in self._modules
                }
                self._modules = {name: each for name, each in came.items() if self._mine(each)}
                for name in self._modules:
                    del sys.modules[name]
                sys.modules.update(hidden)

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        """What `import` means in this source's modules."""
        if level == 0 and self._is_installed(name.partition(".")[0]):
            found = builtins.__import__(name, globals, locals, fromlist or (), level)
            # What is imported by a name that is given at run time is this source's too.
            return self._importlib if found is importlib else found
        if not self._entered and (known := self._module_of(name, globals, fromlist or (), level)) is not None:
            return known
        with self.enter():
            return builtins.__import__(name, globals, locals, fromlist or (), level)

    def _import_by_name(self, name: str, package: str | None = None) -> ModuleType:
        """`importlib.import_module`, as it is in this source's modules."""
        full = importlib.util.resolve_name(name, package) if name.startswith(".") else name
        found: ModuleType = self._import(full, fromlist=("__name__",))
        return found

    def _module_of(
        self, name: str, globals: Mapping[str, Any] | None, fromlist: Sequence[str], level: int
    ) -> ModuleType | None:
        """The module, where it was imported before: an import inside a function is asked at each call."""
        package = (globals or {}).get("__package__") or ""
        full = importlib.util.resolve_name("." * level + name, package) if level else name
        module = self._modules.get(full)
        if module is None:
            return None
        if fromlist:
            return module if all(hasattr(module, each) for each in fromlist) else None
        return self._modules.get(full.partition(".")[0]) if level == 0 else None

    def _is_installed(self, top: str) -> bool:
        """Whether this top-level name is of the standard library or an installed distribution."""
        if top in self._installed:
            return True
        if top in self._tops:
            return False
        if top not in sys.stdlib_module_names and top != "comporta":
            module = sys.modules.get(top)
            try:
                spec = module.__spec__ if module is not None else importlib.util.find_spec(top)
            except (ImportError, ValueError, AttributeError):
                return False
            if spec is None or _is_live(spec.origin, spec.submodule_search_locations):
                return False
        self._installed.add(top)
        return True

    def _hides(self, name: str, module: object) -> bool:
        if name == "__main__":
            return False
        if name.partition(".")[0] in self._tops:
            return True
        return self._alone and _is_live(getattr(module, "__file__", None), _folders_of(module))

    def _mine(self, module: object) -> bool:
        places = [getattr(module, "__file__", None), *_folders_of(module)]
        return any(isinstance(each, str) and Path(each).is_relative_to(self.root) for each in places)


class _ImportlibInside(ModuleType):
    """The module `importlib`, but for `import_module`."""

    def __init__(self, import_module: Callable[..., ModuleType]) -> None:
        super().__init__("importlib", importlib.__doc__)
        self.import_module = import_module

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib, name)


def _folders_of(module: object) -> Iterable[Any]:
    """Where a package's modules lie; nothing of what stands among modules and has an answer for every name,
    as `torch.classes` does."""
    folders = getattr(module, "__dict__", {}).get("__path__")
    return folders if isinstance(folders, Iterable) else ()


def _is_live(file: str | None, folders: Any) -> bool:
    """Whether a module counts by its content and is not Comporta's: a project's, or an editable package's."""
    where = file if isinstance(file, str) else next((f"{each}/" for each in folders or ()), None)
    return where is not None and where.startswith("/") and counts_by_content(where) and not is_own_file(where)
