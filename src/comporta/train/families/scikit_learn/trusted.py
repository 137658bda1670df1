"""skops, imported without all of scikit-learn.

skops trusts scikit-learn's public estimators and the functions of numpy and scipy (skops 0.16,
`skops/io/_trusted_types.py`). To name the former it imports every module of scikit-learn, and for each of the
latter it searches all modules: with both, opening a model takes a process half as long again. Here the
estimators that an archive names are looked up one by one (all are listed where somebody else asks), and the
modules are searched once.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_LEFT_OUT = frozenset({"tests", "externals", "setup", "conftest", "experimental", "estimator_checks"})
"""Parts of module names that `sklearn.utils.all_estimators` passes over."""
_IMPORTING = threading.Lock()
_here = threading.local()


class PublicEstimators(list[str]):
    """The names of scikit-learn's public estimators, as skops lists them, when they are first read; within
    `trusting` those that it was given."""

    def __init__(self, crawl: Callable[[], list[tuple[str, type]]]) -> None:
        super().__init__()
        self._crawl = crawl

    def __iter__(self) -> Iterator[str]:
        names: list[str] | None = getattr(_here, "names", None)
        if names is not None:
            return iter(names)
        if not len(self):
            every = [f"{each.__module__}.{each.__name__}" for _, each in self._crawl()]
            self[:] = [name for name in every if name.startswith("sklearn.")]
        return super().__iter__()

    def __add__(self, others: list[Any]) -> list[Any]:
        return [*self, *others]


def import_skops() -> Any:
    """`skops.io`."""
    with _IMPORTING:
        if "skops.io" not in sys.modules:
            _import()
    return sys.modules["skops.io"]


def _import() -> None:
    import sklearn.utils

    crawl, thread = sklearn.utils.all_estimators, threading.get_ident()
    search: Callable[[Any, str], str] | None = None

    def later(*given: Any, **named: Any) -> Any:
        """Called by skops while it is imported, before it asks where functions are declared."""
        nonlocal search
        if threading.get_ident() != thread:
            return crawl(*given, **named)
        naming = sys.modules["skops.io._utils"]
        search = naming.whichmodule
        naming.whichmodule = _declared_in(search)  # type: ignore[attr-defined]
        return []

    sklearn.utils.all_estimators = later
    try:
        importlib.import_module("skops.io")
    finally:
        sklearn.utils.all_estimators = crawl
        if search is not None:
            sys.modules["skops.io._utils"].whichmodule = search  # type: ignore[attr-defined]
    general = sys.modules["skops.io._general"]
    if getattr(general, "SKLEARN_ESTIMATOR_TYPE_NAMES", None) == []:
        general.SKLEARN_ESTIMATOR_TYPE_NAMES = PublicEstimators(crawl)  # type: ignore[attr-defined]
        return
    # Another skops, which has its list elsewhere: as it comes.
    for name in [each for each in sys.modules if each.partition(".")[0] == "skops"]:
        del sys.modules[name]
    importlib.import_module("skops.io")


def _declared_in(search: Callable[[Any, str], str]) -> Callable[[Any, str], str]:
    """The same as this search through all modules for the first that has a function, which skops makes four
    hundred times, with one look at each module."""
    import numpy as np

    first: dict[tuple[str, int], str] = {}
    for module_name, module in sys.modules.copy().items():
        if module_name not in ("__main__", "__mp_main__"):
            for name, each in list(getattr(module, "__dict__", {}).items()):
                if isinstance(each, np.ufunc):
                    first.setdefault((name, id(each)), module_name)

    def declared_in(function: Any, name: str) -> str:
        plain = getattr(function, "__module__", None) is None
        found = first.get((name, id(function))) if plain else None
        return search(function, name) if found is None else found

    return declared_in


@contextmanager
def trusting(estimators: list[str]) -> Iterator[None]:
    """Within, in this thread, these are the estimators of scikit-learn that skops trusts."""
    _here.names = estimators
    try:
        yield
    finally:
        _here.names = None


def public_estimators(archive: bytes) -> list[str]:
    """Of the classes that an archive names, scikit-learn's public estimators, sorted. Raises
    zipfile.BadZipFile, KeyError, ValueError where it cannot be read."""
    found = set[str]()

    def note(node: dict[str, Any]) -> None:
        found.add(f"{node.get('__module__')}.{node.get('__class__')}")

    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        json.loads(source.read("schema.json"), object_hook=note)
    return sorted(name for name in found if is_public_estimator(name))


def is_public_estimator(name: str) -> bool:
    """Whether `sklearn.utils.all_estimators` would find the class of this name: an estimator, not abstract,
    that a public module of scikit-learn offers. Imports its module."""
    module, _, last = name.rpartition(".")
    parts = module.split(".")
    if parts[0] != "sklearn" or last.startswith("_") or not _LEFT_OUT.isdisjoint(parts):
        return False
    try:
        importlib.import_module(module)
    except (ImportError, ValueError):
        return False
    from sklearn.base import BaseEstimator

    found = vars(sys.modules[module]).get(last)
    if not isinstance(found, type) or not issubclass(found, BaseEstimator) or found is BaseEstimator:
        return False
    above = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    offered = (vars(sys.modules[each]).get(last) for each in above if "._" not in each)
    return (
        found.__module__ == module
        and not getattr(found, "__abstractmethods__", None)
        and any(each is found for each in offered)
    )
