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

from blake3 import blake3

from comporta.engine.modules import Modules, Place, Read
from comporta.engine.source import Import, Statement
from comporta.engine.values import stable
from comporta.errors import BadProject
from comporta.project.reference import load, resolve
from comporta.project.sources import STARTED, loaded, own
from comporta.records import Record

# Functions of the standard library that reach code by a name made at run time.
_BY_NAME = ("importlib.import_module", "importlib.__import__", "importlib.reload", "importlib.machinery.",
            "importlib.util.module_from_spec", "importlib.util.spec_from_file_location", "runpy.run",
            "pkgutil.resolve_name", "pkgutil.get_loader", "sys.modules", "builtins.eval", "builtins.exec",
            "builtins.__import__")  # fmt: skip
_OURS = ("comporta.", "comporta:")


class Reach(Record, frozen=True, kw_only=True):
    """What some functions reach. digest: of all of it. packages: top-level names imported from outside.

    files: those read. values: constant → digest of its value. parts: what was counted, for showing a
    difference: statement → digest.
    """

    digest: str
    packages: tuple[str, ...]
    files: tuple[str, ...]
    values: dict[str, str]
    parts: dict[str, str]

    @property
    def declared(self) -> dict[str, str]:
        """Statement or constant → digest, of the project's own alone."""
        counted = {**{f"={name}": value for name, value in self.values.items()}, **self.parts}
        return {part: told for part, told in sorted(counted.items()) if not part.startswith(_OURS)}

    @property
    def own(self) -> str:
        """The digest of what is the project's own: the same under another release of Comporta."""
        told = (f"{part}\t{digest}" for part, digest in self.declared.items())
        return blake3("\n".join(told).encode()).hexdigest()


class Code:
    """The digests of one root's functions, remembered until a file changes.

    `refresh()` looks at the disk; between two of them every digest is of the same state.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.modules = Modules(self.root)
        self._reaches: dict[tuple[str, ...], Reach] = {}
        self._told: dict[str, str] = {}
        self._values: dict[tuple[str, str], tuple[Any, tuple[str, tuple[str, ...]] | None]] = {}

    def refresh(self) -> None:
        """Forgets what is no longer so."""
        if self.modules.refresh():
            self._reaches.clear()
            self._told.clear()

    def of(self, refs: Iterable[str]) -> Reach:
        """What these functions reach. Raises BadProject: a missing file, a syntax error."""
        asked = tuple(sorted(set(refs)))
        known = self._reaches.get(asked)
        if known is None:
            known = self._reaches[asked] = _Walk(self).reach(asked)
        return known

    def told(self, values: Mapping[str, str]) -> None:
        """Constants as a fresh process made them: this one's may have changed since they were imported."""
        if any(self._told.get(name) != digest for name, digest in values.items()):
            self._told.update(values)
            self._reaches.clear()

    def stale(self, reach: Reach) -> tuple[str, ...]:
        """Files that were imported into this process with another text than `reach` has read."""
        return tuple(path for path in reach.files if self._stale(path))

    def _stale(self, path: str) -> bool:
        read = self.modules.reading(path)
        if read is None:
            return False
        text = loaded(path)
        if text is not None:
            return text != read.source.text
        # Imported by Python itself, if at all: before this process took note of texts.
        return own(path) and self.modules.changed_after(path, STARTED)

    def value(self, place: Place, name: str) -> tuple[str, tuple[str, ...]] | None:
        """The digest of a module's constant and the functions in it; "" when it has none of its own; None
        when the module cannot be asked."""
        try:
            module = (
                load(Path(place.file or ""), self.root) if self._mine(place) else _imported(place, self.root)
            )
        except BadProject:
            return None
        held = getattr(module, name, _Absent)
        if held is _Absent:
            return None
        key = (place.label, name)
        known = self._values.get(key)
        # As it was first seen: what runs later may fill a cache, but the import made this.
        if known is None or known[0] is not held:
            known = self._values[key] = (held, _at_import(held, name, str(self.root)))
        digest, reached = known[1] or ("", ())
        return self._told.get(f"{place.label}:{name}", digest), reached

    def _mine(self, place: Place) -> bool:
        return place.label.endswith(".py")


class _Absent:
    pass


