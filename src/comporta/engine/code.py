"""The digest of all the code a step reaches: what a recipe means by `code`.

From the step's function the walk follows every name it mentions to the statement that declares it, through
imports, files and packages installed in editable mode, as far as files whose content counts go; what lies
beyond is named as a distribution and counts by version (`environment`). A constant counts by its source and,
where the value is not plain from the text, by its value.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from comporta.engine.former import former
from comporta.engine.graph import Graph
from comporta.engine.modules import Modules, Place
from comporta.engine.values import stable
from comporta.engine.walk import Reach, nodes, own_digest, walk
from comporta.errors import BadProject
from comporta.project.reference import load_module, resolve
from comporta.project.sources import STARTED, digest_at_import, is_own_file


def edited_error(file: str) -> BadProject:
    """The error for a file whose text is another than the one that this process imported."""
    return BadProject(
        f"{file}: found it edited since it was imported, expected the text that runs here. "
        "Start again, so that it is imported anew."
    )


class CodeDigests:
    """The digests of one root's functions, remembered until a file changes.

    `refresh()` looks at the disk; between two of them every digest is of the same state.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.modules = Modules(self.root)
        self._graph = Graph(self.modules, self.value)
        self._reaches: dict[tuple[str, ...], Reach] = {}
        self._own: dict[tuple[str, ...], str] = {}
        self._fresh_values: dict[str, str] = {}
        self._values: dict[tuple[str, str], tuple[Any, tuple[str, tuple[str, ...]] | None]] = {}

    def refresh(self) -> None:
        """Forgets what is no longer so."""
        if self.modules.refresh():
            self._graph.forget()
            self._reaches.clear()
            self._own.clear()
            self._fresh_values.clear()

    def of(self, refs: Iterable[str]) -> Reach:
        """What these functions reach, in this order: the first may be handed the others. Raises BadProject:
        a missing file, a syntax error."""
        key = tuple(refs)
        known = self._reaches.get(key)
        if known is None:
            known = self._reaches[key] = walk(self._graph, key)
        return known

    def own(self, refs: Iterable[str]) -> str:
        """The digest of the project's own code that these functions reach: what Comporta's does is not in it.
        Raises BadProject."""
        key = tuple(refs)
        if key not in self._own:
            self._own[key] = own_digest(self._graph, key)
        return self._own[key]

    def statements(self, refs: Iterable[str]) -> set[tuple[str, int]]:
        """Those that these functions reach: the file, and its place among the statements there."""
        found = nodes(self._graph, refs)
        return {
            (node.file, int(key[2]))
            for key, node in found
            if key is not None and key[0] == "statement" and node.file is not None
        }

    def own_modules(self, refs: Iterable[str]) -> dict[str, str]:
        """Module → file, of what these functions reach, with their packages; Comporta's left out."""
        files = {file for file in self.of(refs).files if not is_own_file(file)}
        found: dict[str, str] = {}
        for place in self._graph.places():
            if place.file in files:
                found[place.name] = str(place.file)
                parents = place.name.split(".")[:-1]
                for depth in range(1, len(parents) + 1):
                    above = self.modules.find(".".join(parents[:depth]))
                    if above is not None and above.file is not None:
                        found[above.name] = above.file
        return found

    def use_values(self, values: Mapping[str, str]) -> None:
        """Counts these values of constants, made by a fresh process: this one's may have changed since the
        import."""
        if any(self._fresh_values.get(name) != digest for name, digest in values.items()):
            self._fresh_values.update(values)
            self._graph.forget(values=True)
            self._reaches.clear()
            self._own.clear()

    def stale(self, reach: Reach) -> tuple[str, ...]:
        """Files that this process imported with another text than `reach` has read."""
        return tuple(path for path in reach.files if self._stale(path))

    def _stale(self, path: str) -> bool:
        read = self.modules.resolve(path)
        if read is None:
            return False
        text = digest_at_import(path)
        if text is not None:
            return text != read.source.text
        # Imported by Python itself, if at all: before this process took note of texts.
        return is_own_file(path) and self.modules.changed_after(path, STARTED)

    def value(self, place: Place, name: str) -> tuple[str, tuple[str, ...]] | None:
        """The digest of a module's constant and the functions in it, in the order of the value; "" when it
        has none of its own; None when the module cannot be asked."""
        try:
            module = (
                load_module(Path(place.file or ""), self.root)
                if self._mine(place)
                else _import(place, self.root)
            )
        except BadProject:
            return None
        value_now = getattr(module, name, _Absent)
        if value_now is _Absent:
            return None
        key = (place.label, name)
        known = self._values.get(key)
        # As it was first seen: what runs later may fill a cache, but the import made this.
        if known is None or known[0] is not value_now:
            known = self._values[key] = (value_now, _at_import(value_now, name, str(self.root)))
        digest, reached = known[1] or ("", ())
        return self._fresh_values.get(f"{place.label}:{name}", digest), reached

    def former(self, refs: Iterable[str]) -> str:
        """What `own(refs)` was while names and places counted. Raises BadProject."""

        def value(place: Place, name: str) -> str:
            if self.value(place, name) is None:
                return "absent"
            value_now = self._values[place.label, name][0]
            found = _at_import(value_now, name, str(self.root), by_name=True)
            return found[0] if found else ""

        return former(self._graph, refs, value)

    def _mine(self, place: Place) -> bool:
        return place.label.endswith(".py")


class _Absent:
    pass


def _at_import(
    value_now: Any, name: str, root: str, *, by_name: bool = False
) -> tuple[str, tuple[str, ...]] | None:
    """What importing made of this name: a constant's value, a function's defaults, a class's attributes."""
    if isinstance(value_now, types.FunctionType) and value_now.__name__ == name:
        return stable((value_now.__defaults__, value_now.__kwdefaults__), root, by_name=by_name)
    if isinstance(value_now, type) and value_now.__name__ == name:
        made = {
            key: stable(value, root, by_name=by_name)
            for key, value in vars(value_now).items()
            if not _is_machinery(key, value)
        }
        stable_ones = {key: each for key, each in made.items() if each is not None}
        digest = stable({key: each[0] for key, each in stable_ones.items()}, root)
        return digest and (digest[0], tuple(ref for each in stable_ones.values() for ref in each[1]))
    return stable(value_now, root, by_name=by_name)


def _is_machinery(key: str, value: Any) -> bool:
    return (key.startswith("__") and key.endswith("__")) or callable(value) or hasattr(type(value), "__get__")


def _import(place: Place, root: Path) -> Any:
    module = sys.modules.get(place.name)
    file = getattr(module, "__file__", None)
    if (
        module is not None
        and file is not None
        and os.path.realpath(file) == os.path.realpath(place.file or "")
    ):
        return module
    return _module_of(place.name, root)


def _module_of(name: str, root: Path) -> Any:
    package, _, last = name.rpartition(".")
    if not package:
        resolve(f"{name}:__name__", root)
        return sys.modules[name]
    resolve(f"{name}:__name__", root)
    return sys.modules[f"{package}.{last}"]
