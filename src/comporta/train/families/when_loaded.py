"""Changes to a library's modules, made when they are loaded: a training function may be the first to import
one, and it takes a second, which no other model should cost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

Teach = Callable[[Any], None]
"""Called with the module, maybe more than once."""


def when_loaded(name: str, teach: Teach) -> None:
    """The module is taught now if it is loaded in this process, else once it is."""
    if (module := sys.modules.get(name)) is not None:
        teach(module)
    elif not any(isinstance(each, _WhenLoaded) and each.name == name for each in sys.meta_path):
        sys.meta_path.insert(0, _WhenLoaded(name, teach))


class _WhenLoaded(MetaPathFinder):
    """Finds one module where it is."""

    def __init__(self, name: str, teach: Teach) -> None:
        self.name, self._teach = name, teach

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname == self.name else None
        if spec is None or spec.loader is None:
            return None
        loader: Any = spec.loader
        load = loader.exec_module

        def load_and_teach(module: Any) -> None:
            load(module)
            self._teach(module)

        loader.exec_module = load_and_teach
        return spec