def _at_import(held: Any, name: str, root: str) -> tuple[str, tuple[str, ...]] | None:
    """What importing made of this name: a constant's value, a function's defaults, a class's attributes."""
    if isinstance(held, types.FunctionType) and held.__name__ == name:
        return stable((held.__defaults__, held.__kwdefaults__), root)
    if isinstance(held, type) and held.__name__ == name:
        made = {
            key: stable(value, root) for key, value in vars(held).items() if not _is_machinery(key, value)
        }
        kept = {key: each for key, each in made.items() if each is not None}
        digest = stable({key: each[0] for key, each in kept.items()}, root)
        return digest and (digest[0], tuple(sorted({ref for each in kept.values() for ref in each[1]})))
    return stable(held, root)


def _is_machinery(key: str, value: Any) -> bool:
    return (key.startswith("__") and key.endswith("__")) or callable(value) or hasattr(type(value), "__get__")


def _imported(place: Place, root: Path) -> Any:
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


class _Walk:
    """One walk from some functions over everything they mention."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.modules = code.modules
        self.parts: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.packages: set[str] = set()
        self.files: set[str] = set()
        self._taken: set[tuple[str, int, str]] = set()
        self._named: set[tuple[str, tuple[str, ...]]] = set()
        self._imported: set[str] = set()
        self._wholly: set[str] = set()
        self._everywhere = False
        self._todo: list[tuple[Place, tuple[str, ...], bool]] = []

    def reach(self, refs: tuple[str, ...]) -> Reach:
        for ref in refs:
            where, _, name = ref.partition(":")
            self._start(where, tuple(name.split(".")))
        while self._todo:
            place, chain, outside = self._todo.pop()
            self._name(place, chain, outside)
        hasher = blake3("\n".join(refs).encode())
        for part, digest in sorted({**self.parts, **{f"={k}": v for k, v in self.values.items()}}.items()):
            hasher.update(f"\n{part}\t{digest}".encode())
        return Reach(
            digest=hasher.hexdigest(),
            packages=tuple(sorted(self.packages)),
            files=tuple(sorted(self.files)),
            values=self.values,
            parts=self.parts,
        )

    def _start(self, where: str, chain: tuple[str, ...]) -> None:
        if where.endswith(".py"):
            if not (self.code.root / where).is_file():
                raise BadProject(f"{where}: found no such file. Restore it, or correct the reference.")
            self._attribute(self.modules.at(where), chain)
            return
        place = self._import(where)
        if place is None:
            self._outside(where)
        else:
            self._attribute(place, chain)

    def _name(self, place: Place, chain: tuple[str, ...], outside: bool) -> None:
        """Follows a name in its module; `outside`: asked for by another, so it must be somewhere."""
        if (place.label, chain) in self._named:
            return
        self._named.add((place.label, chain))
        read = self._read(place)
        first, rest = chain[0], chain[1:]
        found = False
        if read is not None:
            for index in read.imports.get(first, ()):
                self._follow(place, read.source.imports[index], rest)
                found = True
            for statement in read.definers.get(first, ()):
                self._take(place, read, statement)
                found = True
                if not statement.literal:
                    self._value(place, first)
        if outside and (inner := self._submodule(place, first)) is not None:
            self._attribute(inner, rest)
            found = True
        if not found and outside and not (first.startswith("__") and first.endswith("__")):
            self._missing(place, read, chain)

    def _missing(self, place: Place, read: Read | None, chain: tuple[str, ...]) -> None:
        """A name that a module gives but does not spell: star imports, or a `__getattr__` of its own."""
        if read is None:
            return
        if own(place.file or "") and read.source.lazy:
            for inner in self.modules.below(place):
                self._import(inner.name)
                self._whole(inner)
            return
        self._whole(place)

    def _take(self, place: Place, read: Read, statement: Statement) -> None:
        key = (place.label, statement.line, statement.digest)
        if key in self._taken:
            return
        self._taken.add(key)
        name = ",".join(statement.binds) or statement.kind
        part = f"{place.label}:{name}"
        if part in self.parts and self.parts[part] != statement.digest:
            part = f"{part}#{statement.digest}"
        self.parts[part] = statement.digest
        for each in statement.imports:
            if each.bound == "" and each.name == "*":
                self._follow(place, each, ())
            else:
                self._import(self._absolute(place, each))
                if each.name is not None and each.name != "*":
                    self._import(f"{self._absolute(place, each)}.{each.name}", may_be_name=True)
        local: dict[str, list[Import]] = {}
        for each in statement.imports:
            local.setdefault(each.bound, []).append(each)
        for chain in statement.chains:
            for each in local.get(chain[0], ()):
                self._follow(place, each, chain[1:])
            self._todo.append((place, chain, False))
        for index in read.stars:
            self._follow(place, read.source.imports[index], ())
        if statement.whole:
            self._whole(place)
        # Comporta's own look-ups by name find the functions that a recipe `uses`, which are followed anyway.
        if statement.anywhere and not own(place.file or ""):
            self._anywhere()

    def _follow(self, place: Place, each: Import, rest: tuple[str, ...]) -> None:
        """What an import binds, and an attribute of it."""
        absolute = self._absolute(place, each)
        target = self._import(absolute)
        if target is None:
            taken = () if each.name in (None, "*") else (each.name,)
            dotted = ".".join((absolute, *(part for part in taken if part)))
            self.parts[f"{place.label}:import {each.bound}"] = dotted
            if own(place.file or ""):
                self._package(dotted)
            else:
                self._outside(".".join((dotted, *rest)))
        elif each.name == "*":
            self._whole(target)
        elif each.name is None:
            self._attribute(target, rest)
        else:
            self._attribute(target, (each.name, *rest))

    def _attribute(self, place: Place, chain: tuple[str, ...]) -> None:
        self._import(place.name, place=place)
        if chain:
            self._todo.append((place, chain, True))
        else:
            self._whole(place)

    def _import(self, name: str, *, place: Place | None = None, may_be_name: bool = False) -> Place | None:
        """The module, with what importing it does: effects, and further imports. None: not by content."""
        found = place or self.modules.find(name)
        if found is None:
            if not may_be_name:
                self._package(name)
            return None
        if found.label in self._imported:
            return found
        self._imported.add(found.label)
        parent = name.rpartition(".")[0]
        if parent:
            self._import(parent, may_be_name=True)
        read = self._read(found)
        if read is None:
            return found
        if (found.file or "").endswith(".so"):
            self.parts[f"{found.label}:*"] = read.source.text
        for statement in read.source.statements:
            if statement.kind == "effect":
                self._take(found, read, statement)
        for each in read.source.imports:
            absolute = self._absolute(found, each)
            target = self.modules.find(absolute)
            if target is None:
                self._package(absolute)
            else:
                self._import(absolute)
                if each.name is not None and self.modules.find(f"{absolute}.{each.name}") is not None:
                    self._import(f"{absolute}.{each.name}")
        return found

    def _whole(self, place: Place) -> None:
        """Every statement of the module."""
        if place.label in self._wholly:
            return
        self._wholly.add(place.label)
        self._import(place.name, place=place)
        read = self._read(place)
        if read is None:
            return
        for statement in read.source.statements:
            lazy = own(place.file or "") and "__getattr__" in statement.binds
            if lazy:
                continue
            if statement.kind == "import":
                self._take(place, read, statement)
            for name in statement.binds:
                self._todo.append((place, (name,), False))
            if not statement.binds:
                self._take(place, read, statement)

    def _anywhere(self) -> None:
        if not self._everywhere:
            self._everywhere = True
            for place in self.modules.everything():
                self._whole(place)

    def _value(self, place: Place, name: str) -> None:
        if own(place.file or "") or place.file is None:
            return
        key = f"{place.label}:{name}"
        if key in self.values:
            return
        found = self.code.value(place, name)
        if found is None:
            self.values[key] = "absent"
            self._whole(place)
            return
        self.values[key], reached = found
        for ref in reached:
            module, _, qualified = ref.partition(":")
            target = self.modules.find(module)
            if target is not None:
                self._attribute(target, tuple(qualified.split(".")))
            else:
                self._outside(module)

    def _outside(self, dotted: str) -> None:
        if dotted.startswith(_BY_NAME):
            self._anywhere()
        self._package(dotted)

    def _package(self, dotted: str) -> None:
        top = dotted.partition(".")[0]
        if top and top not in sys.stdlib_module_names:
            self.packages.add(top)

    def _submodule(self, place: Place, name: str) -> Place | None:
        return self.modules.find(f"{place.name}.{name}") if place.folders else None

    def _absolute(self, place: Place, each: Import) -> str:
        if not each.level:
            return each.module
        package = place.package.split(".")
        package = package[: len(package) - (each.level - 1)]
        return ".".join((*package, each.module) if each.module else package)

    def _read(self, place: Place) -> Read | None:
        read = self.modules.read(place)
        if place.file is not None:
            self.files.add(place.file)
        return read
