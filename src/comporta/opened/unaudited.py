"""What no audit hook sees: libraries that open files without Python, and who started a thread."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import FrameType, ModuleType
from typing import Any

Require = Callable[[str, FrameType], None]
"""Called with a path that a reader is given, and the frame of who gives it. May raise."""

READERS: dict[str, str] = {
    "polars": r"(read|scan)_(?!database|clipboard).*",
    "pyarrow": "memory_map|input_stream",
    "pyarrow.csv": "(read|open)_csv",
    "pyarrow.dataset": "dataset|parquet_dataset",
    "pyarrow.feather": "read_feather|read_table",
    "pyarrow.json": "(read|open)_json",
    "pyarrow.orc": r"read_table|ORCFile\.__init__",
    "pyarrow.parquet": r"read_(table|pandas|metadata|schema)|(ParquetFile|ParquetDataset)\.__init__",
    "h5py": r"File\.__init__",
    "onnxruntime": r"InferenceSession\.__init__",
    "tables": "open_file",
    "xgboost": r"(Booster|XGBModel)\.load_model",
}
"""Module → which of its functions, and methods of its classes, open a file of that name by themselves."""
_METHODS = ("__init__", "load_model")
_PATTERN = re.compile(r"[*?\[]")


def report_starts(report: Callable[[threading.Thread, FrameType], None]) -> None:
    """From now on this is called with each thread before it starts, and the frame of who starts it."""
    start = threading.Thread.start

    @wraps(start)
    def start_reporting(self: threading.Thread) -> None:
        report(self, sys._getframe(1))
        start(self)

    threading.Thread.start = start_reporting  # type: ignore[method-assign]


def guard_readers(require: Require) -> None:
    """From now on `READERS` ask first, those of modules that are imported later too."""
    import polars  # noqa: F401  what is imported here already would be found in the finder's way

    for name in READERS:
        if (module := sys.modules.get(name)) is not None:
            guard_module(module, name, require)
    sys.meta_path.insert(0, _Guarding(require))


def guard_module(module: ModuleType, name: str, require: Require) -> None:
    """Its readers ask first, in each module of the same package that offers them. name: of `READERS`."""
    wanted = re.compile(READERS[name])
    package = name.partition(".")[0]
    modules = [vars(each) for key, each in [*sys.modules.items()] if key.partition(".")[0] == package]
    for key, value in [*vars(module).items()]:
        if isinstance(value, type):
            for method in _METHODS:
                if wanted.fullmatch(f"{key}.{method}"):
                    setattr(value, method, _guard(getattr(value, method), require, 1))
        elif wanted.fullmatch(key) and callable(value):
            read_guarded = _guard(value, require, 0)
            for names in modules:
                if names.get(key) is value:
                    names[key] = read_guarded


class _Guarding(MetaPathFinder):
    """Finds the modules of `READERS` where they are, to guard them once they are imported."""

    def __init__(self, require: Require) -> None:
        self.require = require

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in READERS else None
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            guard_module(module, fullname, self.require)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _guard(reader: Callable[..., Any], require: Require, place: int) -> Callable[..., Any]:
    """The same reader, which asks first. place: of the path among its arguments."""

    @wraps(reader)
    def read_guarded(*arguments: Any, **named: Any) -> Any:
        given = arguments[place] if len(arguments) > place else next(iter(named.values()), None)
        for path in _paths(named.get("source", given)):
            require(path, sys._getframe(1))
        return reader(*arguments, **named)

    return read_guarded


def _paths(source: Any) -> Iterator[str]:
    """The files that a reader takes this for; of a pattern the folder in which it begins."""
    if isinstance(source, list | tuple):
        for each in source:
            yield from _paths(each)
    elif isinstance(source, str | os.PathLike):
        path = os.path.expanduser(os.fspath(source)).removeprefix("file://")  # noqa: PTH111
        if "://" not in path:
            fixed = _PATTERN.split(path, maxsplit=1)[0]
            yield path if fixed == path else fixed.rpartition("/")[0] or ("/" if path[0] == "/" else ".")
