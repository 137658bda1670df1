"""All code of one root as a graph: statements, and from each the links to what its names stand for.

A link tells its target by number in the walk (`walk`), never by module or file, so that what is moved stays
what it is; a name that is looked up as text (an attribute, a name of a whole module) stays beside it. The
project's own statements carry where they stand: a model's bytes may name it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from comporta.engine.links import ALL, CodeNode, Key, Link, Look, absolute_name
from comporta.engine.modules import Modules, Place, ResolvedSource
from comporta.engine.source import Import, Statement, text_hash
from comporta.errors import BadProject
from comporta.project.sources import is_own_file, names_of_own

Value = Callable[[Place, str], tuple[str, tuple[str, ...]] | None]


class ImportedModule(NamedTuple):
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
        self._nodes: dict[Key, CodeNode] = {}
        self._places: dict[str, Place] = {}
        self._imported: dict[str, ImportedModule] = {}
        self._digests: dict[Key, str] = {}

    def forget(self, *, values: bool = False) -> None:
        """All of it; values: only what constants were found to be."""
        if values:
            self._nodes = {key: node for key, node in self._nodes.items() if key[0] != "value"}
            return
        self._nodes.clear()
        self._places.clear()
        self._imported.clear()
        self._digests.clear()

    def root(self, ref: str) -> CodeNode:
        """What a reference names. Raises BadProject: a missing file."""
        where, _, name = ref.partition(":")
        chain = tuple(name.split("."))
        at = self._look()
        if where.endswith(".py"):
            if not (self.modules.root / where).is_file():
                raise BadProject(f"{where}: found no such file. Restore it, or correct the reference.")
            links = at.attribute(self.modules.at(where), chain)
        elif (place := at.module(where)) is not None:
            links = at.attribute(place, chain)
        else:
            links = at.outside(".".join((where, *chain)))
        return at.node("", "", [("", links)], None)

    def node(self, key: Key) -> CodeNode:
        known = self._nodes.get(key)
        if known is None:
            known = self._nodes[key] = self._make(key)
        return known

    def _make(self, key: Key) -> CodeNode:
        kind, label, what = key
        if kind == "all":
            look = self._look()
            every = [(place.label, look.whole(place)) for place in self.modules.everything()]
            return look.node("all", "all", every, None)
        place = self._places[label]
        if kind == "statement":
            return self._statement(place, int(what))
        if kind == "value":
            return self._value(place, str(what))
        return self._whole(place)

    def _look(self) -> Look:
        return Look(self.modules, self.place)

    def is_shared(self, name: str) -> bool:
        """Whether two files of Comporta's or more declare something of this name."""
        return names_of_own()[name] > 1

    def digest_of(self, key: Key, digest: Callable[[CodeNode], str]) -> str:
        """The digest of what a node reaches, made once."""
        if key not in self._digests:
            self._digests[key] = digest(self.node(key))
        return self._digests[key]

    def place(self, place: Place) -> Place:
        """Remembered by its label."""
        return self._places.setdefault(place.label, place)

    def places(self) -> list[Place]:
        """The modules that were met so far."""
        return list(self._places.values())

    def place_of(self, label: str) -> Place:
        """The module of a node that was made."""
        return self._places[label]

    def statement(self, place: Place, index: int) -> Statement:
        read = self.read(place)
        assert read is not None, "a statement was read from its file"
        return read.source.statements[index]

    def read(self, place: Place) -> ResolvedSource | None:
        return self.modules.read(place)

    def imported_module(self, label: str) -> ImportedModule:
        known = self._imported.get(label)
        if known is None:
            known = self._imported[label] = self._import(self._places[label])
        return known

    def _import(self, place: Place) -> ImportedModule:
        look = self._look()
        if parent := place.name.rpartition(".")[0]:
            look.module(parent)
        read = self.read(place)
        if read is None:
            return ImportedModule(place.file, (), look.imports, look.outer, "", "")
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
        return ImportedModule(place.file, effects, look.imports, look.outer, text, native)

    def _statement(self, place: Place, index: int) -> CodeNode:
        look, read = self._look(), self.read(place)
        assert read is not None, "a statement was read from its file"
        statement = read.source.statements[index]
        ours = is_own_file(place.file or "")
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

    def _value(self, place: Place, name: str) -> CodeNode:
        look, key = self._look(), f"{place.label}:{name}"
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

    def _whole(self, place: Place) -> CodeNode:
        """Every statement of the module, by name: what is looked up in it is looked up as text."""
        look, read = self._look(), self.read(place)
        ours = is_own_file(place.file or "")
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
