"""What a name in a file stands for: links to other nodes of the code's graph, or to what lies outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from comporta.engine.modules import Modules, Place, ResolvedSource
from comporta.engine.source import Import
from comporta.project.sources import is_own_file

# Functions of the standard library that reach code by a name made at run time.
_BY_NAME = ("importlib.import_module", "importlib.__import__", "importlib.reload", "importlib.machinery.",
            "importlib.util.module_from_spec", "importlib.util.spec_from_file_location", "runpy.run",
            "pkgutil.resolve_name", "pkgutil.get_loader", "sys.modules", "builtins.eval", "builtins.exec",
            "builtins.__import__")  # fmt: skip

Key = tuple[str, str, int | str]
"""`("statement", label, its place in the file)`, `("value", label, name)`, `("module", label, "")`: every
statement of it; `("all", "", "")`: every file of the project."""

ALL: Key = ("all", "", "")


class Link(NamedTuple):
    """target: None for what lies outside, named by `text`; else `text` is the part of the name that is
    looked up at the target as it is written. said: how the one who links calls it."""

    target: Key | None
    text: str
    spelling: str = ""


class CodeNode(NamedTuple):
    """text: all that counts of it. bare: the same wherever it stands; "" for what is Comporta's. links: in
    groups, in the order of the text. imports: modules whose import it brings about. packages: from outside.
    value: name and digest of a constant. outside: what the project's own files call what lies outside."""

    text: str
    bare: str
    links: tuple[tuple[str, tuple[Link, ...]], ...]
    imports: tuple[str, ...]
    packages: tuple[str, ...]
    file: str | None
    value: tuple[str, str] | None = None
    outside: tuple[tuple[str, str], ...] = ()


class Look:
    """One node being made: what its names stand for, and what else that brings about. note: remembers a
    module by its label."""

    def __init__(self, modules: Modules, note: Callable[[Place], Place]) -> None:
        self._modules, self._note = modules, note
        self._imported: dict[str, None] = {}
        self._packages: dict[str, None] = {}
        self._outside: dict[str, str] = {}
        self._following: set[tuple[str, tuple[str, ...]]] = set()
        self.everywhere = False

    @property
    def imports(self) -> tuple[str, ...]:
        return tuple(self._imported)

    @property
    def outer(self) -> tuple[str, ...]:
        return tuple(self._packages)

    def node(
        self, text: str, bare: str, groups: Iterable[tuple[str, Sequence[Link]]], file: str | None
    ) -> CodeNode:
        links = tuple((name, tuple(links)) for name, links in groups if links)
        outside = tuple(self._outside.items())
        return CodeNode(text, bare, links, self.imports, self.outer, file, outside=outside)

    def module(self, name: str) -> Place | None:
        """The module, imported; None: its content does not count."""
        found = self._modules.find(name)
        if found is None:
            self._package(name)
            return None
        self._imported[self._note(found).label] = None
        return found

    def submodule(self, name: str) -> None:
        """Imported, if there is such a module."""
        if self._modules.find(name) is not None:
            self.module(name)

    def whole(self, place: Place) -> list[Link]:
        self._imported[self._note(place).label] = None
        return [Link(("module", place.label, ""), "")]

    def attribute(self, place: Place, chain: tuple[str, ...]) -> list[Link]:
        """A name of another module, or the module itself."""
        self._imported[self._note(place).label] = None
        if not chain:
            return self.whole(place)
        return self.name(place, chain, outside=True) or [Link(None, ".".join(chain))]

    def name(self, place: Place, chain: tuple[str, ...], *, outside: bool = False) -> list[Link]:
        """What a name stands for in its module. outside: asked for by another, so it must be somewhere."""
        read = self._modules.read(place)
        if not outside and (read is None or (chain[0] not in read.imports and chain[0] not in read.definers)):
            return []  # most are: what is built in, or a statement's own
        here = (place.label, chain)
        if here in self._following:
            return []
        self._following.add(here)
        try:
            return self._name(self._note(place), read, chain, outside)
        finally:
            self._following.discard(here)

    def _name(
        self, place: Place, read: ResolvedSource | None, chain: tuple[str, ...], outside: bool
    ) -> list[Link]:
        first, rest = chain[0], chain[1:]
        links: list[Link] = []
        if read is not None:
            for number in read.imports.get(first, ()):
                links += self.follow(place, read.source.imports[number], rest)
            for index in read.definers.get(first, ()):
                statement = read.source.statements[index]
                tag = () if statement.unnamed == first else (first,)
                links.append(
                    Link(("statement", place.label, index), ".".join((*tag, *rest)), ".".join(chain))
                )
                if not statement.literal and place.file is not None and not is_own_file(place.file):
                    links.append(Link(("value", place.label, first), ""))
        if outside and place.folders and (inner := self._modules.find(f"{place.name}.{first}")) is not None:
            links += self.attribute(inner, rest)
        if not links and outside and not (first.startswith("__") and first.endswith("__")):
            links += self._missing(place, read, chain)
        return links

    def _missing(self, place: Place, read: ResolvedSource | None, chain: tuple[str, ...]) -> list[Link]:
        """A name that a module gives but does not spell: star imports, or a `__getattr__` of its own."""
        if read is None:
            return []
        home = read.source.homes.get(chain[0], "")
        inner = self._modules.find(home) or self._modules.find(f"{place.name}.{home}") if home else None
        if inner is not None:
            return self.attribute(inner, chain)
        return [each._replace(text=".".join(chain)) for each in self.whole(place)]

    def follow(self, place: Place, each: Import, rest: tuple[str, ...]) -> list[Link]:
        """What an import binds, and an attribute of it."""
        absolute = absolute_name(place, each)
        target = self.module(absolute)
        attributes = () if each.name in (None, "*") else (str(each.name),)
        if target is None:
            dotted = ".".join((absolute, *attributes, *rest))
            if is_own_file(place.file or ""):
                self._package(dotted)
                return [Link(None, dotted)]
            self._outside[f"{place.label}:import {each.bound}"] = ".".join((absolute, *attributes))
            return self.outside(dotted)
        if each.name == "*":
            return self.whole(target)
        return self.attribute(target, (*attributes, *rest))

    def outside(self, dotted: str) -> list[Link]:
        if dotted.startswith(_BY_NAME):
            self.everywhere = True
        self._package(dotted)
        return [Link(None, dotted)]

    def _package(self, dotted: str) -> None:
        if top := dotted.partition(".")[0]:
            self._packages[top] = None


def absolute_name(place: Place, each: Import) -> str:
    """The module of an import, as seen from where it stands."""
    if not each.level:
        return each.module
    package = place.package.split(".")
    package = package[: len(package) - (each.level - 1)]
    return ".".join((*package, each.module) if each.module else package)
