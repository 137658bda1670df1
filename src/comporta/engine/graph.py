"""All code of one root as a graph: statements, and from each the links to what its names stand for.

A link tells its target by number in the walk (`walk`), never by module or file, so that what is moved stays
what it is; a name that is looked up as text (an attribute, a name of a whole module) stays beside it. The
project's own statements carry where they stand: a model's bytes may name it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from comporta.engine.modules import Modules, Place, Read
from comporta.engine.source import Import, Statement, text_hash
from comporta.errors import BadProject
from comporta.project.sources import own

# Functions of the standard library that reach code by a name made at run time.
_BY_NAME = ("importlib.import_module", "importlib.__import__", "importlib.reload", "importlib.machinery.",
            "importlib.util.module_from_spec", "importlib.util.spec_from_file_location", "runpy.run",
            "pkgutil.resolve_name", "pkgutil.get_loader", "sys.modules", "builtins.eval", "builtins.exec",
            "builtins.__import__")  # fmt: skip

Key = tuple[str, str, int | str]
"""`("statement", label, its place in the file)`, `("value", label, name)`, `("module", label, "")`: every
statement of it; `("all", "", "")`: every file of the project."""

ALL: Key = ("all", "", "")
Value = Callable[[Place, str], tuple[str, tuple[str, ...]] | None]


class Link(NamedTuple):
    """target: None for what lies outside, named by `text`; else `text` is the part of the name that is
    looked up at the target as it is written. said: how the one who links calls it."""

    target: Key | None
    text: str
    said: str = ""


class Node(NamedTuple):
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


class Imported(NamedTuple):
    """What importing a module does. effects: its statements that may change something else. text: what it
    is, apart from names; native: the digest of a compiled one."""

    file: str | None
    effects: tuple[Key, ...]
    imports: tuple[str, ...]
    packages: tuple[str, ...]
    text: str
    native: str


class Graph:
    """Made as far as it is asked for, and kept until `forget`. value: see `Code.value`."""

    def __init__(self, modules: Modules, value: Value) -> None:
        self.modules = modules
        self._constant = value
        self._nodes: dict[Key, Node] = {}
        self._places: dict[str, Place] = {}
        self._imported: dict[str, Imported] = {}

    def forget(self, *, values: bool = False) -> None:
        """All of it; values: only what constants were found to be."""
        if values:
            self._nodes = {key: node for key, node in self._nodes.items() if key[0] != "value"}
            return
        self._nodes.clear()
        self._places.clear()
        self._imported.clear()

    def root(self, ref: str) -> Node:
        """What a reference names. Raises BadProject: a missing file."""
        where, _, name = ref.partition(":")
        chain = tuple(name.split("."))
        at = _Look(self)
        if where.endswith(".py"):
            if not (self.modules.root / where).is_file():
                raise BadProject(f"{where}: found no such file. Restore it, or correct the reference.")
            links = at.attribute(self.modules.at(where), chain)
        elif (place := at.module(where)) is not None:
            links = at.attribute(place, chain)
        else:
            links = at.outside(".".join((where, *chain)))
        return at.node("", "", [("", links)], None)

    def node(self, key: Key) -> Node:
        known = self._nodes.get(key)
        if known is None:
            known = self._nodes[key] = self._make(key)
        return known

    def _make(self, key: Key) -> Node:
        kind, label, what = key
        if kind == "all":
            look = _Look(self)
            every = [(place.label, look.whole(place)) for place in self.modules.everything()]
            return look.node("all", "all", every, None)
        place = self._places[label]
        if kind == "statement":
            return self._statement(place, int(what))
        if kind == "value":
            return self._value(place, str(what))
        return self._whole(place)

    def place(self, place: Place) -> Place:
        """Remembered by its label."""
        return self._places.setdefault(place.label, place)

    def place_of(self, label: str) -> Place:
        """The module of a node that was made."""
        return self._places[label]

    def statement(self, place: Place, index: int) -> Statement:
        read = self.read(place)
        assert read is not None, "a statement was read from its file"
        return read.source.statements[index]

    def read(self, place: Place) -> Read | None:
        return self.modules.read(place)

    def imported(self, label: str) -> Imported:
        known = self._imported.get(label)
        if known is None:
            known = self._imported[label] = self._import(self._places[label])
        return known

    def _import(self, place: Place) -> Imported:
        look = _Look(self)
        if parent := place.name.rpartition(".")[0]:
            look.module(parent)
        read = self.read(place)
        if read is None:
            return Imported(place.file, (), look.imported, look.outer, "", "")
        statements = read.source.statements
        for each in read.source.imports:
            absolute = absolute_name(place, each)
            if look.module(absolute) is not None and each.name is not None:
                look.submodule(f"{absolute}.{each.name}")
        effects = tuple(
            ("statement", place.label, n) for n, each in enumerate(statements) if each.kind == "effect"
        )
        native = read.source.text if (place.file or "").endswith(".so") else ""
        done = "\n".join(statements[int(n)].digest for _, _, n in effects)
        text = text_hash(done) + native if done or native else ""
        return Imported(place.file, effects, look.imported, look.outer, text, native)

    def _statement(self, place: Place, index: int) -> Node:
        look, read = _Look(self), self.read(place)
        assert read is not None, "a statement was read from its file"
        statement = read.source.statements[index]
        ours = own(place.file or "")
        local: dict[str, list[tuple[int, Import]]] = {}
        groups: list[tuple[str, Sequence[Link]]] = []
        for number, each in enumerate(statement.imports):
            local.setdefault(each.bound, []).append((number, each))
            if each.bound == "" and each.name == "*":
                groups.append((f"@{number}", look.follow(place, each, ())))
            elif look.module(absolute_name(place, each)) is not None and each.name is not None:
                look.submodule(f"{absolute_name(place, each)}.{each.name}")
        for place_in_form, chain in enumerate(statement.chains):
            inner = local.get(chain[0], ())
            for number, each in inner:
                groups.append((f"#{place_in_form}@{number}", look.follow(place, each, chain[1:])))
            links = look.name(place, chain)
            groups.append((f"#{place_in_form}", links or ([] if inner else [Link(None, ".".join(chain))])))
        for chain in statement.named:
            for number, each in local.get(chain[0], ()):
                groups.append((f"@{number} {'.'.join(chain)}", look.follow(place, each, chain[1:])))
            if links := look.name(place, chain):
                groups.append((".".join(chain), links))
        for number in read.stars:
            groups.append(("*", look.follow(place, read.source.imports[number], ())))
        if statement.whole:
            groups.append(("whole", look.whole(place)))
        # Comporta's own look-ups by name find the functions that a recipe `uses`, which are followed anyway.
        if not ours and (statement.anywhere or look.everywhere):
            groups.append(("all", [Link(ALL, "")]))
        if ours:
            return look.node(statement.digest, "", groups, place.file)
        bare = f"{','.join(statement.binds)}\t{statement.digest}"
        return look.node(f"{place.label}\t{bare}", bare, groups, place.file)

    def _value(self, place: Place, name: str) -> Node:
        look, key = _Look(self), f"{place.label}:{name}"
        found = self._constant(place, name)
        if found is None:
            node = look.node("absent", "absent", [("", look.whole(place))], place.file)
            return node._replace(value=(key, "absent"))
        digest, reached = found
        groups = []
        for ref in reached:
            module, _, qualified = ref.partition(":")
            target = look.module(module)
            chain = tuple(qualified.split("."))
            links = look.outside(f"{module}.{qualified}") if target is None else look.attribute(target, chain)
            groups.append(("", links))
        if look.everywhere:
            groups.append(("all", [Link(ALL, "")]))
        text = f"value {digest}"
        return look.node(text, text, groups, place.file)._replace(value=(key, digest))

    def _whole(self, place: Place) -> Node:
        """Every statement of the module, by name: what is looked up in it is looked up as text."""
        look, read = _Look(self), self.read(place)
        ours = own(place.file or "")
        text = "module" if ours else f"module\t{place.label}"
        if read is None:
            return look.node(text, "" if ours else "module", [], place.file)
        groups: list[tuple[str, Sequence[Link]]] = []
        for index, statement in enumerate(read.source.statements):
            if ours and "__getattr__" in statement.binds:
                continue
            for name in statement.binds:
                groups.append((name, look.name(place, (name,))))
            if not statement.binds and not (ours and statement.kind == "import"):
                groups.append(("", [Link(("statement", place.label, index), "")]))
        return look.node(text, "" if ours else "module", groups, place.file)


class _Look:
    """One node being made: what its names stand for, and what else that brings about."""

    def __init__(self, graph: Graph) -> None:
        self._graph, self._modules = graph, graph.modules
        self._imported: dict[str, None] = {}
        self._packages: dict[str, None] = {}
        self._outside: dict[str, str] = {}
        self._following: set[tuple[str, tuple[str, ...]]] = set()
        self.everywhere = False

    @property
    def imported(self) -> tuple[str, ...]:
        return tuple(self._imported)

    @property
    def outer(self) -> tuple[str, ...]:
        return tuple(self._packages)

    def node(
        self, text: str, bare: str, groups: Iterable[tuple[str, Sequence[Link]]], file: str | None
    ) -> Node:
        links = tuple((name, tuple(links)) for name, links in groups if links)
        outside = tuple(self._outside.items())
        return Node(text, bare, links, self.imported, self.outer, file, outside=outside)

    def module(self, name: str) -> Place | None:
        """The module, imported; None: its content does not count."""
        found = self._modules.find(name)
        if found is None:
            self._package(name)
            return None
        self._imported[self._graph.place(found).label] = None
        return found

    def submodule(self, name: str) -> None:
        """Imported, if there is such a module."""
        if self._modules.find(name) is not None:
            self.module(name)

    def whole(self, place: Place) -> list[Link]:
        self._imported[self._graph.place(place).label] = None
        return [Link(("module", place.label, ""), "")]

    def attribute(self, place: Place, chain: tuple[str, ...]) -> list[Link]:
        """A name of another module, or the module itself."""
        self._imported[self._graph.place(place).label] = None
        if not chain:
            return self.whole(place)
        return self.name(place, chain, outside=True) or [Link(None, ".".join(chain))]

    def name(self, place: Place, chain: tuple[str, ...], *, outside: bool = False) -> list[Link]:
        """What a name stands for in its module. outside: asked for by another, so it must be somewhere."""
        read = self._graph.read(place)
        if not outside and (read is None or (chain[0] not in read.imports and chain[0] not in read.definers)):
            return []  # most are: what is built in, or a statement's own
        here = (place.label, chain)
        if here in self._following:
            return []
        self._following.add(here)
        try:
            return self._name(self._graph.place(place), read, chain, outside)
        finally:
            self._following.discard(here)

    def _name(self, place: Place, read: Read | None, chain: tuple[str, ...], outside: bool) -> list[Link]:
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
                if not statement.literal and place.file is not None and not own(place.file):
                    links.append(Link(("value", place.label, first), ""))
        if outside and place.folders and (inner := self._modules.find(f"{place.name}.{first}")) is not None:
            links += self.attribute(inner, rest)
        if not links and outside and not (first.startswith("__") and first.endswith("__")):
            links += self._missing(place, read, chain)
        return links

    def _missing(self, place: Place, read: Read | None, chain: tuple[str, ...]) -> list[Link]:
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
        taken = () if each.name in (None, "*") else (str(each.name),)
        if target is None:
            dotted = ".".join((absolute, *taken, *rest))
            if own(place.file or ""):
                self._package(dotted)
                return [Link(None, dotted)]
            self._outside[f"{place.label}:import {each.bound}"] = ".".join((absolute, *taken))
            return self.outside(dotted)
        if each.name == "*":
            return self.whole(target)
        return self.attribute(target, (*taken, *rest))

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
